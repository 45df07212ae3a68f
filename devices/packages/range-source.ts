import { type FileHandle, open } from "node:fs/promises";
import { ProtocolError } from "../../protocols/errors.ts";
import type { Steps } from "../../protocols/steps.ts";

/** A file that is read where it is looked at, and nowhere else. */
export interface RangeSource {
  /** The length of the whole. */
  readonly length: number;
  /**
   * Exactly these bytes; they are the caller's.
   *
   * @throws ProtocolError `file-truncated` for a range that is not wholly inside
   */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A file on the disk is read in pages of so much: formats look at many small places near each other. */
const PAGE_BYTES = 64 * 1024;
const PAGES_KEPT = 8;

/** Bytes in memory. */
export function bytesSource(bytes: Uint8Array): RangeSource {
  return {
    length: bytes.length,
    read: async (offset, length) => {
      refuseOutside(bytes.length, offset, length);
      return bytes.slice(offset, offset + length);
    },
  };
}

/** A file on the disk; closed by whoever opened it. */
export class FileSource implements RangeSource, AsyncDisposable {
  readonly length: number;
  readonly #handle: FileHandle;
  /** By the page's number, the one that was used last at the end. */
  readonly #pages = new Map<number, Uint8Array>();

  private constructor(handle: FileHandle, length: number) {
    this.#handle = handle;
    this.length = length;
  }

  static async open(path: string): Promise<FileSource> {
    const handle = await open(path, "r");
    try {
      return new FileSource(handle, (await handle.stat()).size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    refuseOutside(this.length, offset, length);
    if (length > PAGE_BYTES) return await this.#readFile(offset, length);
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const number = Math.floor((offset + filled) / PAGE_BYTES);
      const from = offset + filled - number * PAGE_BYTES;
      const part = (await this.#page(number)).subarray(from, from + length - filled);
      bytes.set(part, filled);
      filled += part.length;
    }
    return bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }

  async #page(number: number): Promise<Uint8Array> {
    const offset = number * PAGE_BYTES;
    const page =
      this.#pages.get(number) ??
      (await this.#readFile(offset, Math.min(PAGE_BYTES, this.length - offset)));
    this.#pages.delete(number);
    this.#pages.set(number, page);
    for (const oldest of this.#pages.keys()) {
      if (this.#pages.size <= PAGES_KEPT) break;
      this.#pages.delete(oldest);
    }
    return page;
  }

  async #readFile(offset: number, length: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#handle.read(
        bytes,
        filled,
        length - filled,
        offset + filled,
      );
      // The file is shorter than it was when it was opened.
      if (bytesRead === 0) throw truncated(this.length, offset, length);
      filled += bytesRead;
    }
    return bytes;
  }
}

/** A part of a source, as a source of its own. */
export function sliceSource(whole: RangeSource, start: number, length: number): RangeSource {
  refuseOutside(whole.length, start, length);
  return {
    length,
    read: async (offset, count) => {
      refuseOutside(length, offset, count);
      return await whole.read(start + offset, count);
    },
  };
}

/** What reading a file may cost; whoever asks for more has been led astray by the file. */
export interface ReadBudget {
  readonly readsMax: number;
  readonly bytesMax: number;
}

/** Counts what is read, and ends a reading that was led in circles. */
export class MeteredSource implements RangeSource {
  readonly length: number;
  readonly #source: RangeSource;
  readonly #budget: ReadBudget;
  reads = 0;
  bytesRead = 0;

  constructor(source: RangeSource, budget: ReadBudget) {
    this.#source = source;
    this.#budget = budget;
    this.length = source.length;
  }

  /** @throws ProtocolError `file-reads-too-many` */
  async read(offset: number, length: number): Promise<Uint8Array> {
    refuseOutside(this.length, offset, length);
    this.reads += 1;
    this.bytesRead += length;
    if (this.reads > this.#budget.readsMax || this.bytesRead > this.#budget.bytesMax) {
      throw new ProtocolError(
        "file-reads-too-many",
        `it would take more than ${this.#budget.readsMax} reads or ${this.#budget.bytesMax} bytes to look through the file`,
      );
    }
    return await this.#source.read(offset, length);
  }
}

/** The bytes from one end to the other, in pieces; the event loop goes on in between. */
export async function* piecesOf(
  source: RangeSource,
  pieceBytes = 256 * 1024,
): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < source.length; offset += pieceBytes) {
    if (offset > 0) await turn();
    yield await source.read(offset, Math.min(pieceBytes, source.length - offset));
  }
}

/** Lets everything else have its turn: sources in memory answer without one. */
export async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

/** Runs a reading; everything else has its turn between its steps. */
export async function inTurns<Value>(steps: Steps<Value>): Promise<Value> {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
    await turn();
  }
}

/** @throws ProtocolError `file-truncated` */
export function refuseOutside(whole: number, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= whole) return;
  throw truncated(whole, offset, length);
}

function truncated(whole: number, offset: number, length: number): ProtocolError {
  return new ProtocolError(
    "file-truncated",
    `the file ends at byte ${whole}, but says that there are ${length} bytes at ${offset}`,
  );
}
