import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { Sha256 } from "../../devices/model/ids.ts";
import type { NewBlobRecord } from "./blob-index.ts";
import type { BlobStore } from "./blob-store.ts";
import { type Digests, isMissing } from "./partial-file.ts";

/** Every file is read and hashed again so often, in case the disk has changed its bytes. */
export const SCRUB_EVERY_MS = 7 * 24 * 3_600_000;
/** One step reads at most so much; how often the job takes a step sets the speed. */
export const SCRUB_STEP_BYTES = 64 * 1024 ** 2;
const READ_BYTES = 1024 * 1024;

export type ScrubStep =
  /** Nothing is due. */
  | { readonly kind: "idle" }
  /** A file is read half way; the next step goes on. */
  | { readonly kind: "reading"; readonly sha256: Sha256 }
  | { readonly kind: "right"; readonly sha256: Sha256 }
  /** The bytes were wrong; the file is out of use and wanted again. */
  | { readonly kind: "quarantined"; readonly sha256: Sha256 };

interface Reading {
  readonly sha256: Sha256;
  /** What the store said of the file when the reading began. */
  readonly found: NewBlobRecord | undefined;
  readonly sha256Hash: Hash;
  readonly md5Hash: Hash;
  readBytes: number;
}

/**
 * Reads the store's files again, slowly, one after another: strays first, then whichever was verified
 * longest ago. A restart begins the current file anew.
 */
export class Scrub {
  readonly #store: BlobStore;
  readonly #stepBytes: number;
  #reading: Reading | undefined;

  constructor(store: BlobStore, stepBytes = SCRUB_STEP_BYTES) {
    this.#store = store;
    this.#stepBytes = stepBytes;
  }

  /** One step of the job. `nowMs` decides what is due. Calls must not overlap. */
  async scrubNext(nowMs: number): Promise<ScrubStep> {
    // A file that was replaced meanwhile would be hashed half old and half new.
    if (this.#reading && this.#changed(this.#reading)) this.#reading = undefined;
    this.#reading ??= this.#pick(nowMs);
    const reading = this.#reading;
    if (!reading) return { kind: "idle" };

    const ended = await readOn(
      this.#store.folder.blobPath(reading.sha256),
      reading,
      this.#stepBytes,
    );
    const { sha256 } = reading;
    if (!ended) return { kind: "reading", sha256 };
    this.#reading = undefined;
    return this.#conclude(reading, nowMs);
  }

  #pick(nowMs: number): Reading | undefined {
    const [stray] = this.#store.strays();
    if (stray) return newReading(stray, this.#store.find(stray));
    const [oldest] = this.#store
      .list()
      .filter(({ state }) => state === "complete")
      .sort((a, b) => (a.verifiedAtMs ?? 0) - (b.verifiedAtMs ?? 0));
    if (!oldest || nowMs - (oldest.verifiedAtMs ?? 0) < SCRUB_EVERY_MS) return undefined;
    return newReading(oldest.sha256, oldest);
  }

  #changed({ sha256, found }: Reading): boolean {
    const now = this.#store.find(sha256);
    return now?.state !== found?.state || now?.verifiedAtMs !== found?.verifiedAtMs;
  }

  async #conclude(reading: Reading, nowMs: number): Promise<ScrubStep> {
    const { sha256, readBytes } = reading;
    const found = reading.sha256Hash.digest("hex");
    if (found !== sha256) {
      const problem = `The file on the gateway's disk was damaged: its SHA-256 is ${found}.`;
      await this.#store.quarantine(sha256, problem);
      return { kind: "quarantined", sha256 };
    }
    if (this.#store.has(sha256)) await this.#store.noteVerified(sha256, nowMs);
    else {
      const digests = { sha256, md5: reading.md5Hash.digest("hex") };
      await this.#store.adoptStray(digests, `recovered-${sha256.slice(0, 8)}`, readBytes);
    }
    return { kind: "right", sha256 };
  }
}

/** Hashes a whole file; undefined when it is not there or its bytes are not those of its name. */
export async function verifyFile(
  path: string,
  expected: Sha256,
): Promise<(Digests & { readonly bytes: number }) | undefined> {
  const reading = newReading(expected, undefined);
  await readOn(path, reading, Number.POSITIVE_INFINITY);
  if (reading.sha256Hash.digest("hex") !== expected) return undefined;
  return { sha256: expected, md5: reading.md5Hash.digest("hex"), bytes: reading.readBytes };
}

function newReading(sha256: Sha256, found: NewBlobRecord | undefined): Reading {
  return {
    sha256,
    found,
    sha256Hash: createHash("sha256"),
    md5Hash: createHash("md5"),
    readBytes: 0,
  };
}

/** Reads on for at most `bytesMax`; true at the end of the file. A missing file ends at once. */
async function readOn(path: string, reading: Reading, bytesMax: number): Promise<boolean> {
  const handle = await openForReading(path);
  if (!handle) return true;
  try {
    const buffer = new Uint8Array(READ_BYTES);
    for (let read = 0; read < bytesMax; ) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, reading.readBytes);
      if (bytesRead === 0) return true;
      const piece = buffer.subarray(0, bytesRead);
      reading.sha256Hash.update(piece);
      reading.md5Hash.update(piece);
      reading.readBytes += bytesRead;
      read += bytesRead;
    }
    return false;
  } finally {
    await handle.close();
  }
}

async function openForReading(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
