import { carryOut, type ManagementTree } from "../../../protocols/oma-dm/carry-out.ts";
import {
  type ClientConfig,
  type ClientEvent,
  receiveAnswer,
  startSession,
} from "../../../protocols/oma-dm/client-session.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import { answer, receive } from "../../../protocols/oma-dm/server-session.ts";
import type {
  ServerSession,
  SessionEvent,
  StoredCredential,
} from "../../../protocols/oma-dm/server-state.ts";
import { decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import type { Element } from "../../../protocols/syncml/element.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import type { Message } from "../../../protocols/syncml/message.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import { nonce, PASSWORD, restarted, stored, USER } from "./device-messages.ts";

/** How a weak client changes what it sends. */
export type Weakness = (message: Message) => Message;
export type TreeWeakness = (element: Element) => Element;

export interface Setting<State> {
  readonly config?: Partial<ClientConfig>;
  readonly credential?: StoredCredential;
  readonly tree: ManagementTree<State>;
  readonly state: State;
  /** The server's commands, package by package, out of what was told so far. */
  readonly plan: (
    told: readonly SessionEvent[],
    packageNumber: number,
  ) => readonly OutgoingCommand[];
  readonly weaken?: Weakness;
  readonly weakenElement?: TreeWeakness;
  /** Every message is sent this many times. */
  readonly sendings?: number;
}

export interface Conversation<State> {
  readonly told: readonly SessionEvent[];
  readonly device: readonly ClientEvent[];
  readonly state: State;
  readonly credential: StoredCredential;
  readonly nonce: string | null;
  readonly messages: readonly { readonly from: "device" | "server"; readonly message: Message }[];
}

export const CONFIG: ClientConfig = {
  sessionId: "1",
  device: "urn:uuid:0001",
  server: "https://gateway.example/syncml",
  userName: USER,
  password: PASSWORD,
  scheme: "syncml:auth-basic",
  nonce: null,
  waitsForChallenge: false,
  startAlert: 1201,
  alerts: [],
  devInfo: [["./DevInfo/DevId", "urn:uuid:0001"]],
  maxMsgSize: null,
  answersMax: 1000,
};

const MESSAGES_MAX = 60;

/**
 * Lets the two sessions talk to their end, over XML, with both sides restarted before every
 * message.
 */
export function converse<State>(setting: Setting<State>): Conversation<State> {
  let state = setting.state;
  let credential = setting.credential ?? stored();
  let session: ServerSession | undefined;
  let packages = 0;
  const told: SessionEvent[] = [];
  const device: ClientEvent[] = [];
  const messages: Conversation<State>["messages"][number][] = [];

  const serve = (request: Message): Message => {
    const received = receive(session, request, {
      credential,
      freshNonce: nonce(`fresh-${messages.length}`),
    });
    told.push(...received.events);
    for (const event of received.events) {
      if (event.kind === "authenticated" && event.nextNonce !== null) {
        credential = { ...credential, nextNonce: event.nextNonce };
      }
    }
    let commands: readonly OutgoingCommand[] = [];
    if (received.turn === "commands") {
      packages += 1;
      commands = setting.plan(told, packages);
    }
    const answered = answer(restarted(received.session), commands);
    session = restarted(answered.session);
    return overTheWire(answered.message);
  };

  let turn = startSession({ ...CONFIG, ...setting.config });
  let next: Message | undefined = turn.message;
  while (next !== undefined) {
    if (messages.length >= MESSAGES_MAX) throw new Error("the session does not end");
    const request = overTheWire(next, setting);
    messages.push({ from: "device", message: request });
    let reply = serve(request);
    for (let n = 1; n < (setting.sendings ?? 1); n++) {
      const again = serve(request);
      if (JSON.stringify(again) !== JSON.stringify(reply)) throw new Error("another answer");
      reply = again;
    }
    messages.push({ from: "server", message: reply });
    const following = receiveAnswer(restarted(turn.session), reply, (command) => {
      const done = carryOut(setting.tree, state, command);
      state = done.state;
      return done.carried;
    });
    device.push(...following.events);
    next = following.message;
    turn = { ...following, message: following.message ?? turn.message };
  }
  return { told, device, state, credential, nonce: turn.session.nonce, messages };
}

function overTheWire(
  message: Message,
  { weaken, weakenElement }: { weaken?: Weakness; weakenElement?: TreeWeakness } = {},
): Message {
  const element = encodeMessage(weaken?.(message) ?? message);
  return decodeMessage(parseXml(printXml(weakenElement?.(element) ?? element)));
}
