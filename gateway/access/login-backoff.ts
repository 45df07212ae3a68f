import { networkOf } from "../../devices/service/login-guard.ts";

/** Failures that cost nothing: people mistype. */
export const FREE_FAILURES = 5;
/** From one address many people may log in, so that it is given more. */
export const FREE_FAILURES_PER_ADDRESS = 20;
/** The first wait; each further failure doubles it. */
export const WAIT_MS_MIN = 1_000;
export const WAIT_MS_MAX = 15 * 60_000;
/** Failures this long ago are forgotten. */
export const FORGET_MS = 60 * 60_000;
/** Names and addresses remembered at once; the one that failed longest ago goes first. */
export const ENTRIES_MAX = 10_000;

/** Addresses remembered that a person logs in from, and persons. */
export const USUAL_ADDRESSES_MAX = 4;
const PERSONS_MAX = 1_000;

interface Failures {
  readonly count: number;
  readonly lastAtMs: number;
}

/**
 * Slows down guessing of passwords, by name and by address: after some free failures each one
 * doubles the time until the next attempt is looked at. Names are no secrets, so whoever guesses at one
 * must not lock its owner out: an address that the person has logged in from has a count of its own.
 * Of IPv6 the network counts. In memory: a restart forgives, and costs an attacker more than it gives.
 */
export class LoginBackoff {
  readonly #failures = new Map<string, Failures>();
  /** By name, the latest address first. */
  readonly #usual = new Map<string, readonly string[]>();

  /** How long to wait before another attempt is looked at; 0 when it may be made now. */
  waitMs(name: string, address: string, nowMs: number): number {
    return Math.max(
      this.#wait(this.#personKey(name, address), FREE_FAILURES, nowMs),
      this.#wait(addressKey(address), FREE_FAILURES_PER_ADDRESS, nowMs),
    );
  }

  /** Counts an attempt as failed until `succeeded` says otherwise: some run at the same time. */
  attempted(name: string, address: string, nowMs: number): void {
    this.#count(this.#personKey(name, address), nowMs);
    this.#count(addressKey(address), nowMs);
  }

  /**
   * Forgives the person at this address all failures, the address only this attempt: whoever guesses
   * may have one account of their own.
   */
  succeeded(name: string, address: string): void {
    this.#failures.delete(this.#personKey(name, address));
    this.#remember(name, networkOf(address));
    const key = addressKey(address);
    const failures = this.#failures.get(key);
    if (failures === undefined) return;
    if (failures.count <= 1) this.#failures.delete(key);
    else this.#failures.set(key, { ...failures, count: failures.count - 1 });
  }

  /** Whoever has been given a new password begins anew, wherever they are. */
  forgive(name: string): void {
    this.#failures.delete(nameKey(name));
    for (const network of this.#usual.get(nameKey(name)) ?? []) {
      this.#failures.delete(usualKey(name, network));
    }
  }

  /** What the failures of a name are counted under, at an address that is its own or a stranger's. */
  #personKey(name: string, address: string): string {
    const network = networkOf(address);
    const isUsual = this.#usual.get(nameKey(name))?.includes(network) ?? false;
    return isUsual ? usualKey(name, network) : nameKey(name);
  }

  #remember(name: string, network: string): void {
    const key = nameKey(name);
    const others = (this.#usual.get(key) ?? []).filter((one) => one !== network);
    this.#usual.delete(key);
    this.#usual.set(key, [network, ...others].slice(0, USUAL_ADDRESSES_MAX));
    const oldest = this.#usual.keys().next();
    if (this.#usual.size > PERSONS_MAX && !oldest.done) this.#usual.delete(oldest.value);
  }

  #wait(key: string, free: number, nowMs: number): number {
    const failures = this.#failures.get(key);
    if (failures === undefined || isForgotten(failures, nowMs)) return 0;
    const beyond = failures.count - free;
    if (beyond < 0) return 0;
    const waitMs = Math.min(WAIT_MS_MAX, WAIT_MS_MIN * 2 ** Math.min(beyond, 30));
    return Math.max(0, failures.lastAtMs + waitMs - nowMs);
  }

  #count(key: string, nowMs: number): void {
    const former = this.#failures.get(key);
    const isFirst = former === undefined || isForgotten(former, nowMs);
    this.#failures.delete(key); // Inserted again at the end: the map's order is that of failures.
    this.#failures.set(key, { count: isFirst ? 1 : former.count + 1, lastAtMs: nowMs });
    const oldest = this.#failures.keys().next();
    if (this.#failures.size > ENTRIES_MAX && !oldest.done) this.#failures.delete(oldest.value);
  }
}

/** A failure in the future is one from before the clock was set back: nobody waits for that. */
function isForgotten({ lastAtMs }: Failures, nowMs: number): boolean {
  return nowMs - lastAtMs >= FORGET_MS || lastAtMs > nowMs;
}

const nameKey = (name: string): string => `name ${name.toLowerCase().slice(0, 64)}`;
const usualKey = (name: string, network: string): string => `${nameKey(name)} at ${network}`;
const addressKey = (address: string): string => `address ${networkOf(address)}`;
