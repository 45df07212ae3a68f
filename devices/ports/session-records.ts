import type { DeviceId } from "../model/ids.ts";
import type {
  RecordedMessage,
  RecordedSession,
  SessionOutcome,
  SessionRecording,
} from "../model/recorded-session.ts";

/** A session as it is now, and the messages that are new in it. */
export interface SessionWrite {
  readonly session: RecordedSession;
  readonly messages: readonly RecordedMessage[];
  /** Of a session under way: for whoever goes on with it after a restart. */
  readonly unanswered?: Unanswered | undefined;
}

/** Where commands that wait for their answer stand in the list, by what the answer will refer to. */
export type Unanswered = Readonly<Record<string, number>>;

export interface SessionQuery {
  readonly device?: DeviceId | undefined;
  readonly outcome?: SessionOutcome | undefined;
  /** Only those with one. */
  readonly hasProblem?: boolean | undefined;
  /** Only older ones than this id. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/**
 * What is kept of sessions for people to look at. It is no fact: losing the last second of it, or all of
 * it, hurts nobody, and whoever writes must not wait for the disk.
 */
export interface SessionRecords {
  /** The greatest id that was ever written here, though its session is gone; 0 at first. */
  lastId(): number;
  /**
   * Writes sessions, each new or known, and lets those go that are more than `keep` allows.
   * A session whose row is gone meanwhile comes back with its newest messages only.
   *
   * @throws AppError "no-room" when the disk is full
   */
  write(writes: readonly SessionWrite[], keep: SessionRecording): void;
  /** Latest first. `total` and `next` are of all that the query holds for. */
  list(
    query: SessionQuery,
    nowMs: number,
  ): {
    readonly rows: readonly RecordedSession[];
    readonly total: number;
    readonly next: number | undefined;
  };
  find(id: number, nowMs: number): RecordedSession | undefined;
  /** Of one session, in order, from the `from`-th on (0 is the first). */
  messages(id: number, from: number, limit: number): readonly RecordedMessage[];
  /** The device's session that was under way then, or else its last one before. */
  around(device: DeviceId, atMs: number, nowMs: number): RecordedSession | undefined;
  /** Its last session as it was written, without those in its name that nobody has authenticated. */
  latest(device: DeviceId): Omit<SessionWrite, "messages"> | undefined;
  /** Lets go of what is too old or too much. @returns how many sessions went */
  prune(keep: SessionRecording, nowMs: number): number;
  /** Bytes on the disk that hold something. */
  size(): number;
}
