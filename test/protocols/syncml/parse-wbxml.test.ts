import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../protocols/errors.ts";
import { branch, leaf } from "../../../protocols/syncml/element.ts";
import { DOCUMENT_LIMITS, type DocumentLimits } from "../../../protocols/syncml/limits.ts";
import { parseWbxml } from "../../../protocols/syncml/parse-wbxml.ts";
import { TEXT_PER_BYTE_MAX } from "../../../protocols/syncml/wbxml-reader.ts";

/** Of SyncML 1.2 in UTF-8 without a string table. */
const HEAD = [0x02, 0xa4, 0x01, 0x6a, 0x00];
const [SYNCML, DATA, ITEM, FINAL] = [0x2d, 0x0f, 0x14, 0x12];
const CONTENT = 0x40;
const END = 0x01;

const document = (...body: readonly number[]) => Uint8Array.from([...HEAD, ...body]);
const inline = (text: string) => [0x03, ...new TextEncoder().encode(text), 0];
const nested = (depth: number) =>
  document(...repeat(depth, [ITEM | CONTENT]), ...repeat(depth, [END]));
const siblings = (count: number) => document(SYNCML | CONTENT, ...repeat(count - 1, [FINAL]), END);
const text = (length: number) => document(DATA | CONTENT, ...inline("x".repeat(length)), END);

function repeat(times: number, what: readonly number[]): number[] {
  return Array.from({ length: times }, () => what).flat();
}

/** Multi-byte. */
function number(value: number): number[] {
  return value < 128
    ? [value]
    : [...number(Math.floor(value / 128)).map((b) => b | 0x80), value % 128];
}

/** Attributes a0, a1, … without values. */
function attributes(count: number): Uint8Array {
  const names = Array.from({ length: count }, (_, n) => `a${n}\0`);
  const table = new TextEncoder().encode(names.join(""));
  const offsets = names.map((_, n) => names.slice(0, n).join("").length);
  return Uint8Array.from([
    ...[0x02, 0xa4, 0x01, 0x6a, ...number(table.length), ...table, SYNCML | 0x80],
    ...offsets.flatMap((offset) => [0x04, ...number(offset)]),
    END,
  ]);
}

/** A string of the table, put into Data so often. */
function references(length: number, times: number): Uint8Array {
  return Uint8Array.from([
    ...[0x02, 0xa4, 0x01, 0x6a, ...number(length + 1), ...repeat(length, [0x78]), 0],
    ...[ITEM | CONTENT, ...repeat(times, [DATA | CONTENT, 0x83, 0, END]), END],
  ]);
}

