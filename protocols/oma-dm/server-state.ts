import type { Challenge, Item, Location, Message } from "../syncml/message.ts";
import type { AuthProblem, AuthScheme, Proved, RequiredProof } from "./credentials.ts";
import type { DevInfo } from "./dev-info.ts";
import type { IncomingObject, ObjectLimits } from "./incoming-object.ts";
import type { ReceivedMac } from "./message-mac.ts";
import type { OutgoingCommand } from "./outgoing-command.ts";
import type { OwnCredential, OwnProblem, OwnProof, OwnScheme } from "./own-credentials.ts";
import type { Cut } from "./pieces.ts";

/**
 * A management session as the server sees it: plain JSON, so that it survives a restart between any
 * two messages. Its fields are the session's own business; keep it, also when it has ended (a
 * device that lost the last answer asks for it again), until `receive` returns the next one.
 */
export interface ServerSession {
  /** Opaque text, as the device wrote it. */
  readonly sessionId: string;
  /** `closed`: aborted, refused or out of attempts; a further message is answered 506. */
  readonly phase: "unauthenticated" | "open" | "closed";
  /** What opened the session; anything else is refused from then on. */
  readonly scheme: Proved | null;
  /** What our last challenge in this session asked for. */
  readonly asked: AuthScheme | null;
  /** Base64 of the nonce of our last challenge to a peer that is not authenticated. */
  readonly challengeNonce: string | null;
  /** Base64 of the nonce that the good digest used. */
  readonly usedNonce: string | null;
  /** Messages of this session that failed authentication. */
  readonly attempts: number;
  /** How far we have proved ourselves; null towards a device that does not ask. */
  readonly own: OwnProof | null;
  /** Where our messages go to and come from. */
  readonly target: Location;
  readonly source: Location;
  readonly respUri: string | null;
  /** The device's limits for a message of ours and for one object in it, in bytes; null: none. */
  readonly maxMsgSize: number | null;
  readonly maxObjSize: number | null;
  /** Our own limits were told. */
  readonly announced: boolean;
  readonly clientMessageId: number;
  /** SHA-256 of that message, to tell a repetition from a new message with an old number. */
  readonly clientDigest: string;
  readonly serverMessageId: number;
  /** Commands of ours in the current package. */
  readonly outstanding: readonly Outstanding[];
  /** Commands that the device's MaxMsgSize kept out of the last message; they go first. */
  readonly queued: readonly OutgoingCommand[];
  /** The first of them when it goes in pieces. */
  readonly partial: Partial | null;
  /** The commands of our last message, whole, where they may have to be sent again. */
  readonly sent: readonly OutgoingCommand[];
  /** Where in the one of them that goes in pieces our last message began. */
  readonly sentFrom: Partial | null;
  /** Our package goes on in our next message: ours had no Final. */
  readonly unfinished: boolean;
  /** Status elements that the device's MaxMsgSize kept out of the last message. */
  readonly owedLater: readonly ReplyStatus[];
  /** A large object that the device is sending. */
  readonly incoming: IncomingObject | null;
  /** What the message in hand must be answered; null when it was answered with `lastAnswer`. */
  readonly owed: Owed | null;
  readonly lastAnswer: Message | null;
  /** Base64 of the nonce with which it was signed; null when it was not. */
  readonly lastMacNonce: string | null;
  /** The running session that an unauthenticated newcomer has not yet replaced. */
  readonly suspended: ServerSession | null;
}

/** A command that goes in pieces, because no message could hold it. */
export interface Partial {
  /** Where the rest of it begins. */
  readonly rest: Cut;
  /** The item whose chunk was sent last, until the object is complete. */
  readonly chunkOf: number | null;
  /** How often that object was begun. */
  readonly attempt: number;
  /** What the device said of the items that have gone, by target. */
  readonly itemCodes: Readonly<Record<string, number>>;
}

/** A command of ours that the device has to answer. */
export interface Outstanding {
  readonly tag: string;
  readonly name: string;
  readonly messageId: number;
  readonly cmdId: string;
  /** Target LocURI of each item. */
  readonly targets: readonly string[];
  /** The tag of the Atomic or Sequence around it. */
  readonly parent: string | null;
  /** The code for the command as a whole; null before its Status. */
  readonly code: number | null;
  /** The codes that came with a TargetRef, by our own target. */
  readonly itemCodes: Readonly<Record<string, number>>;
  /** The device said 101: not finished. */
  readonly inProgress: boolean;
  readonly hasResults: boolean;
  /** Data of the Status' items: what a user typed or chose. */
  readonly answers: readonly string[];
  /** Only a part of its command: the caller is told once all of it was answered. */
  readonly isPart: boolean;
}

/** The answer to the message in hand, before the server's own commands. */
export interface Owed {
  readonly turn: Turn;
  readonly statuses: readonly ReplyStatus[];
  /** Alerts about the flow of the session: 1222, 1223, 1225. */
  readonly alerts: readonly OwedAlert[];
  /** Commands that the server had to keep back go out now. */
  readonly sendsQueued: boolean;
}

export interface OwedAlert {
  readonly code: number;
  /** What the object was about that did not end. */
  readonly source?: string | undefined;
  readonly target?: string | undefined;
}

