import { expect, test } from "bun:test";
import { BACKOFF_MS_MAX, backoffMs } from "../../../devices/agent/backoff.ts";

test("[1.4] twice as long with each failure, up to a bound, with chance in the second half", () => {
  expect([0, 1, 2, 3].map((failures) => backoffMs(failures, 1))).toEqual([1000, 2000, 4000, 8000]);
  expect([0, 0.5, 1].map((chance) => backoffMs(1, chance))).toEqual([1000, 1500, 2000]);
  for (const failures of [9, 50, 5_000]) {
    expect(backoffMs(failures, 1)).toBe(BACKOFF_MS_MAX);
    expect(backoffMs(failures, 0)).toBe(BACKOFF_MS_MAX / 2);
  }
});
