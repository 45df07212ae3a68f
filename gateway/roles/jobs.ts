import type { Log } from "../../devices/ports/log.ts";
import { placeAllOrders } from "../../devices/service/virtual-tree/place-orders.ts";
import type { QuarantinedFrame } from "../../sync/ports/hub-store.ts";
import { readVersion } from "../config/version.ts";
import { Scrub } from "../content/scrub.ts";
import { livedTime } from "../db/stores/lived-time.ts";
import { prune } from "../db/stores/prune.ts";
import { deleteOldFacts, type ForgettableFacts } from "../db/stores/retention.ts";
import { ANSWER_MS } from "../http/idempotency.ts";
import type { Job } from "../jobs/scheduler.ts";
import type { Foundation } from "./foundation.ts";
import type { HubCore } from "./hub-core.ts";
import { tryQuarantineAgain } from "./quarantine-again.ts";
import type { Replanner } from "./replanner.ts";
import type { SiteCore } from "./site-core.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Work that comes back at any gateway. */
export function commonJobs(
  { accessStore, blobs, blobIndex, database, served, values }: Foundation,
  log: Log,
): Job[] {
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
    {
      name: "prune",
      everyMs: DAY_MS / 4,
      run: async (atMs) => {
        const nowMs = await livedTime(values, "prune", atMs);
        const realMs = await livedTime(values, "prune-by-real-time", Date.now());
        const deleted = await prune(database, { nowMs, realMs });
        if (deleted.size > 0) log.info("pruned", Object.fromEntries(deleted));
      },
    },
  ];
}

/** Work that comes back at a site. */
export function siteJobs(
  core: SiteCore,
  foundation: Foundation,
  replanner: Replanner,
  log: Log,
): Job[] {
  return [
    { name: "replan", everyMs: MINUTE_MS, run: () => replanner.run() },
    {
      name: "place-tree-orders",
      everyMs: MINUTE_MS,
      run: () => placeAllOrders(core.trees),
    },
    {
      name: "fetch-content",
      everyMs: 5 * SECOND_MS,
      run: async () => {
        core.puller.wake();
        core.vendors.wake();
      },
    },
    {
      name: "delete-old-facts",
      everyMs: DAY_MS / 4,
      run: async (nowMs) => {
        const { site } = core.context;
        const through = (await core.uplink.forgettableFacts()).map((one) => ({ site, ...one }));
        await forgetFacts(foundation, nowMs, core.settings.read(), through);
      },
    },
    ...core.enrolment.jobs,
    {
      name: "prune-sessions",
      everyMs: DAY_MS / 4,
      run: (nowMs) => core.sessions.prune(nowMs),
    },
    ...commonJobs(foundation, log),
  ];
}

/** Work that comes back at the hub. */
export function hubJobs(core: HubCore, foundation: Foundation, log: Log): Job[] {
  return [
    {
      name: "fetch-content",
      everyMs: 5 * SECOND_MS,
      run: async () => core.vendors.wake(),
    },
    {
      name: "delete-old-facts",
      everyMs: DAY_MS / 4,
      run: async (nowMs) => {
        await forgetFacts(foundation, nowMs, core.settings.read(), await core.factPositions());
      },
    },
    {
      name: "try-quarantine-again",
      everyMs: DAY_MS,
      run: async () => {
        const { database, values } = foundation;
        const takeAgain = (frame: QuarantinedFrame) => core.link.takeAgain(frame);
        await tryQuarantineAgain({ database, values, takeAgain, log }, await readVersion());
      },
    },
    ...commonJobs(foundation, log),
  ];
}

async function forgetFacts(
  { database, values }: Foundation,
  atMs: number,
  { factRetentionDays }: { readonly factRetentionDays: number },
  through: readonly ForgettableFacts[],
): Promise<void> {
  const nowMs = await livedTime(values, "facts", atMs);
  const beforeMs = nowMs - factRetentionDays * DAY_MS;
  await deleteOldFacts(database, { beforeMs, nowMs }, through);
}
