import {
  type Fetch,
  type FetchOutcome,
  fetchContent,
  newPartialFile,
  type PartialFile,
} from "../fetch-content.ts";
import type { Random } from "../random.ts";

/** After so many breaks of its line a download from one address is given up. */
export const BREAKS_MAX = 6;

export type Downloaded =
  | { readonly kind: "complete"; readonly sha256: string; readonly file: PartialFile }
  /** The line broke; the next call goes on. */
  | { readonly kind: "again" }
  | { readonly kind: "failed"; readonly outcome: Exclude<FetchOutcome, { kind: "complete" }> };

export interface DownloadContext {
  readonly fetch: Fetch;
  readonly random: Random;
}

/** One file from one address, over a line that may break. */
export class Download {
  readonly url: string;
  readonly #partial: PartialFile;
  readonly #wantedBreaks: number;
  #breaks = 0;

  /** @param keptBytesMax of a file whose content is looked at afterwards */
  constructor(url: string, wantedBreaks: number, keptBytesMax = 0) {
    this.url = url;
    this.#wantedBreaks = wantedBreaks;
    this.#partial = newPartialFile(keptBytesMax);
  }

  async go({ fetch, random }: DownloadContext): Promise<Downloaded> {
    const outcome = await fetchContent(fetch, this.url, this.#partial, this.#cutPoint(random));
    if (outcome.kind === "complete") {
      return { kind: "complete", sha256: outcome.sha256, file: this.#partial };
    }
    // Busy, or still being filled: a device tries again; any other refusal is final.
    const mayPass =
      outcome.kind === "broken" ||
      (outcome.kind === "refused" && [416, 503].includes(outcome.httpStatus));
    this.#breaks += 1;
    if (mayPass && this.#breaks <= BREAKS_MAX) return { kind: "again" };
    return { kind: "failed", outcome };
  }

  /** Where this attempt's line breaks, in bytes, if it is meant to. */
  #cutPoint(random: Random): number | undefined {
    if (this.#breaks >= this.#wantedBreaks) return undefined;
    const { totalBytes = 64 * 1024, bytes } = this.#partial;
    return random.between(1, Math.max(1, Math.floor((totalBytes - bytes) / 2)));
  }
}
