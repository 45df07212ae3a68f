import { LittleEndian, utf16 } from "../../protocols/content/little-endian.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { type RangeSource, refuseOutside, turn } from "./range-source.ts";

/** Entries of the directory: an MSI has a few hundred. */
export const COMPOUND_ENTRIES_MAX = 16_384;
/** Separate stretches of one stream; every one is remembered. */
export const COMPOUND_STRETCHES_MAX = 100_000;
/** The table of small sectors; each 4 bytes stand for 64. */
export const COMPOUND_MINI_TABLE_BYTES_MAX = 4 * 1024 ** 2;

const RULE = "compound-malformed";
const END_OF_CHAIN = 0xffff_fffe;
const SECTOR_MAX = 0xffff_fffa;
const NO_STREAM = 0xffff_ffff;
const STREAM = 2;
const ENTRY_BYTES = 128;
const HEADER_TABLE_PLACES = 109;
const MINI_SECTOR_BYTES = 64;
/** A stream of fewer bytes is made of small sectors. */
const MINI_CUTOFF_BYTES = 4096;
const STEPS_PER_TURN = 20_000;

/** Consecutive bytes of the file. */
interface Stretch {
  readonly offset: number;
  length: number;
}

interface Entry {
  readonly name: string;
  readonly type: number;
  readonly left: number;
  readonly right: number;
  readonly child: number;
  readonly start: number;
  readonly bytes: number;
}

interface Sizes {
  readonly sector: number;
  readonly miniTable: number;
}

/**
 * An OLE compound file, which is a small file system; only the streams of its root folder are seen.
 * Tables of sectors are read where a stream needs them. [MS-CFB]
 */
export class CompoundFile {
  readonly #source: RangeSource;
  readonly #sizes: Sizes;
  /** Sectors that hold the table of sectors. */
  readonly #tableSectors: readonly number[];
  readonly #entries: ReadonlyMap<string, Entry>;
  readonly #root: Entry;
  #table: { readonly number: number; readonly sectors: LittleEndian } | undefined;
  #mini: { readonly table: LittleEndian; readonly stream: RangeSource } | undefined;

  private constructor(
    source: RangeSource,
    sizes: Sizes,
    tableSectors: readonly number[],
    root: Entry,
    entries: ReadonlyMap<string, Entry>,
  ) {
    this.#source = source;
    this.#sizes = sizes;
    this.#tableSectors = tableSectors;
    this.#root = root;
    this.#entries = entries;
  }

  /** @throws ProtocolError `compound-malformed`, `compound-too-large`, `file-truncated` */
  static async open(source: RangeSource): Promise<CompoundFile> {
    const header = new LittleEndian(await source.read(0, 512), RULE);
    const shift = header.u16(0x1e);
    if (header.u32(0) !== 0xe011_cfd0 || (shift !== 9 && shift !== 12) || header.u16(0x20) !== 6) {
      throw broken("its header is none");
    }
    // [MS-CFB, 2.2] With another bound a chain of small sectors could go in circles for long.
    if (header.u32(0x38) !== MINI_CUTOFF_BYTES)
      throw broken("its small streams have another bound");
    const sizes: Sizes = {
      sector: 2 ** shift,
      miniTable: header.u32(0x3c),
    };
    const tables = await tableSectorsOf(source, header, sizes.sector);
    const nothing: Entry = { ...EMPTY, start: header.u32(0x30) };
    const bare = new CompoundFile(source, sizes, tables, nothing, new Map());
    const directory = await bare.#chain(nothing.start, COMPOUND_ENTRIES_MAX * ENTRY_BYTES, "open");
    const entries = await entriesOf(directory);
    const root = entries[0];
    if (root === undefined) throw broken("it has no root");
    return new CompoundFile(source, sizes, tables, root, childrenOf(entries, root));
  }

