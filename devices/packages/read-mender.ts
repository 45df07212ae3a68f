import { gunzipSync, zstdDecompressSync } from "node:zlib";
import {
  type MenderHeader,
  readMenderHeader,
  readMenderVersion,
} from "../../protocols/content/mender-header.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { sha256Hex } from "../model/sha256.ts";
import { bytesSource, type RangeSource } from "./range-source.ts";
import { type TarEntry, tarEntries } from "./tar-entries.ts";

/** Of a header, packed and unpacked: it holds scripts at most. */
export const MENDER_HEADER_BYTES_MAX = 4 * 1024 ** 2;
/** Of its JSON and of its manifest, which has a line of a hundred bytes for each file. */
export const MENDER_TEXT_BYTES_MAX = 256 * 1024;

export interface MenderArtifact {
  readonly formatVersion: number;
  /** Null where its header is compressed in a way that is not read here (XZ). */
  readonly header: MenderHeader | null;
  readonly isSigned: boolean;
  readonly compression: "none" | "gzip" | "zstd" | "XZ";
}

/**
 * Reads a Mender artifact; undefined for another tar archive. Version and header have to be those that
 * the manifest states. [Mender artifact format 3]
 *
 * @throws ProtocolError `tar-…`, `mender-malformed`, `mender-checksum`, `mender-header`
 */
export async function readMender(source: RangeSource): Promise<MenderArtifact | undefined> {
  const entries = await tarEntries(source);
  const find = (name: string) => entries.find((entry) => entry.name === name);
  const [first] = entries;
  if (first?.name !== "version") return undefined;
  const version = await smallOf(source, first);
  const formatVersion = readMenderVersion(version);
  const manifest = find("manifest");
  const header = entries.find(({ name }) => /^header\.tar(\.(gz|xz|zst))?$/.test(name));
  if (manifest === undefined || header === undefined) throw broken("it has no manifest or header");
  const sums = sumsOf(await smallOf(source, manifest));
  checkSum(sums, "version", version);
  if (header.bytes > MENDER_HEADER_BYTES_MAX) throw broken(`its header has ${header.bytes} bytes`);
  const packed = await source.read(header.offset, header.bytes);
  checkSum(sums, header.name, packed);
  return {
    formatVersion,
    header: await headerOf(header.name, packed),
    isSigned: find("manifest.sig") !== undefined,
    compression: COMPRESSIONS[header.name] ?? "none",
  };
}

const COMPRESSIONS: Readonly<Record<string, MenderArtifact["compression"]>> = {
  "header.tar.gz": "gzip",
  "header.tar.zst": "zstd",
  "header.tar.xz": "XZ",
};

async function headerOf(name: string, packed: Uint8Array): Promise<MenderHeader | null> {
  const compression = COMPRESSIONS[name];
  if (compression === "XZ") return null;
  const tar = bytesSource(compression === undefined ? packed : unpacked(compression, packed));
  const info = (await tarEntries(tar)).find((entry) => entry.name === "header-info");
  if (info === undefined) throw broken("its header has no header-info");
  return readMenderHeader(await smallOf(tar, info));
}

function unpacked(compression: string, packed: Uint8Array): Uint8Array {
  const unpack = compression === "gzip" ? gunzipSync : zstdDecompressSync;
  try {
    return unpack(packed, { maxOutputLength: MENDER_HEADER_BYTES_MAX });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProtocolError("mender-malformed", `its header cannot be unpacked: ${why}`, {
      cause: error,
    });
  }
}

async function smallOf(source: RangeSource, { name, offset, bytes }: TarEntry) {
  if (bytes > MENDER_TEXT_BYTES_MAX) throw broken(`${name} has ${bytes} bytes`);
  return await source.read(offset, bytes);
}

/** Lines of a SHA-256 and a name. */
function sumsOf(manifest: Uint8Array): ReadonlyMap<string, string> {
  const lines = new TextDecoder().decode(manifest).split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [sum, name] = line.trim().split(/\s+/);
      return sum && name ? [[name, sum.toLowerCase()] as const] : [];
    }),
  );
}

function checkSum(sums: ReadonlyMap<string, string>, name: string, bytes: Uint8Array): void {
  if (sums.get(name) === sha256Hex(bytes)) return;
  throw new ProtocolError(
    "mender-checksum",
    `${name} of the artifact is not what its manifest says`,
  );
}

function broken(why: string): ProtocolError {
  return new ProtocolError("mender-malformed", `the artifact cannot be read: ${why}`);
}
