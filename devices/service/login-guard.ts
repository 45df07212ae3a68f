/**
 * Slows down guessing a device's secret without letting strangers lock the device out.
 *
 * Two counts, kept with the device so that a restart forgives nothing:
 *
 *   by address   after `FAILURES_MAX` failures from one address that address waits, longer each time
 *   overall      failures from addresses that the device does not use itself fill a bucket that leaks;
 *                while it is full, such addresses wait. The addresses that the device logged in from
 *                are not held up by it, however many others guess.
 *
 * Only an attempt that is looked at counts. Pure: times are milliseconds since the epoch.
 */
import type { AddressFailures, LoginGuard } from "../model/credential.ts";

/** Failures in a row from one address after which it has to wait, and for how long at first. */
export const FAILURES_MAX = 10;
const WAIT_MS_MIN = 60_000;
export const WAIT_MS_MAX = 60 * 60_000;
/** An address that has not failed for so long begins again. */
const FORGET_MS = 24 * 60 * 60_000;
/** Addresses whose failures are counted; the strange one that failed longest ago goes first. */
export const TRACKED_ADDRESSES_MAX = 16;
/** Addresses that a device is known to come from: it may move between a few networks. */
export const USUAL_ADDRESSES_MAX = 4;
/** Failures from elsewhere that fill the bucket, and how long one of them takes to leak. */
export const STRANGE_FAILURES_MAX = 100;
const LEAK_MS = 60_000;

/** How long an attempt from this address has to wait until it is looked at; 0: it may be made now. */
export function waitMs(guard: LoginGuard, address: string, nowMs: number): number {
  const network = networkOf(address);
  const own = failuresOf(guard, network, nowMs);
  const ownWaitMs = own && own.count >= FAILURES_MAX ? own.lastAtMs + blockMs(own) - nowMs : 0;
  return Math.max(0, ownWaitMs, strangeWaitMs(guard, network, nowMs));
}

/** The guard after a failed attempt from this address. */
export function afterFailure(guard: LoginGuard, address: string, nowMs: number): LoginGuard {
  const network = networkOf(address);
  const count = (failuresOf(guard, network, nowMs)?.count ?? 0) + 1;
  const others = guard.failures.filter(
    (one) => one.address !== network && !isForgotten(one, nowMs),
  );
  const isStrange = !guard.usual.includes(network);
  return {
    ...guard,
    failures: bounded([...others, { address: network, count, lastAtMs: nowMs }], guard.usual),
    strange: isStrange ? { level: levelAt(guard, nowMs) + 1, atMs: nowMs } : guard.strange,
  };
}

/** The guard after the device logged in from this address; the same object where nothing changes. */
export function afterSuccess(guard: LoginGuard, address: string): LoginGuard {
  const network = networkOf(address);
  const isUsual = guard.usual.includes(network);
  const hasFailed = guard.failures.some((one) => one.address === network);
  if (isUsual && !hasFailed) return guard;
  return {
    ...guard,
    usual: isUsual ? guard.usual : [network, ...guard.usual].slice(0, USUAL_ADDRESSES_MAX),
    failures: guard.failures.filter((one) => one.address !== network),
  };
}

/** Whose wrong credentials are counted, and until when they wait, the latest first. */
export function failuresAt(
  guard: LoginGuard,
  nowMs: number,
): (AddressFailures & { readonly blockedUntilMs: number | null })[] {
  return guard.failures
    .filter((one) => !isForgotten(one, nowMs))
    .map((one) => {
      const wait = waitMs(guard, one.address, nowMs);
      return { ...one, blockedUntilMs: wait === 0 ? null : nowMs + wait };
    })
    .reverse();
}

/** There is room for one more failure once enough have leaked. */
function strangeWaitMs(guard: LoginGuard, network: string, nowMs: number): number {
  if (guard.usual.includes(network)) return 0;
  return Math.ceil((levelAt(guard, nowMs) + 1 - STRANGE_FAILURES_MAX) * LEAK_MS);
}

/** Failures at a usual address are in no bucket: others never push them out. */
function bounded(
  failures: readonly AddressFailures[],
  usual: readonly string[],
): readonly AddressFailures[] {
  if (failures.length <= TRACKED_ADDRESSES_MAX) return failures;
  const oldest = failures.find(({ address }) => !usual.includes(address));
  return failures.filter((one) => one !== oldest);
}

function levelAt({ strange }: LoginGuard, nowMs: number): number {
  // A clock that was set back: what was counted in its future is over.
  if (strange.atMs > nowMs) return 0;
  return Math.max(0, strange.level - (nowMs - strange.atMs) / LEAK_MS);
}

function failuresOf(
  guard: LoginGuard,
  network: string,
  nowMs: number,
): AddressFailures | undefined {
  const found = guard.failures.find((one) => one.address === network);
  return found && !isForgotten(found, nowMs) ? found : undefined;
}

function isForgotten({ lastAtMs }: AddressFailures, nowMs: number): boolean {
  return lastAtMs > nowMs || nowMs - lastAtMs >= FORGET_MS;
}

function blockMs({ count }: AddressFailures): number {
  return Math.min(WAIT_MS_MIN * 2 ** Math.min(count - FAILURES_MAX, 20), WAIT_MS_MAX);
}

/**
 * What counts as one address: of IPv6 the network of 64 bits, because whoever has one address of it
 * has all of them.
 */
export function networkOf(address: string): string {
  const [plain = ""] = address.toLowerCase().split("%");
  if (!plain.includes(":")) return plain;
  const [head = "", tail] = plain.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : 8 - groups.length - after.length;
  const all = [...groups, ...Array<string>(Math.max(0, zeros)).fill("0"), ...after];
  return `${all
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ""))
    .join(":")}::/64`;
}
