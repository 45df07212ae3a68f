import type { DeviceId, DistributionId } from "./ids.ts";

/** One app that a device said is installed. */
export interface InventoryItem {
  readonly device: DeviceId;
  /** GUID in braces and upper case. */
  readonly productId: string;
  readonly version: string | null;
  readonly title: string | null;
  readonly publisher: string | null;
  /** ISO 8601 with Z, or null when the device's text could not be read. [Q41] */
  readonly installDate: string | null;
  readonly installDateRaw: string | null;
  readonly seenAtMs: number;
}

/**
 * What the site knows of a `Download/{ProductID}` node on a device: it decides whether the next
 * update starts with Add or with Replace, and whether there is a Status to poll. [Q39]
 */
export interface DownloadNode {
  readonly device: DeviceId;
  readonly productId: string;
  readonly distribution: DistributionId;
  /** The attempt whose Exec created or reused the node. */
  readonly attempt: number;
  /** The last Download/Status read, 0 to 7; null before the first. */
  readonly status: number | null;
  /** When the status last changed; the seven days are counted from here. */
  readonly changedAtMs: number;
  /** False while it was written without Atomic, and the device has not said yes to the Exec. */
  readonly executed: boolean;
  /** The device answered 404 for it: the node is gone. */
  readonly gone: boolean;
}
