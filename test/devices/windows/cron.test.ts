import { describe, expect, test } from "bun:test";
import { AppError } from "../../../devices/model/errors.ts";
import { parseCron, startAfter, startBefore } from "../../../devices/windows/cron.ts";
import {
  checkSchedule,
  durationText,
  needFuture,
  offsetText,
  parseUtcOffset,
  scheduleAt,
} from "../../../devices/windows/schedule.ts";

const YEAR_DAYS = 366;
const at = (text: string) => Date.parse(`${text}Z`);

/** The first starts after a local time, as they are written. */
function starts(cron: string, after: string, count = 1): readonly string[] {
  const parsed = parseCron(cron);
  const found: string[] = [];
  for (let afterMs: number | undefined = at(after); found.length < count; ) {
    afterMs = startAfter(parsed, afterMs ?? 0, 5 * YEAR_DAYS);
    if (afterMs === undefined) break;
    found.push(new Date(afterMs).toISOString().slice(0, 19));
  }
  return found;
}

function problemOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof AppError ? error.message : String(error);
  }
}

describe("a Quartz schedule", () => {
  test("is read field by field", () => {
    expect(starts("15 30 10 ? 11 * 2026", "2026-11-29T10:30:14")).toEqual(["2026-11-29T10:30:15"]);
    expect(starts("15 30 10 ? 11 * 2026", "2026-11-29T10:30:15", 2)).toEqual([
      "2026-11-30T10:30:15",
    ]);
    expect(starts("0 0 22 ? * MON-FRI", "2026-11-27T22:00:00", 2)).toEqual([
      "2026-11-30T22:00:00",
      "2026-12-01T22:00:00",
    ]);
    expect(starts("0 0 0 ? * 6", "2026-11-21T12:00:00")).toEqual(["2026-11-27T00:00:00"]);
    expect(starts("0 0/20 3,5 1 JAN-MAR/2 ?", "2026-11-21T12:00:00", 4)).toEqual([
      "2027-01-01T03:00:00",
      "2027-01-01T03:20:00",
      "2027-01-01T03:40:00",
      "2027-01-01T05:00:00",
    ]);
    expect(starts("0 0 12 ? * SAT-MON", "2026-11-20T12:00:00", 3)).toEqual([
      "2026-11-21T12:00:00",
      "2026-11-22T12:00:00",
      "2026-11-23T12:00:00",
    ]);
  });

  test("knows last days, working days and the n-th of a weekday", () => {
    const next = (date: string, weekday = "?") =>
      starts(`0 0 1 ${date} * ${weekday}`, "2027-01-02T00:00:00")[0];
    expect(next("L")).toBe("2027-01-31T01:00:00");
    expect(next("L-30")).toBe("2027-03-01T01:00:00");
    expect(next("LW")).toBe("2027-01-29T01:00:00"); // The 31st is a Sunday.
    expect(next("16W")).toBe("2027-01-15T01:00:00"); // A Saturday.
    expect(next("17W")).toBe("2027-01-18T01:00:00"); // A Sunday.
    expect(starts("0 0 1 1W MAY ?", "2027-01-01T00:00:00")).toEqual(["2027-05-03T01:00:00"]);
    expect(starts("0 0 1 31W FEB ?", "2027-01-01T00:00:00")).toEqual([]);
    expect(next("?", "L")).toBe("2027-01-02T01:00:00");
    expect(next("?", "6L")).toBe("2027-01-29T01:00:00");
    expect(next("?", "FRI#3")).toBe("2027-01-15T01:00:00");
    expect(starts("0 0 0 29 2 ?", "2026-01-01T00:00:00")).toEqual(["2028-02-29T00:00:00"]);
  });

  test("finds the start before a moment, as the one after it finds it", () => {
    for (const text of ["0 0/7 * ? * *", "30 15 3 L * ?", "5,50 59 23 ? * 2#2", "0 0 0 1/5 * ?"]) {
      const cron = parseCron(text);
      let afterMs = at("2026-02-01T00:00:00");
      for (let n = 0; n < 20; n++) {
        const next = startAfter(cron, afterMs, YEAR_DAYS) ?? Number.NaN;
        expect(startBefore(cron, next, afterMs)).toBe(next);
        expect(startBefore(cron, next - 1, afterMs)).toBeUndefined();
        expect(startBefore(cron, next + 999, next - 1)).toBe(next);
        afterMs = next;
      }
    }
  });

  test("says what is wrong with it", () => {
    for (const text of [
      "",
      "0 0 22 * *",
      "0 0 22 * * *",
      "0 0 22 ? * ?",
      "0 0 24 ? * *",
      "0 60 2 ? * *",
      "0 0 2 32 * ?",
      "0 0 2 ? 13 *",
      "0 0 2 ? * 8",
      "0 0 2 ? * MOO",
      "0 0/0 2 ? * *",
      "0 0 2 ? * 6#6",
      "0 0 2 ? * * 1969",
      "0 0 2 , * ?",
      `0 0 2 ? * ${"1,".repeat(100)}1`,
    ]) {
      expect([text, problemOf(() => parseCron(text))]).toEqual([
        text,
        expect.stringContaining("the schedule has"),
      ]);
    }
  });
});

describe("a distribution's own schedule", () => {
  const nightly = { cron: "30 0 22 ? * *", durationSeconds: 3600, utcOffsetMinutes: 120 };

  test("is open from its start on, by a fixed distance from UTC", () => {
    const open = (text: string) => scheduleAt(nightly, at(text)).openUntilMs;
    expect(open("2026-11-21T20:00:29.999")).toBeNull();
    expect(open("2026-11-21T20:00:30")).toBe(at("2026-11-21T21:00:30"));
    expect(open("2026-11-21T21:00:29.999")).toBe(at("2026-11-21T21:00:30"));
    expect(open("2026-11-21T21:00:30")).toBeNull();
    expect(scheduleAt(nightly, at("2026-11-21T20:00:30")).nextMs).toBe(at("2026-11-22T20:00:30"));
    expect(offsetText(nightly)).toBe("+02:00");
    expect(durationText(nightly)).toBe("01:00:00");
    expect(offsetText({ ...nightly, utcOffsetMinutes: -210 })).toBe("-03:30");
  });

  test("has to have a start, and be such as can be kept", () => {
    const over = { ...nightly, cron: "0 0 22 21 11 ? 2026" };
    expect(problemOf(() => needFuture(over, at("2026-11-21T20:59:59")))).toBeUndefined();
    expect(problemOf(() => needFuture(over, at("2026-11-21T21:00:00")))).toContain("no start");
    expect(scheduleAt(over, at("2027-01-01T00:00:00"))).toEqual({
      openUntilMs: null,
      nextMs: null,
    });
    expect(problemOf(() => checkSchedule(nightly))).toBeUndefined();
    expect(problemOf(() => checkSchedule({ ...nightly, durationSeconds: 86_400 }))).toContain(
      "86399",
    );
    expect(problemOf(() => checkSchedule({ ...nightly, durationSeconds: 0.5 }))).toContain("whole");
    expect(problemOf(() => checkSchedule({ ...nightly, utcOffsetMinutes: 1081 }))).toContain(
      "1080",
    );
    expect(["+02:00", "-03:30", "Z", "+18:00"].map(parseUtcOffset)).toEqual([120, -210, 0, 1080]);
    expect(["2", "+2:00", "+18:01", "Europe/Prague"].map(parseUtcOffset)).toEqual(
      Array(4).fill(undefined),
    );
  });
});
