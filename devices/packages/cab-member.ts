import { LittleEndian } from "../../protocols/content/little-endian.ts";
import { MSZIP_BLOCK_BYTES, unpackMszip } from "../../protocols/content/mszip.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { type RangeSource, refuseOutside, sliceSource, turn } from "./range-source.ts";
import type { CabFile, CabFolder, Cabinet } from "./read-cab.ts";

/** What one opened cabinet unpacks in all, going back included. */
export const CAB_UNPACKED_BYTES_MAX = 4 * 1024 ** 3;
/** A block takes so much at most, packed. [MS-CAB] */
const PACKED_BYTES_MAX = 32 * 1024 + 6 * 1024;
/** Unpacked blocks that are kept, so that a reader may look back a little. */
const BLOCKS_KEPT = 32;
const NAMES_SAID_MAX = 10;
/** After so many blocks everything else has its turn. */
const BLOCKS_PER_TURN = 8;

/**
 * The files in a cabinet, unpacked where they are looked at. Folders unpack only from their beginning to
 * their end: what is read in the order of `CabFile.offset` is unpacked once.
 */
export class CabMembers {
  readonly #source: RangeSource;
  readonly #cabinet: Cabinet;
  readonly #folders = new Map<number, FolderSource>();
  #unpackedBytes = 0;

  constructor(source: RangeSource, cabinet: Cabinet) {
    this.#source = source;
    this.#cabinet = cabinet;
  }

  /** By its path, in any letter case, with `\` or `/`. */
  find(path: string): CabFile | undefined {
    const wanted = plain(path);
    return this.#cabinet.files.find((file) => plain(file.path) === wanted);
  }

  /** For a message. */
  someNames(): string {
    const { files } = this.#cabinet;
    const names = files.slice(0, NAMES_SAID_MAX).map(({ path }) => path);
    return names.join(", ") + (files.length > NAMES_SAID_MAX ? ", …" : "");
  }

  /** @throws ProtocolError `cab-compression` for what this gateway cannot unpack */
  open(file: CabFile): RangeSource {
    const folder = this.#cabinet.folders[file.folder];
    if (folder === undefined) throw broken(`${file.path} is in a folder that is not there`);
    if (folder.compression !== "stored" && folder.compression !== "MSZIP") {
      throw new ProtocolError(
        "cab-compression",
        `${file.path} is compressed with ${folder.compression}, which is not unpacked here: ` +
          "make the cabinet with MSZIP, or without compression",
      );
    }
    let opened = this.#folders.get(file.folder);
    if (opened === undefined) {
      opened = new FolderSource(this.#source, folder, this.#cabinet.blockReserve, (bytes) =>
        this.#count(bytes),
      );
      this.#folders.set(file.folder, opened);
    }
    return sliceSource(opened, file.offset, file.bytes);
  }

  #count(bytes: number): void {
    this.#unpackedBytes += bytes;
    if (this.#unpackedBytes <= CAB_UNPACKED_BYTES_MAX) return;
    throw new ProtocolError(
      "cab-unpacks-too-large",
      `more than ${CAB_UNPACKED_BYTES_MAX} bytes were unpacked of the cabinet`,
    );
  }
}

interface Block {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** What a folder unpacks to. One reading at a time. */
class FolderSource implements RangeSource {
  readonly length: number;
  readonly #source: RangeSource;
  readonly #folder: CabFolder;
  readonly #reserve: number;
  readonly #count: (bytes: number) => void;
  #kept: Block[] = [];
  /** Of the next block: its number, its place in the cabinet, and in what is unpacked. */
  #next = 0;
  #at: number;
  #position = 0;

  constructor(
    source: RangeSource,
    folder: CabFolder,
    reserve: number,
    count: (bytes: number) => void,
  ) {
    this.#source = source;
    this.#folder = folder;
    this.#reserve = reserve;
    this.#count = count;
    this.#at = folder.offset;
    this.length = folder.bytes;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    refuseOutside(this.length, offset, length);
    if (offset < (this.#kept[0]?.start ?? 0)) this.#rewind();
    const bytes = new Uint8Array(length);
    for (const block of this.#kept) copy(block, bytes, offset);
    while (this.#position < offset + length) copy(await this.#unpackNext(), bytes, offset);
    return bytes;
  }

  #rewind(): void {
    this.#kept = [];
    this.#next = 0;
    this.#at = this.#folder.offset;
    this.#position = 0;
  }

  async #unpackNext(): Promise<Block> {
    if (this.#next === this.#folder.blocks) {
      throw broken(`its files say ${this.length} bytes, but it unpacks to ${this.#position}`);
    }
    if (this.#next % BLOCKS_PER_TURN === 0) await turn();
    const head = new LittleEndian(await this.#source.read(this.#at, 8), "cab-malformed");
    const [sum, packed, unpacked] = [head.u32(0), head.u16(4), head.u16(6)];
    // Nothing unpacked means that the block goes on in the next cabinet of a set.
    if (unpacked === 0 || unpacked > MSZIP_BLOCK_BYTES || packed > PACKED_BYTES_MAX) {
      throw broken(`a block has ${packed} bytes and unpacks to ${unpacked}`);
    }
    const data = await this.#source.read(this.#at + 8 + this.#reserve, packed);
    if (sum !== 0 && sum !== checksum(head.slice(4, 4), checksum(data, 0))) {
      throw new ProtocolError("cab-checksum", `block ${this.#next} of the cabinet is damaged`);
    }
    this.#count(unpacked);
    const block = { start: this.#position, bytes: this.#unpack(data, unpacked) };
    this.#kept.push(block);
    if (this.#kept.length > BLOCKS_KEPT) this.#kept.shift();
    this.#next += 1;
    this.#at += 8 + this.#reserve + packed;
    this.#position += unpacked;
    return block;
  }

  #unpack(data: Uint8Array, bytes: number): Uint8Array {
    if (this.#folder.compression === "MSZIP") {
      return unpackMszip(data, this.#kept.at(-1)?.bytes ?? new Uint8Array(0), bytes);
    }
    if (data.length !== bytes) throw broken("a block that is stored has another length unpacked");
    return data;
  }
}

function copy(block: Block, into: Uint8Array, offset: number): void {
  const from = Math.max(block.start, offset);
  const to = Math.min(block.start + block.bytes.length, offset + into.length);
  if (from >= to) return;
  into.set(block.bytes.subarray(from - block.start, to - block.start), from - offset);
}

/** Words of 32 bits, XORed; the rest counts from its other end. [MS-CAB, 3.1] */
function checksum(bytes: Uint8Array, seed: number): number {
  const words = Math.floor(bytes.length / 4);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sum = seed;
  for (let n = 0; n < words; n++) sum ^= view.getUint32(n * 4, true);
  let rest = 0;
  for (const byte of bytes.subarray(words * 4)) rest = (rest << 8) | byte;
  return (sum ^ rest) >>> 0;
}

function plain(path: string): string {
  return path.replaceAll("/", "\\").replace(/^\\+/, "").toLowerCase();
}

function broken(why: string): ProtocolError {
  return new ProtocolError("cab-malformed", `the cabinet cannot be unpacked: ${why}`);
}
