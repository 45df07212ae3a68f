import { describe, expect, test } from "bun:test";
import { BACK_OFF, backOffMs, FAILURE_KINDS } from "../../../gateway/content/back-off.ts";

describe("backOffMs()", () => {
  test.each(FAILURE_KINDS.map((kind) => [kind]))(
    "%s: doubles from the first to the largest",
    (kind) => {
      const { firstMs, maxMs } = BACK_OFF[kind];
      expect(backOffMs(kind, 1, 0)).toBe(firstMs);
      expect(backOffMs(kind, 2, 0)).toBe(Math.min(2 * firstMs, maxMs));
      expect(backOffMs(kind, 3, 0)).toBe(Math.min(4 * firstMs, maxMs));
      expect(backOffMs(kind, 1_000_000, 0)).toBe(maxMs);
    },
  );

  test("chance takes off up to half, so that sites do not come back together", () => {
    expect(backOffMs("away", 1, 0.5)).toBe(3750);
    expect(backOffMs("away", 1, 1)).toBe(2500);
  });
});
