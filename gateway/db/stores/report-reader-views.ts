import { bucketOf, descriptionOf, labelOf } from "../../../devices/install/matrix.ts";
import type { Device } from "../../../devices/model/device.ts";
import { installationIdFrom, type SiteId } from "../../../devices/model/ids.ts";
import {
  BUCKETS,
  type Bucket,
  type Installation,
  type Operation,
  type Status,
} from "../../../devices/model/installation.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import type { SiteFreshness } from "../../reports/freshness.ts";
import type { BucketCounts, DeviceView, InstallationView } from "../../reports/report-reader.ts";
import { waitingAway, waitingHere } from "../../reports/waiting.ts";
import { MISSED_OCCURRENCES_ATTENTION } from "./report-reader-fields.ts";

/** What the names and words of a row come from. */
export interface ViewContext {
  readonly policy: Policy;
  readonly siteOf: (site: SiteId) => SiteFreshness;
  /** The rows are this gateway's own; false at the hub, which has them from afar. */
  readonly isAtSite: boolean;
}

export function installationView(
  row: Installation,
  device: Pick<Device, "name" | "lastContactMs" | "enrolment"> | null,
  { isAtSite, policy, siteOf }: ViewContext,
): InstallationView {
  const site = siteOf(row.site);
  const bucket = bucketOf(row.status, row.operation);
  return {
    ...row,
    ...(isAtSite
      ? waitingHere(row, bucket)
      : waitingAway(row, bucket, device ?? undefined, policy)),
    id: installationIdFrom(row),
    deviceName: device?.name ?? row.device,
    deviceLastContactMs: device?.lastContactMs ?? null,
    packageName: policy.packages.get(row.package)?.name ?? row.package,
    mode: policy.distributionsById.get(row.distribution)?.mode ?? "automatic",
    siteName: site.name,
    siteStale: site.stale,
    asOfMs: site.asOfMs,
    bucket,
    statusLabel: labelOf(row.platform, row.status),
    description: descriptionOf(row.platform, row.status, row.state),
    attention:
      row.missedOccurrences >= MISSED_OCCURRENCES_ATTENTION ||
      row.anomaly ||
      row.status === "failed" ||
      row.status === "upgrade_failed",
  };
}

/** A device's rows counted by what decides their bucket. */
export interface StatusCount {
  readonly status: string;
  readonly operation: string;
  readonly count: number;
}

/** The database only ever holds statuses and operations of the model. */
export function bucketCounts(counts: readonly StatusCount[]): BucketCounts {
  const sums: Record<Bucket, number> = {
    received: 0,
    pending: 0,
    failed: 0,
    not_applicable: 0,
    removed: 0,
  };
  for (const { status, operation, count } of counts) {
    sums[bucketOf(status as Status, operation as Operation)] += count;
  }
  return { ...sums, total: BUCKETS.reduce((total, bucket) => total + sums[bucket], 0) };
}

export function deviceView(
  device: Device,
  aliases: readonly string[],
  counts: readonly StatusCount[],
): DeviceView {
  return { ...device, aliases, counts: bucketCounts(counts) };
}
