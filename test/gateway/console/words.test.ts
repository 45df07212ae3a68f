import { describe, expect, test } from "bun:test";
import {
  absoluteWords,
  byteWords,
  durationWords,
  localMinutes,
  relativeWords,
} from "../../../gateway/console/time-words.ts";

const NOW_MS = Date.parse("2026-11-21T20:17:00Z");
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe("times for people", () => {
  test.each([
    [0, "just now"],
    [-44_000, "just now"],
    [30_000, "any moment"],
    [-60_000, "1 min ago"],
    [-90 * MINUTE_MS, "1 h 30 min ago"],
    [-5.5 * HOUR_MS, "5 h 30 min ago"],
    [7.4 * HOUR_MS, "in 7 h"],
    [-23.9 * HOUR_MS, "24 h ago"],
    [-24 * HOUR_MS, "1 day ago"],
    [-60 * HOUR_MS, "3 days ago"],
  ])("%p ms from now is %p", (distanceMs, words) => {
    expect(relativeWords(NOW_MS + distanceMs, NOW_MS)).toBe(words);
  });

  test.each([
    ["Europe/Prague", NOW_MS, "21 Nov, 21:17 CET"],
    ["Europe/Lisbon", NOW_MS, "21 Nov, 20:17 WET"],
    ["Asia/Tokyo", NOW_MS, "22 Nov, 05:17 GMT+9"],
    ["Europe/Prague", Date.parse("2026-07-01T10:00:00Z"), "1 Jul, 12:00 CEST"],
    ["Europe/Prague", Date.parse("2024-01-01T00:00:00Z"), "1 Jan 2024, 01:00 CET"],
    ["Mars/Base", NOW_MS, "21 Nov, 20:17 UTC"],
  ])("in %s %p is %p", (zone, atMs, words) => {
    expect(absoluteWords(atMs, zone, NOW_MS)).toBe(words);
  });

  test("midnight is the start of the day, not hour 24", () => {
    expect(localMinutes(Date.parse("2026-11-21T23:00:00Z"), "Europe/Prague")).toBe(0);
    expect(absoluteWords(Date.parse("2026-11-21T23:00:00Z"), "Europe/Prague", NOW_MS)).toContain(
      "00:00",
    );
  });

  test("lengths and sizes are rounded to what matters", () => {
    expect(durationWords(400)).toBe("1 s");
    expect(durationWords(4 * HOUR_MS)).toBe("4 h");
    expect([0, 999, 1000, 4_200_000, 123_456_789_012].map(byteWords)).toEqual([
      "0 bytes",
      "999 bytes",
      "1.0 kB",
      "4.2 MB",
      "123 GB",
    ]);
  });
});
