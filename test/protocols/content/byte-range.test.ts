import { describe, expect, test } from "bun:test";
import {
  answerRange,
  ifNoneMatchHas,
  ifRangeAllows,
  parseContentRange,
} from "../../../protocols/content/byte-range.ts";

describe("answerRange()", () => {
  test.each([
    [undefined, 100, "whole"],
    [null, 100, "whole"],
    ["", 100, "whole"],
    ["bytes=0-0", 100, "0-0"],
    ["bytes=0-9", 100, "0-9"],
    ["Bytes=10-19", 100, "10-19"],
    [" bytes = 10-19 ", 100, "10-19"],
    ["bytes=90-", 100, "90-99"],
    ["bytes=0-", 100, "0-99"],
    ["bytes=90-1000", 100, "90-99"],
    ["bytes=99-99", 100, "99-99"],
    ["bytes=99-99999999999999999999999999", 100, "99-99"],
    ["bytes=-5", 100, "95-99"],
    ["bytes=-100", 100, "0-99"],
    ["bytes=-1000", 100, "0-99"],
    ["bytes=100-", 100, "unsatisfiable"],
    ["bytes=100-200", 100, "unsatisfiable"],
    ["bytes=99999999999999999999999999-", 100, "unsatisfiable"],
    ["bytes=-0", 100, "unsatisfiable"],
    ["bytes=0-", 0, "unsatisfiable"],
    ["bytes=-0", 0, "unsatisfiable"],
    ["bytes=-5", 0, "whole"],
    ["bytes=9-0", 100, "whole"],
    ["bytes=-", 100, "whole"],
    ["bytes=", 100, "whole"],
    ["bytes=a-b", 100, "whole"],
    ["bytes=--5", 100, "whole"],
    ["bytes=1-2-3", 100, "whole"],
    ["bytes=1.5-2", 100, "whole"],
    ["bytes=0-9,20-29", 100, "whole"],
    ["bytes=0-9,", 100, "whole"],
    ["bytes=,0-9", 100, "whole"],
    ["items=0-9", 100, "whole"],
    ["bytes 0-9", 100, "whole"],
    ["0-9", 100, "whole"],
  ])("%p of %p bytes: %s", (header, size, expected) => {
    const answer = answerRange(header, size);
    const shown = answer.kind === "part" ? `${answer.first}-${answer.last}` : answer.kind;
    expect(shown).toBe(expected);
  });
});

describe("parseContentRange()", () => {
  test.each([
    ["bytes 0-9/100", { first: 0, last: 9, total: 100 }],
    ["bytes 99-99/100", { first: 99, last: 99, total: 100 }],
    ["Bytes 5-9/*", { first: 5, last: 9, total: undefined }],
    ["bytes 9-5/100", undefined],
    ["bytes 0-100/100", undefined],
    ["bytes */100", undefined],
    ["bytes 0-9", undefined],
    ["bytes 0-9/100, bytes 10-19/100", undefined],
    ["bytes 0-9999999999999999/99999999999999999", undefined],
    ["", undefined],
    [null, undefined],
    [undefined, undefined],
  ])("%p", (header, expected) => {
    expect(parseContentRange(header)).toEqual(expected);
  });
});

describe("validators", () => {
  test.each([
    [undefined, true],
    ['"abc"', true],
    [' "abc" ', true],
    ['"abd"', false],
    ['W/"abc"', false],
    ["abc", false],
    ["Sat, 21 Nov 2026 10:00:00 GMT", false],
    ["", false],
  ])("If-Range %p", (header, allowed) => {
    expect(ifRangeAllows(header, '"abc"')).toBe(allowed);
  });

  test.each([
    [undefined, false],
    ['"abc"', true],
    ['W/"abc"', true],
    ['"x", W/"abc", "y"', true],
    ["*", true],
    ['"abd"', false],
    ["abc", false],
    ["", false],
  ])("If-None-Match %p", (header, has) => {
    expect(ifNoneMatchHas(header, '"abc"')).toBe(has);
  });
});
