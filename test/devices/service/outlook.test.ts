import { expect, test } from "bun:test";
import type { WindowId } from "../../../devices/model/ids.ts";
import { OccurrenceCache } from "../../../devices/service/outlook.ts";

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;
const START = Date.parse("2026-11-21T12:30:00Z");

test("the next start is still to come, also right after the one that was next", () => {
  const window = {
    id: "weekly" as WindowId,
    name: "weekly",
    start: "2026-11-21T12:30",
    recurrence: "FREQ=WEEKLY",
    durationMinutes: 60,
    timeZone: "UTC",
    scope: { kind: "organisation" },
    enabled: true,
  } as const;
  const cache = new OccurrenceCache();
  const next = (nowMs: number) => cache.find([window], "UTC", 1, nowMs).nextStartMs;
  expect(next(START - MINUTE_MS)).toBe(START);
  expect(next(START)).toBe(START + WEEK_MS);
  expect(next(START + 30 * MINUTE_MS)).toBe(START + WEEK_MS);
  expect(next(START - 2 * MINUTE_MS)).toBe(START); // The clock went back.
});
