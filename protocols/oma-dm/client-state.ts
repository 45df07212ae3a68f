import type { ALERT } from "../syncml/alerts.ts";
import type { Command, Item, Message } from "../syncml/message.ts";
import type { Carried } from "./carry-out.ts";
import type { AuthScheme } from "./credentials.ts";
import type { IncomingObject } from "./incoming-object.ts";
import type { MacKey, ReceivedMac } from "./message-mac.ts";
import type { OwnScheme } from "./own-credentials.ts";
import type { Cut } from "./pieces.ts";

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
  /** Takes commands only from a server that has proved who it is; null: from any. */
  readonly demands: ServerDemand | null;
  readonly startAlert: typeof ALERT.serverInitiated | typeof ALERT.clientInitiated;
  /** Events to report besides, such as an Alert 1224 or 1226. */
  readonly alerts: readonly { readonly code: number; readonly items: readonly Item[] }[];
  /** DevInfo leaves: LocURI and value. */
  readonly devInfo: readonly (readonly [uri: string, value: string])[];
  /** Bytes of a message and of an object that it takes; null says nothing about it. */
  readonly maxMsgSize: number | null;
  readonly maxObjSize: number | null;
  /** Sends and takes objects in chunks. */
  readonly largeObjects: boolean;
  /** Bytes of its own messages, for a device with a narrow line; null: what the server takes. */
  readonly sendBytesMax: number | null;
  /** Answers in one message; the rest goes into the next ones. */
  readonly answersMax: number;
}

/** How the server has to prove itself. */
export interface ServerDemand {
  readonly userName: string;
  readonly password: string;
  readonly scheme: OwnScheme;
  /** Base64 of the nonce that the server was last given; empty at first. [syncml 1] */
  readonly nonce: string;
  /** Asks for it with every message (200), not once per session (212). A MAC always does. */
  readonly perMessage: boolean;
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
  readonly serverProof: ServerProof | null;
  /** The server's limits, in bytes; null: none told. */
  readonly serverMaxMsgSize: number | null;
  readonly serverMaxObjSize: number | null;
  /** A large object that the server is sending. */
  readonly incoming: IncomingObject | null;
  /** Answers that the next messages carry; the first of them may have begun to go. */
  readonly unsent: readonly Command[];
  readonly cut: Cut;
  /** To be sent again when its answer was lost. */
  readonly lastMessage: Message;
}

export interface ServerProof {
  /** For the session. */
  readonly accepted: boolean;
  /** Base64: what the server's next credentials are over. */
  readonly nonce: string;
  readonly challenges: number;
}

export type ClientEvent =
  /** Base64, to be kept for the next session. */
  | { readonly kind: "nonce"; readonly nonce: string }
  /** The same of the nonce that the server was given. */
  | { readonly kind: "server-nonce"; readonly nonce: string }
  | { readonly kind: "carried-out"; readonly carried: Carried }
  | { readonly kind: "ended"; readonly reason: ClientEnd };

/**
 * `done`: the server asked nothing more. `refused`: our credentials; `distrusted`: the server's;
 * `failed`: 4xx or 5xx else.
 */
export type ClientEnd = "done" | "aborted" | "refused" | "distrusted" | "failed";

export interface ClientTurn {
  readonly session: ClientSession;
  /** Undefined when the session has ended. */
  readonly message: Message | undefined;
  /** What its bytes are to be signed with; undefined: it goes without a MAC. */
  readonly mac: MacKey | undefined;
  readonly events: readonly ClientEvent[];
}

/** What came beside an answer, and what is needed to say something back. */
export interface AnswerContext {
  readonly mac?: ReceivedMac | undefined;
  /** Base64 of 16 random bytes, for a device that challenges its server. */
  readonly freshNonce?: string | undefined;
  /** The bytes of a message as it will be sent; as XML unless given. */
  readonly sizeOf?: ((message: Message) => number) | undefined;
}

/** Challenges that a device answers, or gives, in one session before it gives up. [syncml 3.3] */
export const CHALLENGES_MAX = 2;
