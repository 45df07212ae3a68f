import type { Challenge, Item, Location, Message } from "../syncml/message.ts";
import type { AuthProblem, AuthScheme, Proved, RequiredProof } from "./credentials.ts";
import type { DevInfo } from "./dev-info.ts";
import type { ReceivedMac } from "./message-mac.ts";
import type { OutgoingCommand } from "./outgoing-command.ts";

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
  /** Where our messages go to and come from. */
  readonly target: Location;
  readonly source: Location;
  readonly respUri: string | null;
  /** The device's limit for one message of ours, in bytes; null when it named none. */
  readonly maxMsgSize: number | null;
  readonly clientMessageId: number;
  /** SHA-256 of that message, to tell a repetition from a new message with an old number. */
  readonly clientDigest: string;
  readonly serverMessageId: number;
  /** Commands of ours in the current package. */
  readonly outstanding: readonly Outstanding[];
  /** Commands that the device's MaxMsgSize kept out of the last message; they go first. */
  readonly queued: readonly OutgoingCommand[];
  /** What the message in hand must be answered; null when it was answered with `lastAnswer`. */
  readonly owed: Owed | null;
  readonly lastAnswer: Message | null;
  /** The running session that an unauthenticated newcomer has not yet replaced. */
  readonly suspended: ServerSession | null;
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
}

/** The answer to the message in hand, before the server's own commands. */
export interface Owed {
  readonly turn: Turn;
  readonly statuses: readonly ReplyStatus[];
  /** What the server adds by itself: Alert 1222, Alert 1223, or commands it had to keep back. */
  readonly adds: "nothing" | "next-message" | "abort" | "queued";
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
      /** The device did not say it; it follows from what it said about the other commands. */
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
  | { readonly kind: "aborted"; readonly by: "device" | "server"; readonly reason: string };

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
  /** Where the device must send its next message; undefined leaves it where it is. */
  readonly respUri?: string | undefined;
  readonly limits?: SessionLimits | undefined;
}

export interface SessionLimits {
  /** Messages of one session that may fail authentication. */
  readonly attemptsMax: number;
  /** Messages of one session; the server aborts it at the limit. */
  readonly messagesMax: number;
}

export const SESSION_LIMITS: SessionLimits = { attemptsMax: 3, messagesMax: 500 };
