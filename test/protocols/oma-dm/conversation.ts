import { carryOut, type ManagementTree } from "../../../protocols/oma-dm/carry-out.ts";
import { receiveAnswer, startSession } from "../../../protocols/oma-dm/client-session.ts";
import type { ClientConfig, ClientEvent } from "../../../protocols/oma-dm/client-state.ts";
import {
  type MacKey,
  macHeader,
  type ReceivedMac,
  receivedMac,
} from "../../../protocols/oma-dm/message-mac.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { OwnCredential } from "../../../protocols/oma-dm/own-credentials.ts";
import { answer, receive } from "../../../protocols/oma-dm/server-session.ts";
import type {
  DeviceFeature,
  ServerSession,
  SessionEvent,
  SessionLimits,
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
  readonly own?: OwnCredential;
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
  /** The server knows that the device takes chunks, as `config.largeObjects` says. */
  readonly largeObjects?: boolean;
  readonly lacks?: readonly DeviceFeature[];
  readonly limits?: SessionLimits;
}

export interface Said {
  readonly from: "device" | "server";
  readonly message: Message;
  readonly bytes: number;
}

export interface Conversation<State> {
  readonly told: readonly SessionEvent[];
  readonly device: readonly ClientEvent[];
  readonly state: State;
  readonly credential: StoredCredential;
  readonly own: OwnCredential | undefined;
  readonly nonce: string | null;
  readonly messages: readonly Said[];
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
  demands: null,
  maxObjSize: null,
  largeObjects: false,
  sendBytesMax: null,
  answersMax: 1000,
};

const MESSAGES_MAX = 200;

let nonces = 0;
function freshNonce(): string {
  nonces += 1;
  return nonce(`nonce-${nonces}`);
}

/**
 * Lets the two sessions talk to their end, over XML, with both sides restarted before every
 * message.
 */
export function converse<State>(setting: Setting<State>): Conversation<State> {
  let state = setting.state;
  let credential = setting.credential ?? stored();
  let own = setting.own;
  let session: ServerSession | undefined;
  let packages = 0;
  const told: SessionEvent[] = [];
  const device: ClientEvent[] = [];
  const messages: Said[] = [];

  const serve = (request: Message, mac: ReceivedMac | undefined): Wired => {
    const received = receive(session, request, {
      credential,
      freshNonce: freshNonce(),
      mac,
      own,
      limits: setting.limits,
    });
    told.push(...received.events);
    for (const event of received.events) {
      if (event.kind === "authenticated" && event.nextNonce !== null) {
        credential = { ...credential, nextNonce: event.nextNonce };
      } else if (event.kind === "own-accepted" && own !== undefined) {
        own = { ...own, scheme: event.scheme, nonce: event.nonce ?? own.nonce };
      }
    }
    let commands: readonly OutgoingCommand[] = [];
    if (received.turn === "commands") {
      packages += 1;
      commands = setting.plan(told, packages);
    }
    const { largeObjects, lacks, limits } = setting;
    const options = { own, largeObjects, lacks, limits };
    const answered = answer(restarted(received.session), commands, options);
    told.push(...answered.events, ...answered.refused);
    session = restarted(answered.session);
    return overTheWire(answered.message, answered.mac);
  };

  let turn = startSession({ ...CONFIG, ...setting.config });
  let next: Message | undefined = turn.message;
  let key = turn.mac;
  while (next !== undefined) {
    if (messages.length >= MESSAGES_MAX) throw new Error("the session does not end");
    const request = overTheWire(next, key, setting);
    messages.push({ from: "device", ...request });
    let reply = serve(request.message, request.mac);
    for (let n = 1; n < (setting.sendings ?? 1); n++) {
      const again = serve(request.message, request.mac);
      if (JSON.stringify(again) !== JSON.stringify(reply)) throw new Error("another answer");
      reply = again;
    }
    messages.push({ from: "server", ...reply });
    const carry = (command: Parameters<typeof carryOut>[2]) => {
      const done = carryOut(setting.tree, state, command);
      state = done.state;
      return { ...done.carried, isCancelled: done.isCancelled };
    };
    const following = receiveAnswer(restarted(turn.session), reply.message, carry, {
      mac: reply.mac,
      freshNonce: freshNonce(),
    });
    device.push(...following.events);
    next = following.message;
    key = following.mac;
    turn = { ...following, message: following.message ?? turn.message };
  }
  return { told, device, state, credential, own, nonce: turn.session.nonce, messages };
}

interface Wired {
  readonly message: Message;
  readonly mac: ReceivedMac | undefined;
  readonly bytes: number;
}

function overTheWire(
  message: Message,
  key: MacKey | undefined,
  { weaken, weakenElement }: { weaken?: Weakness; weakenElement?: TreeWeakness } = {},
): Wired {
  const element = encodeMessage(weaken?.(message) ?? message);
  const bytes = Buffer.from(printXml(weakenElement?.(element) ?? element));
  return {
    message: decodeMessage(parseXml(bytes)),
    mac: receivedMac(key === undefined ? undefined : macHeader(key, bytes), bytes),
    bytes: bytes.length,
  };
}
