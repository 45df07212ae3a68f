import { describe, expect, test } from "bun:test";
import { type LoginGuard, UNGUARDED } from "../../../devices/model/credential.ts";
import {
  afterFailure,
  afterSuccess,
  FAILURES_MAX,
  failuresAt,
  STRANGE_FAILURES_MAX,
  TRACKED_ADDRESSES_MAX,
  USUAL_ADDRESSES_MAX,
  WAIT_MS_MAX,
  waitMs,
} from "../../../devices/service/login-guard.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const NOW = 1_795_000_000_000;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const HOME = "192.168.1.20";
const THIEF = "192.168.1.66";

/** So many attempts as are looked at, as fast as they are, until `untilMs`. */
function guess(guard: LoginGuard, address: string, untilMs: number, fromMs = NOW) {
  let looked = 0;
  let nowMs = fromMs;
  let next = guard;
  while (nowMs < untilMs) {
    const wait = waitMs(next, address, nowMs);
    if (wait > 0) nowMs += wait;
    else {
      next = afterFailure(next, address, nowMs);
      looked += 1;
    }
  }
  return { guard: next, looked };
}

describe("a login guard, by address", () => {
  test("lets an address fail ten times, then makes it wait a minute, then longer, at most an hour", () => {
    let guard = UNGUARDED;
    for (let failure = 0; failure < FAILURES_MAX; failure++) {
      expect(waitMs(guard, THIEF, NOW)).toBe(0);
      guard = afterFailure(guard, THIEF, NOW);
    }
    let nowMs = NOW;
    const waits: number[] = [];
    for (let round = 0; round < 8; round++) {
      waits.push(waitMs(guard, THIEF, nowMs));
      nowMs += waits.at(-1) ?? 0;
      expect(waitMs(guard, THIEF, nowMs)).toBe(0);
      guard = afterFailure(guard, THIEF, nowMs);
    }
    expect(waits.map((ms) => ms / MINUTE_MS)).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
  });

  test("holds up nobody else", () => {
    const { guard } = guess(UNGUARDED, THIEF, NOW + 60 * MINUTE_MS);
    expect(waitMs(guard, THIEF, NOW + 60 * MINUTE_MS)).toBeGreaterThan(0);
    expect(waitMs(guard, HOME, NOW + 60 * MINUTE_MS)).toBe(0);
  });

  test("forgets what is a day old, and what the device itself did before it got in", () => {
    const { guard } = guess(UNGUARDED, HOME, NOW + MINUTE_MS);
    expect(waitMs(guard, HOME, NOW)).toBeGreaterThan(0);
    expect(waitMs(guard, HOME, NOW + MINUTE_MS + DAY_MS)).toBe(0);
    const after = afterSuccess(guard, HOME);
    expect(after.failures).toEqual([]);
    expect(waitMs(after, HOME, NOW)).toBe(0);
    expect(afterSuccess(after, HOME)).toBe(after);
  });

  test("a clock that was set back ends every wait", () => {
    const { guard } = guess(UNGUARDED, THIEF, NOW + 5 * DAY_MS);
    expect(waitMs(guard, THIEF, NOW - DAY_MS)).toBe(0);
  });

  test.each([
    ["2001:db8:1:2::66", "2001:DB8:1:2:aaaa:bbbb:cccc:dddd", true],
    ["2001:db8:1:2::66", "2001:0db8:0001:0002::1", true],
    ["2001:db8::66", "2001:db8:0:0:1::", true],
    ["fe80::1%eth0", "fe80::2", true],
    ["2001:db8:1:2::66", "2001:db8:1:3::66", false],
    ["::1", "fe80::1", false],
    ["10.0.0.1", "10.0.0.2", false],
  ])("%s and %s are one address: %p", (one, other, isSame) => {
    const { guard } = guess(UNGUARDED, one, NOW + 1);
    expect(waitMs(guard, other, NOW) > 0).toBe(isSame);
  });
});

describe("a login guard, overall", () => {
  const strangers = (count: number) =>
    Array.from({ length: count }, (_, n) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`);

  test("many addresses together guess no faster than one a minute, once a hundred have failed", () => {
    let guard = afterSuccess(UNGUARDED, HOME);
    let looked = 0;
    for (let minute = 0; minute < 600; minute++) {
      for (const address of strangers(50)) {
        const nowMs = NOW + minute * MINUTE_MS;
        if (waitMs(guard, address, nowMs) > 0) continue;
        guard = afterFailure(guard, address, nowMs);
        looked += 1;
      }
    }
    expect(looked).toBeLessThanOrEqual(STRANGE_FAILURES_MAX + 600);
    expect(looked).toBeGreaterThan(STRANGE_FAILURES_MAX);
    expect(waitMs(guard, "10.9.9.9", NOW + 600 * MINUTE_MS - 1)).toBeGreaterThan(0);
    expect(waitMs(guard, HOME, NOW + 600 * MINUTE_MS - 1)).toBe(0);
  });

  test("says who failed and who waits, the latest first", () => {
    const { guard } = guess(UNGUARDED, "2001:db8:1:2::66", NOW + 1);
    const both = afterFailure(guard, HOME, NOW + 5);
    expect(failuresAt(both, NOW + 5)).toEqual([
      { address: HOME, count: 1, lastAtMs: NOW + 5, blockedUntilMs: null },
      { address: "2001:db8:1:2::/64", count: 10, lastAtMs: NOW, blockedUntilMs: NOW + MINUTE_MS },
    ]);
    expect(failuresAt(both, NOW + 2 * DAY_MS)).toEqual([]);
  });

  test("remembers where the device comes from, a few places and no more", () => {
    let guard = UNGUARDED;
    const places = strangers(USUAL_ADDRESSES_MAX + 2);
    for (const place of places) guard = afterSuccess(guard, place);
    expect(guard.usual).toEqual(places.slice(2).reverse());
  });

  test(`whatever happens: bounded, no wait above an hour, home is never held up by others (TEST_SEED=${SEED})`, () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 6; round++) {
      let guard = afterSuccess(UNGUARDED, HOME);
      let nowMs = NOW;
      let looked = 0;
      const crowd = strangers(1 + Math.floor(random() * 60));
      for (let step = 0; step < 2_000; step++) {
        nowMs += Math.floor(random() * random() * 2 * MINUTE_MS);
        const address = crowd[Math.floor(random() * crowd.length)] ?? THIEF;
        const wait = waitMs(guard, address, nowMs);
        expect(wait).toBeLessThanOrEqual(WAIT_MS_MAX);
        if (wait === 0) {
          guard = afterFailure(guard, address, nowMs);
          looked += 1;
        }
        expect(guard.failures.length).toBeLessThanOrEqual(TRACKED_ADDRESSES_MAX);
        expect(waitMs(guard, HOME, nowMs)).toBe(0);
        if (random() < 0.1) guard = JSON.parse(JSON.stringify(afterSuccess(guard, HOME)));
      }
      expect(looked).toBeLessThanOrEqual(STRANGE_FAILURES_MAX + (nowMs - NOW) / MINUTE_MS + 1);
    }
  });

  test("failures where the device itself comes from are not pushed out by others", () => {
    let guard = afterSuccess(UNGUARDED, HOME);
    guard = guess(guard, HOME, NOW + 1).guard;
    for (const address of strangers(40)) guard = afterFailure(guard, address, NOW);
    expect(waitMs(guard, HOME, NOW)).toBeGreaterThan(0);
  });
});
