import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Hlc } from "../../../devices/model/hlc.ts";
import { ACTORS, OPERATIONS, REASONS } from "../../../devices/model/installation.ts";
import {
  MISSED_OCCURRENCES_MAX,
  packEntry,
  packFlags,
  parseEntry,
  parseFlags,
  type StatusEntry,
} from "../../../sync/status/entry.ts";

const SEED = Number(Bun.env.TEST_SEED ?? 4);

const flags = fc.record({
  anomaly: fc.boolean(),
  stale: fc.boolean(),
  managed: fc.constantFrom(null, true, false),
  counted: fc.boolean(),
  reason: fc.constantFrom(null, ...REASONS),
  actor: fc.constantFrom(null, ...ACTORS),
  missedOccurrences: fc.nat({ max: MISSED_OCCURRENCES_MAX }),
});
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const entry: fc.Arbitrary<StatusEntry> = fc.record({
  key: count,
  row: count,
  operation: fc.constantFrom(...OPERATIONS),
  version: count,
  observedAtMs: count,
  hlc: fc.stringMatching(/^[0-9a-f]{16}$/).map((text) => text as Hlc),
  incarnation: count,
  attempt: count,
  sequence: count,
  flags,
});

describe("status entry", () => {
  test(`[4.2] survives packing (TEST_SEED=${SEED})`, () => {
    fc.assert(
      fc.property(entry, (one) => {
        expect(parseEntry(packEntry(one))).toEqual(one);
      }),
      { seed: SEED },
    );
  });

  test("[4.2] flags that this version does not know are refused, not guessed", () => {
    const known = new Set<number>();
    for (let bits = 0; bits < 2 ** 13; bits += 1) {
      const parsed = parseFlags(bits);
      if (parsed === undefined) continue;
      expect(packFlags(parsed)).toBe(bits);
      known.add(bits);
    }
    expect(known.size).toBe(2 * 2 * 3 * 2 * (REASONS.length + 1) * (ACTORS.length + 1) * 4);
    for (const wrong of [-1, 0.5, Number.NaN, 2 ** 13]) expect(parseFlags(wrong)).toBeUndefined();
  });

  test("more missed occurrences than fit look like the most that do", () => {
    const some = { anomaly: false, stale: false, managed: null, counted: true } as const;
    const packed = packFlags({ ...some, reason: null, actor: null, missedOccurrences: 90 });
    expect(parseFlags(packed)?.missedOccurrences).toBe(MISSED_OCCURRENCES_MAX);
  });

  test.each([
    ["too short", [0, 0, 0, 0, 0, "0".repeat(16), 0, 0, 0]],
    ["too long", [0, 0, 0, 0, 0, "0".repeat(16), 0, 0, 0, 0, 0]],
    ["negative", [-1, 0, 0, 0, 0, "0".repeat(16), 0, 0, 0, 0]],
    ["a fraction", [0, 0, 0, 0, 0.5, "0".repeat(16), 0, 0, 0, 0]],
    ["a stamp that is none", [0, 0, 0, 0, 0, "xyz", 0, 0, 0, 0]],
    ["an operation that is none", [0, 0, 9, 0, 0, "0".repeat(16), 0, 0, 0, 0]],
    ["text for a number", ["0", 0, 0, 0, 0, "0".repeat(16), 0, 0, 0, 0]],
  ])("[4.8] %s is no entry", (_, value) => {
    expect(parseEntry(value)).toBeUndefined();
  });
});
