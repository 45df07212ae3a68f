import type { SessionEvent, Turn } from "../../protocols/oma-dm/server-state.ts";
import type { Encoding } from "../../protocols/syncml/encoding.ts";
import type { Message } from "../../protocols/syncml/message.ts";
import type { DeviceId } from "../model/ids.ts";

/** Where in its session a message of a known device was. */
export interface Course {
  readonly device: DeviceId;
  readonly turn: Turn;
  /** It belongs to a session that was open before. */
  readonly continues: boolean;
  /** The answer ends the session. */
  readonly isOver: boolean;
  readonly events: readonly SessionEvent[];
}

export interface SeenMessage {
  readonly message: Message;
  /** As it travels, in the encoding of the exchange. */
  readonly bytes: Uint8Array;
}

/** A message of a device with our answer, as the door saw them: with all their secrets. */
export interface Exchange {
  readonly atMs: number;
  readonly address: string;
  readonly encoding: Encoding;
  readonly request: SeenMessage;
  /** A MAC came beside the message. */
  readonly hasMac: boolean;
  readonly outcome:
    | { readonly kind: "answered"; readonly answer: SeenMessage; readonly course: Course }
    /** It was not let in, without an answer in SyncML. */
    | { readonly kind: "turned-away"; readonly problem: string };
}

/** A message that is no SyncML. */
export interface UnreadableMessage {
  readonly atMs: number;
  readonly address: string;
  readonly encoding: Encoding;
  readonly bytes: Uint8Array;
  readonly problem: string;
}

/**
 * Keeps sessions for people to look at. Both methods return at once, never throw, and may keep
 * nothing: no device waits for them or hears of them.
 */
export interface SessionRecorder {
  record(exchange: Exchange): void;
  recordUnreadable(message: UnreadableMessage): void;
}