/** A Status that the server will send. */
export interface ReplyStatus {
  /** MsgRef: the device's message. */
  readonly messageId: number;
  /** CmdRef: the device's command, `0` for the header. */
  readonly cmdId: string;
  /** The device's command by name, `SyncHdr` for the header. */
  readonly cmd: string;
  readonly code: number;
  readonly targetRef?: string | undefined;
  readonly sourceRef?: string | undefined;
  readonly chal?: Challenge | undefined;
}

/**
 * What the server may do now. Whatever it is, `answer` makes the message to send.
 *
 * `commands`: send commands, or none, which ends the session.
 * `next-message`: the device has more to say; the answer only asks for it.
 * `wait`: no new commands yet, and the session goes on (a challenge, a command in progress, or
 * commands that did not fit into the last message and go out now).
 * `ended`: the answer is the last.
 * `repeat`: the device asked again; the answer is the former one, word for word.
 */
export type Turn = "commands" | "next-message" | "wait" | "ended" | "repeat";

export type SessionEvent =
  | {
      /** The Cred was right. A non-null `nextNonce` must be stored: the next session uses it. */
      readonly kind: "authenticated";
      readonly scheme: Proved;
      /** Base64. */
      readonly nextNonce: string | null;
      /** The former secret of a rotation was used, not the current one. */
      readonly withPreviousSecret: boolean;
    }
  | {
      readonly kind: "not-authenticated";
      readonly reason: AuthProblem;
      readonly attempts: number;
    }
  | { readonly kind: "dev-info"; readonly info: DevInfo }
  | {
      readonly kind: "status";
      readonly tag: string;
      /** For the command as a whole: its own, or the first failure among its items. */
      readonly code: number;
      /** By target LocURI as the command had it. Empty for containers. */
      readonly itemCodes: Readonly<Record<string, number>>;
      /** What the user answered to an alert: a text, or the numbers of the choices from 1. */
      readonly answers: readonly string[];
      /** The device did not say it; it follows from what else it said, or from its limits. */
      readonly derived: boolean;
    }
  | { readonly kind: "results"; readonly tag: string; readonly items: readonly Item[] }
  | {
      readonly kind: "alert";
      readonly code: number;
      readonly correlator: string | null;
      readonly items: readonly Item[];
    }
  /** The device finished its package without a word about this command. */
  | { readonly kind: "unanswered"; readonly tag: string }
  /**
   * The session ended with this command sent and not answered. Whether the device carried it out is
   * not known: whoever sends an Exec again has to ask the device first.
   */
  | { readonly kind: "in-doubt"; readonly tag: string }
  /** The session ended before this command was sent. */
  | { readonly kind: "not-sent"; readonly tag: string }
  /** The device cannot do this: what was sent so is to be sent in a plain form. */
  | { readonly kind: "lacks"; readonly feature: DeviceFeature }
  /** It took our credentials. A non-null nonce (base64) must be stored, with the scheme. */
  | { readonly kind: "own-accepted"; readonly scheme: OwnScheme; readonly nonce: string | null }
  /** It does not take commands from us; the session ends. */
  | { readonly kind: "own-refused"; readonly problem: OwnProblem }
  | { readonly kind: "aborted"; readonly by: "device" | "server"; readonly reason: string };

/** What some devices cannot do, though a server may ask for it. [syncml 1] */
export type DeviceFeature = "Atomic" | "Sequence" | "StructData";

/** The device's credential as stored; a `DeviceCredential` is one. */
export interface StoredCredential {
  readonly secretHash: string;
  readonly previousSecretHash: string | null;
  /** The weakest proof that is taken. */
  readonly scheme: RequiredProof;
  /** Base64; null before the first success with a digest or a MAC. */
  readonly nextNonce: string | null;
}

export interface ReceiveContext {
  /** Undefined when the device is not known: nothing it offers is right. */
  readonly credential: StoredCredential | undefined;
  /** Base64 of 16 random bytes, fresh for every call. */
  readonly freshNonce: string;
  /** The MAC that came beside the message. */
  readonly mac?: ReceivedMac | undefined;
  /** The message came over TLS with a verified client certificate that is this device's. */
  readonly certified?: boolean | undefined;
  /** What we prove ourselves with, where the device may ask for it. */
  readonly own?: OwnCredential | undefined;
  /** The Status of one item of an Alert 1224 or 1226; without it every alert is taken. */
  readonly judgeAlert?: ((alert: JudgedAlert) => number) | undefined;
  /** Where the device must send its next message; undefined leaves it where it is. */
  readonly respUri?: string | undefined;
  readonly limits?: SessionLimits | undefined;
}

/** One item of an event that a device reports; an alert without items has one that is empty. */
export interface JudgedAlert {
  readonly code: number;
  readonly correlator: string | null;
  readonly item: Item;
}

export interface SessionLimits extends ObjectLimits {
  /** Messages of one session that may fail authentication. */
  readonly attemptsMax: number;
  /** Messages of one session; the server aborts it at the limit. */
  readonly messagesMax: number;
  /** Bytes of one message of the device, as it is told; whoever reads messages holds it. */
  readonly messageBytesMax: number;
}

export const SESSION_LIMITS: SessionLimits = {
  attemptsMax: 3,
  messagesMax: 500,
  messageBytesMax: 1024 * 1024,
  objectBytesMax: 512 * 1024,
  chunksMax: 450,
};

/** A smaller MaxMsgSize is a mistake: not even a header with its Status would fit. It is passed over. */
export const MAX_MSG_SIZE_MIN = 1_000;
