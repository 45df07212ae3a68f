import type { ServerSession } from "../../protocols/oma-dm/server-state.ts";
import type { DeviceId } from "../model/ids.ts";
import type { StoredSession } from "../ports/site-store.ts";
import type { DmClient } from "./dm-client.ts";
import { answerMsMax } from "./enterprise-app/consent.ts";
import type { ConversationState } from "./enterprise-app/conversation-state.ts";

/** A session that was silent for longer is over; the device begins a new one. */
export const SESSION_LIFE_MS = 10 * 60_000;

/** All that is kept of a session between two messages. */
export interface StoredState {
  readonly dm: ServerSession;
  readonly conversation: ConversationState;
  readonly client: DmClient;
}

/** Rises with every change of what is stored: a session of before is begun anew. */
const STATE_VERSION = 6;

/** What stored sessions were made from: a store that gives back the same object saves the parsing. */
const states = new WeakMap<StoredSession, StoredState>();

/** Undefined for one that an older version of this program has stored. */
export function storedState(stored: StoredSession): StoredState | undefined {
  const known = states.get(stored);
  if (known !== undefined) return known;
  const { version, ...state } = JSON.parse(stored.state) as StoredState & { version?: number };
  return version === STATE_VERSION ? state : undefined;
}

export function storedAs(device: DeviceId, state: StoredState, updatedAtMs: number): StoredSession {
  const { sessionId } = state.dm;
  const text = JSON.stringify({ version: STATE_VERSION, ...state });
  const stored = { device, sessionId, state: text, updatedAtMs };
  states.set(stored, state);
  return stored;
}

/** A device that spoke so lately is in the middle of its session; while its user reads, a little later. */
const TALKING_MS = 60_000;

/** Is the device here at this moment? */
export function isTalking(stored: StoredSession | undefined, nowMs: number): boolean {
  if (stored === undefined) return false;
  const state = storedState(stored);
  if (state?.dm.phase !== "open") return false;
  return nowMs - stored.updatedAtMs < TALKING_MS + answerMsMax(state.conversation);
}
