import { looksLikeWbxml } from "../../protocols/syncml/wbxml-header.ts";
import { CommandError } from "./command.ts";

/** How a message was written down by whoever caught it. */
export type CaptureForm = "as it is" | "a hex dump" | "base64";

export interface CapturedMessage {
  readonly form: CaptureForm;
  readonly bytes: Uint8Array;
}

/**
 * Finds the message in a capture: the bytes themselves, also with the HTTP header before them, or a hex
 * dump (plain, xxd, hexdump -C, tcpdump -X) or base64 of them.
 *
 * @throws CommandError for what is none of these
 */
export function findMessage(capture: Uint8Array): CapturedMessage {
  const bytes = withoutHttpHeader(capture);
  if (looksLikeSyncml(bytes)) return { form: "as it is", bytes };
  const text = Buffer.from(bytes).toString("latin1");
  const dumped = fromHexDump(text);
  if (dumped !== undefined && looksLikeSyncml(dumped)) return { form: "a hex dump", bytes: dumped };
  const decoded = fromBase64(text);
  if (decoded !== undefined && looksLikeSyncml(decoded)) return { form: "base64", bytes: decoded };
  const begin =
    text.length === 0 ? "it is empty" : `it begins with ${JSON.stringify(text.slice(0, 16))}`;
  throw new CommandError(
    `This is no XML and no WBXML, and no hex dump or base64 of either: ${begin}.`,
  );
}

const BYTE_ORDER_MARK = "\xef\xbb\xbf";

function looksLikeSyncml(bytes: Uint8Array): boolean {
  if (looksLikeWbxml(bytes)) return true;
  const start = Buffer.from(bytes.subarray(0, 256)).toString("latin1");
  return start.replace(BYTE_ORDER_MARK, "").trimStart().startsWith("<");
}

/** A request or an answer as tools save it: the body is what counts. */
function withoutHttpHeader(capture: Uint8Array): Uint8Array {
  const bytes = Buffer.from(capture.buffer, capture.byteOffset, capture.length);
  const start = bytes.subarray(0, 2_000).toString("latin1");
  if (!/^(POST \S+ HTTP\/1\.[01]|HTTP\/1\.[01] \d{3})/.test(start)) return capture;
  const end = bytes.indexOf("\r\n\r\n");
  return end < 0 ? capture : bytes.subarray(end + 4);
}

/** A line of a dump: an offset perhaps, bytes in hexadecimal, and what they look like perhaps. */
const DUMP_LINE =
  /^\s*(?:(?:0x)?[0-9a-f]{4,8}:?\s+)?((?:[0-9a-f]{2}[\s:,-]*)+?)(?:\s{2,}.*|\s*\|.*)?$/i;
const OFFSET_LINE = /^\s*(?:0x)?[0-9a-f]{4,8}:?\s*$/i;

function fromHexDump(text: string): Uint8Array | undefined {
  const plain = text.replaceAll(/0x|[\s:,-]/gi, "");
  if (/^(?:[0-9a-f]{2})+$/i.test(plain)) return Buffer.from(plain, "hex");
  let digits = "";
  for (const line of text.split(/\r?\n/)) {
    // hexdump ends with an offset alone.
    if (line.trim() === "" || (digits !== "" && OFFSET_LINE.test(line))) continue;
    const found = DUMP_LINE.exec(line)?.[1];
    if (found === undefined) return undefined;
    digits += found.replaceAll(/[\s:,-]/g, "");
  }
  return digits === "" ? undefined : Buffer.from(digits, "hex");
}

function fromBase64(text: string): Uint8Array | undefined {
  const plain = text.replaceAll(/\s/g, "");
  const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(plain);
  return isBase64 ? Buffer.from(plain, "base64") : undefined;
}
