import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { Instant, Occurrence } from "../../../devices/model/window.ts";
import {
  drawInstant,
  INSTANT_HORIZON_MS,
  planInstants,
} from "../../../devices/windows/instants.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { ms } from "./a-window.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const device = "0".repeat(32) as DeviceId;
const TEN = ms("2026-11-21T22:00:00Z");

const night = (startMs = TEN, hours = 2): Occurrence => ({
  startMs,
  endMs: startMs + hours * HOUR,
  windows: [],
});

/** What the store holds after the plan: by start, without the closed. */
function stored(existing: readonly Instant[], planned: readonly Instant[]): Instant[] {
  const byStart = new Map([...existing, ...planned].map((one) => [one.startMs, one]));
  return [...byStart.values()].filter((one) => !one.closed);
}

function plan(existing: readonly Instant[], occurrences: readonly Occurrence[], nowMs: number) {
  const planned = planInstants({ device, existing, occurrences, nowMs, random: () => 0.5 });
  return { planned, after: stored(existing, planned) };
}

const drawn = (occurrence: Occurrence, evaluatedAtMs: number | null = null): Instant => ({
  device,
  startMs: occurrence.startMs,
  endMs: occurrence.endMs,
  instantMs: (occurrence.startMs + occurrence.endMs) / 2,
  evaluatedAtMs,
  closed: false,
});

describe("drawInstant()", () => {
  test("is inside, from the first millisecond to the last", () => {
    expect(drawInstant(night(), 0, () => 0)).toBe(TEN);
    expect(drawInstant(night(), 0, () => 0.9999999999)).toBe(TEN + 2 * HOUR - 1);
  });

  test("inside a running occurrence it is over what is left", () => {
    expect(drawInstant(night(), TEN + HOUR, () => 0)).toBe(TEN + HOUR);
    expect(drawInstant(night(), TEN + HOUR, () => 0.5)).toBe(TEN + 1.5 * HOUR);
  });

  test(`200 devices spread over the quarters of a window (TEST_SEED=${SEED})`, () => {
    const random = seededRandom(SEED);
    const draws = Array.from({ length: 200 }, () => drawInstant(night(), 0, random));
    for (let quarter = 0; quarter < 4; quarter++) {
      const from = TEN + (quarter * HOUR) / 2;
      const count = draws.filter((at) => at >= from && at < from + HOUR / 2).length;
      // 25 to 75 of 200 is four standard deviations around 50: one seed in ten thousand fails.
      expect(count).toBeGreaterThanOrEqual(25);
      expect(count).toBeLessThanOrEqual(75);
    }
  });
});

describe("planInstants()", () => {
  test("draws when an occurrence comes within 48 hours, not before", () => {
    const justOutside = TEN - INSTANT_HORIZON_MS - 1;
    expect(plan([], [night()], justOutside).planned).toEqual([]);
    expect(plan([], [night()], justOutside + 1).planned).toEqual([drawn(night())]);
  });

  test("draws inside a running occurrence over what is left, and not in one that ended", () => {
    expect(plan([], [night()], TEN + HOUR).after[0]?.instantMs).toBe(TEN + 1.5 * HOUR);
    expect(plan([], [night()], TEN + 2 * HOUR).planned).toEqual([]);
  });

  test("keeps what it has drawn", () => {
    const existing = [drawn(night()), drawn(night(TEN + DAY))];
    expect(plan(existing, [night(), night(TEN + DAY)], TEN - HOUR).planned).toEqual([]);
  });

  test("draws anew when the times change before the start", () => {
    const longer = night(TEN, 4);
    expect(plan([drawn(night())], [longer], TEN - HOUR).after).toEqual([drawn(longer)]);
    const earlier = night(TEN - HOUR);
    expect(plan([drawn(night())], [earlier], TEN - 3 * HOUR).after).toEqual([drawn(earlier)]);
  });

  test("in a running occurrence only the end follows a change", () => {
    const longer = night(TEN - HOUR, 6);
    const { after } = plan([drawn(night())], [longer], TEN + 1);
    expect(after).toEqual([{ ...drawn(night()), endMs: longer.endMs }]);
  });

  test("a window made longer after the turn gives no second turn", () => {
    const had = drawn(night(), TEN + HOUR);
    const longer = night(TEN, 8);
    const { after } = plan([had], [longer], TEN + 1.5 * HOUR);
    expect(after).toEqual([{ ...had, endMs: longer.endMs }]);
    expect(plan(after, [longer], TEN + 3 * HOUR).planned).toEqual([]);
  });

  test("a window moved to later tonight: no second turn, but a first one", () => {
    const later = night(TEN + HOUR, 3);
    const now = TEN + HOUR / 2;
    const had = drawn(night(), TEN + 1);
    expect(plan([had], [later], now).after).toEqual([{ ...had, endMs: later.endMs }]);
    expect(plan([drawn(night())], [later], now).after).toEqual([drawn(later)]);
  });

  test("closes the turn in an occurrence that will not be, before it and while it runs", () => {
    expect(plan([drawn(night())], [], TEN - HOUR).after).toEqual([]);
    expect(plan([drawn(night())], [], TEN + 1).after).toEqual([]);
  });

  test("remembers a turn that was had until its end, should the window come back", () => {
    const had = drawn(night(), TEN + 1);
    expect(plan([had], [], TEN + 2).planned).toEqual([]);
    expect(plan([had], [night()], TEN + 3).planned).toEqual([]);
  });

  test("an occurrence that became two has a turn in each", () => {
    const parts = [night(TEN, 1), night(TEN + 1.5 * HOUR, 1)];
    expect(plan([drawn(night(TEN, 2.5))], parts, TEN - HOUR).after).toEqual(
      parts.map((one) => drawn(one)),
    );
  });

  test(`whatever happens: one open turn at any time, none twice, and the plan is stable (TEST_SEED=${SEED})`, () => {
    const shape = fc.array(
      fc.record({
        gap: fc.integer({ min: 1, max: 600 }),
        length: fc.integer({ min: 1, max: 600 }),
      }),
      { maxLength: 6 },
    );
    const step = fc.record({
      shape,
      minutes: fc.integer({ min: 0, max: 400 }),
      contact: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
        const random = seededRandom(SEED);
        let existing: Instant[] = [];
        let nowMs = TEN;
        for (const one of steps) {
          nowMs += one.minutes * 60_000;
          existing = existing.filter((instant) => instant.endMs > nowMs);
          const occurrences = occurrencesFrom(one.shape, nowMs);
          const input = { device, occurrences, nowMs, random };
          existing = stored(existing, planInstants({ ...input, existing }));
          expect(planInstants({ ...input, existing })).toEqual([]);
          const waiting = existing.filter((instant) => instant.evaluatedAtMs === null);
          for (const instant of waiting) {
            const overlapping = existing.filter(
              (other) => other.startMs < instant.endMs && instant.startMs < other.endMs,
            );
            expect(overlapping).toEqual([instant]);
          }
          const due = waiting.find((instant) => instant.instantMs <= nowMs);
          if (due && one.contact) {
            existing = existing.map((instant) =>
              instant === due ? { ...instant, evaluatedAtMs: nowMs } : instant,
            );
          }
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

function occurrencesFrom(
  shape: readonly { gap: number; length: number }[],
  nowMs: number,
): Occurrence[] {
  let at = nowMs - 300 * 60_000;
  return shape
    .map(({ gap, length }) => {
      const startMs = at + gap * 60_000;
      at = startMs + length * 60_000;
      return { startMs, endMs: at, windows: [] };
    })
    .filter(({ endMs }) => endMs > nowMs);
}
