import { describe, expect, test } from "bun:test";
import { Random } from "../../../devices/simulator/random.ts";
import { branch, leaf } from "../../../protocols/syncml/element.ts";
import { DOCUMENT_LIMITS } from "../../../protocols/syncml/limits.ts";
import { parsePlainWbxml } from "../../../protocols/syncml/parse-plain-wbxml.ts";
import { parseAnyWbxml } from "../../../protocols/syncml/parse-wbxml.ts";
import { printWbxml } from "../../../protocols/syncml/print-wbxml.ts";
import { plainEnd } from "../../../protocols/syncml/wbxml-text.ts";
import { loadFixtures } from "./fixtures.ts";
import { randomDocument } from "./random-document.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const messages = (await loadFixtures("valid", ".json")).filter(
  ({ encoding }) => encoding === "wbxml",
);
const HEAD = "02a4016a00";
const plain = (hex: string, limits = DOCUMENT_LIMITS) =>
  parsePlainWbxml(Buffer.from(HEAD + hex, "hex"), limits);

describe("parsePlainWbxml()", () => {
  test("reads what devices send as the complete parser does", () => {
    const read = messages.map(({ bytes }) => parsePlainWbxml(bytes, DOCUMENT_LIMITS));
    expect(read.filter((root) => root !== undefined).length).toBeGreaterThan(5);
    read.forEach((root, index) => {
      const { bytes } = messages[index] ?? { bytes: new Uint8Array() };
      if (root !== undefined) expect(root).toEqual(parseAnyWbxml(bytes, DOCUMENT_LIMITS));
    });
  });

  test(`reads messages of ASCII that we print, and others not (TEST_SEED=${SEED})`, () => {
    let read = 0;
    for (let seed = SEED; seed < SEED + 200; seed++) {
      const document = randomDocument(new Random(seed));
      const root = parsePlainWbxml(printWbxml(document), DOCUMENT_LIMITS);
      if (root === undefined) continue;
      read += 1;
      expect([seed, root]).toEqual([seed, document]);
    }
    expect(read).toBeGreaterThan(5);
  });

  test("reads an element in each of its forms", () => {
    expect(plain("12")).toEqual(leaf("Final", ""));
    expect(plain("5201")).toEqual(leaf("Final", ""));
    expect(plain("52030001")).toEqual(leaf("Final", ""));
    expect(plain("4f0320090a0d7f0001")).toEqual(leaf("Data", " \t\n\r\x7f"));
    expect(plain("54034100121201")).toEqual({
      ...branch("Item", [leaf("Final", ""), leaf("Final", "")]),
      text: "A",
    });
    expect(plain("5a0001470341000101")).toEqual(
      branch("Meta", [leaf("Format", "A", "syncml:metinf")]),
    );
  });

  test.each([
    ["nothing", ""],
    ["an open element", "54"],
    ["an end too many", "1201"],
    ["a second root", "1212"],
    ["text outside", "12034100"],
    ["text after an element", "541203410001"],
    ["a string that is cut off", "4f0341"],
    ["text that is not ASCII", "4f03c3a90001"],
    ["a control character", "4f03070001"],
    ["a string of the table", "4f830001"],
    ["an entity", "4f024101"],
    ["a block", "4fc3014101"],
    ["a reserved tag", "30"],
    ["attributes", "ed04000341000101"],
    ["a tag by its name", "0400"],
    ["no such page", "000312"],
    ["a page switch that is cut off", "00"],
    ["an instruction", "43040001"],
  ])("leaves %s to the complete parser", (_, hex) => {
    expect(plain(hex)).toBeUndefined();
  });

  test.each(["00a4016a0012", "04a4016a0012", "02a401030012", "02a4016a02410012", "02016a0012"])(
    "leaves the header %s to the complete parser",
    (hex) => {
      const bytes = Buffer.from(hex, "hex");
      expect(parsePlainWbxml(bytes, DOCUMENT_LIMITS)).toBeUndefined();
    },
  );

  test("leaves what is over a limit to the complete parser", () => {
    const limits = { ...DOCUMENT_LIMITS, depthMax: 2, elementsMax: 3, textMax: 4 };
    const within = ["541201", "54121201", "4f03666f75720001"];
    const over = ["5454120101", "5412121201", "4f03666f7572210001"];
    expect(within.map((hex) => plain(hex, limits) !== undefined)).toEqual([true, true, true]);
    expect(over.map((hex) => plain(hex, limits))).toEqual([undefined, undefined, undefined]);
  });
});

test("plainEnd() finds the first byte that is not plain, wherever it is", () => {
  for (const special of [0x00, 0x01, 0x08, 0x0b, 0x0c, 0x1f, 0x80, 0xff]) {
    for (let length = 0; length < 13; length++) {
      for (let at = 0; at <= length; at++) {
        const bytes = new Uint8Array(length + 1).fill(at % 2 === 0 ? 0x20 : 0x7f);
        bytes[at] = special;
        if (at > 2) bytes[at - 2] = 0x0a;
        const words = new DataView(bytes.buffer);
        expect(plainEnd(bytes, words, 0, length)).toBe(Math.min(at, length));
      }
    }
  }
});
