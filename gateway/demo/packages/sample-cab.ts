import { deflateRawSync } from "node:zlib";

const BLOCK = 32 * 1024;

export interface SampleCabFile {
  readonly path: string;
  readonly content: Uint8Array | string;
}

export interface SampleCab {
  /** Each folder is compressed for itself. */
  readonly folders: readonly (readonly SampleCabFile[])[];
  readonly compression?: "stored" | "MSZIP" | "LZX";
  /** The cabinet goes on in another one. */
  readonly isSpanned?: boolean;
  /** Bytes of the maker's own in the header, each folder and each block. */
  readonly reserve?: number;
  /** Blocks without a checksum. */
  readonly isUnchecked?: boolean;
}

const TYPES = { stored: 0, MSZIP: 1, LZX: 0x1503 };

/** A cabinet as [MS-CAB] says, dated 2026-01-31T12:00:00. What it calls LZX is not. */
export function sampleCab(wanted: SampleCab): Uint8Array<ArrayBuffer> {
  const { compression = "MSZIP", reserve = 0, isSpanned = false, isUnchecked = false } = wanted;
  const folders = wanted.folders.map((files) => {
    const contents = files.map(({ content }) => Buffer.from(content));
    return { files, contents, blocks: blocksOf(Buffer.concat(contents), compression) };
  });
  const files = folders.flatMap(({ files: own, contents }, folder) => {
    let offset = 0;
    return own.map(({ path }, n) => {
      const bytes = contents[n]?.length ?? 0;
      const entry = fileEntry({ path, bytes, offset, folder });
      offset += bytes;
      return entry;
    });
  });
  const headerBytes = 36 + (reserve > 0 ? 4 + reserve : 0) + (isSpanned ? 4 : 0);
  const folderBytes = folders.length * (8 + reserve);
  const filesAt = headerBytes + folderBytes;
  let at = filesAt + Buffer.concat(files).length;
  const data: Buffer[] = [];
  const entries = folders.map(({ blocks }) => {
    const entry = Buffer.alloc(8 + reserve);
    entry.writeUInt32LE(at, 0);
    entry.writeUInt16LE(blocks.length, 4);
    entry.writeUInt16LE(TYPES[compression], 6);
    for (const { packed, bytes } of blocks) {
      const block = Buffer.alloc(8 + reserve + packed.length);
      block.writeUInt16LE(packed.length, 4);
      block.writeUInt16LE(bytes, 6);
      packed.copy(block, 8 + reserve);
      const sum = sumOf(block.subarray(4, 8), sumOf(packed, 0));
      if (!isUnchecked) block.writeUInt32LE(sum, 0);
      data.push(block);
      at += block.length;
    }
    return entry;
  });
  const header = Buffer.alloc(headerBytes);
  header.write("MSCF");
  header.writeUInt32LE(at, 8);
  header.writeUInt32LE(filesAt, 16);
  header.set([3, 1], 24);
  header.writeUInt16LE(folders.length, 26);
  header.writeUInt16LE(files.length, 28);
  header.writeUInt16LE((reserve > 0 ? 4 : 0) | (isSpanned ? 2 : 0), 30);
  if (reserve > 0) {
    header.writeUInt16LE(reserve, 36);
    header.set([reserve, reserve], 38);
  }
  if (isSpanned) header.write("b\0d\0", headerBytes - 4);
  return new Uint8Array(Buffer.concat([header, ...entries, ...files, ...data]));
}

function blocksOf(content: Buffer, compression: string): { packed: Buffer; bytes: number }[] {
  const blocks: { packed: Buffer; bytes: number }[] = [];
  for (let at = 0; at < content.length; at += BLOCK) {
    const block = content.subarray(at, at + BLOCK);
    const dictionary = content.subarray(Math.max(0, at - BLOCK), at);
    const packed =
      compression === "MSZIP"
        ? Buffer.concat([
            Buffer.from("CK"),
            deflateRawSync(block, dictionary.length > 0 ? { dictionary } : {}),
          ])
        : block;
    blocks.push({ packed, bytes: block.length });
  }
  return blocks;
}

function fileEntry(file: { path: string; bytes: number; offset: number; folder: number }): Buffer {
  const name = Buffer.from(`${file.path}\0`);
  const entry = Buffer.alloc(16);
  entry.writeUInt32LE(file.bytes, 0);
  entry.writeUInt32LE(file.offset, 4);
  entry.writeUInt16LE(file.folder, 8);
  entry.writeUInt16LE(((2026 - 1980) << 9) | (1 << 5) | 31, 10);
  entry.writeUInt16LE(12 << 11, 12);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is looked for.
  entry.writeUInt16LE(0x20 | (/^[\x00-\x7f]*$/.test(file.path) ? 0 : 0x80), 14);
  return Buffer.concat([entry, name]);
}

function sumOf(bytes: Buffer, seed: number): number {
  let sum = seed;
  let at = 0;
  for (; at + 4 <= bytes.length; at += 4) sum ^= bytes.readUInt32LE(at);
  let rest = 0;
  for (; at < bytes.length; at++) rest = (rest << 8) | (bytes[at] ?? 0);
  return (sum ^ rest) >>> 0;
}
