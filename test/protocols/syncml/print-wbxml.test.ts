import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Random } from "../../../devices/simulator/random.ts";
import {
  branch,
  DDF_NAMESPACE,
  type Element,
  leaf,
  METINF_NAMESPACE,
} from "../../../protocols/syncml/element.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import type { Message } from "../../../protocols/syncml/message.ts";
import { parseWbxml } from "../../../protocols/syncml/parse-wbxml.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printWbxml } from "../../../protocols/syncml/print-wbxml.ts";
import { loadFixtures } from "./fixtures.ts";
import { randomDocument, variedXml } from "./random-document.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("printWbxml()", () => {
  test("prints the golden message, with its one block as a string", async () => {
    const golden = (await loadFixtures("valid", ".json")).find(
      ({ name }) => name === "wbxml-golden",
    );
    const message: Message = JSON.parse(golden?.expected ?? "");
    const block = Buffer.from("c305", "hex");
    const bytes = Buffer.from(golden?.bytes ?? []);
    const [before, after] = [bytes.indexOf(block), bytes.indexOf(block) + block.length];
    const string = [
      ...bytes.subarray(0, before),
      0x03,
      ...bytes.subarray(after, after + 5),
      0,
      ...bytes.subarray(after + 5),
    ];
    expect(hex(printWbxml(encodeMessage(message)))).toBe(hex(Uint8Array.from(string)));
  });

  test("begins as what libdmclient sends begins", () => {
    const header = branch("SyncHdr", [leaf("VerDTD", "1.2"), leaf("VerProto", "DM/1.2")]);
    expect(hex(printWbxml(branch("SyncML", [header])))).toStartWith(
      `02a4016a006d6c7103${Buffer.from("1.2").toString("hex")}00017203${Buffer.from("DM/1.2").toString("hex")}0001`,
    );
  });

  test("a version of SyncML has its public id", () => {
    const start = (namespace: string) => hex(printWbxml(leaf("SyncML", "", namespace)));
    expect(start("SYNCML:SYNCML1.2")).toBe("02a4016a002d");
    expect(start("SYNCML:SYNCML1.1")).toBe("029f536a002d");
    expect(start("SYNCML:SYNCML1.0")).toBe("029f516a002d");
  });

  test("switches pages where they change, and only there", () => {
    const meta = branch("Meta", [
      leaf("Format", "a", METINF_NAMESPACE),
      leaf("Type", "b", METINF_NAMESPACE),
    ]);
    const printed = hex(printWbxml(branch("Item", [meta, leaf("Data", ""), leaf("Final", "")])));
    expect(printed).toBe("02a4016a00" + "54" + "5a" + "0001470361000153036200010100000f1201");
  });

  test("a device tree in Data becomes a document of its own, and its Type says so", () => {
    const type = (text: string) => leaf("Type", text, METINF_NAMESPACE);
    const tree = branch("MgmtTree", [leaf("VerDTD", "1.2", DDF_NAMESPACE)], DDF_NAMESPACE);
    const item = branch("Item", [
      branch("Meta", [type("application/vnd.syncml.dmtnds+xml")]),
      branch("Data", [tree]),
    ]);
    const plain = branch("Item", [
      branch("Meta", [type("application/vnd.syncml.dmtnds+xml")]),
      leaf("Data", "<MgmtTree/>"),
    ]);
    const document = branch("Add", [item, plain]);
    const printed = Buffer.from(printWbxml(document));
    const id = "-//OMA//DTD-DM-DDF 1.2//EN\0";
    const embedded = `\x02\0\0\x6a${String.fromCharCode(id.length)}${id}\0\x02\x60\x77\x031.2\0\x01\x01`;
    const block = `\x4f\xc3${String.fromCharCode(embedded.length)}${embedded}\x01`;
    expect(printed.includes(Buffer.from(block, "latin1"))).toBe(true);
    expect(printed.includes("application/vnd.syncml.dmtnds+wbxml\0")).toBe(true);
    expect(printed.includes("application/vnd.syncml.dmtnds+xml\0")).toBe(true);
    expect(parseWbxml(printed)).toEqual(document);
  });

  test("what has no token goes by its name, with attributes and foreign namespaces", () => {
    const xml =
      '<SyncML xmlns="SYNCML:SYNCML1.2"><Frob é="1" xml:lang="de"><b xmlns="urn:x">€</b></Frob>' +
      '<Data a="&quot;"><Job xmlns="" id="{1}"><Job/></Job></Data></SyncML>';
    const document = parseXml(xml);
    expect(parseWbxml(printWbxml(document))).toEqual(document);
  });

  test.each(["\0", "\u0001", "\u001f", "\ufffe", "\ud800"])(
    "throws for a character that XML cannot carry (%j)",
    (character) => {
      expect(() => printWbxml(leaf("Data", `x${character}`))).toThrow("XML cannot carry");
    },
  );

  test(`whatever text is printed is read again (TEST_SEED=${SEED})`, () => {
    const anyText = fc
      .string({ unit: "grapheme", maxLength: 60 })
      .filter((text) => !hasForbidden(text));
    fc.assert(
      fc.property(anyText, fc.array(anyText, { maxLength: 3 }), (text, values) => {
        const attributes = values.map((value, n) => ({ name: `a${n}`, value }));
        const element: Element = { ...leaf("Data", text), attributes };
        expect(parseWbxml(printWbxml(element))).toEqual(element);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test(`messages are the same in both encodings (TEST_SEED=${SEED})`, () => {
    for (let seed = SEED; seed < SEED + 200; seed++) {
      const document = randomDocument(new Random(seed));
      const xml = variedXml(document, new Random(seed));
      expect([seed, parseXml(xml)]).toEqual([seed, document]);
      expect([seed, parseWbxml(printWbxml(document))]).toEqual([seed, document]);
    }
  });
});

function hasForbidden(text: string): boolean {
  return /[\p{Cc}\ufffe\uffff]/u.test(text.replaceAll(/[\t\n\r]/g, "")) || !text.isWellFormed();
}
