import type { Filter } from "../../devices/filter/filter.ts";
import type { Device } from "../../devices/model/device.ts";
import type { Fact } from "../../devices/model/fact.ts";
import type { DeviceId, InstallationId, InstallationKey, Sha256 } from "../../devices/model/ids.ts";
import type { Bucket, Installation } from "../../devices/model/installation.ts";
import type { InventoryItem } from "../../devices/model/inventory.ts";

/** One row as people read it: the installation with the names and words that go with it. */
export interface InstallationView extends Installation {
  readonly id: InstallationId;
  readonly deviceName: string;
  readonly packageName: string;
  readonly siteName: string;
  readonly bucket: Bucket;
  /** The platform's own label of the status, byte for byte. */
  readonly statusLabel: string;
  /** What (status, state) means, in our words. */
  readonly description: string;
  readonly mode: "automatic" | "on-demand";
  /** No progress for two occurrences, an anomaly, or a failure nobody has retried. */
  readonly attention: boolean;
  /** At the hub: the site has not been heard for longer than the stale limit. Always false at a site. */
  readonly siteStale: boolean;
  /** The site's state is known as of this time; at a site, now. */
  readonly asOfMs: number | null;
  readonly deviceLastContactMs: number | null;
  /** What has to happen first, where `nextAttemptMs` is null and the row waits. */
  readonly nextAttemptNote: string;
  /** At the hub: the site can say more of the reason than is known here. Always false at a site. */
  readonly siteKnowsMore: boolean;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** Opaque; undefined on the last page. */
  readonly next: string | undefined;
}

export interface ListQuery {
  readonly filter: Filter;
  /** 1 to `PAGE_ROWS_MAX`. */
  readonly limit: number;
  readonly cursor?: string;
  /** A field of the list, with `-` before it for descending. */
  readonly sort?: string;
}

export const PAGE_ROWS_MAX = 500;
export const PAGE_ROWS_DEFAULT = 50;

export type BucketCounts = Readonly<Record<Bucket, number>> & { readonly total: number };

/** One line of an aggregate report. */
export interface BreakdownRow {
  readonly platform: string;
  readonly status: string;
  readonly statusLabel: string;
  readonly state: string | null;
  readonly description: string;
  readonly bucket: Bucket;
  readonly count: number;
}

/** Counts grouped by one field, with the bucket split: stacked bars. */
export interface GroupedCounts {
  readonly key: string;
  readonly label: string;
  readonly counts: BucketCounts;
}

export interface DeviceView extends Device {
  readonly aliases: readonly string[];
  readonly counts: BucketCounts;
}

/** One blob of the content page. */
export interface BlobView {
  readonly sha256: Sha256;
  readonly md5: string | null;
  readonly name: string;
  readonly bytes: number;
  readonly state: "wanted" | "filling" | "complete" | "quarantined";
  readonly filledBytes: number;
  readonly problem: string | null;
  readonly servedRequests: number;
  readonly servedBytes: number;
}

/**
 * ONE query behind every number: counts, lists, CSV, charts and links all go through the same
 * translation of the same filter, so a count is the length of its list.
 *
 * Unless the filter names `counted`, only rows with `counted` are seen; unless it names `site`, only
 * `winner` rows; and unless it names `distribution` or `current`, only `current` rows. [D4]
 */
export interface ReportReader {
  count(filter: Filter): Promise<number>;
  list(query: ListQuery): Promise<Page<InstallationView>>;
  buckets(filter: Filter): Promise<BucketCounts>;
  /** Non-zero lines; `includeEmpty` adds every other row of the platforms' matrices with count 0. */
  breakdown(filter: Filter, options: { readonly includeEmpty: boolean }): Promise<BreakdownRow[]>;
  groupedBy(
    field: "package" | "distribution" | "site" | "platform" | "version" | "reason",
    filter: Filter,
  ): Promise<GroupedCounts[]>;
  installation(key: InstallationKey): Promise<InstallationView | undefined>;
  /** All facts of one installation, oldest first, late and repeated ones included. */
  history(key: InstallationKey): Promise<readonly Fact[]>;
  devices(query: ListQuery): Promise<Page<DeviceView>>;
  countDevices(filter: Filter): Promise<number>;
  device(id: DeviceId): Promise<DeviceView | undefined>;
  inventory(id: DeviceId): Promise<readonly InventoryItem[]>;
  /**
   * What happened to a device as such, in words, the latest first: `DEVICE_EVENTS_MAX` of them. With
   * them the last list of apps that could not be read as it was told, and why.
   */
  deviceEvents(id: DeviceId): Promise<readonly DeviceEvent[]>;
  /** Rises whenever anything a page shows may have changed; live pages re-read when it does. */
  changeCounter(): number;
}

/** The latest that are shown; all of them are in the journal. */
export const DEVICE_EVENTS_MAX = 50;

export type DeviceEvent = Pick<Fact, "atMs" | "text" | "by" | "protocol">;
