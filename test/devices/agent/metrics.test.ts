import { describe, expect, test } from "bun:test";
import { type LookAt, unmetMetrics } from "../../../devices/agent/metrics.ts";
import type { PlanMetric } from "../../../protocols/agent/answers.ts";

const OPERATORS = ["EQ", "NE", "GT", "GE", "LT", "LE"] as const;
function device(
  file: { size?: number; hash?: string; version?: string | null } | undefined,
): LookAt {
  return {
    size: async () => file?.size,
    hash: async () => file?.hash,
    version: async () => file?.version,
  };
}

const size = (operator: (typeof OPERATORS)[number]): PlanMetric => ({
  kind: "FileSize",
  number: 1,
  file: "\\a",
  operator,
  size: 100,
});
const version = (
  operator: (typeof OPERATORS)[number],
  value = "2.9.0.0",
  part: Extract<PlanMetric, { kind: "FileVersion" }>["part"] = null,
): PlanMetric => ({
  kind: "FileVersion",
  number: 2,
  file: "\\a",
  field: "File",
  part,
  operator,
  value,
});
const holds = async (metric: PlanMetric, look: LookAt) =>
  (await unmetMetrics([metric], look)).length === 0;

describe("metrics", () => {
  test("a part is compared alone, and one that is missing is 0 (Q24)", async () => {
    const look = device({ version: "2.10" });
    expect(await holds(version("EQ", "7.10.1.1", "minor"), look)).toBe(true);
    expect(await holds(version("EQ", "10", "minor"), look)).toBe(true);
    expect(await holds(version("EQ", "2.10.0.0", "revision"), look)).toBe(true);
    expect(await holds(version("GT", "2.10.0.0", "major"), look)).toBe(false);
  });

  test("a file without a version is not as it should be", async () => {
    expect(await holds(version("NE"), device({ version: null }))).toBe(false);
  });

  test("all have to hold, and each that does not says why (Q12)", async () => {
    const hash: PlanMetric = { kind: "FileHash", number: 3, file: "\\a", hash: "AB" };
    const look = device({ size: 99, hash: "ab" });
    expect(await unmetMetrics([hash], look)).toEqual([]);
    expect(await unmetMetrics([hash, size("EQ"), size("LT")], look)).toEqual([
      { metric: 1, reason: "\\a has 99 bytes, wanted EQ 100" },
    ]);
    expect(await holds({ ...hash, hash: "cd" }, look)).toBe(false);
    expect(await holds(hash, device(undefined))).toBe(false);
  });

  test("without any there is nothing against it", async () => {
    expect(await unmetMetrics([], device(undefined))).toEqual([]);
  });
});
