import { Scrub } from "../content/scrub.ts";
import { deleteOldFacts } from "../db/stores/retention.ts";
import { ANSWER_MS } from "../http/idempotency.ts";
import type { Job } from "../jobs/scheduler.ts";
import type { Foundation } from "./foundation.ts";
import type { Replanner } from "./replanner.ts";
import type { SiteCore } from "./site-core.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Work that comes back at any gateway. */
export function commonJobs({ accessStore, blobs, blobIndex, served }: Foundation): Job[] {
  const scrub = new Scrub(blobs);
  return [
    {
      name: "scrub-content",
      everyMs: MINUTE_MS,
      run: async (nowMs) => {
        await scrub.scrubNext(nowMs);
      },
    },
    {
      name: "write-served-counts",
      everyMs: 30 * SECOND_MS,
      run: (nowMs) => served.flush(blobIndex, nowMs),
    },
    {
      name: "forget-expired",
      everyMs: 10 * MINUTE_MS,
      // Sessions are of real time, answers of the gateway's.
      run: (nowMs) => accessStore.sweep(Date.now(), nowMs - ANSWER_MS),
    },
  ];
}

/** Work that comes back at a site. */
export function siteJobs(core: SiteCore, foundation: Foundation, replanner: Replanner): Job[] {
  return [
    { name: "replan", everyMs: MINUTE_MS, run: () => replanner.run() },
    {
      name: "fetch-content",
      everyMs: 5 * SECOND_MS,
      run: async () => core.puller.wake(),
    },
    {
      name: "delete-old-facts",
      everyMs: DAY_MS / 4,
      run: async (nowMs) => {
        const beforeMs = nowMs - core.settings.read().factRetentionDays * DAY_MS;
        const acknowledged = await core.uplink.acknowledgedFacts();
        await deleteOldFacts(foundation.database, beforeMs, acknowledged);
      },
    },
    ...commonJobs(foundation),
  ];
}
