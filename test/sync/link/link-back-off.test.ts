import { describe, expect, test } from "bun:test";
import { LINK_BACK_OFF, linkBackOffMs } from "../../../sync/link/link-back-off.ts";

describe("linkBackOffMs()", () => {
  test("[8.2] doubles from one second to five minutes", () => {
    const waits = [1, 2, 3, 4, 9, 10, 1000].map((failures) => linkBackOffMs(failures, () => 1, 0));
    expect(waits).toEqual([
      1000,
      2000,
      4000,
      8000,
      256_000,
      LINK_BACK_OFF.maxMs,
      LINK_BACK_OFF.maxMs,
    ]);
    expect(waits[0]).toBe(LINK_BACK_OFF.firstMs);
  });

  test("[8.2] is drawn from the upper half", () => {
    expect(linkBackOffMs(3, () => 0, 0)).toBe(2000);
    expect(linkBackOffMs(3, () => 0.5, 0)).toBe(3000);
  });

  test("[8.2] is never shorter than the hub asked for", () => {
    expect(linkBackOffMs(1, () => 0, 60_000)).toBeGreaterThanOrEqual(60_000);
    expect(linkBackOffMs(1, () => 0.9, 60_000)).toBeLessThan(80_000);
  });
});
