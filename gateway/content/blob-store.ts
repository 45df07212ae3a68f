import { AppError, fieldError } from "../../devices/model/errors.ts";
import type { Sha256 } from "../../devices/model/ids.ts";
import { UPLOAD_BYTES_MAX } from "../../devices/model/limits.ts";
import type { Log } from "../../devices/ports/log.ts";
import { BlobFolder } from "./blob-folder.ts";
import type { BlobIndex, NewBlobRecord } from "./blob-index.ts";
import type { DiskFloor } from "./disk-floor.ts";
import { type Digests, PartialFile } from "./partial-file.ts";

/** After so many bytes a file that arrives is synced, and the floor of the disk looked at again. */
export const SYNC_EVERY_BYTES = 8 * 1024 ** 2;

export interface BlobStoreDeps {
  /** `<dataDir>/content`; made when it is missing. */
  readonly folder: string;
  readonly index: BlobIndex;
  readonly diskFloor: DiskFloor;
  readonly now: () => number;
  readonly log: Log;
}

/** What the sender says about the bytes it is about to send. */
export interface Upload {
  readonly name: string;
  /** Content-Length; undefined when the sender does not know. */
  readonly declaredBytes?: number | undefined;
  /** The file is not larger, as far as is known: room is kept for so much. Default `declaredBytes`. */
  readonly bytesAtMost?: number | undefined;
  readonly declaredSha256?: Sha256 | undefined;
  /** Default `UPLOAD_BYTES_MAX`. */
  readonly bytesMax?: number | undefined;
}

export interface StoredFile extends Digests {
  readonly name: string;
  readonly bytes: number;
}

/** A whole, verified file as it can be served: its length was checked a moment ago. */
export interface OpenedBlob {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: Sha256;
}

/** Opens the store: sweeps what an earlier run left half done and compares the index with the disk. */
export async function openBlobStore(deps: BlobStoreDeps): Promise<BlobStore> {
  const folder = new BlobFolder(deps.folder);
  const records = await deps.index.list();
  const filling = records.filter(({ state }) => state === "filling");
  await folder.prepare(new Set(filling.map(({ sha256 }) => sha256)));
  const store = new BlobStore(deps, folder, records);
  await store.compareWithDisk();
  return store;
}

/**
 * Content-addressed files on the disk of this gateway.
 *
 * A file is visible only when it is whole and its hash was right; it is never changed afterwards. The
 * index is read once and mirrored in memory, so that a plan can ask without waiting; this object is
 * its only writer, and the folder's.
 */
export class BlobStore {
  readonly folder: BlobFolder;
  readonly #deps: BlobStoreDeps;
  readonly #records = new Map<Sha256, NewBlobRecord>();
  readonly #strays = new Set<Sha256>();
  readonly #onLost: ((record: NewBlobRecord) => void)[] = [];

  /** Use `openBlobStore`. */
  constructor(deps: BlobStoreDeps, folder: BlobFolder, records: readonly NewBlobRecord[]) {
    this.#deps = deps;
    this.folder = folder;
    for (const record of records) this.#records.set(record.sha256, record);
  }

  /** True when the whole file is here and verified. */
  has(sha256: Sha256): boolean {
    return this.#records.get(sha256)?.state === "complete";
  }

  find(sha256: Sha256): NewBlobRecord | undefined {
    return this.#records.get(sha256);
  }

