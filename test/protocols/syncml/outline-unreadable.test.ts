import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../protocols/errors.ts";
import { ENCODINGS, type Encoding, parseDocument } from "../../../protocols/syncml/encoding.ts";
import {
  OUTLINE_BYTES_MAX,
  outlineUnreadable,
} from "../../../protocols/syncml/outline-unreadable.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printWbxml } from "../../../protocols/syncml/print-wbxml.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());
const ROUNDS = 300;

const MESSAGE =
  '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>' +
  "<SessionID>7</SessionID><MsgID>1</MsgID><Target><LocURI>http://site/syncml</LocURI></Target>" +
  "<Source><LocURI>urn:uuid:1</LocURI><LocName>user</LocName></Source>" +
  '<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta>' +
  "<Data>zSECRETz</Data></Cred></SyncHdr><SyncBody><Alert><CmdID>1</CmdID><Data>1201</Data></Alert>" +
  "<Replace><CmdID>2</CmdID><Item><Source><LocURI>./a</LocURI></Source><Data>zSECRETz</Data></Item></Replace>" +
  "<Final/></SyncBody></SyncML>";

const bytesIn = (encoding: Encoding): Uint8Array =>
  encoding === "xml" ? Buffer.from(MESSAGE) : printWbxml(parseXml(Buffer.from(MESSAGE)));

describe("outlineUnreadable()", () => {
  test("shows what the specification names, and of the rest how long it is", () => {
    const broken = MESSAGE.replace("</SyncHdr>", "").replace(
      "<Final/>",
      '<Fin al="x"/><?pi zSECRETz?><!-- zSECRETz --><![CDATA[zSECRETz]]>',
    );
    const { text, source } = outlineUnreadable(Buffer.from(broken), "xml");
    expect(source).toBe("urn:uuid:1");
    expect(text).toContain(
      "<Source><LocURI>urn:uuid:1</LocURI><LocName>[4 characters]</LocName></Source><Cred><Meta>",
    );
    expect(text).toContain('<Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta>');
    expect(text).toContain("<Data>[8 characters]</Data></Cred><SyncBody>");
    expect(text).toContain("<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>");
    expect(text).not.toContain("SECRET");
  });

  test("WBXML is shown as far as its tokens make sense", () => {
    const bytes = bytesIn("wbxml");
    const { text, source } = outlineUnreadable(bytes.subarray(0, bytes.length - 20), "wbxml");
    expect(source).toBe("urn:uuid:1");
    expect(text.split("\n").slice(0, 4)).toEqual([
      "<SyncML>",
      "  <SyncHdr>",
      "    <VerDTD>1.2</VerDTD>",
      "    <VerProto>DM/1.2</VerProto>",
    ]);
    expect(text).toContain("<Data>[8 characters]</Data>");
    expect(text).not.toContain("SECRET");
  });

  test("a long one is only begun", () => {
    const long = `<SyncML>${"<Data>zSECRETz</Data>".repeat(10_000)}`;
    const { text } = outlineUnreadable(Buffer.from(long), "xml");
    expect(text.length).toBeLessThan(3 * OUTLINE_BYTES_MAX);
    expect(text).toEndWith(`[${long.length - OUTLINE_BYTES_MAX} more bytes]`);
  });

  test.each(ENCODINGS)(
    `no damage brings a secret to light in %s (TEST_SEED=${SEED})`,
    (encoding) => {
      const random = seededRandom(SEED);
      const whole = bytesIn(encoding);
      let unreadable = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const bytes = Uint8Array.from(whole);
        for (let count = 0; count <= Math.floor(random() * 3); count++) {
          bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
        }
        const cut = bytes.subarray(
          0,
          random() < 0.3 ? Math.floor(random() * bytes.length) : undefined,
        );
        try {
          parseDocument(cut, encoding);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
          unreadable += 1;
          expect(outlineUnreadable(cut, encoding).text).not.toContain("SECRET");
        }
      }
      expect(unreadable).toBeGreaterThan(ROUNDS / 10);
    },
  );
});
