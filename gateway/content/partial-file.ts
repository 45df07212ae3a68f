import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { AppError } from "../../devices/model/errors.ts";
import { parseSha256, type Sha256 } from "../../devices/model/ids.ts";

/** Chunks off the network are gathered to this size before they are written. */
const WRITE_BYTES = 1024 * 1024;

export interface Digests {
  readonly sha256: Sha256;
  readonly md5: string;
}

/**
 * A file while it arrives: appended to, hashed on the way, never served.
 *
 * What `append` took is on the disk only after `sync`.
 */
export class PartialFile implements AsyncDisposable {
  readonly path: string;
  readonly #handle: FileHandle;
  readonly #sha256: Hash = createHash("sha256");
  readonly #md5: Hash = createHash("md5");
  readonly #pending = new Uint8Array(WRITE_BYTES);
  #pendingBytes = 0;
  #writtenBytes = 0;
  #closed = false;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** A new, empty file; one of this name is replaced. */
  static async create(path: string): Promise<PartialFile> {
    return new PartialFile(path, await open(path, "w+"));
  }

  /**
   * Goes on where a file stood: reads its first `bytes` bytes again for the hashes and drops what
   * follows, which was never known to be on the disk. Undefined when the file is missing or shorter.
   */
  static async resume(path: string, bytes: number): Promise<PartialFile | undefined> {
    const handle = await openExisting(path);
    if (!handle) return undefined;
    const file = new PartialFile(path, handle);
    try {
      if (!(await file.#readBack(bytes))) {
        await file.close();
        return undefined;
      }
      await handle.truncate(bytes);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Bytes appended so far, written or not. */
  get bytes(): number {
    return this.#writtenBytes + this.#pendingBytes;
  }

  /** Throws AppError "no-room" when the disk is full. */
  async append(chunk: Uint8Array): Promise<void> {
    this.#sha256.update(chunk);
    this.#md5.update(chunk);
    let taken = 0;
    while (taken < chunk.length) {
      const piece = chunk.subarray(taken, taken + WRITE_BYTES - this.#pendingBytes);
      this.#pending.set(piece, this.#pendingBytes);
      this.#pendingBytes += piece.length;
      taken += piece.length;
      if (this.#pendingBytes === WRITE_BYTES) await this.#writePending();
    }
  }

  /** Resolves when every byte appended so far is on the disk; the answer is how many these are. */
  async sync(): Promise<number> {
    await this.#writePending();
    await this.#handle.datasync().catch(rethrowFull);
    return this.#writtenBytes;
  }

  /** Of all bytes appended so far. */
  digests(): Digests {
    const sha256 = parseSha256(this.#sha256.copy().digest("hex"));
    if (!sha256) throw new Error("a SHA-256 digest is not 64 hexadecimal digits");
    return { sha256, md5: this.#md5.copy().digest("hex") };
  }

  /** Closes without writing what is pending. Closing twice is closing once. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#handle.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #writePending(): Promise<void> {
    let written = 0;
    while (written < this.#pendingBytes) {
      const { bytesWritten } = await this.#handle
        .write(this.#pending, written, this.#pendingBytes - written, this.#writtenBytes)
        .catch(rethrowFull);
      written += bytesWritten;
      this.#writtenBytes += bytesWritten;
    }
    this.#pendingBytes = 0;
  }

  async #readBack(bytes: number): Promise<boolean> {
    while (this.#writtenBytes < bytes) {
      const wanted = Math.min(WRITE_BYTES, bytes - this.#writtenBytes);
      const { bytesRead } = await this.#handle.read(this.#pending, 0, wanted, this.#writtenBytes);
      if (bytesRead === 0) return false;
      const read = this.#pending.subarray(0, bytesRead);
      this.#sha256.update(read);
      this.#md5.update(read);
      this.#writtenBytes += bytesRead;
    }
    return true;
  }
}

/** True for an error that says that a file or folder is not there. */
export function isMissing(error: unknown): boolean {
  return errorCodeOf(error) === "ENOENT";
}

async function openExisting(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r+");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function rethrowFull(error: unknown): never {
  const code = errorCodeOf(error);
  if (code !== "ENOSPC" && code !== "EDQUOT") throw error;
  throw new AppError("no-room", "The gateway's disk is full. Remove files, or use a larger disk.", {
    cause: error,
  });
}

function errorCodeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
