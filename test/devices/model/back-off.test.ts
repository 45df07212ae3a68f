import { describe, expect, test } from "bun:test";
import { backOffMs } from "../../../devices/model/back-off.ts";

describe("backOffMs()", () => {
  const backOff = { firstMs: 1_000, maxMs: 300_000 };

  test("doubles from the first to the largest", () => {
    const waits = [1, 2, 3, 9, 10, 1_000_000].map((failures) => backOffMs(backOff, failures, 1));
    expect(waits).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
  });

  test("chance takes off up to half, so that not all come back together", () => {
    expect(backOffMs(backOff, 1, 0.5)).toBe(750);
    expect(backOffMs(backOff, 1, 0)).toBe(500);
  });
});
