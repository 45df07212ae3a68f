import { PUBLIC_IDS, UNKNOWN_PUBLIC_ID } from "./code-pages.ts";
import { SYNCML_NAMESPACE } from "./element.ts";
import type { Charset, WbxmlReader } from "./wbxml-reader.ts";

/** WBXML 1.1 to 1.3; 1.0 has another header. */
const VERSION_MIN = 1;
const VERSION_MAX = 3;

/** By MIBenum; 0 leaves it to the transport, where it is UTF-8. */
const CHARSETS: Readonly<Record<number, Charset>> = {
  0: "utf-8",
  3: "utf-8", // US-ASCII
  4: "latin-1",
  106: "utf-8",
};

/** Does a document begin like WBXML? XML begins with neither of these bytes. */
export function looksLikeWbxml(bytes: Uint8Array): boolean {
  const version = bytes[0] ?? 0;
  return version >= VERSION_MIN && version <= VERSION_MAX;
}

/**
 * Reads version, public id, charset and string table, and leaves the reader at the first tag.
 *
 * @returns the namespace of page 0
 */
export function readHeader(reader: WbxmlReader): string {
  const version = reader.byte();
  if (version < VERSION_MIN || version > VERSION_MAX) {
    throw reader.error("wbxml-version", `version byte ${version} is none of WBXML 1.1 to 1.3`, 0);
  }
  const publicId = reader.number();
  // The text is in the table that only follows.
  const textAt = publicId === 0 ? reader.number() : undefined;
  const charset = reader.number();
  const known = CHARSETS[charset];
  if (known === undefined) {
    throw reader.error("wbxml-charset", `charset ${charset} is not served here; send UTF-8 (106)`);
  }
  reader.charset = known;
  reader.stringTable = reader.block();
  return textAt === undefined
    ? namespaceOfNumber(reader, publicId)
    : namespaceOfText(reader, reader.tableString(textAt));
}

function namespaceOfNumber(reader: WbxmlReader, number: number): string {
  if (number === UNKNOWN_PUBLIC_ID) return SYNCML_NAMESPACE;
  const known = PUBLIC_IDS.find((id) => id.number === number);
  if (known !== undefined) return known.namespace;
  throw reader.error("wbxml-public-id", `public id 0x${number.toString(16)} is not SyncML`, 1);
}

function namespaceOfText(reader: WbxmlReader, text: string): string {
  const wanted = text.trim().toLowerCase();
  const known = PUBLIC_IDS.find((id) => id.text.toLowerCase() === wanted);
  if (known !== undefined) return known.namespace;
  throw reader.error("wbxml-public-id", `public id "${text.slice(0, 80)}" is not SyncML`, 1);
}
