import type { PartialFile } from "./partial-file.ts";

/** How far a transfer has come, as it is written down. */
export interface TransferNote {
  readonly filledBytes: number;
  /** The validator that belongs to these bytes; null where they cannot be resumed. */
  readonly validator: string | null;
  /** The file's length; undefined while nobody has told it. */
  readonly bytes: number | undefined;
  /** What went wrong last, in words for people. */
  readonly problem: string | null;
}

/** A file that is to be brought: where its bytes go, and what is known of them before they come. */
export interface TransferTarget {
  /** Who sends it, as a sentence begins: `The hub`, `contoso.com`. */
  readonly sender: string;
  readonly partialPath: string;
  /** The length in bytes; undefined while nobody has told it. */
  readonly bytes: number | undefined;
  /** A longer file is not taken. */
  readonly bytesMax: number;
  /** The part that is on the disk for sure, with its validator; undefined when there is none. */
  kept(): { readonly filledBytes: number; readonly validator: string } | undefined;
  /** It has come by another way meanwhile. */
  isHere(): boolean;
  note(note: TransferNote): Promise<void>;
  /** Verifies the whole file and stores it. Throws `TransferFailed` when it is not what was wanted. */
  finish(partial: PartialFile): Promise<void>;
}
