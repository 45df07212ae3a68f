import { LittleEndian } from "../../protocols/content/little-endian.ts";
import {
  readVersionResource,
  VERSION_RESOURCE_BYTES_MAX,
  type VersionResource,
} from "../../protocols/content/version-resource.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { type RangeSource, refuseOutside } from "./range-source.ts";

/** Sections of a program: Windows loads no more. */
export const PE_SECTIONS_MAX = 96;
/** Entries of one folder of resources. */
export const PE_RESOURCES_MAX = 4_096;

/** What a Windows program (EXE, DLL, OCX, …) says of itself. */
export interface PeFile {
  readonly architecture: string;
  readonly isDll: boolean;
  /** Null for a program that has none. */
  readonly version: VersionResource | null;
}

const RULE = "pe-malformed";
const MACHINES: Readonly<Record<number, string>> = {
  332: "x86",
  34404: "x64",
  448: "arm",
  450: "arm",
  452: "arm",
  43620: "arm64",
  358: "mips",
  614: "mips",
  870: "mips",
  1126: "mips",
  418: "sh3",
  419: "sh3",
  422: "sh4",
  512: "ia64",
};
const DLL = 0x2000;
const OPTIONAL_HEADER_BYTES_MAX = 1_024;
const RESOURCES = 2;
const VERSION_TYPE = 16;
const IS_FOLDER = 0x8000_0000;

interface Section {
  readonly address: number;
  readonly size: number;
  readonly offset: number;
}

/**
 * Reads a PE file's headers and its version; undefined for what is no PE file (a program of DOS, say).
 *
 * @throws ProtocolError `pe-malformed`, `file-truncated`, `version-resource`
 */
export async function readPe(source: RangeSource): Promise<PeFile | undefined> {
  if (source.length < 0x40) return undefined;
  const dos = new LittleEndian(await source.read(0, 0x40), RULE);
  if (dos.u16(0) !== 0x5a4d) return undefined;
  const at = dos.u32(0x3c);
  if (at + 24 > source.length) return undefined;
  const coff = new LittleEndian(await source.read(at, 24), RULE);
  if (coff.u32(0) !== 0x0000_4550) return undefined;
  const machine = coff.u16(4);
  const sections = coff.u16(6);
  const optionalBytes = coff.u16(20);
  if (sections > PE_SECTIONS_MAX) throw broken(`it has ${sections} sections`);
  if (optionalBytes > OPTIONAL_HEADER_BYTES_MAX) {
    throw broken(`its optional header has ${optionalBytes} bytes`);
  }
  const rest = new LittleEndian(await source.read(at + 24, optionalBytes + sections * 40), RULE);
  return {
    architecture: MACHINES[machine] ?? `0x${machine.toString(16).padStart(4, "0")}`,
    isDll: (coff.u16(22) & DLL) !== 0,
    version: await versionOf(
      source,
      resourceAddress(rest, optionalBytes),
      sectionsOf(rest, optionalBytes, sections),
    ),
  };
}

/** Where the resources begin in memory; 0 for a program without. */
function resourceAddress(header: LittleEndian, bytes: number): number {
  if (bytes < 2) return 0;
  const directories = header.u16(0) === 0x20b ? 112 : 96;
  const entry = directories + RESOURCES * 8;
  if (entry + 8 > bytes || header.u32(directories - 4) <= RESOURCES) return 0;
  return header.u32(entry);
}

function sectionsOf(header: LittleEndian, at: number, count: number): readonly Section[] {
  return Array.from({ length: count }, (_, n) => {
    const from = at + n * 40;
    const [virtual, address] = [header.u32(from + 8), header.u32(from + 12)];
    const [size, offset] = [header.u32(from + 16), header.u32(from + 20)];
    return { address, size: virtual === 0 ? size : Math.min(size, virtual), offset };
  });
}

async function versionOf(
  source: RangeSource,
  root: number,
  sections: readonly Section[],
): Promise<VersionResource | null> {
  const section = sections.find(({ address, size }) => root >= address && root < address + size);
  if (root === 0 || section === undefined) return null;
  const offsetOf = (address: number) => address - section.address + section.offset;
  // Type, name, language: a folder each; of the two latter the first is taken.
  let at = await entryOf(source, offsetOf(root), VERSION_TYPE);
  for (let level = 0; level < 2 && at !== undefined; level++) {
    if ((at & IS_FOLDER) === 0) throw broken("its version is a resource without a language");
    at = await entryOf(source, offsetOf(root + (at & ~IS_FOLDER)), undefined);
  }
  if (at === undefined) return null;
  if ((at & IS_FOLDER) !== 0) throw broken("its version is a folder");
  const data = new LittleEndian(await source.read(offsetOf(root + at), 8), RULE);
  const bytes = data.u32(4);
  if (bytes > VERSION_RESOURCE_BYTES_MAX) throw broken(`its version has ${bytes} bytes`);
  const offset = offsetOf(data.u32(0));
  refuseOutside(source.length, offset, bytes);
  return readVersionResource(await source.read(offset, bytes));
}

/** What an entry of a resource folder points to: of the given id, or the first. */
async function entryOf(
  source: RangeSource,
  folder: number,
  id: number | undefined,
): Promise<number | undefined> {
  const header = new LittleEndian(await source.read(folder, 16), RULE);
  const count = header.u16(12) + header.u16(14);
  if (count > PE_RESOURCES_MAX) throw broken(`a folder of resources has ${count} entries`);
  const entries = new LittleEndian(await source.read(folder + 16, count * 8), RULE);
  for (let n = 0; n < count; n++) {
    if (id === undefined || entries.u32(n * 8) === id) return entries.u32(n * 8 + 4);
  }
  return undefined;
}

function broken(why: string): ProtocolError {
  return new ProtocolError(RULE, `the program cannot be read: ${why}`);
}
