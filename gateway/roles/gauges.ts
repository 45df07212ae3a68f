import { count } from "drizzle-orm";
import { fieldIs } from "../../devices/filter/filter.ts";
import { BUCKETS } from "../../devices/model/installation.ts";
import { diskSpaceOf } from "../content/disk-floor.ts";
import { quarantine } from "../db/schema/link.ts";
import type { SqlReportReader } from "../db/stores/report-reader.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Foundation } from "./foundation.ts";
import type { HubDirectory } from "./hub-directory.ts";
import type { SiteUplink } from "./site-uplink.ts";

/** What a scrape reads at a site. No label names a device: there may be thousands. */
export function siteGauges(
  metrics: Metrics,
  foundation: Foundation,
  reports: SqlReportReader,
  uplink: SiteUplink,
): void {
  metrics.gauge("outpost_devices", async () => [
    { labels: {}, value: await reports.countDevices([fieldIs("removed", "false")]) },
  ]);
  metrics.gauge("outpost_installations", async () => {
    const buckets = await reports.buckets([]);
    return BUCKETS.map((bucket) => ({ labels: { bucket }, value: buckets[bucket] }));
  });
  metrics.gauge("outpost_content_bytes", () => [
    {
      labels: {},
      value: foundation.blobs
        .list()
        .filter(({ state }) => state === "complete")
        .reduce((sum, { bytes }) => sum + bytes, 0),
    },
  ]);
  metrics.gauge("outpost_disk_free_bytes", async () => [
    { labels: {}, value: (await diskSpaceOf(foundation.dataDir)()).freeBytes },
  ]);
  metrics.gauge("outpost_link_connected", async () => {
    const { phase } = await uplink.view();
    return [{ labels: {}, value: phase === "live" || phase === "backfill" ? 1 : 0 }];
  });
  metrics.gauge("outpost_link_waiting_facts", async () => {
    const { pendingFacts } = await uplink.view();
    return [{ labels: {}, value: Number(pendingFacts) }];
  });
}

/** What a scrape reads at the hub. */
export function hubGauges(metrics: Metrics, foundation: Foundation, directory: HubDirectory): void {
  metrics.gauge("outpost_hub_sites", async () => {
    const sites = await directory.sites();
    const revoked = sites.filter(({ revokedAtMs }) => revokedAtMs !== null).length;
    const stale = sites.filter((site) => site.revokedAtMs === null && site.stale).length;
    return [
      { labels: { state: "fresh" }, value: sites.length - revoked - stale },
      { labels: { state: "stale" }, value: stale },
      { labels: { state: "revoked" }, value: revoked },
    ];
  });
  metrics.gauge("outpost_hub_quarantined_frames", () => {
    const row = foundation.database.db.select({ value: count() }).from(quarantine).get();
    return [{ labels: {}, value: row?.value ?? 0 }];
  });
}
