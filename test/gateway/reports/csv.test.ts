import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CsvError, csvLine, parseCsv } from "../../../gateway/reports/csv.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);

describe("csvLine()", () => {
  test.each([
    ["=1+1", "'=1+1"],
    ["+1", "+1"],
    ["-2147012889", "-2147012889"],
    ["-1+1", "'-1+1"],
    ["@SUM(A1)", "'@SUM(A1)"],
    ["\tx", "'\tx"],
    ["\rx", '"\'\rx"'],
    ["'=x", "''=x"],
    ["a,b", '"a,b"'],
    ['say "hi"', '"say ""hi"""'],
    ["two\nlines", '"two\nlines"'],
    ["", ""],
  ])("%p is written as %p", (cell, expected) => {
    expect(csvLine([cell])).toBe(`${expected}\r\n`);
  });

  test("numbers and truth values are written as they are, nothing as nothing", () => {
    expect(csvLine([-1, 2.5, true, null, undefined, "x"])).toBe("-1,2.5,true,,,x\r\n");
  });

  test(`no cell begins as a formula, and all come back (TEST_SEED=${SEED})`, () => {
    const cell = fc.oneof(fc.string(), fc.stringMatching(/^['=+\-@\t\r",;\n a1]*$/));
    const record = fc.array(cell, { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 5 }), (records) => {
        const text = csvLine(["a", "b"]) + records.map(csvLine).join("");
        const [, ...read] = parseCsv(text);
        expect(read.map(({ cells }) => cells)).toEqual(records);
        for (const one of records.flat()) {
          const written = csvLine([one]).replace(/^"/, "");
          expect(/^[=+\-@\t\r]/.test(written) && !/^[+-]?\d+(\.\d+)?\r\n$/.test(written)).toBe(
            written === "\r\n",
          );
        }
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe("parseCsv()", () => {
  test("takes what spreadsheets write", () => {
    const text = '\uFEFFname;note\n"a;b";"x\ny"\n\n;\nlast;line';
    expect(parseCsv(text)).toEqual([
      { line: 1, cells: ["name", "note"] },
      { line: 2, cells: ["a;b", "x\ny"] },
      { line: 5, cells: ["", ""] },
      { line: 6, cells: ["last", "line"] },
    ]);
    expect(parseCsv("")).toEqual([]);
  });

  test.each([
    ['a,b\n"open,c\n', 2],
    ['a\n"x"y\n', 2],
  ])("%p is refused with its line", (text, line) => {
    try {
      parseCsv(text);
      throw new Error("it was taken");
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      expect(error.line).toBe(line);
    }
  });
});
