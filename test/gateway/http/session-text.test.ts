import { describe, expect, test } from "bun:test";
import type { RecordedMessage } from "../../../devices/model/recorded-session.ts";
import { messageFile, messageLines } from "../../../gateway/http/session-text.ts";
import { DOCUMENT_LIMITS } from "../../../protocols/syncml/limits.ts";
import { parseWbxml } from "../../../protocols/syncml/parse-wbxml.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printWbxml } from "../../../protocols/syncml/print-wbxml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";

describe("the text of a recorded message", () => {
  test("is whole where its XML is longer than a message may be", () => {
    const data = "&".repeat(DOCUMENT_LIMITS.textMax / 2);
    const small = parseXml(
      '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr/><SyncBody><Item><Data>here</Data></Item></SyncBody></SyncML>',
    );
    const wbxml = Buffer.from(printWbxml(small)).toString("latin1").replace("here", data);
    const travelled = parseWbxml(Buffer.from(wbxml, "latin1"));
    const text = printXml(travelled);
    expect(text.length).toBeGreaterThan(DOCUMENT_LIMITS.bytesMax);
    const message: RecordedMessage = {
      from: "device",
      atMs: 0,
      bytes: wbxml.length,
      encoding: "wbxml",
      form: "document",
      text,
      problem: null,
      repeated: false,
    };
    expect(parseWbxml(messageFile(message).bytes)).toEqual(travelled);
    expect(messageLines(message).length).toBeGreaterThan(3);
  });

  test("is shown as it is where XML cannot say it", () => {
    const message: RecordedMessage = {
      from: "device",
      atMs: 0,
      bytes: 5,
      encoding: "wbxml",
      form: "document",
      text: "<1a/>",
      problem: null,
      repeated: false,
    };
    expect(messageLines(message)).toEqual(["<1a/>"]);
    expect(messageFile(message)).toMatchObject({ ending: "txt", bytes: Buffer.from("<1a/>") });
  });
});
