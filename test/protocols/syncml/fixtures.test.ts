import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../protocols/errors.ts";
import { decodeDocument, decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import { ENCODINGS, parseDocument } from "../../../protocols/syncml/encoding.ts";
import type { Message } from "../../../protocols/syncml/message.ts";
import { parseWbxml } from "../../../protocols/syncml/parse-wbxml.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printWbxml } from "../../../protocols/syncml/print-wbxml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import { loadFixtures } from "./fixtures.ts";

const valid = await loadFixtures("valid", ".json");
const fragments = await loadFixtures("fragments", ".json");
const invalid = await loadFixtures("invalid", ".error.txt");

describe("SyncML fixtures", () => {
  test("there are some of each kind and encoding", () => {
    for (const encoding of ENCODINGS) {
      const count = (fixtures: typeof valid) =>
        fixtures.filter((fixture) => fixture.encoding === encoding).length;
      expect(count(valid)).toBeGreaterThan(15);
      expect(count(fragments)).toBe(8); // All examples of the source document.
      expect(count(invalid)).toBeGreaterThan(30);
    }
  });

  test.each([...valid])("$file decodes to its .json", ({ bytes, encoding, expected }) => {
    expect(decodeMessage(parseDocument(bytes, encoding))).toEqual(JSON.parse(expected));
  });

  test.each([...valid])("$file survives encode and decode in both encodings", ({ expected }) => {
    const message: Message = JSON.parse(expected);
    const element = encodeMessage(message);
    expect(decodeMessage(parseXml(printXml(element)))).toEqual(message);
    expect(decodeMessage(parseWbxml(printWbxml(element)))).toEqual(message);
  });

  test.each([...fragments])(
    "$file decodes without a SyncHdr, as printed",
    ({ bytes, encoding, expected }) => {
      expect(decodeDocument(parseDocument(bytes, encoding))).toEqual(JSON.parse(expected));
    },
  );

  test.each([...fragments])("$file is refused in a device session", ({ bytes, encoding }) => {
    expect(ruleOf(() => decodeMessage(parseDocument(bytes, encoding)))).toBe("syncml-no-header");
  });

  test.each([...invalid])(
    "$file is refused with its .error.txt",
    ({ bytes, encoding, expected }) => {
      let said = "nothing was refused";
      try {
        decodeMessage(parseDocument(bytes, encoding));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        said = `${error.rule}: ${error.message}`;
      }
      expect(said).toBe(expected.trim());
    },
  );
});

function ruleOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof ProtocolError) return error.rule;
    throw error;
  }
  return "accepted";
}
