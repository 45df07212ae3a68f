import type { Sha256 } from "../../devices/model/ids.ts";

/**
 * `wanted`: known, not here yet. `filling`: a partial file is on the disk. `complete`: here and
 * verified. `quarantined`: was here, and its bytes turned out to be wrong; nobody is served from it.
 */
export const BLOB_STATES = ["wanted", "filling", "complete", "quarantined"] as const;
export type BlobState = (typeof BLOB_STATES)[number];

/** One file known to this gateway: a row of the table `blobs`. */
export interface BlobRecord {
  readonly sha256: Sha256;
  /** Lower-case hexadecimal; null until the whole file has been read once. */
  readonly md5: string | null;
  /** The name it came with first, for people. Never a path. */
  readonly name: string;
  readonly bytes: number;
  readonly state: BlobState;
  /** Bytes of the partial file that are known to be on the disk (fdatasync came first). */
  readonly filledBytes: number;
  /** The origin's validator that belongs to the partial file. */
  readonly etag: string | null;
  /** What went wrong last, in words for people; null when nothing did. */
  readonly problem: string | null;
  readonly createdAtMs: number;
  /** When the bytes on the disk were last hashed and found right. */
  readonly verifiedAtMs: number | null;
  readonly lastUsedAtMs: number | null;
}

/** What a caller writes: the rest belongs to the index. */
export type NewBlobRecord = Omit<BlobRecord, "createdAtMs" | "lastUsedAtMs">;

/** Answers given since the last time they were written down. */
export interface ServedCount {
  readonly sha256: Sha256;
  /** The UTC day, `YYYY-MM-DD`. */
  readonly day: string;
  readonly requests: number;
  /** Bytes of the bodies that were answered, as Content-Length said. */
  readonly bytes: number;
}

/**
 * What the gateway knows of its files: the tables `blobs` and `content_served`.
 *
 * The files are the truth about bytes; this is the truth about which of them were verified.
 * Every implementation passes `test/contracts/blob-index.contract.ts`.
 */
export interface BlobIndex {
  /** All records in order of `sha256`; empty at first. */
  list(): Promise<readonly BlobRecord[]>;

  find(sha256: Sha256): Promise<BlobRecord | undefined>;

  /**
   * Inserts or replaces the record and resolves after the COMMIT reached the disk. `createdAtMs` is
   * set to `atMs` when the row is new and kept when it is not; `lastUsedAtMs` is never touched. Doing
   * it twice is doing it once.
   */
  put(record: NewBlobRecord, atMs: number): Promise<void>;

  /** Forgets the record and its counts. Unknown: no-op. */
  remove(sha256: Sha256): Promise<void>;

  /**
   * Adds to the counts, a row per file and day, and sets `lastUsedAtMs` of each named file to the
   * later of its own and `atMs`. Adds every time: the caller hands each answer over once.
   */
  addServed(counts: readonly ServedCount[], atMs: number): Promise<void>;

  /** All counts in order of day, then `sha256`. `key` of the table is `<day>/<sha256>`. */
  listServed(): Promise<readonly ServedCount[]>;
}
