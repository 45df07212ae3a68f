import { describe, expect, test } from "bun:test";
import { Random } from "../../../devices/simulator/random.ts";
import type { Element } from "../../../protocols/syncml/element.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printAnnotated } from "../../../protocols/syncml/print-annotated.ts";
import { loadFixtures } from "./fixtures.ts";
import { randomDocument } from "./random-document.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const printed = (xml: string) => printAnnotated(parseXml(xml)).slice(1).join("\n");

describe("printAnnotated()", () => {
  test("indents, and says what things are called", () => {
    const xml =
      "<SyncBody><Status><MsgRef>2</MsgRef><CmdRef>3</CmdRef><Cmd>Add</Cmd><Data>418</Data></Status>" +
      "<Alert><CmdID>1</CmdID><Data>1222</Data></Alert><Alert><Data>9</Data></Alert>" +
      "<Sequence><CmdID>4</CmdID><Get><Item/><Item/></Get></Sequence><Put/></SyncBody>";
    expect(printed(xml)).toBe(
      [
        "<SyncBody>",
        "  <Status> <!-- 418 Already exists: Add 3 of message 2 -->",
        "    <MsgRef>2</MsgRef>",
        "    <CmdRef>3</CmdRef>",
        "    <Cmd>Add</Cmd>",
        "    <Data>418</Data>",
        "  </Status>",
        "  <Alert> <!-- 1222 Next message -->",
        "    <CmdID>1</CmdID>",
        "    <Data>1222</Data>",
        "  </Alert>",
        "  <Alert> <!-- 9 of no known kind -->",
        "    <Data>9</Data>",
        "  </Alert>",
        "  <Sequence> <!-- Sequence 4, 1 command -->",
        "    <CmdID>4</CmdID>",
        "    <Get> <!-- Get without CmdID, 2 items -->",
        "      <Item/>",
        "      <Item/>",
        "    </Get>",
        "  </Sequence>",
        "  <Put/>",
        "</SyncBody>",
      ].join("\n"),
    );
  });

  test("the Status for SyncHdr, and the header itself", () => {
    const xml =
      "<a><SyncHdr><SessionID>2A</SessionID><MsgID>3</MsgID></SyncHdr>" +
      "<Status><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>299</Data></Status></a>";
    expect(printed(xml)).toContain("<SyncHdr> <!-- message 3 of session 2A -->");
    expect(printed(xml)).toContain("<Status> <!-- 299: SyncHdr of message 1 -->");
  });

  test("text that XML would have escaped is readable", () => {
    expect(printed("<Data>&lt;Job id='&amp;'/&gt;</Data>")).toBe(
      "<Data><![CDATA[<Job id='&'/>]]></Data>",
    );
    expect(printed("<Data>&lt;]]&gt;</Data>")).toBe("<Data>&lt;]]&gt;</Data>");
    expect(printed("<Data a='&quot;'>x&#13;&lt;</Data>")).toBe(
      '<Data a="&quot;">x&#13;&lt;</Data>',
    );
  });

  test("a comment cannot be ended by what a device sends", () => {
    const xml = "<SyncHdr><MsgID>--&gt;&lt;x/&gt;--</MsgID></SyncHdr>";
    expect(withoutFormatting(parseXml(printed(xml)))).toEqual(parseXml(xml));
  });

  test(`is the same document again (TEST_SEED=${SEED})`, async () => {
    const fixtures = (await loadFixtures("valid", ".json")).filter(
      ({ encoding }) => encoding === "xml",
    );
    const documents = [
      ...fixtures.map(({ bytes }) => parseXml(bytes)),
      ...Array.from({ length: 50 }, (_, n) => randomDocument(new Random(SEED + n))),
    ];
    for (const document of documents) {
      const again = parseXml(printAnnotated(document).join("\n"));
      expect(withoutFormatting(again)).toEqual(withoutFormatting(document));
    }
  });
});

function withoutFormatting(element: Element): Element {
  const { children, text } = element;
  if (children.length === 0) return element;
  return {
    ...element,
    children: children.map(withoutFormatting),
    text: text.trim() === "" ? "" : text.trim(),
  };
}
