import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { XMLParser } from "fast-xml-parser";
import { branch, leaf, METINF_NAMESPACE } from "../../../protocols/syncml/element.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);

describe("printXml()", () => {
  test("declares namespaces where they change, and only there", () => {
    const meta = branch("Meta", [
      leaf("Format", "chr", METINF_NAMESPACE),
      leaf("Type", "text/plain", METINF_NAMESPACE),
    ]);
    expect(printXml(branch("SyncML", [branch("Item", [meta, leaf("Data", "")])]))).toBe(
      '<?xml version="1.0" encoding="UTF-8"?><SyncML xmlns="SYNCML:SYNCML1.2"><Item><Meta>' +
        '<Format xmlns="syncml:metinf">chr</Format><Type xmlns="syncml:metinf">text/plain</Type>' +
        "</Meta><Data/></Item></SyncML>",
    );
  });

  test("escapes what XML would read otherwise", () => {
    expect(printXml(leaf("a", `<&>"'\r\n\t`, ""))).toEndWith(
      "<a>&lt;&amp;&gt;&quot;'&#13;\n\t</a>",
    );
  });

  test.each(["\0", "\u0001", "\u001f", "\ufffe", "\ud800"])(
    "throws for a character that XML cannot carry (%j)",
    (character) => {
      expect(() => printXml(leaf("a", `x${character}`))).toThrow("XML cannot carry");
    },
  );

  test(`whatever text is printed is read again (TEST_SEED=${SEED})`, () => {
    // Blank-only text between elements is formatting, so the leaf carries the text.
    const anyText = fc
      .string({ unit: "grapheme", maxLength: 40 })
      .filter((text) => !hasForbidden(text));
    fc.assert(
      fc.property(anyText, anyText, (text, value) => {
        const element = { ...leaf("a", text), attributes: [{ name: "b", value }] };
        expect(parseXml(printXml(element))).toEqual(element);
      }),
      { seed: SEED, numRuns: 300 },
    );
  });

  test("another parser reads the same", () => {
    const text = `<&>"' ]]> é€😀`;
    const parser = new XMLParser({ trimValues: false, parseTagValue: false });
    expect(parser.parse(printXml(branch("r", [leaf("a", text)]))).r.a).toBe(text);
  });
});

function hasForbidden(text: string): boolean {
  return /[\p{Cc}\ufffe\uffff]/u.test(text.replaceAll(/[\t\n\r]/g, "")) || !text.isWellFormed();
}
