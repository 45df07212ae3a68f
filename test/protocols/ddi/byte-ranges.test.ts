import { describe, expect, test } from "bun:test";
import {
  answerRanges,
  ifMatchHolds,
  ifRangeHolds,
  RANGES_MAX,
} from "../../../protocols/ddi/byte-ranges.ts";

const parts = (...list: readonly (readonly [number, number])[]) => ({
  kind: "parts" as const,
  parts: list.map(([first, last]) => ({ first, last })),
});
const no = { kind: "unsatisfiable" as const };

describe("ranges of an artifact", () => {
  test.each([
    [null, { kind: "whole" as const }],
    ["items=0-1", { kind: "whole" as const }],
    ["bytes=0-9", parts([0, 9])],
    ["bytes=90-", parts([90, 99])],
    ["bytes=-10", parts([90, 99])],
    ["bytes=-1000", parts([0, 99])],
    ["bytes=50-1000", parts([50, 99])],
    ["bytes=0-9, 20-29", parts([0, 9], [20, 29])],
    ["bytes=20-29,0-9,-1", parts([20, 29], [0, 9], [99, 99])],
    ["bytes=0-9,5-14", no],
    ["bytes=9-0", no],
    ["bytes=100-", no],
    ["bytes=-0", no],
    ["bytes=-", no],
    ["bytes=a-b", no],
    [`bytes=${Array.from({ length: RANGES_MAX + 1 }, (_, n) => `${n}-${n}`).join(",")}`, no],
  ])("%p", (header, answer) => {
    expect(answerRanges(header, 100)).toEqual(answer);
  });

  test("conditions name the tag, or a date since when nothing changed", () => {
    expect(ifRangeHolds(null, '"a"', 0)).toBe(true);
    expect(ifRangeHolds('"a"', '"a"', 0)).toBe(true);
    expect(ifRangeHolds('"b"', '"a"', 0)).toBe(false);
    expect(ifRangeHolds("Thu, 01 Jan 1970 00:00:10 GMT", '"a"', 10_500)).toBe(true);
    expect(ifRangeHolds("Thu, 01 Jan 1970 00:00:09 GMT", '"a"', 10_500)).toBe(false);
    expect(ifMatchHolds(null, '"a"')).toBe(true);
    expect(ifMatchHolds("*", '"a"')).toBe(true);
    expect(ifMatchHolds('"b", "a"', '"a"')).toBe(true);
    expect(ifMatchHolds("a", '"a"')).toBe(true);
    expect(ifMatchHolds('"b"', '"a"')).toBe(false);
  });
});
