import { ProtocolError } from "../errors.ts";
import { LittleEndian, utf16 } from "./little-endian.ts";

/** A real one has a few KiB. */
export const VERSION_RESOURCE_BYTES_MAX = 256 * 1024;
export const VERSION_STRINGS_MAX = 500;
export const VERSION_STRING_CHARACTERS_MAX = 1_000;

/** What a Windows program says of its version. */
export interface VersionResource {
  /** Four numbers with dots, of the fixed part: what Windows compares. Null where there is none. */
  readonly fileVersion: string | null;
  readonly productVersion: string | null;
  /** Such as ProductName and CompanyName, of the first language. */
  readonly strings: ReadonlyMap<string, string>;
}

const RULE = "version-resource";
const FIXED_SIGNATURE = 0xfeef04bd;
/** VS_VERSIONINFO holds StringFileInfo, which holds StringTables, which hold Strings. */
const DEPTH_MAX = 4;

interface Block {
  readonly key: string;
  readonly isText: boolean;
  readonly valueAt: number;
  /** Bytes, or UTF-16 units where it is text. */
  readonly valueLength: number;
  readonly childrenAt: number;
  readonly end: number;
}

/**
 * Reads a VS_VERSIONINFO resource. [Win32, VS_VERSIONINFO]
 *
 * @throws ProtocolError `version-resource`
 */
export function readVersionResource(bytes: Uint8Array): VersionResource {
  const data = new LittleEndian(bytes, RULE);
  const root = blockAt(data, 0, data.length);
  if (root === undefined || root.key !== "VS_VERSION_INFO") {
    throw new ProtocolError(RULE, "the resource is no VS_VERSION_INFO");
  }
  const strings = new Map<string, string>();
  collect(data, root, 1, strings);
  return { ...fixedOf(data, root), strings };
}

function fixedOf(
  data: LittleEndian,
  root: Block,
): Pick<VersionResource, "fileVersion" | "productVersion"> {
  if (root.valueLength < 24 || data.u32(root.valueAt) !== FIXED_SIGNATURE) {
    return { fileVersion: null, productVersion: null };
  }
  const version = (at: number): string => {
    const [high, low] = [data.u32(at), data.u32(at + 4)];
    return [high >>> 16, high & 0xffff, low >>> 16, low & 0xffff].join(".");
  };
  return { fileVersion: version(root.valueAt + 8), productVersion: version(root.valueAt + 16) };
}

function collect(
  data: LittleEndian,
  parent: Block,
  depth: number,
  strings: Map<string, string>,
): void {
  let at = parent.childrenAt;
  while (at < parent.end && strings.size < VERSION_STRINGS_MAX) {
    const block = blockAt(data, at, parent.end);
    if (block === undefined) return;
    if (depth === DEPTH_MAX - 1) {
      const value = block.isText ? textOf(data, block) : "";
      if (value !== "" && !strings.has(block.key)) strings.set(block.key, value);
    } else if (depth > 1 || block.key === "StringFileInfo") {
      collect(data, block, depth + 1, strings);
    }
    at = aligned(block.end);
  }
}

/** Undefined for padding behind the last one. */
function blockAt(data: LittleEndian, at: number, limit: number): Block | undefined {
  if (at + 6 > limit) return undefined;
  const length = data.u16(at);
  if (length === 0) return undefined;
  const end = at + length;
  if (length < 8 || end > limit) {
    throw new ProtocolError(RULE, `a block at byte ${at} has ${length} bytes`);
  }
  const isText = data.u16(at + 4) === 1;
  const { text: key, end: keyEnd } = keyAt(data, at + 6, end);
  const valueAt = Math.min(aligned(keyEnd), end);
  const valueLength = data.u16(at + 2);
  const valueBytes = Math.min(isText ? valueLength * 2 : valueLength, end - valueAt);
  const childrenAt = aligned(valueAt + valueBytes);
  return { key, isText, valueAt, valueLength: valueBytes, childrenAt, end };
}

function keyAt(data: LittleEndian, at: number, limit: number): { text: string; end: number } {
  let end = at;
  while (end + 1 < limit && data.u16(end) !== 0) end += 2;
  return { text: utf16(data.slice(at, end - at)), end: end + 2 };
}

function textOf(data: LittleEndian, { valueAt, valueLength }: Block): string {
  const text = utf16(data.slice(valueAt, valueLength & ~1));
  return (text.split("\0")[0] ?? "").trim().slice(0, VERSION_STRING_CHARACTERS_MAX);
}

function aligned(at: number): number {
  return (at + 3) & ~3;
}
