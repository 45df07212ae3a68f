import { ProtocolError } from "../../protocols/errors.ts";
import { type RangeSource, refuseOutside, turn } from "./range-source.ts";

export const TAR_ENTRIES_MAX = 10_000;
const BLOCK = 512;
const HEADERS_PER_TURN = 500;
/** Kinds that describe the next file instead of being one. */
const DESCRIPTIONS = "xgLK";

export interface TarEntry {
  readonly name: string;
  readonly bytes: number;
  readonly offset: number;
}

/**
 * What is in a tar archive; its contents are left alone. Long names of extensions are not put together.
 *
 * @throws ProtocolError `tar-malformed`, `tar-too-many`, `file-truncated`
 */
export async function tarEntries(source: RangeSource): Promise<readonly TarEntry[]> {
  const entries: TarEntry[] = [];
  let at = 0;
  for (let headers = 1; at + BLOCK <= source.length; headers++) {
    if (headers % HEADERS_PER_TURN === 0) await turn();
    const header = await source.read(at, BLOCK);
    if (header.every((byte) => byte === 0)) return entries;
    if (!isSummed(header)) throw broken(`the header at byte ${at} is damaged`);
    const bytes = octal(header, 124, 12);
    refuseOutside(source.length, at + BLOCK, bytes);
    if (!DESCRIPTIONS.includes(String.fromCharCode(header[156] ?? 0))) {
      if (entries.length === TAR_ENTRIES_MAX) {
        throw new ProtocolError(
          "tar-too-many",
          `the archive has more than ${TAR_ENTRIES_MAX} files`,
        );
      }
      entries.push({ name: nameOf(header), bytes, offset: at + BLOCK });
    }
    at += BLOCK + Math.ceil(bytes / BLOCK) * BLOCK;
  }
  return entries;
}

function nameOf(header: Uint8Array): string {
  const prefix = text(header, 257, 5) === "ustar" ? text(header, 345, 155) : "";
  const name = text(header, 0, 100).replace(/^\.\//, "");
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** The sum of the header, in which the sum itself counts as blanks. */
function isSummed(header: Uint8Array): boolean {
  let sum = 0;
  for (const [at, byte] of header.entries()) sum += at >= 148 && at < 156 ? 0x20 : byte;
  return sum === octal(header, 148, 8);
}

function octal(header: Uint8Array, at: number, length: number): number {
  // Larger than 8 GiB: the first bit is set, and the number is binary.
  if (((header[at] ?? 0) & 0x80) !== 0) throw broken("a file has more than 8 GiB");
  const digits = text(header, at, length).trim();
  if (!/^[0-7]*$/.test(digits)) throw broken(`"${digits}" is no number`);
  return digits === "" ? 0 : Number.parseInt(digits, 8);
}

function text(header: Uint8Array, at: number, length: number): string {
  const bytes = header.subarray(at, at + length);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

function broken(why: string): ProtocolError {
  return new ProtocolError("tar-malformed", `the tar archive cannot be read: ${why}`);
}
