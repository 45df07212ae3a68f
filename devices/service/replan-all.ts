import { AppError } from "../model/errors.ts";
import { filesOf, type PackageFile } from "../model/package.ts";
import type { Policy } from "../model/policy.ts";
import type { Ledger } from "./ledger.ts";
import { replan } from "./replan.ts";
import { type SiteContext, withDevice } from "./site-context.ts";

const PLANNED_TOGETHER = 16;

/**
 * Plans every device again: after a change of policy, and as time goes by. Devices that nothing
 * changed for cost a read and no write. A few devices at a time: they share a commit, and devices that
 * speak meanwhile are not kept waiting.
 */
export async function replanAll(context: SiteContext): Promise<void> {
  const devices = await context.store.deviceIds();
  for (let at = 0; at < devices.length; at += PLANNED_TOGETHER) {
    const group = devices.slice(at, at + PLANNED_TOGETHER);
    await Promise.all(group.map((device) => replanOne(context, device)));
  }
}

async function replanOne(context: SiteContext, device: Ledger["device"]["id"]): Promise<void> {
  try {
    await withDevice(context, device, (ledger) => {
      replan(context, ledger, { contact: false });
    });
  } catch (error) {
    // Removed since the list was read: nothing to plan.
    if (error instanceof AppError && error.code === "not-found") return;
    throw error;
  }
}

/** Files that open distributions need: fetched ahead of the window, newest distribution first. */
export function wantedFiles(policy: Policy, site: SiteContext["site"]): PackageFile[] {
  const wanted = new Map<string, PackageFile>();
  for (const distribution of policy.distributions) {
    if (distribution.stoppedAtMs !== null || distribution.operation === "uninstall") continue;
    if (distribution.sites.length > 0 && !distribution.sites.includes(site)) continue;
    const revision = policy.revisions.get(distribution.revision);
    for (const file of revision ? filesOf(revision) : []) wanted.set(file.sha256, file);
  }
  return [...wanted.values()];
}
