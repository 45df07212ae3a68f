/**
 * Holds off strangers: whoever makes up names must not fill the list of devices that knocked, write to the
 * disk with each request, or fill the site with devices where unknown ones are let in by themselves.
 *
 *   the same knock     is written down once in `KNOCK_NOTE_MS`, however often it comes
 *   another knock      takes a place in the bucket of its address, which leaks one in `LEAK_MS`
 *   being let in       takes a place in another bucket of its address, where nobody has proved anything
 *
 * Of IPv6 the network counts as one address. In memory: a restart forgives, and costs whoever floods the
 * site nothing that it would not have had.
 */
import { networkOf } from "../login-guard.ts";

/** How exactly the time of a stranger's last knock is kept. */
export const KNOCK_NOTE_MS = 60_000;
/** Different knocks that one address may make at once, and how soon there is room for the next. */
export const KNOCKS_AT_ONCE = 100;
export const LEAK_MS = 6_000;
/** Devices of one address that are let in by themselves at once: a delivery of new ones. */
export const LET_IN_AT_ONCE = 200;
/** Knocks and addresses remembered; the one that was heard longest ago goes first. */
export const STRANGERS_REMEMBERED_MAX = 1_000;

interface Bucket {
  readonly level: number;
  readonly atMs: number;
}

export class StrangerGuard {
  /** What was said when it was written down, by who said it. */
  readonly #noted = new Map<string, { readonly said: string; readonly atMs: number }>();
  readonly #buckets = new Map<string, Bucket>();

  /**
   * May this knock be written down?
   *
   * @param who its protocol and name
   * @param said all that it says of itself
   * @returns `again`: it was a moment ago; else how long it has to wait, 0: it may be
   */
  knock(who: string, said: string, address: string, nowMs: number): "again" | number {
    const former = this.#noted.get(who);
    const isSame = former?.said === said && former.atMs <= nowMs;
    if (isSame && nowMs - former.atMs < KNOCK_NOTE_MS) return "again";
    if (!isSame) {
      const waitMs = this.#take(`knock ${networkOf(address)}`, KNOCKS_AT_ONCE, nowMs);
      if (waitMs > 0) return waitMs;
    }
    remember(this.#noted, who, { said, atMs: nowMs });
    return 0;
  }

  /** May a device of this address be let in without anybody's approval? It takes a place if so. */
  letsIn(address: string, nowMs: number): boolean {
    return this.#take(`let in ${networkOf(address)}`, LET_IN_AT_ONCE, nowMs) === 0;
  }

  /** How long until there is a place; 0: it was taken. */
  #take(name: string, places: number, nowMs: number): number {
    const level = this.#levelOf(name, nowMs);
    if (level + 1 > places) return Math.ceil((level + 1 - places) * LEAK_MS);
    remember(this.#buckets, name, { level: level + 1, atMs: nowMs });
    return 0;
  }

  #levelOf(name: string, nowMs: number): number {
    const bucket = this.#buckets.get(name);
    // A clock that was set back: what was counted in its future is over.
    if (bucket === undefined || bucket.atMs > nowMs) return 0;
    return Math.max(0, bucket.level - (nowMs - bucket.atMs) / LEAK_MS);
  }
}

/** Inserted at the end: the map's order is that of the last time. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.keys().next();
  if (map.size > STRANGERS_REMEMBERED_MAX && !oldest.done) map.delete(oldest.value);
}
