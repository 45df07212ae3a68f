import { WBXML } from "../../protocols/syncml/code-pages.ts";
import type { Quirk } from "./profiles.ts";

/**
 * A WBXML message as a client with these quirks would have written it. It means the same.
 *
 * @param message as `printWbxml` writes one that has no names and documents inside: tags, strings in
 *   their place, page switches
 */
export function weakenWbxml(message: Uint8Array, quirks: readonly Quirk[]): Uint8Array {
  const { publicId, pieces } = readPieces(message);
  const table = quirks.includes("string-table") ? repeatedStrings(pieces) : new StringTable();
  const root = pieces.findIndex((piece) => typeof piece === "number" && piece !== 0);
  const bytes = [VERSION, ...publicId, UTF8, ...multiByte(table.bytes.length), ...table.bytes];
  pieces.forEach((piece, index) => {
    if (typeof piece === "string") bytes.push(...stringBytes(piece, table, quirks));
    else if (index === root && quirks.includes("nokia-xmlns")) {
      bytes.push(piece | WBXML.hasAttributes, ...NOKIA_XMLNS);
    } else bytes.push(piece);
  });
  return Uint8Array.from(bytes);
}

const VERSION = 0x02;
const UTF8 = 0x6a;
/** An attribute whose name is at 0 of a string table that is not there. */
const NOKIA_XMLNS = [
  ...[WBXML.literal, 0x00, WBXML.inlineString],
  ...[...Buffer.from("SYNCML:SYNCML1.2"), 0x00, WBXML.end],
];

/** A byte, or a string with its token. */
type Piece = number | string;

function readPieces(message: Uint8Array): {
  readonly publicId: readonly number[];
  readonly pieces: readonly Piece[];
} {
  const charsetAt = message.indexOf(UTF8, 1);
  const pieces: Piece[] = [];
  for (let at = charsetAt + 2; at < message.length; at++) {
    const byte = message[at] ?? 0;
    if (byte === WBXML.switchPage) pieces.push(byte, message[++at] ?? 0);
    else if (byte === WBXML.inlineString) {
      const end = message.indexOf(0, at);
      pieces.push(Buffer.from(message.subarray(at + 1, end)).toString());
      at = end;
    } else pieces.push(byte);
  }
  return { publicId: [...message.subarray(1, charsetAt)], pieces };
}

class StringTable {
  readonly bytes: number[] = [];
  readonly offsets = new Map<string, number>();

  add(text: string): void {
    this.offsets.set(text, this.bytes.length);
    this.bytes.push(...Buffer.from(text), 0x00);
  }
}

/** Those that pay for their place in the table. */
function repeatedStrings(pieces: readonly Piece[]): StringTable {
  const table = new StringTable();
  const seen = new Set<string>();
  for (const piece of pieces) {
    if (typeof piece !== "string" || piece.length < 3) continue;
    if (seen.has(piece) && !table.offsets.has(piece)) table.add(piece);
    seen.add(piece);
  }
  return table;
}

function stringBytes(text: string, table: StringTable, quirks: readonly Quirk[]): number[] {
  const offset = table.offsets.get(text);
  if (offset !== undefined) return [WBXML.tableString, ...multiByte(offset)];
  const bytes = [...Buffer.from(text)];
  return quirks.includes("text-in-blocks")
    ? [WBXML.opaque, ...multiByte(bytes.length), ...bytes]
    : [WBXML.inlineString, ...bytes, 0x00];
}

function multiByte(value: number): number[] {
  if (value < 0x80) return [value];
  const before = multiByte(Math.floor(value / 0x80)).map((byte) => byte | 0x80);
  return [...before, value % 0x80];
}
