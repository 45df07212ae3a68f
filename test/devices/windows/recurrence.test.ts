import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { AppError } from "../../../devices/model/errors.ts";
import type { MaintenanceWindow } from "../../../devices/model/window.ts";
import { occurrencesOf } from "../../../devices/windows/occurrences.ts";
import {
  checkWindow,
  DURATION_MINUTES_MAX,
  isTimeZone,
  START_YEAR_MAX,
  START_YEAR_MIN,
} from "../../../devices/windows/recurrence.ts";
import {
  COUNT_MAX,
  INTERVAL_MAX,
  RECURRENCE_CHARACTERS_MAX,
  STARTS_PER_DAY_MAX,
} from "../../../devices/windows/rule-parts.ts";
import { aWindow } from "./a-window.ts";

describe("checkWindow()", () => {
  test.each([
    [{ recurrence: null }],
    [{ recurrence: "FREQ=DAILY" }],
    [{ recurrence: "FREQ=WEEKLY;BYDAY=SU,MO;INTERVAL=2;WKST=MO" }],
    [{ recurrence: "FREQ=MONTHLY;BYDAY=-1SU" }],
    [{ recurrence: "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1" }],
    [{ recurrence: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29" }],
    [{ recurrence: "FREQ=DAILY;BYHOUR=0,6,12,18;BYMINUTE=30" }],
    [{ recurrence: "FREQ=DAILY;UNTIL=20271231" }],
    [{ recurrence: "FREQ=DAILY;UNTIL=20271231T220000" }],
    [{ recurrence: "FREQ=DAILY;UNTIL=20271231T220000Z" }],
    [{ recurrence: `FREQ=DAILY;COUNT=${COUNT_MAX};INTERVAL=${INTERVAL_MAX}` }],
    [{ timeZone: null }],
    [{ timeZone: "America/Argentina/Buenos_Aires" }],
    [{ durationMinutes: 1 }],
    [{ durationMinutes: DURATION_MINUTES_MAX }],
    [{ start: "2028-02-29T00:00" }],
    [{ start: `${START_YEAR_MIN}-01-01T00:00` }],
    [{ start: `${START_YEAR_MAX}-12-31T23:59` }],
  ] satisfies [Partial<MaintenanceWindow>][])("takes %p", (change) => {
    expect(() => checkWindow(aWindow(change))).not.toThrow();
  });

  test.each([
    [{ start: "2026-02-29T22:00" }, "/start"],
    [{ start: "2026-11-21 22:00" }, "/start"],
    [{ start: "2026-11-21T24:00" }, "/start"],
    [{ start: `${START_YEAR_MIN - 1}-12-31T22:00` }, "/start"],
    [{ start: `${START_YEAR_MAX + 1}-01-01T22:00` }, "/start"],
    [{ durationMinutes: 0 }, "/durationMinutes"],
    [{ durationMinutes: 1.5 }, "/durationMinutes"],
    [{ durationMinutes: DURATION_MINUTES_MAX + 1 }, "/durationMinutes"],
    [{ timeZone: "Europe/Praha" }, "/timeZone"],
    [{ timeZone: "+01:00" }, "/timeZone"],
    [{ recurrence: "" }, "/recurrence"],
    [{ recurrence: "DAILY" }, "/recurrence"],
    [{ recurrence: "RRULE:FREQ=DAILY" }, "/recurrence"],
    [{ recurrence: "FREQ=DAILY\nRRULE:FREQ=DAILY" }, "/recurrence"],
    [{ recurrence: "FREQ=HOURLY" }, "/recurrence"],
    [{ recurrence: "INTERVAL=2" }, "/recurrence"],
    [{ recurrence: "FREQ=DAILY;FREQ=WEEKLY" }, "/recurrence"],
    [{ recurrence: "FREQ=DAILY;BYHOUR=25" }, "/recurrence"],
    [{ recurrence: "FREQ=DAILY;BYSECOND=1" }, "/recurrence"],
    [{ recurrence: "FREQ=DAILY;COUNT=0" }, "/recurrence"],
    [{ recurrence: `FREQ=DAILY;COUNT=${COUNT_MAX + 1}` }, "/recurrence"],
    [{ recurrence: `FREQ=DAILY;INTERVAL=${INTERVAL_MAX + 1}` }, "/recurrence"],
    [{ recurrence: "FREQ=DAILY;COUNT=2;UNTIL=20271231" }, "/recurrence"],
    [{ recurrence: "FREQ=DAILY;UNTIL=20270230" }, "/recurrence"],
    [{ recurrence: "FREQ=WEEKLY;BYDAY=1MO" }, "/recurrence"],
    [{ recurrence: "FREQ=WEEKLY;BYMONTHDAY=1" }, "/recurrence"],
    [{ recurrence: "FREQ=MONTHLY;BYMONTHDAY=0" }, "/recurrence"],
    [{ recurrence: "FREQ=MONTHLY;BYYEARDAY=1" }, "/recurrence"],
    [{ recurrence: "FREQ=DAILY;BYSETPOS=1" }, "/recurrence"],
    [{ recurrence: "FREQ=YEARLY;BYWEEKNO=10;BYDAY=1MO" }, "/recurrence"],
    [{ recurrence: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30" }, "/recurrence"],
    [{ recurrence: "FREQ=DAILY;UNTIL=20200101" }, "/recurrence"],
    // Three thousand days of February are more than the library is willing to look through.
    [{ recurrence: "FREQ=DAILY;BYMONTH=2;COUNT=3000" }, "/recurrence"],
    [{ recurrence: "FREQ=DAILY;__PROTO__=1" }, "/recurrence"],
  ] satisfies [Partial<MaintenanceWindow>, string][])("refuses %p at %s", (change, pointer) => {
    expect(pointersOf(aWindow(change))).toEqual([pointer]);
  });

  test("names every wrong field at once", () => {
    const wrong = aWindow({ start: "now", durationMinutes: -1, timeZone: "Mars" });
    expect(pointersOf(wrong)).toEqual(["/start", "/durationMinutes", "/timeZone"]);
  });

  test("bounds the starts of a day", () => {
    const hours = (count: number) => Array.from({ length: count }, (_, hour) => hour).join(",");
    const most = `FREQ=DAILY;BYHOUR=${hours(STARTS_PER_DAY_MAX)}`;
    expect(pointersOf(aWindow({ recurrence: most }))).toEqual([]);
    expect(pointersOf(aWindow({ recurrence: `${most};BYMINUTE=0,30` }))).toEqual(["/recurrence"]);
  });

  test("bounds the text", () => {
    const padded = (length: number) => {
      const days = "FREQ=DAILY;BYMONTH=1";
      return days + ",1".repeat((length - days.length) / 2);
    };
    expect(pointersOf(aWindow({ recurrence: padded(RECURRENCE_CHARACTERS_MAX) }))).toEqual([]);
    expect(pointersOf(aWindow({ recurrence: padded(RECURRENCE_CHARACTERS_MAX + 2) }))).toEqual([
      "/recurrence",
    ]);
  });
});

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);

// Goal: one window that cannot be expanded would stop the planning of every device it applies to.
test(`what checkWindow() takes is expanded without an error (TEST_SEED=${SEED})`, () => {
  const values = (...some: string[]) =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.constantFrom(...some) },
    );
  const parts = fc.record({
    FREQ: fc.constantFrom("DAILY", "WEEKLY", "MONTHLY", "YEARLY"),
    INTERVAL: values("1", "2", "7", "1000"),
    COUNT: values("1", "10", String(COUNT_MAX)),
    UNTIL: values("20270101", "20270101T000000", "20270101T000000Z", "29991231T235959Z"),
    BYMONTH: values("2", "1,6,12"),
    BYMONTHDAY: values("29", "31", "-1", "1,15"),
    BYYEARDAY: values("1", "366", "-366"),
    BYWEEKNO: values("1", "53"),
    BYDAY: values("MO", "SA,SU", "-1SU", "5FR", "53MO"),
    BYHOUR: values("2", "0,23"),
    BYSETPOS: values("1", "-1", "366"),
  });
  const start = fc.constantFrom("2000-01-01T00:00", "2026-11-01T02:30", "2100-12-31T23:59");
  const day = fc.integer({ min: 0, max: 60_000 });
  let taken = 0;
  fc.assert(
    fc.property(parts, start, day, (shape, first, from) => {
      const recurrence = Object.entries(shape)
        .flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]))
        .join(";");
      const window = aWindow({ recurrence, start: first });
      if (pointersOf(window).length > 0) return;
      taken++;
      const fromMs = from * 24 * 60 * 60_000;
      occurrencesOf(window, "UTC", fromMs, fromMs + 7 * 24 * 60 * 60_000);
    }),
    { seed: SEED, numRuns: 120 },
  );
  expect(taken).toBeGreaterThan(20);
});

describe("isTimeZone()", () => {
  test("knows IANA names only", () => {
    expect(["UTC", "Europe/Prague", "Etc/GMT+1", "America/Port-au-Prince"].every(isTimeZone)).toBe(
      true,
    );
    expect(["", "CEST", "+02:00", "Europe/Nowhere", "Europe"].some(isTimeZone)).toBe(false);
  });
});

function pointersOf(window: MaintenanceWindow): string[] {
  try {
    checkWindow(window);
    return [];
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "unprocessable") throw error;
    return error.fields.map((field) => field.pointer);
  }
}
