import { createHash } from "node:crypto";
import { AppError } from "../../devices/model/errors.ts";
import type { Sha256 } from "../../devices/model/ids.ts";
import type { BlobStore } from "./blob-store.ts";

/** When to ask again for a file that is not here. */
const RETRY_AFTER_MS = 30_000;
/** Files whose digests are remembered. */
export const REMEMBERED_MAX = 10_000;

interface OtherDigests {
  /** Hexadecimal, in small letters. */
  readonly sha1: string;
  readonly md5: string;
}

/**
 * The SHA-1 and MD5 of files on hand, which clients of hawkBit's protocol compare. Only they ask for them,
 * so they are worked out when they are asked for, and again after a restart.
 */
export class FileDigests {
  readonly #store: Pick<BlobStore, "open">;
  readonly #known = new Map<Sha256, Promise<OtherDigests>>();

  constructor(store: Pick<BlobStore, "open">) {
    this.#store = store;
  }

  /** @throws AppError "unavailable" while the file is not here */
  of(sha256: Sha256): Promise<OtherDigests> {
    const known = this.#known.get(sha256);
    if (known !== undefined) return known;
    const reading = this.#read(sha256);
    this.#known.set(sha256, reading);
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED_MAX && oldest) this.#known.delete(oldest);
    // What failed is tried again by whoever asks next; whoever waits hears of it.
    reading.catch(() => this.#known.delete(sha256));
    return reading;
  }

  async #read(sha256: Sha256): Promise<OtherDigests> {
    const blob = await this.#store.open(sha256);
    if (!blob) {
      throw new AppError("unavailable", "the file is not on hand", {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    const sha1 = createHash("sha1");
    const md5 = createHash("md5");
    for await (const chunk of Bun.file(blob.path).stream()) {
      sha1.update(chunk);
      md5.update(chunk);
    }
    return { sha1: sha1.digest("hex"), md5: md5.digest("hex") };
  }
}
