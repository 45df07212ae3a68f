import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Device } from "../../../devices/model/device.ts";
import type { GroupName, SiteId, WindowId } from "../../../devices/model/ids.ts";
import type { WindowScope } from "../../../devices/model/window.ts";
import {
  mergedOccurrences,
  nextOccurrence,
  occurrencesOf,
  preview,
  windowsFor,
} from "../../../devices/windows/occurrences.ts";
import { DURATION_MINUTES_MAX } from "../../../devices/windows/recurrence.ts";
import { aWindow, ms, written } from "./a-window.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NOON = ms("2026-11-21T12:00:00Z");

describe("occurrencesOf()", () => {
  test("lists what overlaps the range, the running one too", () => {
    const from = ms("2026-11-21T21:30:00Z");
    expect(written(occurrencesOf(aWindow(), "UTC", from, from + DAY))).toEqual([
      "2026-11-21T21:00:00Z/2026-11-21T23:00:00Z",
      "2026-11-22T21:00:00Z/2026-11-22T23:00:00Z",
    ]);
  });

  test("an end is not inside: a range that begins there does not have it", () => {
    const end = ms("2026-11-21T23:00:00Z");
    expect(occurrencesOf(aWindow(), "UTC", end, end + 1)).toEqual([]);
    expect(occurrencesOf(aWindow(), "UTC", end - 1, end)).toHaveLength(1);
  });

  test("takes the site's zone where the window names none", () => {
    const window = aWindow({ timeZone: null });
    expect(written(occurrencesOf(window, "Asia/Tokyo", NOON, NOON + DAY))).toEqual([
      "2026-11-21T13:00:00Z/2026-11-21T15:00:00Z",
    ]);
  });

  test("an overnight window belongs to the day it starts on", () => {
    const sunday = aWindow({ recurrence: "FREQ=WEEKLY;BYDAY=SU", durationMinutes: 8 * 60 });
    expect(written(occurrencesOf(sunday, "UTC", NOON, NOON + 7 * DAY))).toEqual([
      "2026-11-22T21:00:00Z/2026-11-23T05:00:00Z",
    ]);
  });

  test("without a recurrence it is there once", () => {
    const once = aWindow({ recurrence: null, start: "2026-11-21T22:00" });
    expect(written(occurrencesOf(once, "UTC", NOON - 400 * DAY, NOON + 400 * DAY))).toEqual([
      "2026-11-21T21:00:00Z/2026-11-21T23:00:00Z",
    ]);
  });

  test("ends at the latest when it starts again", () => {
    const long = aWindow({ durationMinutes: 30 * 60 });
    const [first, second] = occurrencesOf(long, "UTC", NOON, NOON + 2 * DAY);
    expect(first?.endMs).toBe(second?.startMs ?? 0);
  });

  test.each([
    ["UNTIL=20261123", 3],
    ["UNTIL=20261123T215959", 2],
    ["UNTIL=20261123T220000", 3],
    // 21:00 UTC is 22:00 in Prague: the zone decides, not the clock on the wall.
    ["UNTIL=20261123T205959Z", 2],
    ["UNTIL=20261123T210000Z", 3],
    ["COUNT=23", 3],
  ])("%s leaves %d after the 21st at noon", (part, count) => {
    const window = aWindow({ recurrence: `FREQ=DAILY;${part}` });
    expect(occurrencesOf(window, "UTC", NOON, NOON + 30 * DAY)).toHaveLength(count);
  });

  test("in a zone far behind UTC, UNTIL in UTC is met as well", () => {
    const window = aWindow({
      timeZone: "Pacific/Pago_Pago",
      recurrence: "FREQ=DAILY;UNTIL=20261123T090000Z",
    });
    expect(written(occurrencesOf(window, "UTC", NOON, NOON + 9 * DAY)).at(-1)).toBe(
      "2026-11-23T09:00:00Z/2026-11-23T11:00:00Z",
    );
  });

  test(`a part of the range gives the same part of the answer (TEST_SEED=${SEED})`, () => {
    const recurrence = fc.constantFrom(
      "FREQ=DAILY",
      "FREQ=DAILY;INTERVAL=3",
      "FREQ=WEEKLY;BYDAY=MO,SA",
      "FREQ=MONTHLY;BYDAY=2TU",
      "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,30",
      "FREQ=DAILY;COUNT=200",
    );
    const zone = fc.constantFrom("UTC", "Europe/Prague", "Australia/Lord_Howe", "America/Havana");
    const days = fc.integer({ min: 0, max: 700 });
    fc.assert(
      fc.property(
        recurrence,
        zone,
        fc.integer({ min: 1, max: DURATION_MINUTES_MAX }),
        days,
        fc.integer({ min: 1, max: 3 * 24 * 60 }),
        (rule, timeZone, durationMinutes, day, minutes) => {
          const window = aWindow({ recurrence: rule, timeZone, durationMinutes });
          const from = NOON + day * DAY;
          const to = from + minutes * MINUTE;
          const wide = occurrencesOf(window, "UTC", from - 20 * DAY, to + 20 * DAY);
          const inside = wide.filter((one) => one.endMs > from && one.startMs < to);
          expect(occurrencesOf(window, "UTC", from, to)).toEqual(inside);
          for (const one of wide) {
            expect(one.endMs).toBeGreaterThan(one.startMs);
            expect(one.endMs - one.startMs).toBeLessThanOrEqual(durationMinutes * MINUTE);
          }
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });
});

describe("mergedOccurrences()", () => {
  const at = (id: string, start: string, durationMinutes: number, recurrence = "FREQ=DAILY") =>
    aWindow({ id: id as WindowId, start: `2026-11-01T${start}`, durationMinutes, recurrence });

  test("overlapping windows are one occurrence that names them all", () => {
    const windows = [at("a", "22:00", 120), at("b", "23:00", 120), at("c", "12:00", 60)];
    const merged = mergedOccurrences(windows, "UTC", NOON, NOON + DAY);
    expect(written(merged)).toEqual([
      "2026-11-21T21:00:00Z/2026-11-22T00:00:00Z",
      "2026-11-22T11:00:00Z/2026-11-22T12:00:00Z",
    ]);
    expect(merged[0]?.windows).toEqual(["a", "b"] as WindowId[]);
  });

  test("windows that only touch stay two", () => {
    const windows = [at("a", "22:00", 60), at("b", "23:00", 60)];
    expect(mergedOccurrences(windows, "UTC", NOON, NOON + DAY)).toHaveLength(2);
  });

  test("a window inside another changes nothing but the names", () => {
    const merged = mergedOccurrences(
      [at("a", "20:00", 300), at("b", "21:00", 60)],
      "UTC",
      NOON,
      NOON + DAY,
    );
    expect(written(merged)).toEqual(["2026-11-21T19:00:00Z/2026-11-22T00:00:00Z"]);
  });

  test("windows without a gap are cut where each starts, so that every day has its turn", () => {
    const windows = [at("day", "06:00", 13 * 60), at("night", "18:00", 13 * 60)];
    const merged = mergedOccurrences(windows, "UTC", NOON, NOON + DAY);
    expect(written(merged)).toEqual([
      "2026-11-21T05:00:00Z/2026-11-21T17:00:00Z",
      "2026-11-21T17:00:00Z/2026-11-22T05:00:00Z",
      "2026-11-22T05:00:00Z/2026-11-22T17:00:00Z",
    ]);
  });

  test("of no windows there is none", () => {
    expect(mergedOccurrences([], "UTC", NOON, NOON + DAY)).toEqual([]);
  });

  test(`is apart, covers what its parts cover, and does not depend on the range (TEST_SEED=${SEED})`, () => {
    const window = fc.record({
      hour: fc.integer({ min: 0, max: 23 }),
      durationMinutes: fc.integer({ min: 1, max: 20 * 60 }),
      recurrence: fc.constantFrom("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SA,SU", "FREQ=DAILY;INTERVAL=2"),
    });
    fc.assert(
      fc.property(
        fc.array(window, { minLength: 2, maxLength: 4 }),
        fc.integer({ min: 0, max: 400 }),
        (shapes, day) => {
          const windows = shapes.map((shape, index) =>
            at(
              `w${index}`,
              `${String(shape.hour).padStart(2, "0")}:00`,
              shape.durationMinutes,
              shape.recurrence,
            ),
          );
          const from = NOON + day * DAY;
          const to = from + 3 * DAY;
          const merged = mergedOccurrences(windows, "UTC", from, to);
          for (const [index, one] of merged.entries()) {
            expect(one.startMs).toBeLessThan(one.endMs);
            expect(one.startMs).toBeGreaterThanOrEqual(merged[index - 1]?.endMs ?? 0);
          }
          const parts = windows.flatMap((one) => occurrencesOf(one, "UTC", from, to));
          for (let time = from; time < to; time += 17 * MINUTE) {
            const isIn = (one: { startMs: number; endMs: number }) =>
              one.startMs <= time && time < one.endMs;
            expect(merged.some(isIn)).toBe(parts.some(isIn));
          }
          const later = from + DAY;
          const overlapping = merged.filter((one) => one.endMs > later);
          expect(mergedOccurrences(windows, "UTC", later, to)).toEqual(overlapping);
        },
      ),
      { seed: SEED, numRuns: 30 },
    );
  });
});

describe("nextOccurrence()", () => {
  test("is the first that starts later, however far", () => {
    const monthly = aWindow({ recurrence: "FREQ=MONTHLY;BYDAY=-1SU" });
    expect(written([nextOccurrence([monthly], "UTC", NOON) ?? { startMs: 0, endMs: 0 }])).toEqual([
      "2026-11-29T21:00:00Z/2026-11-29T23:00:00Z",
    ]);
    const leap = aWindow({ recurrence: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29" });
    expect(nextOccurrence([leap], "UTC", NOON)?.startMs).toBe(ms("2028-02-29T21:00:00Z"));
  });

  test("the one that runs already is not next", () => {
    const start = ms("2026-11-21T21:00:00Z");
    expect(nextOccurrence([aWindow()], "UTC", start)?.startMs).toBe(start + DAY);
    expect(nextOccurrence([aWindow()], "UTC", start - 1)?.startMs).toBe(start);
  });

  test("ends its search", () => {
    const over = aWindow({ recurrence: "FREQ=DAILY;UNTIL=20261110" });
    expect(nextOccurrence([over], "UTC", NOON)).toBeUndefined();
    expect(nextOccurrence([], "UTC", NOON)).toBeUndefined();
  });
});

describe("preview()", () => {
  test("shows the running occurrence and the next ones", () => {
    const running = ms("2026-11-21T22:00:00Z");
    const shown = preview(aWindow(), "UTC", running, 10);
    expect(shown).toHaveLength(10);
    expect(written(shown)[0]).toBe("2026-11-21T21:00:00Z/2026-11-21T23:00:00Z");
  });

  test("shows fewer where there are no more", () => {
    expect(preview(aWindow({ recurrence: "FREQ=DAILY;COUNT=22" }), "UTC", NOON, 10)).toHaveLength(
      2,
    );
    expect(preview(aWindow({ recurrence: "FREQ=YEARLY" }), "UTC", NOON, 3)).toHaveLength(3);
  });
});

describe("windowsFor()", () => {
  const device = { site: "prague" as SiteId } as Device;
  const kiosks = "kiosks" as GroupName;

  test.each<[string, WindowScope, boolean, boolean]>([
    ["the organisation's", { kind: "organisation" }, true, true],
    ["a disabled one", { kind: "organisation" }, false, false],
    ["its site's", { kind: "site", site: "prague" as SiteId }, true, true],
    ["another site's", { kind: "site", site: "brno" as SiteId }, true, false],
    ["its group's", { kind: "group", group: kiosks }, true, true],
    ["another group's", { kind: "group", group: "tills" as GroupName }, true, false],
  ])("%s", (_, scope, enabled, applies) => {
    const window = aWindow({ scope, enabled });
    expect(windowsFor(device, [kiosks], [window])).toEqual(applies ? [window] : []);
  });
});
