import { ALERT } from "../syncml/alerts.ts";
import type { Challenge, Command, Credential, Item, Message } from "../syncml/message.ts";
import { answerCommand } from "./answer-commands.ts";
import type { Carried } from "./carry-out.ts";
import {
  type AuthScheme,
  basicCredential,
  digestCredential,
  schemeOf,
  secretHashOf,
} from "./credentials.ts";
import { CommandNumbers } from "./number-commands.ts";

/** What a device needs to know to start a session. */
export interface ClientConfig {
  readonly sessionId: string;
  /** The device's own name, the Source LocURI. */
  readonly device: string;
  /** The server's address, the Target LocURI. */
  readonly server: string;
  readonly userName: string;
  readonly password: string;
  readonly scheme: AuthScheme;
  /** Base64 of the nonce kept from the last session; null when the server has given none yet. */
  readonly nonce: string | null;
  /** Sends no credentials until it is asked for them. */
  readonly waitsForChallenge: boolean;
  readonly startAlert: typeof ALERT.serverInitiated | typeof ALERT.clientInitiated;
  /** Events to report besides, such as an Alert 1224 or 1226. */
  readonly alerts: readonly { readonly code: number; readonly items: readonly Item[] }[];
  /** DevInfo leaves: LocURI and value. */
  readonly devInfo: readonly (readonly [uri: string, value: string])[];
  /** Bytes; null says nothing about it. */
  readonly maxMsgSize: number | null;
  /** Answers in one message; the rest goes into the next ones. */
  readonly answersMax: number;
}

/** A session as the device sees it: plain JSON. */
export interface ClientSession {
  readonly config: ClientConfig;
  readonly phase: "starting" | "open" | "ended";
  readonly messageId: number;
  /** Where the next message goes; the server may move it with RespURI. */
  readonly server: string;
  readonly nonce: string | null;
  readonly scheme: AuthScheme;
  readonly challenges: number;
  /** The server accepted a message and not the session: credentials go with every message. */
  readonly authenticatesAlways: boolean;
  /** Answers that the next message carries. */
  readonly unsent: readonly Command[];
  /** To be sent again when its answer was lost. */
  readonly lastMessage: Message;
}

export type ClientEvent =
  /** Base64, to be kept for the next session. */
  | { readonly kind: "nonce"; readonly nonce: string }
  | { readonly kind: "carried-out"; readonly carried: Carried }
  | { readonly kind: "ended"; readonly reason: ClientEnd };

/** `done`: the server asked nothing more. `refused`: our credentials; `failed`: 4xx or 5xx else. */
export type ClientEnd = "done" | "aborted" | "refused" | "failed";

export interface ClientTurn {
  readonly session: ClientSession;
  /** Undefined when the session has ended. */
  readonly message: Message | undefined;
  readonly events: readonly ClientEvent[];
}

/** Challenges that a device answers in one session before it gives up. [syncml 3.3] */
export const CHALLENGES_MAX = 2;

/** Starts a session with package 1: an alert, events, and DevInfo. */
export function startSession(config: ClientConfig): ClientTurn & { readonly message: Message } {
  const blank: Omit<ClientSession, "lastMessage"> = {
    config,
    phase: "starting",
    messageId: 1,
    server: config.server,
    nonce: config.nonce,
    scheme: config.scheme,
    challenges: 0,
    authenticatesAlways: false,
    unsent: [],
  };
  const cred = config.waitsForChallenge ? undefined : credentialOf(blank);
  const message = firstMessage(blank, cred, undefined);
  return { session: { ...blank, lastMessage: message }, message, events: [] };
}

/**
 * Takes in an answer of the server. `carry` carries one command out and says how it ended; it is
 * called once per command, in order.
 */
export function receiveAnswer(
  session: ClientSession,
  answer: Message,
  carry: (command: Command) => Carried,
): ClientTurn {
  const header = headerStatus(answer, session);
  if (header.code === 401 || header.code === 407)
    return answerChallenge(session, answer, header.chal);
  if (header.code >= 400) return ended(session, "failed", []);
  const events: ClientEvent[] = [];
  let next: ClientSession = {
    ...session,
    phase: "open",
    server: answer.header.respUri ?? session.server,
    authenticatesAlways:
      header.code === 200 && (session.authenticatesAlways || justSentCred(session)),
  };
  if (header.chal?.nextNonce !== undefined) {
    next = { ...next, nonce: header.chal.nextNonce };
    events.push({ kind: "nonce", nonce: header.chal.nextNonce });
  }

  const answers: Command[] = [];
  let asked = false;
  for (const command of answer.commands) {
    if (command.name === "Status" || command.name === "Results") continue;
    if (command.name === "Alert" && command.code === ALERT.sessionAbort) {
      return ended(next, "aborted", events);
    }
    const carried = isNextMessage(command) ? accepted(command) : carry(command);
    if (!isNextMessage(command)) events.push({ kind: "carried-out", carried });
    answers.push(...answerCommand(carried, String(answer.header.messageId), new CommandNumbers()));
    asked = true;
  }
  if (!asked && session.unsent.length === 0) return ended(next, "done", events);
  return sendAnswers(next, answer, answers, events);
}