describe("parseWbxml()", () => {
  test("keeps names, namespaces, text and order", () => {
    const meta = [0x5a, 0x00, 0x01, 0x47, ...inline("chr"), END, END, 0x00, 0x00];
    const root = parseWbxml(
      document(ITEM | CONTENT, ...meta, DATA | CONTENT, ...inline(" x "), END, FINAL, END),
    );
    expect(root).toEqual(
      branch("Item", [
        branch("Meta", [leaf("Format", "chr", "syncml:metinf")]),
        leaf("Data", " x "),
        leaf("Final", ""),
      ]),
    );
  });

  test.each([
    [0xa4, 0x01, "SYNCML:SYNCML1.2"],
    [0x9f, 0x53, "SYNCML:SYNCML1.1"],
    [0x9f, 0x51, "SYNCML:SYNCML1.0"],
  ])("the public id %p %p says that it is %s", (high, low, namespace) => {
    const bytes = Uint8Array.from([0x02, high, low, 0x6a, 0x00, SYNCML]);
    expect(parseWbxml(bytes)).toEqual(leaf("SyncML", "", namespace));
  });

  test("an empty element is the same with and without content", () => {
    const [bare, ended, empty] = [
      [FINAL],
      [FINAL | CONTENT, END],
      [FINAL | CONTENT, ...inline(""), END],
    ];
    for (const form of [bare, ended, empty]) {
      expect(parseWbxml(document(...form))).toEqual(leaf("Final", ""));
    }
  });

  test("the version and the place of a document in a larger buffer do not matter", () => {
    for (const version of [1, 2, 3]) {
      const bytes = Uint8Array.from([9, 9, version, ...HEAD.slice(1), FINAL, 9]);
      expect(parseWbxml(bytes.subarray(2, -1))).toEqual(leaf("Final", ""));
    }
  });

  test("is the same whoever was refused before", () => {
    expect(ruleOf(document(ITEM | CONTENT, 0x30))).toBe("wbxml-unknown-tag");
    expect(ruleOf(document(ITEM | CONTENT, FINAL, END))).toBe("accepted");
  });

  const limits: DocumentLimits = {
    bytesMax: 400,
    depthMax: 5,
    elementsMax: 100,
    attributesMax: 3,
    textMax: 200,
  };
  test.each([
    ["wbxml-too-deep", nested(5), nested(6)],
    ["wbxml-too-many-elements", siblings(100), siblings(101)],
    ["wbxml-too-many-attributes", attributes(3), attributes(4)],
    ["wbxml-text-too-long", text(200), text(201)],
    [
      "wbxml-text-too-long",
      document(DATA | CONTENT, ...inline("x".repeat(199)), 0x02, 0x78, END),
      document(DATA | CONTENT, ...inline("x".repeat(199)), 0x02, 0x78, 0x02, 0x78, END),
    ],
    ["wbxml-too-large", padded(400), padded(401)],
    ["wbxml-too-much-text", references(10, 9), references(40, 11)],
  ])("%s: at the limit yes, one over it no", (rule, atLimit, over) => {
    expect(ruleOf(atLimit, limits)).toBe("accepted");
    expect(ruleOf(over, limits)).toBe(rule);
  });

  test("the real limits hold as well", () => {
    const { depthMax, elementsMax, textMax } = DOCUMENT_LIMITS;
    expect(ruleOf(nested(depthMax))).toBe("accepted");
    expect(ruleOf(nested(depthMax + 1))).toBe("wbxml-too-deep");
    expect(ruleOf(siblings(elementsMax))).toBe("accepted");
    expect(ruleOf(siblings(elementsMax + 1))).toBe("wbxml-too-many-elements");
    expect(ruleOf(text(textMax))).toBe("accepted");
    expect(ruleOf(text(textMax + 1))).toBe("wbxml-text-too-long");
  });

  test("text may be so many times as long as its document, and no longer", () => {
    const length = 1000;
    const isAllowed = (times: number) => {
      const bytes = references(length, times);
      return length * times <= bytes.length * TEXT_PER_BYTE_MAX;
    };
    const most = Array.from({ length: 20 }, (_, n) => n).filter(isAllowed).length - 1;
    expect(most).toBeGreaterThan(5);
    expect(ruleOf(references(length, most))).toBe("accepted");
    expect(ruleOf(references(length, most + 1))).toBe("wbxml-too-much-text");
  });

  test("names and attributes from the string table count as text", () => {
    const name = `${"n".repeat(2000)}\0`;
    const table = [...number(name.length), ...new TextEncoder().encode(name)];
    const elements = Uint8Array.from([
      ...[0x02, 0xa4, 0x01, 0x6a, ...table, ITEM | CONTENT],
      ...[...repeat(20, [0x04, 0x00]), END],
    ]);
    expect(ruleOf(elements)).toBe("wbxml-too-much-text");
  });

  test("an embedded document counts as part of the one around it", () => {
    const tree = [0x02, 0x01, 0x6a, 0x00, 0x00, 0x02, 0x60 | CONTENT, ...repeat(4, [0x19]), END];
    const bytes = document(DATA | CONTENT, 0xc3, ...number(tree.length), ...tree, END);
    const bounds = (change: Partial<DocumentLimits>) => ({ ...DOCUMENT_LIMITS, ...change });
    expect(ruleOf(bytes, bounds({ elementsMax: 6, depthMax: 3 }))).toBe("accepted");
    expect(ruleOf(bytes, bounds({ elementsMax: 5 }))).toBe("wbxml-too-many-elements");
    expect(ruleOf(bytes, bounds({ depthMax: 2 }))).toBe("wbxml-too-deep");
  });

  test("an error tells the byte", () => {
    expect(() => parseWbxml(document(ITEM | CONTENT, FINAL, 0x30))).toThrow(
      "there is no tag 0x30 in SYNCML:SYNCML1.2 (at byte 7)",
    );
  });
});

/** A document of so many bytes, nearly all of them in the string table. */
function padded(bytes: number): Uint8Array {
  const table = bytes - 7;
  return Uint8Array.from([0x02, 0xa4, 0x01, 0x6a, ...number(table), ...repeat(table, [0]), FINAL]);
}

function ruleOf(bytes: Uint8Array, limits?: DocumentLimits): string {
  try {
    parseWbxml(bytes, limits);
  } catch (error) {
    if (error instanceof ProtocolError) return error.rule;
    throw error;
  }
  return "accepted";
}
