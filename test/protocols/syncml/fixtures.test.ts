import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../protocols/errors.ts";
import { decodeDocument, decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import type { Message } from "../../../protocols/syncml/message.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import { loadFixtures } from "./fixtures.ts";

const valid = await loadFixtures("valid", ".json");
const fragments = await loadFixtures("fragments", ".json");
const invalid = await loadFixtures("invalid", ".error.txt");

describe("SyncML fixtures", () => {
  test("there are some of each kind", () => {
    expect(valid.length).toBeGreaterThan(15);
    expect(fragments.length).toBe(8); // All examples of the source document.
    expect(invalid.length).toBeGreaterThan(30);
  });

  test.each([...valid])("$name decodes to its .json", ({ bytes, expected }) => {
    expect(decodeMessage(parseXml(bytes))).toEqual(JSON.parse(expected));
  });

  test.each([...valid])("$name survives encode and decode", ({ expected }) => {
    const message: Message = JSON.parse(expected);
    expect(decodeMessage(parseXml(printXml(encodeMessage(message))))).toEqual(message);
  });

  test.each([...fragments])(
    "$name decodes without a SyncHdr, as printed",
    ({ bytes, expected }) => {
      expect(decodeDocument(parseXml(bytes))).toEqual(JSON.parse(expected));
    },
  );

  test.each([...fragments])("$name is refused in a device session", ({ bytes }) => {
    expect(ruleOf(() => decodeMessage(parseXml(bytes)))).toBe("syncml-no-header");
  });

  test.each([...invalid])("$name is refused with its .error.txt", ({ bytes, expected }) => {
    let said = "nothing was refused";
    try {
      decodeMessage(parseXml(bytes));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      said = `${error.rule}: ${error.message}`;
    }
    expect(said).toBe(expected.trim());
  });
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