function isNextMessage(command: Command): boolean {
  return command.name === "Alert" && command.code === ALERT.nextMessage;
}

function accepted(command: Command): Carried {
  return { command, codes: [{ target: undefined, code: 200 }], nodes: [], members: [] };
}

/** Package 3: as many answers as one message takes, and Final with the last of them. */
function sendAnswers(
  session: ClientSession,
  answer: Message,
  answers: readonly Command[],
  events: readonly ClientEvent[],
): ClientTurn {
  const { answersMax } = session.config;
  // What was kept back goes first; asking for it must not make it longer.
  const all = [...session.unsent, ...answers];
  const room = session.unsent.length > 0 ? answersMax + answers.length : answersMax;
  const now = all.slice(0, room);
  const unsent = all.slice(room);
  const numbers = new CommandNumbers();
  const next = { ...session, messageId: session.messageId + 1, unsent };
  const cred = session.authenticatesAlways ? credentialOf(session) : undefined;
  const message: Message = {
    header: headerOf(next, cred),
    commands: [
      ownStatus(answer, numbers),
      ...now.map((command) => ({ ...command, cmdId: numbers.next() })),
    ],
    final: unsent.length === 0,
  };
  return { session: { ...next, lastMessage: message }, message, events };
}

/** Package 1 again, with the credentials that the server asked for. [syncml 3.3] */
function answerChallenge(
  session: ClientSession,
  answer: Message,
  chal: Challenge | undefined,
): ClientTurn {
  const scheme = schemeOf(chal?.type ?? session.scheme);
  if (scheme === undefined || session.challenges >= CHALLENGES_MAX) {
    return ended(session, "refused", []);
  }
  const next: ClientSession = {
    ...session,
    phase: "starting",
    messageId: session.messageId + 1,
    server: answer.header.respUri ?? session.server,
    scheme,
    nonce: chal?.nextNonce ?? session.nonce,
    challenges: session.challenges + 1,
    unsent: [],
  };
  const message = firstMessage(next, credentialOf(next), answer);
  return { session: { ...next, lastMessage: message }, message, events: [] };
}

function ended(
  session: ClientSession,
  reason: ClientEnd,
  events: readonly ClientEvent[],
): ClientTurn {
  return {
    session: { ...session, phase: "ended", unsent: [] },
    message: undefined,
    events: [...events, { kind: "ended", reason }],
  };
}

type Blank = Omit<ClientSession, "lastMessage">;

function firstMessage(
  session: Blank,
  cred: Credential | undefined,
  answered: Message | undefined,
): Message {
  const numbers = new CommandNumbers();
  const { startAlert, alerts, devInfo } = session.config;
  const commands: Command[] = answered === undefined ? [] : [ownStatus(answered, numbers)];
  for (const { code, items } of [{ code: startAlert, items: [] }, ...alerts]) {
    commands.push({ name: "Alert", cmdId: numbers.next(), code, items });
  }
  commands.push({
    name: "Replace",
    cmdId: numbers.next(),
    items: devInfo.map(([source, data]) => ({ source, data })),
  });
  return { header: headerOf(session, cred), commands, final: true };
}

function headerOf(session: Blank, cred: Credential | undefined): Message["header"] {
  const { config } = session;
  const isDigest = cred !== undefined && schemeOf(cred.type) === "syncml:auth-md5";
  return {
    verDtd: "1.2",
    verProto: "DM/1.2",
    sessionId: config.sessionId,
    messageId: session.messageId,
    target: { uri: session.server },
    source: isDigest ? { uri: config.device, name: config.userName } : { uri: config.device },
    cred,
    maxMsgSize: config.maxMsgSize ?? undefined,
  };
}

function credentialOf({ config, scheme, nonce }: Blank): Credential {
  if (scheme === "syncml:auth-basic") return basicCredential(config.userName, config.password);
  return digestCredential(secretHashOf(config.userName, config.password), nonce ?? "");
}

function justSentCred(session: ClientSession): boolean {
  return session.lastMessage.header.cred !== undefined;
}

/** What the server says about our header; silence is taken for 200. */
function headerStatus(
  answer: Message,
  session: ClientSession,
): { readonly code: number; readonly chal: Challenge | undefined } {
  for (const command of answer.commands) {
    if (command.name !== "Status" || command.cmdRef !== "0") continue;
    if (command.msgRef === String(session.messageId)) {
      return { code: command.code, chal: command.chal };
    }
  }
  return { code: 200, chal: undefined };
}

/** Our Status for the server's header. */
function ownStatus({ header }: Message, numbers: CommandNumbers): Command {
  return {
    name: "Status",
    cmdId: numbers.next(),
    msgRef: String(header.messageId),
    cmdRef: "0",
    cmd: "SyncHdr",
    targetRefs: [header.target.uri],
    sourceRefs: [header.source.uri],
    code: 200,
    items: [],
  };
}
