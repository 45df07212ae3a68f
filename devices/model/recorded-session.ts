import type { Encoding } from "../../protocols/syncml/encoding.ts";
import type { DeviceId } from "./ids.ts";

/**
 * How a session ended. `running`: it has not, yet. `finished`: nobody had anything more to say.
 * `refused`: the device was not let in. `aborted`: one side broke it off and said so. `cut`: the device
 * was not heard again. `unreadable`: a message that is no SyncML.
 */
export const SESSION_OUTCOMES = [
  "running",
  "finished",
  "refused",
  "aborted",
  "cut",
  "unreadable",
] as const;
export type SessionOutcome = (typeof SESSION_OUTCOMES)[number];

/** One command, and what the other side said to it. */
export interface SessionCommand {
  readonly from: "server" | "device";
  readonly command: string;
  /** Target of its first item; an alert's code and type. */
  readonly about: string;
  /** Further items. */
  readonly more: number;
  /** Null: no Status came. */
  readonly status: number | null;
}

/** A management session as people look at it: what was kept of it, without any secret. */
export interface RecordedSession {
  /** Rises with every session of this gateway. */
  readonly id: number;
  /** Null for what says that it is from no device that is known here. */
  readonly device: DeviceId | null;
  /** What the sender calls itself; empty when that could not be read. */
  readonly externalId: string;
  /** SessionID, as the device wrote it. */
  readonly sessionId: string;
  readonly startedAtMs: number;
  /** Of its last message. */
  readonly lastAtMs: number;
  readonly address: string;
  readonly encoding: Encoding;
  readonly startedBy: "device" | "notification" | "user" | null;
  /** What the device showed, such as `syncml:auth-md5`; null: nothing. */
  readonly scheme: string | null;
  readonly authenticated: boolean;
  /** Messages of the device that did not prove who it is. */
  readonly failedAttempts: number;
  readonly outcome: SessionOutcome;
  /** Why it did not finish, as a sentence; null when there is nothing to say. */
  readonly reason: string | null;
  /** A command failed, or the session did: what somebody may want to look into. */
  readonly hasProblem: boolean;
  /** Of both sides, answered repetitions too. */
  readonly messages: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly commands: readonly SessionCommand[];
  /** Commands that are not listed. */
  readonly moreCommands: number;
  /** Messages that are counted but not kept, because the session has too many or too long ones. */
  readonly messagesNotKept: number;
}

/** One message as it is kept: read, masked, and written down again as XML. */
export interface RecordedMessage {
  readonly from: "server" | "device";
  readonly atMs: number;
  /** As it travelled. */
  readonly bytes: number;
  readonly encoding: Encoding;
  readonly form: "document" | "outline";
  /** The masked document; for what could not be read, an outline of it. */
  readonly text: string;
  /** Why it could not be read, or was not served; null when it was. */
  readonly problem: string | null;
  /** The very message before came again, and got the very same answer. */
  readonly repeated: boolean;
}

/** Which sessions are kept at a site, and for how long. */
export interface SessionRecording {
  readonly record: "all" | "problems" | "off";
  readonly days: number;
  /** The latest of each device. */
  readonly perDevice: number;
  /** All together. */
  readonly megabytes: number;
}

export const RECORDINGS = [
  "all",
  "problems",
  "off",
] as const satisfies readonly SessionRecording["record"][];

export const SESSION_RECORDING_DEFAULT: SessionRecording = {
  record: "all",
  days: 14,
  perDevice: 50,
  megabytes: 256,
};

/** What may be chosen, from and to. */
export const RECORDING_RANGES = {
  days: [1, 365],
  perDevice: [1, 1_000],
  megabytes: [1, 10_000],
} as const satisfies Readonly<Record<string, readonly [number, number]>>;
