import { Doc, type Array as YArray } from "yjs";
import type { DeviceId, DistributionId } from "../../devices/model/ids.ts";
import type { Installation } from "../../devices/model/installation.ts";
import {
  DIRECTORY_NAMES,
  type Directories,
  type DirectoryLine,
  type DirectoryTag,
  emptyDirectories,
  packLine,
  parseLine,
} from "./directories.ts";
import { type EntryTuple, packEntry, sameTuple } from "./entry.ts";
import { rowCodeOf } from "./row-code.ts";

const TAGS = Object.keys(DIRECTORY_NAMES) as DirectoryTag[];

/**
 * A site's status document while the site writes it: one writer, public Yjs calls only, nothing is
 * observed. [design section 3, PROTOCOL 4]
 */
export class StatusDocument {
  readonly #doc: Doc;
  readonly #entries: YArray<EntryTuple>;
  readonly #directories: Directories = emptyDirectories();
  readonly #distributionIndex = new Map<DistributionId, number>();
  readonly #deviceIndex = new Map<DeviceId, number>();
  readonly #pairIndex = new Map<string, number>();
  readonly #versionIndex = new Map<string, number>();

  /** @param doc as loaded: its client id is fresh. The document belongs to this object from here. */
  constructor(doc: Doc = new Doc()) {
    this.#doc = doc;
    this.#entries = doc.getArray<EntryTuple>("entries");
    for (const tag of TAGS) this.#readDirectory(tag);
  }

  get doc(): Doc {
    return this.#doc;
  }

  /** How many installations it holds. */
  get size(): number {
    return this.#entries.length;
  }

  entries(): readonly EntryTuple[] {
    return this.#entries.toArray();
  }

  /**
   * Puts the last value of each changed row in, and takes the superseded ones out: one pass over the
   * entries, one transaction.
   *
   * @returns the update that carries exactly this change; undefined when nothing differs
   */
  flush(rows: readonly Installation[]): Uint8Array | undefined {
    const lines: DirectoryLine[] = [];
    const wanted = new Map<number, EntryTuple>();
    for (const row of rows) {
      const tuple = this.#tupleOf(row, lines);
      wanted.set(tuple[0], tuple);
    }
    const superseded: number[] = [];
    this.#entries.toArray().forEach((entry, position) => {
      const next = wanted.get(entry[0]);
      if (next === undefined) return;
      if (sameTuple(next, entry)) wanted.delete(entry[0]);
      else superseded.push(position);
    });
    if (wanted.size === 0 && lines.length === 0) return undefined;
    return this.#transact(() => {
      for (const tag of TAGS) {
        const own = lines.filter((line) => line.tag === tag).map(packLine);
        if (own.length > 0) this.#doc.getArray(DIRECTORY_NAMES[tag]).push(own);
      }
      for (const [start, count] of runsFromTheEnd(superseded)) this.#entries.delete(start, count);
      if (wanted.size > 0) this.#entries.push([...wanted.values()]);
    });
  }

  #tupleOf(row: Installation, lines: DirectoryLine[]): EntryTuple {
    return packEntry({
      key: this.#keyOf(row, lines),
      row: rowCodeOf(row),
      operation: row.operation,
      version: row.version === null ? 0 : this.#versionOf(row.version, lines) + 1,
      observedAtMs: row.observedAtMs,
      hlc: row.hlc,
      incarnation: row.incarnation,
      attempt: row.attempt,
      sequence: row.sequence,
      flags: row,
    });
  }

  #keyOf(row: Installation, lines: DirectoryLine[]): number {
    const name = `${row.distribution}.${row.device}`;
    const known = this.#pairIndex.get(name);
    if (known !== undefined) return known;
    const distribution = this.#numberOf(this.#distributionIndex, row.distribution, (index) => {
      const { distribution: id, package: app, revision, targetVersion } = row;
      lines.push({
        tag: "d",
        index,
        value: { distribution: id, package: app, revision, targetVersion },
      });
    });
    const device = this.#numberOf(this.#deviceIndex, row.device, (index) =>
      lines.push({ tag: "m", index, value: row.device }),
    );
    return this.#numberOf(this.#pairIndex, name, (index) =>
      lines.push({ tag: "p", index, value: { distribution, device } }),
    );
  }

  #versionOf(version: string, lines: DirectoryLine[]): number {
    return this.#numberOf(this.#versionIndex, version, (index) =>
      lines.push({ tag: "v", index, value: version }),
    );
  }

  #numberOf<Key>(index: Map<Key, number>, key: Key, add: (number: number) => void): number {
    const known = index.get(key);
    if (known !== undefined) return known;
    const number = index.size;
    index.set(key, number);
    add(number);
    return number;
  }

  #transact(change: () => void): Uint8Array {
    let update: Uint8Array | undefined;
    const capture = (bytes: Uint8Array) => {
      update = bytes;
    };
    this.#doc.on("update", capture);
    try {
      this.#doc.transact(change);
    } finally {
      this.#doc.off("update", capture);
    }
    if (update === undefined) throw new Error("invariant broken: a flush changed nothing");
    return update;
  }

  #readDirectory(tag: DirectoryTag): void {
    for (const value of this.#doc.getArray<readonly unknown[]>(DIRECTORY_NAMES[tag]).toArray()) {
      const line = parseLine(value);
      if (line === undefined)
        throw new Error(`invariant broken: a line of our own directory ${tag}`);
      this.#remember(line);
    }
  }

  #remember(line: DirectoryLine): void {
    switch (line.tag) {
      case "d":
        this.#directories.distributions[line.index] = line.value;
        this.#distributionIndex.set(line.value.distribution, line.index);
        break;
      case "m":
        this.#directories.devices[line.index] = line.value;
        this.#deviceIndex.set(line.value, line.index);
        break;
      case "p": {
        const distribution = this.#directories.distributions[line.value.distribution];
        const device = this.#directories.devices[line.value.device];
        this.#pairIndex.set(`${distribution?.distribution}.${device}`, line.index);
        break;
      }
      case "v":
        this.#versionIndex.set(line.value, line.index);
        break;
    }
  }
}

/** Positions, ascending, as [start, length] runs from the last to the first. */
function runsFromTheEnd(positions: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const position of positions) {
    const last = runs.at(-1);
    if (last && last[0] + last[1] === position) last[1] += 1;
    else runs.push([position, 1]);
  }
  return runs.reverse();
}
