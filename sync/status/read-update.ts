/**
 * Reads an update of a status document without loading the document: entries and directory lines
 * carry their own keys, so the parts are enough. Everything is checked here before any of it is
 * stored or applied. [PROTOCOL 4.8]
 */
import { ContentAny, ContentDeleted, decodeUpdate, GC, type ID, Item } from "yjs";
import { ProtocolError } from "../../protocols/errors.ts";
import { countParts } from "../documents/count-parts.ts";
import { STATUS_ELEMENTS_MAX, STATUS_PARTS_MAX } from "../limits.ts";
import { DIRECTORY_NAMES, type DirectoryLine, parseLine } from "./directories.ts";
import { parseEntry, type StatusEntry } from "./entry.ts";

const ARRAYS: ReadonlySet<string> = new Set(["entries", ...Object.values(DIRECTORY_NAMES)]);

/** Per writer (Yjs client id), how many of its structs are known. */
export type Clocks = ReadonlyMap<number, number>;

export interface StatusUpdate {
  readonly entries: readonly StatusEntry[];
  readonly lines: readonly DirectoryLine[];
  /** The clocks after this update. */
  readonly clocks: Clocks;
}

/** A whole stored document may have more elements than one frame may bring. */
export interface ReadLimits {
  readonly elements: number;
  readonly parts: number;
}

export const FRAME_LIMITS: ReadLimits = {
  elements: STATUS_ELEMENTS_MAX,
  parts: STATUS_PARTS_MAX,
};

/**
 * @param known the clocks before this update: it has to go on exactly there
 * @throws ProtocolError with rule `status-decode`, `status-shape`, `status-gap` or `status-limit`
 */
export function readStatusUpdate(
  update: Uint8Array,
  known: Clocks,
  limits: ReadLimits = FRAME_LIMITS,
): StatusUpdate {
  const structs = decode(update, limits.parts);
  const clocks = new Map(known);
  const items: Item[] = [];
  for (const struct of structs) {
    const expected = clocks.get(struct.id.client) ?? 0;
    if (struct.id.clock !== expected) {
      throw new ProtocolError("status-gap", "an update before this one is missing");
    }
    clocks.set(struct.id.client, expected + struct.length);
    if (struct instanceof Item) items.push(struct);
    else if (!(struct instanceof GC)) throw wrongShape("a gap inside the update");
  }
  for (const item of items) checkPlace(item, clocks);
  return { ...readElements(items, limits), clocks };
}

/** What is too much is found out before anything is made of it. */
function decode(update: Uint8Array, partsMax: number): ReturnType<typeof decodeUpdate>["structs"] {
  try {
    if (countParts(update, partsMax) <= partsMax) return decodeUpdate(update).structs;
  } catch (cause) {
    throw new ProtocolError("status-decode", "the update cannot be decoded", { cause });
  }
  throw overLimit(partsMax);
}

/** An item may only stand in one of our arrays, after and before items that are there. */
function checkPlace(item: Item, clocks: Clocks): void {
  if (item.parentSub !== null) throw wrongShape("a map key");
  const parent: unknown = item.parent;
  if (parent !== null && (typeof parent !== "string" || !ARRAYS.has(parent))) {
    throw wrongShape("a place outside the document's arrays");
  }
  if (!isKnown(item.origin, clocks) || !isKnown(item.rightOrigin, clocks)) {
    throw new ProtocolError("status-gap", "an update that this one builds on is missing");
  }
}

function isKnown(id: ID | null, clocks: Clocks): boolean {
  return id === null || id.clock < (clocks.get(id.client) ?? 0);
}

function readElements(
  items: readonly Item[],
  limits: ReadLimits,
): { readonly entries: readonly StatusEntry[]; readonly lines: readonly DirectoryLine[] } {
  const entries: StatusEntry[] = [];
  const lines: DirectoryLine[] = [];
  let elements = 0;
  for (const { content } of items) {
    if (content instanceof ContentDeleted) continue;
    if (!(content instanceof ContentAny)) throw wrongShape("content that is not a list of values");
    elements += content.arr.length;
    if (elements > limits.elements) throw overLimit(limits.elements);
    for (const value of content.arr) readElement(value, entries, lines);
  }
  return { entries, lines };
}

function readElement(value: unknown, entries: StatusEntry[], lines: DirectoryLine[]): void {
  if (!Array.isArray(value)) throw wrongShape("an element that is not a list");
  if (typeof value[0] === "number") {
    const entry = parseEntry(value);
    if (entry === undefined) throw wrongShape("an entry that this version cannot read");
    entries.push(entry);
    return;
  }
  const line = parseLine(value);
  if (line === undefined) throw wrongShape("a directory line that this version cannot read");
  lines.push(line);
}

function wrongShape(what: string): ProtocolError {
  return new ProtocolError("status-shape", `the update holds ${what}`);
}

function overLimit(max: number): ProtocolError {
  return new ProtocolError("status-limit", `the update has more than ${max} parts`);
}