  names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** A stream of the root folder; undefined where there is none of this name. */
  async stream(name: string): Promise<RangeSource | undefined> {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    if (entry.bytes >= MINI_CUTOFF_BYTES) {
      return await this.#chain(entry.start, entry.bytes, "exact");
    }
    return await this.#miniStream(entry);
  }

  async #miniStream(entry: Entry): Promise<RangeSource> {
    this.#mini ??= await this.#openMini();
    const { table, stream } = this.#mini;
    const stretches: Stretch[] = [];
    let sector = entry.start;
    for (let left = entry.bytes; left > 0; left -= MINI_SECTOR_BYTES) {
      const length = Math.min(left, MINI_SECTOR_BYTES);
      add(stretches, sector * MINI_SECTOR_BYTES, length, stream.length);
      if (left > MINI_SECTOR_BYTES) sector = table.u32(sector * 4);
    }
    return new StretchedSource(stream, stretches);
  }

  async #openMini(): Promise<{ table: LittleEndian; stream: RangeSource }> {
    const chain = await this.#chain(this.#sizes.miniTable, COMPOUND_MINI_TABLE_BYTES_MAX, "open");
    const table = new LittleEndian(await chain.read(0, chain.length), RULE);
    return { table, stream: await this.#chain(this.#root.start, this.#root.bytes, "exact") };
  }

  /**
   * The sectors that follow from one on. `exact`: `bytes` of them. `open`: until the chain ends, at most
   * `bytes`. Either way a chain that goes in circles ends.
   */
  async #chain(start: number, bytes: number, how: "exact" | "open"): Promise<RangeSource> {
    const { sector: sectorBytes } = this.#sizes;
    // No stream is longer than its file.
    if (how === "exact") refuseOutside(this.#source.length, 0, bytes);
    const stretches: Stretch[] = [];
    let sector = start;
    let steps = 0;
    let left = bytes;
    for (; left > 0; left -= sectorBytes) {
      if (how === "open" && sector >= SECTOR_MAX) break;
      // The last sector of a file may be cut off where its bytes are not needed.
      const offset = (sector + 1) * sectorBytes;
      const rest = how === "exact" ? left : this.#source.length - offset;
      add(stretches, offset, Math.min(sectorBytes, rest), this.#source.length);
      if (left > sectorBytes) sector = await this.#after(sector);
      if (++steps % STEPS_PER_TURN === 0) await turn();
    }
    if (how === "open" && left <= 0 && sector < SECTOR_MAX) {
      throw new ProtocolError(
        "compound-too-large",
        `a chain of sectors has more than ${bytes} bytes, or no end`,
      );
    }
    return new StretchedSource(this.#source, stretches);
  }

  async #after(sector: number): Promise<number> {
    const perTable = this.#sizes.sector / 4;
    const number = Math.floor(sector / perTable);
    if (this.#table?.number !== number) {
      const place = this.#tableSectors[number];
      if (place === undefined) throw broken(`there is no sector ${sector}`);
      const offset = (place + 1) * this.#sizes.sector;
      const bytes = await this.#source.read(offset, this.#sizes.sector);
      this.#table = { number, sectors: new LittleEndian(bytes, RULE) };
    }
    return this.#table.sectors.u32((sector % perTable) * 4);
  }
}

const EMPTY: Entry = {
  name: "",
  type: 0,
  left: NO_STREAM,
  right: NO_STREAM,
  child: NO_STREAM,
  start: END_OF_CHAIN,
  bytes: 0,
};

