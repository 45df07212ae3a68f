import { ProtocolError } from "../errors.ts";
import type { Element } from "./element.ts";
import { parseWbxml } from "./parse-wbxml.ts";
import { parseXml } from "./parse-xml.ts";
import { printWbxml } from "./print-wbxml.ts";
import { printXml } from "./print-xml.ts";
import { looksLikeWbxml } from "./wbxml-header.ts";

/** The two ways to write an element tree down. */
export type Encoding = "xml" | "wbxml";

export const ENCODINGS = ["xml", "wbxml"] as const satisfies readonly Encoding[];

export interface MediaType {
  readonly encoding: Encoding;
  /** As the answer is to be labelled. */
  readonly contentType: string;
}

/** What SyncML is called in the field; data synchronisation's names are used for management as well. */
export const MEDIA_TYPES: readonly MediaType[] = [
  { encoding: "xml", contentType: "application/vnd.syncml.dm+xml" },
  { encoding: "wbxml", contentType: "application/vnd.syncml.dm+wbxml" },
  { encoding: "xml", contentType: "application/vnd.syncml+xml" },
  { encoding: "wbxml", contentType: "application/vnd.syncml+wbxml" },
];

/** Names that say nothing about SyncML: the bytes tell the encoding. */
const VAGUE: ReadonlySet<string> = new Set([
  "",
  "application/octet-stream",
  "application/vnd.wap.wbxml",
  "application/xml",
  "text/xml",
]);

/**
 * The media type of a body from its Content-Type, whatever its case and parameters; undefined for one
 * that is not SyncML. Without a Content-Type, or with a vague one, the bytes decide.
 */
export function mediaTypeOf(header: string | null, body: Uint8Array): MediaType | undefined {
  const [name = ""] = (header ?? "").split(";");
  const type = name.trim().toLowerCase();
  const known = MEDIA_TYPES.find(({ contentType }) => contentType === type);
  if (known !== undefined || !VAGUE.has(type)) return known;
  const encoding = detectEncoding(body);
  return MEDIA_TYPES.find((one) => one.encoding === encoding);
}

export function detectEncoding(bytes: Uint8Array): Encoding {
  return looksLikeWbxml(bytes) ? "wbxml" : "xml";
}

/**
 * Reads a document in the encoding that its sender named.
 *
 * Throws `ProtocolError` as `parseXml` and `parseWbxml` do, and with rule `syncml-encoding` for a
 * document that is in the other encoding.
 */
export function parseDocument(bytes: Uint8Array, encoding: Encoding): Element {
  if (encoding === "xml") {
    if (looksLikeWbxml(bytes)) throw wrongEncoding("WBXML", "XML");
    return parseXml(bytes);
  }
  const first = bytes[0];
  if (first === LESS_THAN || first === BYTE_ORDER_MARK) throw wrongEncoding("XML", "WBXML");
  return parseWbxml(bytes);
}

/** What XML begins with: `<`, or the mark that some put before it. */
const LESS_THAN = 0x3c;
const BYTE_ORDER_MARK = 0xef;

function wrongEncoding(is: string, said: string): ProtocolError {
  return new ProtocolError("syncml-encoding", `the message is ${is}; it was said to be ${said}`);
}

export function printDocument(root: Element, encoding: Encoding): Uint8Array<ArrayBuffer> {
  return encoding === "wbxml" ? printWbxml(root) : Buffer.from(printXml(root));
}
