import { describe, expect, test } from "bun:test";
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN, backoffMs } from "../../../sync/link/backoff.ts";

describe("backoffMs()", () => {
  test("[8.2] doubles from one second to five minutes", () => {
    const waits = [1, 2, 3, 4, 9, 10, 1000].map((failures) => backoffMs(failures, () => 1, 0));
    expect(waits).toEqual([1000, 2000, 4000, 8000, 256_000, BACKOFF_MS_MAX, BACKOFF_MS_MAX]);
    expect(waits[0]).toBe(BACKOFF_MS_MIN);
  });

  test("[8.2] is drawn from the upper half", () => {
    expect(backoffMs(3, () => 0, 0)).toBe(2000);
    expect(backoffMs(3, () => 0.5, 0)).toBe(3000);
  });

  test("[8.2] is never shorter than the hub asked for", () => {
    expect(backoffMs(1, () => 0, 60_000)).toBeGreaterThanOrEqual(60_000);
    expect(backoffMs(1, () => 0.9, 60_000)).toBeLessThan(80_000);
  });
});
