import {
  readSwDescription,
  SW_DESCRIPTION_BYTES_MAX,
  type SwDescription,
} from "../../protocols/content/sw-description.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { type RangeSource, refuseOutside } from "./range-source.ts";

export const CPIO_ENTRIES_MAX = 2_000;
const CPIO_NAME_BYTES_MAX = 1_024;
const HEADER_BYTES = 110;
const RULE = "cpio-malformed";

/** An image of SWUpdate: what is to be installed, and the files that are installed. */
export interface SwuImage extends SwDescription {
  /** There is a sw-description.sig beside the description. Whether it is right only the device can tell. */
  readonly isSigned: boolean;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

/**
 * Reads an SWU file; undefined for another cpio archive. [SWUpdate; cpio, new ASCII format]
 *
 * @throws ProtocolError `cpio-malformed`, `cpio-too-many`, `file-truncated`, and those of `readSwDescription`
 */
export async function readSwu(source: RangeSource): Promise<SwuImage | undefined> {
  const entries = await cpioEntries(source);
  const [first] = entries;
  // SWUpdate reads it as a stream: the description comes first.
  if (first?.name !== "sw-description") return undefined;
  if (first.bytes > SW_DESCRIPTION_BYTES_MAX) {
    throw broken(`sw-description has ${first.bytes} bytes`);
  }
  const description = readSwDescription(await source.read(first.offset, first.bytes));
  const files = entries.slice(1).filter(({ name }) => name !== SIGNATURE);
  return {
    ...description,
    isSigned: entries.some(({ name }) => name === SIGNATURE),
    files: files.map(({ name, bytes }) => ({ name, bytes })),
  };
}

const SIGNATURE = "sw-description.sig";

interface CpioEntry {
  readonly name: string;
  readonly bytes: number;
  readonly offset: number;
}

async function cpioEntries(source: RangeSource): Promise<readonly CpioEntry[]> {
  const entries: CpioEntry[] = [];
  let at = 0;
  for (;;) {
    const header = textOf(await source.read(at, HEADER_BYTES));
    if (!/^07070[12][0-9a-f]{104}$/i.test(header)) throw broken(`there is no header at byte ${at}`);
    const field = (number: number) =>
      Number.parseInt(header.slice(6 + number * 8, 14 + number * 8), 16);
    const [bytes, nameBytes] = [field(6), field(11)];
    if (nameBytes < 1 || nameBytes > CPIO_NAME_BYTES_MAX) {
      throw broken(`a name has ${nameBytes} bytes`);
    }
    const name = textOf(await source.read(at + HEADER_BYTES, nameBytes - 1));
    if (name === "TRAILER!!!") return entries;
    if (entries.length === CPIO_ENTRIES_MAX) {
      throw new ProtocolError(
        "cpio-too-many",
        `the archive has more than ${CPIO_ENTRIES_MAX} files`,
      );
    }
    const offset = aligned(at + HEADER_BYTES + nameBytes);
    refuseOutside(source.length, offset, bytes);
    entries.push({ name, bytes, offset });
    at = aligned(offset + bytes);
  }
}

function aligned(at: number): number {
  return Math.ceil(at / 4) * 4;
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function broken(why: string): ProtocolError {
  return new ProtocolError(RULE, `the archive cannot be read: ${why}`);
}
