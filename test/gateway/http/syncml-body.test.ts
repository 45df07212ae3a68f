import { expect, test } from "bun:test";
import { DEVICE_BODY_BYTES_MAX } from "../../../devices/model/limits.ts";
import { wbxmlOf, xmlOf } from "../../harness/raw-wbxml.ts";
import { SiteCore } from "../../harness/site-core.ts";

const XML =
  '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>' +
  "<SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>s</LocURI></Target>" +
  "<Source><LocURI>urn:uuid:nobody</LocURI></Source></SyncHdr><SyncBody>" +
  "<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/></SyncBody></SyncML>";
const WBXML = wbxmlOf(XML);

async function post(contentType: string | undefined, body: string | Uint8Array<ArrayBufferLike>) {
  await using core = await SiteCore.open();
  const headers = contentType === undefined ? {} : { "content-type": contentType };
  const answer = await core.fetch("http://site.test/syncml", {
    method: "POST",
    headers,
    body: typeof body === "string" ? Buffer.from(body) : Uint8Array.from(body),
  });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return { status: answer.status, type: answer.headers.get("content-type"), bytes };
}

test.each([
  ["application/vnd.syncml.dm+xml", "application/vnd.syncml.dm+xml; charset=utf-8"],
  ["application/vnd.syncml+xml", "application/vnd.syncml+xml; charset=utf-8"],
  ["Application/VND.SyncML.DM+XML ; charset=UTF-8", "application/vnd.syncml.dm+xml; charset=utf-8"],
  ["text/xml", "application/vnd.syncml.dm+xml; charset=utf-8"],
  ["application/xml;charset=utf-8", "application/vnd.syncml.dm+xml; charset=utf-8"],
  ["application/octet-stream", "application/vnd.syncml.dm+xml; charset=utf-8"],
  [undefined, "application/vnd.syncml.dm+xml; charset=utf-8"],
])("XML as %p is answered as %s", async (sent, received) => {
  const { status, type, bytes } = await post(sent, XML);
  expect([status, type]).toEqual([200, received]);
  expect(Buffer.from(bytes).toString()).toContain("<Data>407</Data>");
});

test.each([
  ["application/vnd.syncml.dm+wbxml", "application/vnd.syncml.dm+wbxml"],
  ["application/vnd.syncml+wbxml", "application/vnd.syncml+wbxml"],
  ["APPLICATION/vnd.syncml+WBXML; charset=utf-8", "application/vnd.syncml+wbxml"],
  ["application/vnd.wap.wbxml", "application/vnd.syncml.dm+wbxml"],
  ["application/octet-stream", "application/vnd.syncml.dm+wbxml"],
  [undefined, "application/vnd.syncml.dm+wbxml"],
])("WBXML as %p is answered as %s", async (sent, received) => {
  const { status, type, bytes } = await post(sent, WBXML);
  expect([status, type]).toEqual([200, received]);
  expect(xmlOf(bytes)).toContain("<Data>407</Data>");
});

test.each([
  ["application/json", XML, 415, "application/vnd.syncml.dm+wbxml"],
  ["application/vnd.syncml.dm+wbxml", XML, 400, "syncml-encoding"],
  ["application/vnd.syncml.dm+xml", WBXML, 400, "syncml-encoding"],
  ["application/vnd.syncml.dm+wbxml", WBXML.subarray(0, -1), 400, "wbxml-truncated"],
  ["application/vnd.syncml.dm+wbxml", new Uint8Array(DEVICE_BODY_BYTES_MAX + 1), 413, "too-large"],
])("%s with another body gets a clear error", async (sent, body, status, words) => {
  const answer = await post(sent, body);
  expect(answer.status).toBe(status);
  expect(answer.type).toBe("application/problem+json");
  expect(Buffer.from(answer.bytes).toString()).toContain(words);
});
