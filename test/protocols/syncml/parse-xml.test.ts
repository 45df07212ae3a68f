import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../protocols/errors.ts";
import { DOCUMENT_LIMITS, type DocumentLimits } from "../../../protocols/syncml/limits.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";

const nested = (depth: number) => "<a>".repeat(depth) + "</a>".repeat(depth);
const siblings = (count: number) => `<r>${"<a/>".repeat(count - 1)}</r>`;
const attributes = (count: number) =>
  `<r ${Array.from({ length: count }, (_, i) => `a${i}=""`).join(" ")}/>`;
const text = (length: number) => `<r>${"x".repeat(length)}</r>`;

describe("parseXml()", () => {
  test("keeps names, namespaces, attributes, text and order", () => {
    const root = parseXml(
      '<a xmlns="u"><p:b xmlns:p="v" c="1">t&amp;<![CDATA[<]]></p:b>  <d/></a>',
    );
    expect(root).toMatchObject({ name: "a", namespace: "u", attributes: [], text: "  " });
    expect(root.children).toEqual([
      {
        name: "b",
        namespace: "v",
        attributes: [{ name: "c", value: "1" }],
        children: [],
        text: "t&<",
      },
      { name: "d", namespace: "u", attributes: [], children: [], text: "" },
    ]);
  });

  test("passes over a byte order mark", () => {
    const bytes = new Uint8Array([0xef, 0xbb, 0xbf, ...new TextEncoder().encode("<a/>")]);
    expect(parseXml(bytes).name).toBe("a");
  });

  test("refuses half a surrogate pair in a string", () => {
    expect(ruleOf("<a>\ud800</a>")).toBe("xml-bad-utf8");
  });

  test("is the same whoever was refused before", () => {
    expect(ruleOf("<a><b></a>")).toBe("xml-malformed");
    expect(parseXml("<a><b>1</b></a>").children[0]?.text).toBe("1");
  });

  const limits: DocumentLimits = {
    bytesMax: 4000,
    depthMax: 5,
    elementsMax: 100,
    attributesMax: 3,
    textMax: 200,
  };
  test.each([
    ["xml-too-deep", nested(5), nested(6)],
    ["xml-too-many-elements", siblings(100), siblings(101)],
    ["xml-too-many-attributes", attributes(3), attributes(4)],
    ["xml-text-too-long", text(200), text(201)],
    [
      "xml-text-too-long",
      `<r>${"x".repeat(200)}</r>`,
      `<r>${"x".repeat(150)}<a/>${"x".repeat(51)}</r>`,
    ],
    ["xml-too-large", "<r/>".padEnd(4000), "<r/>".padEnd(4001)],
    ["xml-too-large", `<r>é</r>${" ".repeat(4000 - 9)}`, `<r>é</r>${" ".repeat(4000 - 8)}`],
  ])("%s: at the limit yes, one over it no", (rule, atLimit, over) => {
    expect(ruleOf(atLimit, limits)).toBe("accepted");
    expect(ruleOf(over, limits)).toBe(rule);
  });

  test("the real limits hold as well", () => {
    expect(ruleOf(nested(DOCUMENT_LIMITS.depthMax))).toBe("accepted");
    expect(ruleOf(nested(DOCUMENT_LIMITS.depthMax + 1))).toBe("xml-too-deep");
    expect(ruleOf(siblings(DOCUMENT_LIMITS.elementsMax))).toBe("accepted");
    expect(ruleOf(siblings(DOCUMENT_LIMITS.elementsMax + 1))).toBe("xml-too-many-elements");
    expect(ruleOf(text(DOCUMENT_LIMITS.textMax))).toBe("accepted");
    expect(ruleOf(text(DOCUMENT_LIMITS.textMax + 1))).toBe("xml-text-too-long");
  });

  test("an entity bomb never gets as far as an entity", () => {
    const bomb = `<!DOCTYPE a [<!ENTITY a "${"x".repeat(1000)}"><!ENTITY b "&a;&a;&a;">]><a>&b;</a>`;
    expect(ruleOf(bomb)).toBe("xml-doctype");
  });
});

function ruleOf(xml: string, limits?: DocumentLimits): string {
  try {
    parseXml(xml, limits);
  } catch (error) {
    if (error instanceof ProtocolError) return error.rule;
    throw error;
  }
  return "accepted";
}
