import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { compareVersions } from "../../../devices/model/version.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);

describe("compareVersions()", () => {
  test.each([
    ["2.9", "<", "2.10"],
    ["1.0.0.0", "=", "1"],
    ["1.0.0.1", ">", "1"],
    ["10.0.15254.603", "<", "10.0.15254.1000"],
    ["007", "=", "7"],
    ["99999999999999999999", "<", "100000000000000000000"],
    [" 1.2 ", "=", "1.2"],
    ["1.0-beta", "<", "1.0"],
    ["1.0.beta", "=", "1.0.BETA"],
    ["1.0.alpha", "<", "1.0.beta"],
    ["", "=", "0"],
    ["3.0", ">", "2.0"],
  ])("%s %s %s", (a, sign, b) => {
    const signOf = (order: number) => (order < 0 ? "<" : order > 0 ? ">" : "=");
    expect(signOf(compareVersions(a, b))).toBe(sign);
  });

  test(`is a total order (TEST_SEED=${SEED})`, () => {
    const part = fc.oneof(fc.nat(12).map(String), fc.constantFrom("a", "B", "beta", "00", ""));
    const version = fc.array(part, { maxLength: 4 }).map((parts) => parts.join("."));
    fc.assert(
      fc.property(version, version, version, (a, b, c) => {
        expect(compareVersions(a, a)).toBe(0);
        expect(Math.sign(compareVersions(a, b))).toBe(-Math.sign(compareVersions(b, a)) + 0);
        if (compareVersions(a, b) <= 0 && compareVersions(b, c) <= 0) {
          expect(compareVersions(a, c)).toBeLessThanOrEqual(0);
        }
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });
});
