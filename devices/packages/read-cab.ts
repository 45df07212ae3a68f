import { LittleEndian, windows1252 } from "../../protocols/content/little-endian.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { type RangeSource, refuseOutside, turn } from "./range-source.ts";

/** Files of one cabinet: more than are in any real one. */
export const CAB_FILES_MAX = 20_000;
export const CAB_FOLDERS_MAX = 4_096;
/** [MS-CAB] */
export const CAB_NAME_BYTES_MAX = 256;
/** What a folder unpacks to, by what its files say. */
export const CAB_FOLDER_BYTES_MAX = 1024 ** 3;

export const CAB_COMPRESSIONS = ["stored", "MSZIP", "Quantum", "LZX"] as const;
export type CabCompression = (typeof CAB_COMPRESSIONS)[number];

export interface CabFile {
  /** As it stands in the cabinet, with `\` between folders. */
  readonly path: string;
  readonly bytes: number;
  /** Local time of whoever made it, `2026-01-31T12:00:00`; null where it is no date. */
  readonly modified: string | null;
  /** Where it is: number of the folder, and place in what that unpacks to. */
  readonly folder: number;
  readonly offset: number;
}

export interface CabFolder {
  readonly compression: CabCompression;
  /** Where its blocks begin in the cabinet, and how many there are. */
  readonly offset: number;
  readonly blocks: number;
  /** What its files take, unpacked. */
  readonly bytes: number;
}

export interface Cabinet {
  readonly files: readonly CabFile[];
  readonly folders: readonly CabFolder[];
  /** Bytes in each block that belong to whoever made the cabinet. */
  readonly blockReserve: number;
}

const SPANNED = 0x0003;
const RESERVED = 0x0004;
const UTF_8_NAME = 0x80;
const FILE_BYTES = 16;
const TABLE_PIECE_BYTES = 32 * 1024;
const UTF_8 = new TextDecoder();

/**
 * Reads what is in a cabinet; its blocks are left alone. [MS-CAB]
 *
 * @throws ProtocolError `cab-malformed`, `cab-spanned`, `cab-too-many`, `cab-unpacks-too-large`, `file-truncated`
 */
export async function readCab(source: RangeSource): Promise<Cabinet> {
  const header = new LittleEndian(await source.read(0, 36), "cab-malformed");
  if (header.u32(0) !== 0x4643_534d) throw broken("it does not begin with MSCF");
  // Set-up programs append to a cabinet, so it may be shorter than its file, never longer.
  refuseOutside(source.length, 0, header.u32(8));
  const [folderCount, fileCount, flags] = [header.u16(26), header.u16(28), header.u16(30)];
  if ((flags & SPANNED) !== 0) {
    throw new ProtocolError(
      "cab-spanned",
      "the cabinet is one of a set that belongs together: put all into one cabinet",
    );
  }
  if (folderCount > CAB_FOLDERS_MAX || fileCount > CAB_FILES_MAX) {
    throw new ProtocolError(
      "cab-too-many",
      `the cabinet has ${folderCount} folders and ${fileCount} files: ${CAB_FOLDERS_MAX} and ${CAB_FILES_MAX} are the most`,
    );
  }
  const reserve = (flags & RESERVED) === 0 ? NO_RESERVE : await reserveOf(source);
  const entry = 8 + reserve.folder;
  const table = new LittleEndian(
    await source.read(36 + reserve.header, folderCount * entry),
    "cab-malformed",
  );
  const files = await filesOf(source, header.u32(16), fileCount, folderCount);
  const bytes = new Array<number>(folderCount).fill(0);
  for (const { folder, offset, bytes: length } of files) {
    bytes[folder] = Math.max(bytes[folder] ?? 0, offset + length);
  }
  const folders = bytes.map((unpacked, n) => folderAt(table, n * entry, unpacked));
  return { files, folders, blockReserve: reserve.block };
}

interface Reserve {
  readonly header: number;
  readonly folder: number;
  readonly block: number;
}

const NO_RESERVE: Reserve = { header: 0, folder: 0, block: 0 };

async function reserveOf(source: RangeSource): Promise<Reserve> {
  const sizes = new LittleEndian(await source.read(36, 4), "cab-malformed");
  return { header: 4 + sizes.u16(0), folder: sizes.u8(2), block: sizes.u8(3) };
}

function folderAt(table: LittleEndian, at: number, bytes: number): CabFolder {
  const compression = CAB_COMPRESSIONS[table.u16(at + 6) & 0x0f];
  if (compression === undefined) throw broken("a folder is compressed in an unknown way");
  if (bytes > CAB_FOLDER_BYTES_MAX) {
    throw new ProtocolError(
      "cab-unpacks-too-large",
      `the cabinet unpacks to ${bytes} bytes, more than ${CAB_FOLDER_BYTES_MAX}`,
    );
  }
  return { compression, offset: table.u32(at), blocks: table.u16(at + 4), bytes };
}

async function filesOf(
  source: RangeSource,
  start: number,
  count: number,
  folders: number,
): Promise<readonly CabFile[]> {
  const files: CabFile[] = [];
  let at = start;
  while (files.length < count) {
    await turn();
    const length = Math.min(TABLE_PIECE_BYTES, source.length - at);
    const piece = new LittleEndian(await source.read(at, length), "cab-malformed");
    const isLast = at + length === source.length;
    let offset = 0;
    // The next may be cut off unless all that a name can take is there.
    while (
      files.length < count &&
      (isLast || offset + FILE_BYTES + CAB_NAME_BYTES_MAX < piece.length)
    ) {
      const { file, end } = fileAt(piece, offset);
      if (file.folder >= folders) throw broken(`${file.path} is in a folder that is not there`);
      files.push(file);
      offset = end;
    }
    at += offset;
  }
  return files;
}

function fileAt(piece: LittleEndian, at: number): { file: CabFile; end: number } {
  const attributes = piece.u16(at + 14);
  const { bytes, end } = piece.text(at + FILE_BYTES, CAB_NAME_BYTES_MAX);
  const path = (attributes & UTF_8_NAME) === 0 ? windows1252(bytes) : UTF_8.decode(bytes);
  if (path === "") throw broken("a file has no name");
  const file: CabFile = {
    path,
    bytes: piece.u32(at),
    offset: piece.u32(at + 4),
    folder: piece.u16(at + 8),
    modified: dosTime(piece.u16(at + 10), piece.u16(at + 12)),
  };
  return { file, end };
}

function dosTime(date: number, time: number): string | null {
  const month = (date >> 5) & 15;
  const day = date & 31;
  const [hour, minute, second] = [time >> 11, (time >> 5) & 63, (time & 31) * 2];
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) return null;
  const two = (number: number) => String(number).padStart(2, "0");
  return `${1980 + (date >> 9)}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}

function broken(why: string): ProtocolError {
  return new ProtocolError("cab-malformed", `the cabinet cannot be read: ${why}`);
}
