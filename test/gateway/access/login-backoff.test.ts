import { describe, expect, test } from "bun:test";
import {
  ENTRIES_MAX,
  FORGET_MS,
  FREE_FAILURES,
  FREE_FAILURES_PER_ADDRESS,
  LoginBackoff,
  USUAL_ADDRESSES_MAX,
  WAIT_MS_MAX,
  WAIT_MS_MIN,
} from "../../../gateway/access/login-backoff.ts";

function after(failures: number, nowMs: number, addressOf = (index: number) => `10.0.0.${index}`) {
  const backoff = new LoginBackoff();
  for (let index = 0; index < failures; index++) backoff.attempted("zoe", addressOf(index), nowMs);
  return backoff;
}

describe("LoginBackoff", () => {
  test("lets people mistype, then doubles the wait up to its limit", () => {
    const waits = [4, 5, 6, 7, 8, 20, 60].map((failures) =>
      after(failures, 0).waitMs("zoe", "elsewhere", 0),
    );
    expect(waits).toEqual([
      0,
      WAIT_MS_MIN,
      2 * WAIT_MS_MIN,
      4 * WAIT_MS_MIN,
      8 * WAIT_MS_MIN,
      WAIT_MS_MAX,
      WAIT_MS_MAX,
    ]);
    expect(FREE_FAILURES).toBe(5);
  });

  test("nobody waits for failures from before the clock was set back", () => {
    const backoff = after(20, 10 * FORGET_MS);
    expect(backoff.waitMs("zoe", "elsewhere", 10 * FORGET_MS)).toBeGreaterThan(0);
    expect(backoff.waitMs("zoe", "elsewhere", FORGET_MS)).toBe(0);
  });

  test("the wait runs out with time, and what is long ago is forgotten", () => {
    const backoff = after(FREE_FAILURES, 1000);
    expect(backoff.waitMs("zoe", "x", 1000 + WAIT_MS_MIN - 1)).toBe(1);
    expect(backoff.waitMs("zoe", "x", 1000 + WAIT_MS_MIN)).toBe(0);
    backoff.attempted("zoe", "x", 1000 + FORGET_MS);
    expect(backoff.waitMs("zoe", "x", 1000 + FORGET_MS)).toBe(0);
  });

  test("an address that tries many names is slowed down too", () => {
    const backoff = new LoginBackoff();
    for (let index = 0; index < FREE_FAILURES_PER_ADDRESS; index++) {
      expect(backoff.waitMs(`name-${index}`, "evil", 0)).toBe(0);
      backoff.attempted(`name-${index}`, "evil", 0);
    }
    expect(backoff.waitMs("somebody-else", "evil", 0)).toBe(WAIT_MS_MIN);
    expect(backoff.waitMs("somebody-else", "good", 0)).toBe(0);
  });

  test("case does not give a name more attempts", () => {
    const backoff = after(FREE_FAILURES, 0);
    expect(backoff.waitMs("ZOE", "x", 0)).toBe(WAIT_MS_MIN);
  });

  test("a success forgives the person there, and the address that one attempt only", () => {
    const backoff = after(FREE_FAILURES_PER_ADDRESS, 0, () => "one");
    backoff.succeeded("zoe", "one");
    expect(backoff.waitMs("zoe", "two", 0)).toBe(0);
    expect(backoff.waitMs("zoe", "one", 0)).toBe(0);
    backoff.attempted("zoe", "one", 0);
    expect(backoff.waitMs("zoe", "one", 0)).toBe(WAIT_MS_MIN);
  });

  test("whoever guesses at a name does not lock its owner out where the owner logs in from", () => {
    const backoff = new LoginBackoff();
    backoff.attempted("zoe", "office", 0);
    backoff.succeeded("zoe", "office");
    for (let index = 0; index < 100; index++) backoff.attempted("zoe", `evil-${index}`, 0);
    expect(backoff.waitMs("zoe", "evil-100", 0)).toBe(WAIT_MS_MAX);
    expect(backoff.waitMs("Zoe", "office", 0)).toBe(0);
    backoff.attempted("zoe", "office", 0);
    backoff.succeeded("zoe", "office");
    // The owner's success does not help whoever guesses elsewhere.
    expect(backoff.waitMs("zoe", "evil-100", 0)).toBe(WAIT_MS_MAX);
    for (let index = 0; index < FREE_FAILURES; index++) backoff.attempted("zoe", "office", 0);
    expect(backoff.waitMs("zoe", "office", 0)).toBe(WAIT_MS_MIN);
    backoff.forgive("zoe");
    expect([backoff.waitMs("zoe", "office", 0), backoff.waitMs("zoe", "elsewhere", 0)]).toEqual([
      0, 0,
    ]);
  });

  test("only so many addresses of a person are remembered, the latest", () => {
    const backoff = new LoginBackoff();
    for (let index = 0; index <= USUAL_ADDRESSES_MAX; index++) {
      backoff.succeeded("zoe", `home-${index}`);
    }
    for (let index = 0; index < FREE_FAILURES; index++)
      backoff.attempted("zoe", `evil-${index}`, 0);
    expect(backoff.waitMs("zoe", "home-0", 0)).toBe(WAIT_MS_MIN);
    expect(backoff.waitMs("zoe", "home-1", 0)).toBe(0);
  });

  test("of IPv6 the network counts: whoever has one address of it has all", () => {
    const backoff = new LoginBackoff();
    for (let index = 0; index < FREE_FAILURES_PER_ADDRESS; index++) {
      backoff.attempted(`name-${index}`, `2001:db8::${index}`, 0);
    }
    expect(backoff.waitMs("x", "2001:db8:0:0:ffff::1", 0)).toBe(WAIT_MS_MIN);
    expect(backoff.waitMs("x", "2001:db8:0:1::1", 0)).toBe(0);
  });

  test("many people who log in well from one address never wait", () => {
    const backoff = new LoginBackoff();
    for (let index = 0; index < 5 * FREE_FAILURES_PER_ADDRESS; index++) {
      backoff.attempted(`name-${index}`, "office", 0);
      backoff.succeeded(`name-${index}`, "office");
    }
    expect(backoff.waitMs("anybody", "office", 0)).toBe(0);
  });

  test("remembers a bounded number, the latest", () => {
    const backoff = after(FREE_FAILURES, 0, () => "first");
    for (let index = 0; index < ENTRIES_MAX; index++) {
      backoff.attempted(`name-${index}`, "flood", 1);
    }
    expect(backoff.waitMs("zoe", "x", 1)).toBe(0);
    expect(backoff.waitMs("x", "flood", 1)).toBe(WAIT_MS_MAX);
  });
});