async function tableSectorsOf(
  source: RangeSource,
  header: LittleEndian,
  sectorBytes: number,
): Promise<readonly number[]> {
  // Each describes so many sectors: there are no more than fit into the file.
  const count = header.u32(0x2c);
  const most = Math.ceil(source.length / (sectorBytes * (sectorBytes / 4))) + 1;
  if (count > most) throw broken(`it says that it has ${count} tables of sectors`);
  const sectors: number[] = [];
  for (let n = 0; n < Math.min(count, HEADER_TABLE_PLACES); n++) {
    sectors.push(header.u32(0x4c + n * 4));
  }
  let next = header.u32(0x44);
  while (sectors.length < count) {
    if (next >= SECTOR_MAX) throw broken("its list of tables ends early");
    const bytes = await source.read((next + 1) * sectorBytes, sectorBytes);
    const list = new LittleEndian(bytes, RULE);
    for (let at = 0; at < sectorBytes - 4 && sectors.length < count; at += 4) {
      sectors.push(list.u32(at));
    }
    next = list.u32(sectorBytes - 4);
  }
  return sectors;
}

async function entriesOf(directory: RangeSource): Promise<readonly Entry[]> {
  const bytes = new LittleEndian(await directory.read(0, directory.length), RULE);
  return Array.from({ length: Math.floor(bytes.length / ENTRY_BYTES) }, (_, n) => {
    const at = n * ENTRY_BYTES;
    const nameBytes = Math.min(Math.max(bytes.u16(at + 0x40), 2), 64);
    return {
      name: utf16(bytes.slice(at, nameBytes - 2)),
      type: bytes.u8(at + 0x42),
      left: bytes.u32(at + 0x44),
      right: bytes.u32(at + 0x48),
      child: bytes.u32(at + 0x4c),
      start: bytes.u32(at + 0x74),
      // The upper half is garbage in files of version 3, whose streams have less than 2 GiB.
      bytes: bytes.u32(at + 0x78),
    };
  });
}

/** The streams of the root folder, which hang on a tree of siblings. */
function childrenOf(entries: readonly Entry[], root: Entry): ReadonlyMap<string, Entry> {
  const found = new Map<string, Entry>();
  const seen = new Set<number>();
  const waiting = [root.child];
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    if (id === NO_STREAM || seen.has(id)) continue;
    seen.add(id);
    const entry = entries[id];
    if (entry === undefined) throw broken(`its directory has no entry ${id}`);
    if (entry.type === STREAM) found.set(entry.name, entry);
    waiting.push(entry.left, entry.right);
  }
  return found;
}

function add(stretches: Stretch[], offset: number, length: number, whole: number): void {
  refuseOutside(whole, offset, length);
  const last = stretches.at(-1);
  if (last !== undefined && last.offset + last.length === offset) {
    last.length += length;
    return;
  }
  if (stretches.length === COMPOUND_STRETCHES_MAX) {
    throw new ProtocolError(
      "compound-too-large",
      `a stream is in more than ${COMPOUND_STRETCHES_MAX} pieces`,
    );
  }
  stretches.push({ offset, length });
}

/** Stretches of a source, as one. */
class StretchedSource implements RangeSource {
  readonly length: number;
  readonly #source: RangeSource;
  readonly #stretches: readonly Stretch[];
  /** Where each begins in what they make together. */
  readonly #starts: readonly number[];

  constructor(source: RangeSource, stretches: readonly Stretch[]) {
    this.#source = source;
    this.#stretches = stretches;
    let length = 0;
    this.#starts = stretches.map((stretch) => {
      length += stretch.length;
      return length - stretch.length;
    });
    this.length = length;
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    refuseOutside(this.length, offset, length);
    const bytes = new Uint8Array(length);
    let filled = 0;
    for (let n = this.#at(offset); filled < length; n++) {
      const [stretch, start] = [this.#stretches[n], this.#starts[n]];
      if (stretch === undefined || start === undefined) throw new Error("stretches end early");
      const from = offset + filled - start;
      const count = Math.min(stretch.length - from, length - filled);
      bytes.set(await this.#source.read(stretch.offset + from, count), filled);
      filled += count;
    }
    return bytes;
  }

  /** The stretch that an offset is in. */
  #at(offset: number): number {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return Math.max(low, 0);
  }
}

function broken(why: string): ProtocolError {
  return new ProtocolError(RULE, `the compound file cannot be read: ${why}`);
}
