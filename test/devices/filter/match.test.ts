import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseFilter } from "../../../devices/filter/filter.ts";
import { type FilterRecord, isText, matches } from "../../../devices/filter/match.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const FIELDS = {
  name: "text",
  note: "text",
  group: "text",
  size: "number",
  on: "boolean",
  at: "time",
} as const;
const RECORD: FilterRecord = {
  name: "Till 1",
  note: null,
  group: ["kiosks", "Prague"],
  size: -3,
  on: true,
  at: Date.parse("2026-11-21T22:00:00Z"),
};

const holds = (text: string, record: FilterRecord = RECORD) =>
  matches(parseFilter(text, FIELDS), record, FIELDS);

describe("matches()", () => {
  test.each([
    ["", true],
    ['name:"till 1"', true],
    ['name:"Till 1" size:-3', true],
    ['name:"Till 1" size:4', false],
    ["name:till", false],
    ["name:till*", true],
    ["name:*1", true],
    ["name:*", true],
    ["name:t*l*1", true],
    ["name:x,TILL*", true],
    ["-name:till*", false],
    ["-name:x", true],
    ["group:kiosks", true],
    ["group:PRAGUE", true],
    ["-group:kiosks", false],
    ['group:""', false],
    ["size:-3", true],
    ["size<-3", false],
    ["size<=-3", true],
    ["size>-4", true],
    ["size>=-2.5", false],
    ["on:true", true],
    ["on:false", false],
    ["at:2026-11-21T23:00:00+01:00", true],
    ["at<2026-11-21T22:00:00.001Z", true],
    ["at>2026-11-21", true],
    ["at>2026-11-22", false],
  ])("%p: %p", (text, expected) => {
    expect(holds(text)).toBe(expected);
  });

  test.each([
    ["note:*", false],
    ["-note:*", true],
    ['note:""', true],
    ['-note:""', false],
    ['note:"",x', true],
  ])("what is null: %p is %p", (text, expected) => {
    expect(holds(text)).toBe(expected);
    expect(holds(text, { ...RECORD, note: "" })).toBe(expected);
    expect(holds(text, { name: "a" })).toBe(expected);
  });

  test("what is null is neither before nor after anything", () => {
    const empty = { ...RECORD, size: null, at: null };
    expect(
      ["size<5", "size>=-5", "at<2030-01-01", "at>2000-01-01"].map((text) => holds(text, empty)),
    ).toEqual([false, false, false, false]);
    expect(holds("-size<5", empty)).toBe(true);
  });

  test("only a list that is empty is in no group", () => {
    expect(holds('group:""', { ...RECORD, group: [] })).toBe(true);
  });

  test(`a term and its negation share the records out (TEST_SEED=${SEED})`, () => {
    const texts = fc.constantFrom(
      "name:t*",
      'note:""',
      "size<3",
      "on:true",
      "at>2026-01-01",
      "group:p*",
    );
    const value = fc.option(fc.constantFrom("till", "Tor", ""), { nil: null });
    const record = fc.record({
      name: value,
      note: value,
      group: fc.subarray(["prague", "kiosks"]),
      size: fc.option(fc.integer({ min: 0, max: 6 }), { nil: null }),
      on: fc.option(fc.boolean(), { nil: null }),
      at: fc.option(fc.integer({ min: 0, max: 2e12 }), { nil: null }),
    });
    fc.assert(
      fc.property(texts, record, (text, one) => {
        expect(holds(`-${text}`, one)).toBe(!holds(text, one));
      }),
      { seed: SEED, numRuns: 300 },
    );
  });
});

describe("isText()", () => {
  test("folds letters A to Z only, as the database does", () => {
    expect(isText("PRAGUE", "prague")).toBe(true);
    expect(isText("ČERNÝ", "černý")).toBe(false);
    expect(isText("Černý Most", "ČErn*")).toBe(true);
  });

  test("a star is any run of characters, nothing else is special", () => {
    expect(isText("a.b", "a?b")).toBe(false);
    expect(isText("a%b_c", "a%b_c")).toBe(true);
    expect(isText("aXb", "a.b")).toBe(false);
    expect(isText("ab", "a*b*")).toBe(true);
    expect(isText("ab", "ab*ab")).toBe(false);
    expect(isText("aba", "ab*ba")).toBe(false);
  });

  test(`agrees with a pattern written out (TEST_SEED=${SEED})`, () => {
    const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 6 });
    fc.assert(
      fc.property(letters, pattern, (text, wanted) => {
        const written = new RegExp(`^${wanted.replaceAll("*", "[ab]*")}$`);
        expect(isText(text, wanted)).toBe(written.test(text));
      }),
      { seed: SEED, numRuns: 1000 },
    );
  });

  // A matcher that tried every split would not end within the test's time.
  test("many stars are no burden", () => {
    expect(isText("a".repeat(4000), `${"*a".repeat(1500)}b`)).toBe(false);
  });
});
