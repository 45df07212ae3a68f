import { describe, expect, test } from "bun:test";
import {
  afterHearing,
  GAPS_MAX,
  type Heard,
  heardText,
  readHeard,
} from "../../../devices/service/agent/heard-sequences.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());

/** Hears them in this order; those that were heard before are left out. */
function hear(numbers: readonly number[], heard: Heard = []): Heard {
  return numbers.reduce((sofar: Heard, one) => afterHearing(sofar, one) ?? sofar, heard);
}

describe("what was heard of one piece of work [5.3]", () => {
  test.each<[readonly number[], Heard]>([
    [[], []],
    [[7], [[7, 7]]],
    [[7, 8, 9], [[7, 9]]],
    [[9, 8, 7], [[7, 9]]],
    [
      [1, 3, 5],
      [
        [1, 1],
        [3, 3],
        [5, 5],
      ],
    ],
    [[1, 3, 2], [[1, 3]]],
    [[5, 4, 9, 8, 6, 7], [[4, 9]]],
  ])("after %p: %p", (numbers, expected) => {
    expect(hear(numbers)).toEqual(expected);
  });

  test("a number that was heard is known as such, one in a gap is not", () => {
    const heard = hear([10, 11, 12, 20]);
    for (const known of [10, 11, 12, 20]) expect(afterHearing(heard, known)).toBeUndefined();
    for (const fresh of [9, 13, 19, 21]) expect(afterHearing(heard, fresh)).toBeDefined();
  });

  test(`in any order, each twice: the same at last (TEST_SEED=${SEED})`, () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 50; round++) {
      const numbers = Array.from({ length: 60 }, () => 1 + Math.floor(random() * 80));
      const expected = new Set(numbers);
      const heard = hear(numbers);
      const covered = heard.flatMap(([from, to]) =>
        Array.from({ length: to - from + 1 }, (_, n) => from + n),
      );
      expect(covered).toEqual([...expected].sort((a, b) => a - b));
      // Ranges do not touch.
      heard.slice(1).forEach(([from], n) => {
        expect(from).toBeGreaterThan((heard[n]?.[1] ?? 0) + 1);
      });
    }
  });

  test("of more than GAPS_MAX gaps the oldest closes, and nothing that was heard is forgotten", () => {
    const odd = Array.from({ length: GAPS_MAX + 1 }, (_, n) => 2 * n + 1);
    const full = hear(odd);
    expect(full).toHaveLength(GAPS_MAX + 1);
    const last = 2 * GAPS_MAX + 3;
    const more = hear([last], full);
    expect(more).toHaveLength(GAPS_MAX + 1);
    expect(more.slice(0, 2)).toEqual([
      [1, 3],
      [5, 5],
    ]);
    for (const known of [...odd, last]) expect(afterHearing(more, known)).toBeUndefined();
  });

  test("is read as it was stored in this life of the device; in its next one nothing was heard", () => {
    const heard = hear([1, 2, 9]);
    const stored = heardText(heard, 1024);
    expect(readHeard(stored, 1024)).toEqual(heard);
    expect(readHeard(stored, 2048)).toEqual([]);
    // As it was stored before lives were told apart.
    expect(readHeard(JSON.stringify(heard), 1024)).toEqual([]);
  });
});
