import type { DeviceId, Sha256 } from "../model/ids.ts";
import type { PackageFile, Revision } from "../model/package.ts";

/** What a plan needs to know of the content on hand. */
export interface ContentCatalogue {
  /** True when the whole file is on this gateway's disk and verified. */
  has(sha256: Sha256): boolean;
  /** A sentence for people about a file that is not here yet: progress, or what blocks it. */
  describeMissing(sha256: Sha256): string;
  /** The same about a revision whose file is still to be fetched from its vendor. */
  describeSource(revision: Revision): string;
  /** The gateway's own signed URL for one device, valid at least until `untilMs`. [D27] */
  urlFor(file: PackageFile, device: DeviceId, untilMs: number, base: string): string;
}
