import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeFileSync } from "node:fs";

/** Bytes of what a program wrote that are told when it fails: its last ones. */
const TOLD_BYTES = 1_000;
/** Bytes of it that are kept on the disk, but for what it writes between two looks. */
export const OUTPUT_BYTES_MAX = 1024 * 1024;
/** Milliseconds between two looks at how much there is. Real time: programs write in it. */
const LOOK_MS = 200;

/**
 * What a program writes while it is waited for. It writes to a file, which outlives the agent as the program does,
 * and which is emptied whenever it has grown too long: a program that talks without end fills no disk.
 */
export class ProgramOutput implements Disposable {
  readonly #file: number;
  readonly #timer: NodeJS.Timeout;
  /** The last that was there when it was emptied. */
  #former: Buffer = Buffer.alloc(0);

  /** Empties the file; whoever writes to it appends. */
  constructor(path: string) {
    writeFileSync(path, "", { mode: 0o600 });
    this.#file = openSync(path, "r+");
    this.#timer = setInterval(() => this.#bound(), LOOK_MS);
  }

  /** The last that was written. */
  tail(): string {
    return Buffer.concat([this.#former, this.#last()])
      .subarray(-TOLD_BYTES)
      .toString("utf8")
      .trim();
  }

  #bound(): void {
    if (fstatSync(this.#file).size <= OUTPUT_BYTES_MAX) return;
    this.#former = this.#last();
    ftruncateSync(this.#file, 0);
  }

  #last(): Buffer {
    const { size } = fstatSync(this.#file);
    const bytes = Buffer.alloc(Math.min(size, TOLD_BYTES));
    const read = readSync(this.#file, bytes, 0, bytes.length, size - bytes.length);
    return bytes.subarray(0, read);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    closeSync(this.#file);
  }
}
