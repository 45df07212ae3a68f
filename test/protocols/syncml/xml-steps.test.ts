import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../protocols/errors.ts";
import { allSteps } from "../../../protocols/steps.ts";
import { DOCUMENT_LIMITS } from "../../../protocols/syncml/limits.ts";
import { parseAnyXml, XML_STEP_CHARACTERS, xmlSteps } from "../../../protocols/syncml/parse-xml.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const read = (text: string) => allSteps(xmlSteps(bytesOf(text), DOCUMENT_LIMITS));

describe("xmlSteps()", () => {
  const middle = '<n:b c="1 &amp; 2" n:d="e"><![CDATA[ ]] ]]><!-- - -->\r\n😀&#x1F600;</n:b><f/>';

  test("reads the same wherever a step ends", () => {
    for (let at = 0; at <= middle.length; at++) {
      const start = '<a xmlns:n="u">';
      const filler = "x".repeat(XML_STEP_CHARACTERS - start.length - at);
      const text = `${start}${filler}${middle}</a>`;
      expect(read(text)).toEqual(parseAnyXml(text, DOCUMENT_LIMITS));
    }
  });

  test.each([
    ["a document", "</a>", undefined],
    ["a broken one, which is read twice,", "</b>", "xml-malformed"],
  ])("takes %s a few thousand characters at a time", (_, end, rule) => {
    const text = `<a>${"<b c='d'/>".repeat(5_000)}${end}`;
    let steps = 1;
    let refused: string | undefined;
    try {
      for (const _step of xmlSteps(bytesOf(text), DOCUMENT_LIMITS)) steps += 1;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      refused = error.rule;
    }
    expect(refused).toBe(rule);
    const once = Math.ceil(text.length / XML_STEP_CHARACTERS);
    expect(steps).toBe(rule === undefined ? once : 2 * once - 1);
  });

  test("says where a document is broken, as the parser in one piece does", () => {
    const text = `<a>\n${"<b/>\n".repeat(3_000)}</c>`;
    expect(() => read(text)).toThrow("3002:");
    expect(() => parseAnyXml(text, DOCUMENT_LIMITS)).toThrow("3002:");
  });
});