  list(): readonly NewBlobRecord[] {
    return [...this.#records.values()];
  }

  /** Files on the disk that the index does not call complete: their bytes were not checked yet. */
  strays(): readonly Sha256[] {
    return [...this.#strays];
  }

  /** Calls back whenever a complete file is lost, so that it can be fetched again. */
  onLost(listener: (record: NewBlobRecord) => void): void {
    this.#onLost.push(listener);
  }

  /**
   * A file ready to be served; undefined when it is not here. One that has vanished, or whose length is
   * wrong, is quarantined instead: wrong bytes are never served.
   */
  async open(sha256: Sha256): Promise<OpenedBlob | undefined> {
    const record = this.#records.get(sha256);
    if (record?.state !== "complete") return undefined;
    const bytes = await this.folder.lengthOf(sha256);
    if (bytes === record.bytes) return { path: this.folder.blobPath(sha256), bytes, sha256 };
    await this.quarantine(sha256, wrongLengthText(record.bytes, bytes));
    return undefined;
  }

  /**
   * Stores a file while it arrives. Sending the same bytes again gives the same answer.
   *
   * Throws AppError "too-large", "no-room", "unprocessable" when it is not what the sender declared,
   * and whatever the source throws when it breaks off; in each case nothing of it stays.
   */
  async receive(source: AsyncIterable<Uint8Array>, upload: Upload): Promise<StoredFile> {
    const { declaredBytes, bytesMax = UPLOAD_BYTES_MAX } = upload;
    if (declaredBytes !== undefined && declaredBytes > bytesMax) throw tooLarge(bytesMax);
    const room = declaredBytes ?? upload.bytesAtMost ?? 0;
    using reservation = await this.#deps.diskFloor.reserve(room);

    const path = this.folder.newUploadPath();
    try {
      await using partial = await PartialFile.create(path);
      let syncedBytes = 0;
      for await (const chunk of source) {
        if (partial.bytes + chunk.length > bytesMax) throw tooLarge(bytesMax);
        await partial.append(chunk);
        if (partial.bytes - syncedBytes < SYNC_EVERY_BYTES) continue;
        // Syncing on the way keeps the last sync, and with it the answer, short.
        reservation.wrote(partial.bytes - syncedBytes);
        syncedBytes = await partial.sync();
        await reservation.check();
      }
      const digests = partial.digests();
      const stored = { ...digests, name: upload.name, bytes: partial.bytes };
      refuseIfNotAsDeclared(upload, stored);
      if (!(await this.open(digests.sha256))) await this.adopt(partial, upload.name);
      return stored;
    } finally {
      await this.folder.discard(path);
    }
  }

  /**
   * Makes a partial file whose hash is known to be right the stored file of its digest, durably: the
   * bytes first, then the name, then the index.
   */
  async adopt(partial: PartialFile, name: string): Promise<void> {
    const digests = partial.digests();
    const bytes = await partial.sync();
    await this.folder.adopt(partial.path, digests.sha256);
    // Until the index knows it: should that fail, the scrub will find the file.
    this.#strays.add(digests.sha256);
    await this.#markComplete(digests, name, bytes);
  }

  /** Accepts a stray whose bytes were hashed and are right: they were stored before a crash. */
  async adoptStray(digests: Digests, name: string, bytes: number): Promise<void> {
    await this.#markComplete(digests, name, bytes);
  }

  /**
   * Writes down what is known of a file that is not here. Ignored when the file has become complete
   * meanwhile, by an upload of the same bytes for instance.
   */
  async note(record: NewBlobRecord & { readonly state: "wanted" | "filling" }): Promise<void> {
    if (this.has(record.sha256)) return;
    await this.#put(record);
  }

  /** The bytes were hashed again and are right. */
  async noteVerified(sha256: Sha256, atMs: number): Promise<void> {
    const record = this.#records.get(sha256);
    if (record?.state === "complete") await this.#put({ ...record, verifiedAtMs: atMs });
  }

  /** Takes a file out of use. `problem` says why, in words for people. */
  async quarantine(sha256: Sha256, problem: string): Promise<void> {
    this.#strays.delete(sha256);
    const record = this.#records.get(sha256);
    if (record?.state !== "complete") return this.folder.quarantine(sha256);

    const lost = { ...record, state: "quarantined", filledBytes: 0, problem } as const;
    // In memory first: from here on nobody is served from it, even if the disk refuses what follows.
    this.#records.set(sha256, lost);
    this.#deps.log.warn("content-quarantined", { sha256, name: record.name, problem });
    try {
      await this.folder.quarantine(sha256);
    } finally {
      await this.#deps.index.put(lost, this.#deps.now());
    }
    for (const listener of this.#onLost) listener(lost);
  }

  /** Part of opening: complete files must be there at full length; others that are there are strays. */
  async compareWithDisk(): Promise<void> {
    for (const sha256 of await this.folder.digests()) {
      if (!this.has(sha256)) this.#strays.add(sha256);
    }
    for (const { sha256, state } of this.list()) if (state === "complete") await this.open(sha256);
  }

  async #markComplete(digests: Digests, name: string, bytes: number): Promise<void> {
    const { sha256, md5 } = digests;
    await this.#put({
      sha256,
      md5,
      name: this.#records.get(sha256)?.name ?? name,
      bytes,
      state: "complete",
      filledBytes: bytes,
      etag: null,
      problem: null,
      verifiedAtMs: this.#deps.now(),
    });
    this.#strays.delete(sha256);
    this.#deps.log.info("content-stored", { sha256, name, bytes });
  }

  async #put(record: NewBlobRecord): Promise<void> {
    await this.#deps.index.put(record, this.#deps.now());
    this.#records.set(record.sha256, record);
  }
}

function refuseIfNotAsDeclared(upload: Upload, stored: StoredFile): void {
  const { declaredBytes, declaredSha256 } = upload;
  if (declaredBytes !== undefined && declaredBytes !== stored.bytes) {
    const message = `${declaredBytes} bytes were announced, ${stored.bytes} arrived. Send the file again.`;
    throw fieldError("/content-length", message);
  }
  if (declaredSha256 !== undefined && declaredSha256 !== stored.sha256) {
    const message =
      `The bytes that arrived have the SHA-256 ${stored.sha256}, not ${declaredSha256} as announced. ` +
      "Send the file again, or correct the digest.";
    throw fieldError("/digest", message);
  }
}

function tooLarge(bytesMax: number): AppError {
  const gibibytes = (bytesMax / 1024 ** 3).toFixed(1);
  return new AppError(
    "too-large",
    `One file may have at most ${bytesMax} bytes (${gibibytes} GiB). Split it, or use a smaller one.`,
  );
}

function wrongLengthText(expected: number, found: number | undefined): string {
  return found === undefined
    ? "The file has vanished from the gateway's disk."
    : `The file on the gateway's disk has ${found} bytes instead of ${expected}.`;
}
