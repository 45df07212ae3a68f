import type { CatalogueItem } from "../../../protocols/agent/answers.ts";
import { labelOf } from "../../install/matrix.ts";
import { plannedFor } from "../../install/targets.ts";
import { isInHand } from "../../install/waiting.ts";
import { AppError } from "../../model/errors.ts";
import type { DeviceId, DistributionId } from "../../model/ids.ts";
import type { Installation } from "../../model/installation.ts";
import { hearReports } from "../contact/contact.ts";
import { requestInstallation, retryInstallation } from "../installations.ts";
import type { Ledger } from "../ledger.ts";
import { groupsAt } from "../replan.ts";
import type { SiteContext } from "../site-context.ts";

/** What the user of a device may ask for, in the order of its names. [PROTOCOL 7.1, D6] */
export function readCatalogue(context: SiteContext, id: DeviceId): Promise<CatalogueItem[]> {
  return hearReports(context, id, "agent", (ledger) => itemsOf(context, ledger));
}

/**
 * Starts what the user asks for, or tries again what failed. Asking twice is asking once. [PROTOCOL 7.2]
 *
 * @throws AppError "not-found" for what is not on the list, "conflict" for what cannot be asked for now
 */
export async function requestByUser(
  context: SiteContext,
  id: DeviceId,
  distribution: DistributionId,
): Promise<CatalogueItem> {
  const item = needItem(await readCatalogue(context, id), distribution);
  const key = { site: context.site, device: id, distribution };
  if (item.state === "failed") await retryInstallation(context, key, "user");
  else await requestInstallation(context, key, "user");
  return needItem(await readCatalogue(context, id), distribution);
}

function needItem(items: readonly CatalogueItem[], distribution: DistributionId): CatalogueItem {
  const item = items.find((one) => one.distribution === distribution);
  if (!item) throw new AppError("not-found", `${distribution} is not in this device's catalogue`);
  return item;
}

function itemsOf(context: SiteContext, ledger: Ledger): CatalogueItem[] {
  const policy = context.policy.read();
  const groups = groupsAt(policy, ledger.device);
  const items = ledger.rows.flatMap((row): CatalogueItem[] => {
    const distribution = policy.distributionsById.get(row.distribution);
    const app = policy.packages.get(row.package);
    if (distribution?.mode !== "on-demand" || !app || row.status === "not_relevant") return [];
    if (plannedFor(app, ledger.device, groups, policy)?.id !== distribution.id) return [];
    return [
      {
        distribution: row.distribution,
        name: app.name,
        version: row.targetVersion,
        description: app.description,
        publisher: app.publisher,
        operation: distribution.operation,
        state: stateOf(row),
        status: labelOf(row.platform, row.status),
        statusState: row.state,
      },
    ];
  });
  return items.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function stateOf(row: Installation): CatalogueItem["state"] {
  if (row.status === "failed" || row.status === "upgrade_failed") return "failed";
  if (isInHand(row)) return "in-hand";
  if (row.requestedAtMs !== null) return "requested";
  return row.status === "installed" && row.operation !== "uninstall" ? "installed" : "available";
}
