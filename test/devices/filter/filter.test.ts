import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  DEVICE_FIELDS,
  FILTER_CHARACTERS_MAX,
  FILTER_TERMS_MAX,
  type Filter,
  INSTALLATION_FIELDS,
  parseFilter,
  printFilter,
  type Term,
} from "../../../devices/filter/filter.ts";
import { AppError } from "../../../devices/model/errors.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const parse = (text: string) => parseFilter(text, INSTALLATION_FIELDS);
const is = (field: string, ...values: string[]): Term => ({
  field,
  negated: false,
  operator: ":",
  values,
});

describe("parseFilter()", () => {
  test("reads the example of its grammar", () => {
    const text = `status:failed state:"Failed download" -site:prague lastContact<2026-11-01T00:00:00Z`;
    expect(parse(text)).toEqual([
      is("status", "failed"),
      is("state", "Failed download"),
      { ...is("site", "prague"), negated: true },
      { ...is("lastContact", "2026-11-01T00:00:00Z"), operator: "<" },
    ]);
  });

  test.each<[string, Filter]>([
    ["", []],
    ["  \t\n ", []],
    ["status:failed,installed", [is("status", "failed", "installed")]],
    ['state:"a, \\"b\\" \\\\ c",d', [is("state", 'a, "b" \\ c', "d")]],
    ['version:""', [is("version", "")]],
    ["state:a:b<c>=d", [is("state", "a:b<c>=d")]],
    ["deviceName:C:\\temp", [is("deviceName", "C:\\temp")]],
    ["anomaly:true", [is("anomaly", "true")]],
    ["attempt>=2", [{ ...is("attempt", "2"), operator: ">=" }]],
    ["since<=2026-11-21", [{ ...is("since", "2026-11-21"), operator: "<=" }]],
    ["lastError:-2147012889", [is("lastError", "-2147012889")]],
    ["lastError:0x80072EE7,0X80090005", [is("lastError", "-2147012889", "-2146893819")]],
  ])("%p", (text, filter) => {
    expect(parse(text)).toEqual(filter);
  });

  test.each([
    ["prague", 1, "fields"],
    ["status:failed sitte:prague", 15, "fields id, site,"],
    ["status:failed -", 16, "fields"],
    ["constructor:x", 1, "fields"],
    ["Status:failed", 1, "fields"],
    ["status", 7, "after status"],
    ["status=failed", 7, "after status"],
    ["status:", 8, "a value"],
    ["status:failed,", 15, "a value"],
    ["status:failed, installed", 15, "a value"],
    ['state:"open', 12, 'closing "'],
    ['state:"a\\n"', 10, '" or \\'],
    ['state:"a"site:b', 10, "a blank"],
    ['state:a"b', 8, "a blank"],
    ["status<failed", 8, 'with ":"'],
    ["anomaly>true", 9, 'with ":"'],
    ["anomaly:yes", 9, "true or false"],
    ["attempt:two", 9, "a number"],
    ["attempt:1e999", 9, "a number"],
    ['attempt:" 1"', 13, "a number"],
    ["attempt<1,2", 12, "one value"],
    ["since<yesterday", 7, "a time"],
    ["since<2026-11-21T22:00", 7, "a time"],
    ["since<2026-13-01", 7, "a time"],
    ["since<5", 7, "a time"],
  ])("refuses %p at character %d", (text, position, expected) => {
    const message = refusal(() => parse(text));
    expect(message).toContain(`character ${position}:`);
    expect(message).toContain(expected);
  });

  test("has its limits", () => {
    const terms = (count: number) => Array.from({ length: count }, () => "site:a").join(" ");
    expect(parse(terms(FILTER_TERMS_MAX))).toHaveLength(FILTER_TERMS_MAX);
    expect(refusal(() => parse(terms(FILTER_TERMS_MAX + 1)))).toContain(
      `${FILTER_TERMS_MAX} terms`,
    );
    const long = (characters: number) => `site:${"a".repeat(characters - 5)}`;
    expect(parse(long(FILTER_CHARACTERS_MAX))).toHaveLength(1);
    expect(refusal(() => parse(long(FILTER_CHARACTERS_MAX + 1)))).toContain("characters");
  });

  test("knows the fields it is given, and no others", () => {
    expect(parseFilter("osMajor>=10 removed:false", DEVICE_FIELDS)).toHaveLength(2);
    expect(refusal(() => parse("osMajor>=10"))).toContain("fields");
  });
});

describe("printFilter()", () => {
  test("quotes what has to be quoted, and nothing else", () => {
    expect(printFilter([is("site", "prague"), is("state", "Failed download", "", 'a"b\\')])).toBe(
      'site:prague state:"Failed download","","a\\"b\\\\"',
    );
  });

  test(`what is printed reads back the same (TEST_SEED=${SEED})`, () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 12 }),
      fc.string({ unit: fc.constantFrom(...'ab ,"\\*:<=>-'), maxLength: 8 }),
    );
    const time = fc
      .date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
      .map((date) => date.toISOString());
    const kinds = {
      text,
      number: fc.oneof(fc.integer().map(String), fc.constant("")),
      boolean: fc.constantFrom("true", "false", ""),
      time: fc.oneof(time, fc.constant("")),
    };
    const term = fc.constantFrom(...Object.entries(INSTALLATION_FIELDS)).chain(([field, kind]) => {
      const isOrdered = kind === "number" || kind === "time";
      const anyOf = fc.array(kinds[kind], { minLength: 1, maxLength: 3 });
      const equality = fc
        .record({ negated: fc.boolean(), values: anyOf })
        .map((part): Term => ({ field, operator: ":", ...part }));
      if (!isOrdered) return equality;
      const order = fc.record({
        negated: fc.boolean(),
        operator: fc.constantFrom("<" as const, "<=" as const, ">" as const, ">=" as const),
        values: kinds[kind].map((value) => [value]),
      });
      return fc.oneof(
        equality,
        order.map((part): Term => ({ field, ...part })),
      );
    });
    fc.assert(
      fc.property(fc.array(term, { maxLength: 6 }), (filter) => {
        expect(parse(printFilter(filter))).toEqual(filter);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  test(`no text at all breaks the reader (TEST_SEED=${SEED})`, () => {
    const pieces = fc.array(
      fc.constantFrom(
        "status",
        "since",
        "attempt",
        ":",
        "<",
        "=",
        ",",
        '"',
        "\\",
        "-",
        " ",
        "a",
        "1",
        "*",
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        const text = parts.join("");
        try {
          const filter = parse(text);
          expect(parse(printFilter(filter))).toEqual(filter);
        } catch (error) {
          if (!(error instanceof AppError) || error.code !== "invalid") throw error;
        }
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    if (error instanceof AppError && error.code === "invalid") return error.message;
    throw error;
  }
  return "not refused";
}
