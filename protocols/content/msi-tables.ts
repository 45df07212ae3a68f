import { ProtocolError } from "../errors.ts";
import { LittleEndian } from "./little-endian.ts";

/** Strings of a database: a large one has some ten thousand. */
export const MSI_STRINGS_MAX = 100_000;
export const MSI_COLUMNS_MAX = 10_000;
export const MSI_ROWS_MAX = 50_000;

const RULE = "msi-malformed";
const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._";
/** Stands before the names of tables. */
export const TABLE_MARK = "!";

/** The name of a stream, which an MSI writes two characters into one. */
export function msiStreamName(name: string): string {
  let plain = "";
  for (const character of name) {
    const code = character.charCodeAt(0);
    if (code >= 0x3800 && code < 0x4800) {
      const pair = code - 0x3800;
      plain += (ALPHABET[pair & 0x3f] ?? "") + (ALPHABET[pair >> 6] ?? "");
    } else if (code >= 0x4800 && code < 0x4840) {
      plain += ALPHABET[code - 0x4800] ?? "";
    } else {
      plain += code === 0x4840 ? TABLE_MARK : character;
    }
  }
  return plain;
}

/** The strings of a database, by their numbers. */
export interface MsiStrings {
  readonly texts: readonly string[];
  /** Of a number of a string, in tables. */
  readonly referenceBytes: 2 | 3;
}

/** @throws ProtocolError `msi-malformed`, `msi-too-large` */
export function readMsiStrings(pool: Uint8Array, data: Uint8Array): MsiStrings {
  const entries = new LittleEndian(pool, RULE);
  const count = Math.floor(pool.length / 4);
  if (count > MSI_STRINGS_MAX) throw tooLarge(`${count} strings`);
  const high = entries.u16(2);
  const decoder = decoderOf(entries.u16(0) | ((high & 0x7fff) << 16));
  const texts = [""];
  let at = 0;
  for (let n = 1; n < count; n++) {
    const references = entries.u16(n * 4 + 2);
    let length = entries.u16(n * 4);
    if (length === 0 && references > 0) {
      // More than 64 KiB: the upper half of the length is where the references would be.
      n += 1;
      length = references * 0x1_0000 + entries.u16(n * 4);
    }
    if (at + length > data.length) throw broken(`string ${texts.length} has ${length} bytes`);
    texts.push(length === 0 ? "" : decoder.decode(data.subarray(at, at + length)));
    at += length;
  }
  return { texts, referenceBytes: (high & 0x8000) === 0 ? 2 : 3 };
}

function decoderOf(codePage: number): TextDecoder {
  try {
    const label: string = CODE_PAGES[codePage] ?? `windows-${codePage}`;
    return new TextDecoder(label as Bun.Encoding);
  } catch {
    // Neutral, or one that nobody here knows: most of what matters is ASCII.
    return new TextDecoder("windows-1252");
  }
}

const CODE_PAGES: Readonly<Record<number, string>> = {
  65001: "utf-8",
  932: "shift_jis",
  936: "gbk",
  949: "euc-kr",
  950: "big5",
};

export interface MsiColumn {
  readonly name: string;
  readonly kind: "text" | "number" | "stream";
  readonly bytes: number;
}

const STRING = 0x0800;
const NULLABLE = 0x1000;
const BINARY = 0x0900;

/** The columns of every table. */
export function readMsiColumns(
  columns: Uint8Array,
  strings: MsiStrings,
): ReadonlyMap<string, readonly MsiColumn[]> {
  const { referenceBytes } = strings;
  const rows = Math.floor(columns.length / (2 * referenceBytes + 4));
  if (rows > MSI_COLUMNS_MAX) throw tooLarge(`${rows} columns`);
  const data = new LittleEndian(columns, RULE);
  const tables = new Map<string, { number: number; column: MsiColumn }[]>();
  const [numbersAt, namesAt] = [rows * referenceBytes, rows * (referenceBytes + 2)];
  const typesAt = namesAt + rows * referenceBytes;
  for (let row = 0; row < rows; row++) {
    const table = textAt(data, row * referenceBytes, strings);
    const name = textAt(data, namesAt + row * referenceBytes, strings);
    const number = data.u16(numbersAt + row * 2) ^ 0x8000;
    const type = data.u16(typesAt + row * 2) ^ 0x8000;
    const known = tables.get(table) ?? [];
    known.push({ number, column: columnOf(name, type, referenceBytes) });
    tables.set(table, known);
  }
  return new Map(
    [...tables].map(([table, known]) => [
      table,
      known.sort((a, b) => a.number - b.number).map(({ column }) => column),
    ]),
  );
}

function columnOf(name: string, type: number, referenceBytes: number): MsiColumn {
  if ((type & 0x0fff & ~NULLABLE) === BINARY) return { name, kind: "stream", bytes: 2 };
  if ((type & STRING) !== 0) return { name, kind: "text", bytes: referenceBytes };
  return { name, kind: "number", bytes: (type & 0xff) <= 2 ? 2 : 4 };
}

export type MsiRow = Readonly<Record<string, string | number | null>>;

/** Rows of a table, which are stored column by column; of other columns than the wanted ones nothing is read. */
export function readMsiRows(
  table: Uint8Array,
  columns: readonly MsiColumn[],
  wanted: readonly string[],
  strings: MsiStrings,
): readonly MsiRow[] {
  const rowBytes = columns.reduce((sum, { bytes }) => sum + bytes, 0);
  if (rowBytes === 0) return [];
  const count = Math.floor(table.length / rowBytes);
  if (count > MSI_ROWS_MAX) throw tooLarge(`${count} rows`);
  const data = new LittleEndian(table, RULE);
  const rows: Record<string, string | number | null>[] = Array.from({ length: count }, () =>
    Object.create(null),
  );
  let start = 0;
  const missing = new Set(wanted);
  for (const column of columns) {
    // Whoever names a column twice has it read once.
    if (missing.delete(column.name)) {
      for (const [n, row] of rows.entries()) {
        row[column.name] = valueAt(data, start + n * column.bytes, column, strings);
      }
    }
    start += count * column.bytes;
  }
  return rows;
}

function valueAt(
  data: LittleEndian,
  at: number,
  { kind, bytes }: MsiColumn,
  strings: MsiStrings,
): string | number | null {
  if (kind === "stream") return null;
  if (kind === "text") return textAt(data, at, strings);
  // Nothing is 0, so numbers begin in the middle.
  const raw = bytes === 2 ? data.u16(at) : data.u32(at);
  if (raw === 0) return null;
  return raw - (bytes === 2 ? 0x8000 : 0x8000_0000);
}

function textAt(data: LittleEndian, at: number, { texts, referenceBytes }: MsiStrings): string {
  const low = data.u16(at);
  const reference = referenceBytes === 2 ? low : low + data.u8(at + 2) * 0x1_0000;
  const text = texts[reference];
  if (text === undefined) throw broken(`there is no string ${reference}`);
  return text;
}

function tooLarge(what: string): ProtocolError {
  return new ProtocolError("msi-too-large", `the MSI has ${what}, more than is read`);
}

function broken(why: string): ProtocolError {
  return new ProtocolError(RULE, `the MSI's tables cannot be read: ${why}`);
}
