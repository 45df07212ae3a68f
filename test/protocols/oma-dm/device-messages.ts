import {
  basicCredential,
  digestCredential,
  secretHashOf,
} from "../../../protocols/oma-dm/credentials.ts";
import { receive } from "../../../protocols/oma-dm/server-session.ts";
import type {
  ReceiveContext,
  ServerSession,
  SessionEvent,
  StoredCredential,
} from "../../../protocols/oma-dm/server-state.ts";
import type {
  Command,
  Credential,
  Message,
  StatusCommand,
} from "../../../protocols/syncml/message.ts";

/** Messages as a device would send them, in one line each. */

export const USER = "Bruce2";
export const PASSWORD = "OhBehave";
export const SECRET_HASH = secretHashOf(USER, PASSWORD);

export const nonce = (text: string): string => Buffer.from(text).toString("base64");

export const BASIC = basicCredential(USER, PASSWORD);
export const md5 = (text: string, secretHash = SECRET_HASH): Credential =>
  digestCredential(secretHash, nonce(text));

export function stored(changes: Partial<StoredCredential> = {}): StoredCredential {
  return {
    secretHash: SECRET_HASH,
    previousSecretHash: null,
    scheme: "any",
    nextNonce: null,
    ...changes,
  };
}

let fresh = 0;
/** A context with a fresh nonce `fresh-N` each time, unless one is given. */
export function context(changes: Partial<ReceiveContext> = {}): ReceiveContext {
  fresh += 1;
  return { credential: stored(), freshNonce: nonce(`fresh-${fresh}`), ...changes };
}

export interface MessageParts {
  readonly id?: number;
  readonly session?: string;
  readonly cred?: Credential | undefined;
  readonly final?: boolean;
  readonly maxMsgSize?: number;
  readonly verDtd?: string;
  readonly verProto?: string;
}

export function message(commands: readonly Command[], parts: MessageParts = {}): Message {
  return {
    header: {
      verDtd: parts.verDtd ?? "1.2",
      verProto: parts.verProto ?? "DM/1.2",
      sessionId: parts.session ?? "1",
      messageId: parts.id ?? 1,
      target: { uri: "https://gateway.example/syncml" },
      source: { uri: "urn:uuid:0001" },
      cred: parts.cred,
      maxMsgSize: parts.maxMsgSize,
    },
    commands,
    final: parts.final ?? true,
  };
}

export const alert = (code: number, cmdId = "1"): Command => ({
  name: "Alert",
  cmdId,
  code,
  items: [],
});

export const devInfo = (cmdId = "2"): Command => ({
  name: "Replace",
  cmdId,
  items: [
    { source: "./DevInfo/DevId", data: "urn:uuid:0001" },
    { source: "./DevInfo/Man", data: "Contoso" },
  ],
});

export const packageOne = (parts: MessageParts = {}): Message =>
  message([alert(1201), devInfo()], parts);

export function status(
  msgRef: number,
  cmdRef: string | undefined,
  cmd: string,
  code: number,
  targetRefs: readonly string[] = [],
): StatusCommand {
  return {
    name: "Status",
    cmdId: "9",
    msgRef: String(msgRef),
    cmdRef,
    cmd,
    targetRefs,
    sourceRefs: [],
    code,
    items: [],
  };
}

export function results(
  msgRef: number | undefined,
  cmdRef: string,
  items: readonly (readonly [string | undefined, string])[],
): Command {
  return {
    name: "Results",
    cmdId: "10",
    msgRef: msgRef === undefined ? undefined : String(msgRef),
    cmdRef,
    items: items.map(([source, data]) => ({ source, data })),
  };
}

export const headerOk = (msgRef: number): StatusCommand => status(msgRef, "0", "SyncHdr", 200);

/** An open session that waits for commands, opened by basic credentials. */
export function openSession(parts: MessageParts = {}): ServerSession {
  const received = receive(undefined, packageOne({ cred: BASIC, ...parts }), context());
  if (received.turn !== "commands") throw new Error(`the turn is ${received.turn}`);
  return received.session;
}

/** A session as it comes back from the disk. */
export const restarted = <T>(session: T): T => JSON.parse(JSON.stringify(session));

export const kinds = (events: readonly SessionEvent[]): readonly string[] =>
  events.map((event) => ("tag" in event ? `${event.kind} ${event.tag}` : event.kind));
