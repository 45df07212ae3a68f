import type { RevisionId, Sha256 } from "../../devices/model/ids.ts";

/** How far the file of one revision has come from its vendor: a row of the table `vendor_files`. */
export interface VendorRecord {
  readonly revision: RevisionId;
  readonly url: string;
  /** As far as the vendor has told it. */
  readonly bytes: number | null;
  /** Bytes of the partial file that are known to be on the disk. */
  readonly filledBytes: number;
  /** The vendor's validator that belongs to the partial file. */
  readonly validator: string | null;
  /** The hash of the whole file, once it was here and is to be pinned. */
  readonly sha256: Sha256 | null;
  /** What went wrong last, in words for people; null when nothing did. */
  readonly problem: string | null;
}

/** Every implementation passes `test/contracts/vendor-index.contract.ts`. */
export interface VendorIndex {
  /** All records in order of the revision; empty at first. */
  list(): Promise<readonly VendorRecord[]>;
  /** Inserts or replaces; on the disk when it resolves. */
  put(record: VendorRecord): Promise<void>;
  /** Unknown: no-op. */
  remove(revision: RevisionId): Promise<void>;
}
