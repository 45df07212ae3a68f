import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../protocols/errors.ts";
import { DOCUMENT_LIMITS } from "../../../protocols/syncml/limits.ts";
import { parsePlainXml } from "../../../protocols/syncml/parse-plain-xml.ts";
import { parseAnyXml } from "../../../protocols/syncml/parse-xml.ts";
import { loadFixtures } from "./fixtures.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const RUNS = Number(Bun.env.TEST_RUNS ?? 3000);
const messages = (await loadFixtures("valid", ".json"))
  .filter(({ encoding }) => encoding === "xml")
  .map(({ bytes }) => new TextDecoder().decode(bytes));

/** What the complete parser reads; undefined for what it refuses. */
function complete(text: string, limits = DOCUMENT_LIMITS) {
  try {
    return parseAnyXml(text, limits);
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

describe("parsePlainXml()", () => {
  test("reads what devices send as the complete parser does", () => {
    const plain = messages.map((text) => parsePlainXml(text, DOCUMENT_LIMITS));
    expect(plain.filter((root) => root !== undefined).length).toBeGreaterThan(messages.length / 2);
    plain.forEach((root, index) => {
      if (root !== undefined)
        expect(root).toEqual(parseAnyXml(messages[index] ?? "", DOCUMENT_LIMITS));
    });
  });

  test.each([
    '<?xml version="1.0"?><a/>',
    '<?xml version="1.0" encoding="UTF-8"?>\n<a xmlns="SYNCML:SYNCML1.2"><b>1</b> <b/>\n</a>\n',
    "<a xmlns='u'><b xmlns=\"\"/>t<c\n\txmlns='v' /></a>",
    "<a>&lt;&gt;&amp;&quot;&apos;&amp;lt; ü 中</a>",
    "<xml><A1>a &gt; b > c</A1></xml>",
  ])("reads %j by itself", (text) => {
    const root = parsePlainXml(text, DOCUMENT_LIMITS);
    expect(root).toBeDefined();
    expect(root).toEqual(parseAnyXml(text, DOCUMENT_LIMITS));
  });

  test.each([
    "",
    " ",
    "text",
    "<a>",
    "</a>",
    "<a></b>",
    "<a></ab>",
    "<ab></a>",
    "<a><b></a></b>",
    "<a/><b/>",
    "<a/>text",
    "<a/>&lt;",
    "<a>]]></a>",
    "<a>& b</a>",
    "<a>&nbsp;</a>",
    "<a>&#x41;</a>",
    "<a>&lt</a>",
    "<a b='1'/>",
    "<a xmlns='u' xmlns='u'/>",
    "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
    "<axmlns='u'/>",
    "<a\u00a0xmlns='u'/>",
    "<a xmlns='u\"/>",
    "<p:a/>",
    "<1a/>",
    "< a/>",
    "<a/ >",
    "<!DOCTYPE a><a/>",
    "<!-- --><a/>",
    "<a><![CDATA[x]]></a>",
    "<a><?p?></a>",
    ' <?xml version="1.0"?><a/>',
    '<?xml version="1.1"?><a/>',
    '<?XML version="1.0"?><a/>',
    '<?xml version="1.0" encoding="latin1"?><a/>',
    "<a>\r\n</a>",
    "<a>\u0001</a>",
    "<a>\uffff</a>",
    "\u00a0<a/>",
  ])("leaves %j to the complete parser", (text) => {
    expect(parsePlainXml(text, DOCUMENT_LIMITS)).toBeUndefined();
  });

  test("leaves what is over a limit to the complete parser", () => {
    const limits = {
      ...DOCUMENT_LIMITS,
      depthMax: 2,
      elementsMax: 3,
      attributesMax: 0,
      textMax: 4,
    };
    const isRead = (text: string) => parsePlainXml(text, limits) !== undefined;
    expect(["<a><b/></a>", "<a><b/><b/></a>", "<a>four</a>"].map(isRead)).toEqual([
      true,
      true,
      true,
    ]);
    const over = [
      "<a><b><c/></b></a>",
      "<a><b/><b/><b/></a>",
      "<a>fi<b/>ve </a>",
      "<a xmlns='u'/>",
    ];
    expect(over.map(isRead)).toEqual([false, false, false, false]);
    expect(over.map((text) => complete(text, limits))).toEqual(over.map(() => undefined));
  });

  // Goal: there is no text that it reads and the complete parser refuses, or reads otherwise.
  test(`never reads more or other than the complete parser (TEST_SEED=${SEED})`, () => {
    let read = 0;
    const piece = fc.oneof(
      fc.constantFrom(
        ...["<", ">", "/", "</", "/>", "<a", "<a>", "</a>", "<b>", "</b>", "<a/>", "<B1>", "</B1>"],
        ...[" ", "\n", "\t", "\r", "\u00a0", "\ufeff", "]]>", "]]", "=", '"', "'", "x", "é", "1"],
        ...["&", ";", "&lt;", "&amp;", "&quot;", "&apos;", "&gt;", "&#65;", "&x;", "\u0085", "😀"],
        ...[" xmlns", ' xmlns="u"', " xmlns='SYNCML:SYNCML1.2'", ' xmlns=""', ' b="1"', "xmlns:p"],
        ...["<!--", "-->", "<![CDATA[", "<?", "?>", '<?xml version="1.0"?>', "<!DOCTYPE a>", "p:"],
      ),
      fc.string({ maxLength: 3 }),
    );
    const isAgreed = (text: string) => {
      const root = parsePlainXml(text, DOCUMENT_LIMITS);
      if (root === undefined) return;
      read += 1;
      expect(root).toEqual(parseAnyXml(text, DOCUMENT_LIMITS));
    };
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), fc.boolean(), (pieces, isWrapped) => {
        isAgreed(isWrapped ? `<a>${pieces.join("")}</a>` : pieces.join(""));
      }),
      { seed: SEED, numRuns: RUNS },
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...messages),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 5 }), piece), { minLength: 1, maxLength: 3 }),
        (message, edits) => {
          isAgreed(
            edits.reduce((text, [a, cut, added]) => {
              const at = a % text.length;
              return text.slice(0, at) + added + text.slice(at + cut);
            }, message),
          );
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
    expect(read).toBeGreaterThan(RUNS / 50);
  });
});
