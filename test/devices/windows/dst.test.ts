import { describe, expect, test } from "bun:test";
import { occurrencesOf } from "../../../devices/windows/occurrences.ts";
import { aWindow, ms, written } from "./a-window.ts";

/**
 * The policy of D15 against an independent reckoning: offsets are read with Intl, changes of the
 * clock are found by bisection, and local times are added up by hand.
 */
const ZONES = [
  "Europe/Prague",
  "Europe/London",
  "Europe/Lisbon",
  "Europe/Athens",
  "Europe/Moscow",
  "Europe/Chisinau",
  "Europe/Istanbul",
  "Atlantic/Azores",
  "Atlantic/Reykjavik",
  "America/New_York",
  "America/Chicago",
  "America/Denver",
  "America/Phoenix",
  "America/Los_Angeles",
  "America/Anchorage",
  "America/St_Johns",
  "America/Halifax",
  "America/Havana",
  "America/Mexico_City",
  "America/Sao_Paulo",
  "America/Santiago",
  "America/Asuncion",
  "America/Nuuk",
  "America/Port-au-Prince",
  "Africa/Cairo",
  "Africa/Casablanca",
  "Africa/Johannesburg",
  "Africa/Lagos",
  "Asia/Beirut",
  "Asia/Jerusalem",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Asia/Tokyo",
  "Australia/Sydney",
  "Australia/Lord_Howe",
  "Australia/Brisbane",
  "Pacific/Auckland",
  "Pacific/Chatham",
  "Pacific/Kiritimati",
  "Antarctica/Troll",
] as const;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const FROM = ms("2027-01-01T00:00:00Z");
const TO = ms("2028-01-01T00:00:00Z");

interface Change {
  readonly atMs: number;
  readonly before: number;
  readonly after: number;
}

describe("a daily window over a year", () => {
  test.each(ZONES.map((zone) => [zone]))("%s: once a day, elapsed, moved out of gaps", (zone) => {
    const changes = changesOf(zone);
    // Each change is met head-on by a window that starts in its middle; else a plain one is checked.
    const middles = changes.map(
      ({ atMs, before, after }) => atMs + ((before + after) / 2) * MINUTE,
    );
    const localStarts = middles.length > 0 ? middles : [ms("2027-06-15T02:30:00Z")];
    for (const local of localStarts) {
      const clock = new Date(local).toISOString().slice(11, 16);
      const window = aWindow({ start: `2026-01-01T${clock}`, timeZone: zone, durationMinutes: 90 });
      const found = occurrencesOf(window, "UTC", FROM, TO);
      const expected: number[] = [];
      for (let day = FROM - 2 * DAY; day < TO + 2 * DAY; day += DAY) {
        expected.push(byHand(day + (local % DAY), zone, changes));
      }
      const overlapping = expected.filter((start) => start + 90 * MINUTE > FROM && start < TO);
      expect(found.map((one) => one.startMs)).toEqual(overlapping);
      expect(found.every((one) => one.endMs - one.startMs === 90 * MINUTE)).toBe(true);
    }
  });

  test("the table has changes of the clock in most zones, of half an hour and of two hours", () => {
    const all = ZONES.flatMap((zone) => changesOf(zone));
    const steps = new Set(all.map(({ before, after }) => Math.abs(after - before)));
    expect(all.length).toBeGreaterThan(40);
    expect([...steps].sort((a, b) => a - b)).toEqual([30, 60, 120]);
  });
});

describe("examples people ask about", () => {
  const on = (day: string) =>
    [ms(`${day}T00:00:00Z`) - 3 * HOUR, ms(`${day}T00:00:00Z`) + DAY] as const;

  test("02:30 in the gap of Prague starts at 03:00", () => {
    const window = aWindow({ start: "2027-01-01T02:30", durationMinutes: 60 });
    expect(written(occurrencesOf(window, "UTC", ...on("2027-03-28")))).toEqual([
      "2027-03-28T01:00:00Z/2027-03-28T02:00:00Z",
    ]);
  });

  test("02:30 in the repeated hour of Prague is the first 02:30, once", () => {
    const window = aWindow({ start: "2027-01-01T02:30", durationMinutes: 60 });
    expect(written(occurrencesOf(window, "UTC", ...on("2027-10-31")))).toEqual([
      "2027-10-31T00:30:00Z/2027-10-31T01:30:00Z",
    ]);
  });

  test("22:00 for eight hours is eight hours in every night", () => {
    const window = aWindow({ durationMinutes: 480 });
    for (const day of ["2027-03-27", "2027-10-30"]) {
      const [night] = occurrencesOf(window, "UTC", ms(`${day}T20:00:00Z`), ms(`${day}T23:00:00Z`));
      expect((night?.endMs ?? 0) - (night?.startMs ?? 0)).toBe(8 * HOUR);
    }
  });

  test("two starts in one gap are one start", () => {
    const window = aWindow({
      start: "2027-01-01T02:00",
      recurrence: "FREQ=DAILY;BYHOUR=2;BYMINUTE=0,30",
      durationMinutes: 20,
    });
    expect(occurrencesOf(window, "UTC", ...on("2027-03-28"))).toHaveLength(1);
    expect(occurrencesOf(window, "UTC", ...on("2027-03-29"))).toHaveLength(2);
  });

  test("a day that a zone left out starts at the first minute of the next", () => {
    const window = aWindow({
      start: "2011-12-01T22:00",
      timeZone: "Pacific/Apia",
      durationMinutes: 30,
    });
    const found = occurrencesOf(
      window,
      "UTC",
      ms("2011-12-30T07:30:00Z"),
      ms("2011-12-31T09:00:00Z"),
    );
    expect(written(found)).toEqual([
      "2011-12-30T08:00:00Z/2011-12-30T08:30:00Z",
      "2011-12-30T10:00:00Z/2011-12-30T10:30:00Z",
      "2011-12-31T08:00:00Z/2011-12-31T08:30:00Z",
    ]);
  });
});

/** Local time (written as if UTC) to an instant, with the policy: gap → its end, repeated → first. */
function byHand(local: number, zone: string, changes: readonly Change[]): number {
  for (const { atMs, before, after } of changes) {
    const [from, to] = [atMs + before * MINUTE, atMs + after * MINUTE];
    if (local >= from && local < to) return atMs;
    if (local >= to && local < from) return local - before * MINUTE;
  }
  const last = changes.findLast(
    ({ atMs, before, after }) => local >= atMs + Math.max(before, after) * MINUTE,
  );
  const offset = last ? last.after : (changes[0]?.before ?? offsetOf(zone, FROM));
  return local - offset * MINUTE;
}

function changesOf(zone: string): Change[] {
  const changes: Change[] = [];
  for (let time = FROM - 3 * DAY; time < TO + 3 * DAY; time += DAY) {
    const [before, after] = [offsetOf(zone, time), offsetOf(zone, time + DAY)];
    if (before === after) continue;
    let [low, high] = [time, time + DAY];
    while (high - low > MINUTE) {
      const middle = Math.floor((low + high) / 2 / MINUTE) * MINUTE;
      if (offsetOf(zone, middle) === before) low = middle;
      else high = middle;
    }
    changes.push({ atMs: high, before, after });
  }
  return changes;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Minutes east of UTC. */
function offsetOf(zone: string, time: number): number {
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat("en-US", { timeZone: zone, timeZoneName: "longOffset" });
  formats.set(zone, format);
  const name = format.formatToParts(time).find((part) => part.type === "timeZoneName")?.value ?? "";
  const [, sign = "+", hours = "0", minutes = "0"] = /GMT([+-])(\d\d):(\d\d)/.exec(name) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}
