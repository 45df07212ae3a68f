import { findItem, productsOf, toldAtMs } from "../../install/products.ts";
import { isClaimed, isRemovalAccepted } from "../../install/progress.ts";
import { isOpen } from "../../install/waiting.ts";
import type { Installation } from "../../model/installation.ts";
import type { InventoryItem } from "../../model/inventory.ts";
import { compareVersions } from "../../model/version.ts";
import type { Conversation } from "./conversation-context.ts";
import { deviceReport } from "./device-report.ts";
import { IN_DOUBT, loseStatus, sendAgain } from "./doubt.ts";
import type { AppList } from "./list-reading.ts";
import { newestPresentRow } from "./present-row.ts";
import { servedApp } from "./served.ts";

/**
 * What a list that was just told says about rows. Rows that wait are the plan's business; here are
 * those whose work was done, failed or lost:
 *
 *   lost (node gone)        at the wanted version → Installed; else stale, sent again [S-43]
 *   in doubt                at the wanted version → Installed; else it never arrived: sent again
 *   claimed to be done      at the wanted version → Installed
 *   installed, failed       absent, where it was there → Removed, by the user unless known [D5]
 *   removed                 present → Installed again, without a new distribution [M-047]
 *   failed                  at the wanted version already → Installed
 */
export function compareInventory(conversation: Conversation, list: AppList): void {
  const { ledger, context } = conversation;
  const policy = context.policy.read();
  for (const row of ledger.rows) {
    const products = productsOf(policy, row.package);
    const isNamed = products.lists.some(
      (one) => one.provider === list.provider.name && one.context === list.context,
    );
    if (!isNamed) continue;
    const item = findItem(ledger.inventory, products);
    const served = servedApp(conversation, row);
    const isOwn = served?.provider === list.provider && served.address.context === list.context;
    const why = conversation.state.lost[row.distribution];
    if (isOwn && why !== undefined) {
      settleLost(conversation, list, row, item, why);
    } else if (isOwn && isOpen(row) && isClaimed(row) && row.operation !== "uninstall") {
      if (isDone(row, item)) report(conversation, list, row, "shown", installed(item));
    } else if (toldAtMs(ledger.device, ledger.inventoryReads, products, policy) !== null) {
      settleRow(conversation, list, row, item);
    }
  }
}

function settleLost(
  conversation: Conversation,
  list: AppList,
  row: Installation,
  item: InventoryItem | undefined,
  why: string,
): void {
  const { [row.distribution]: _, ...lost } = conversation.state.lost;
  conversation.state = { ...conversation.state, lost };
  if (isDone(row, item)) report(conversation, list, row, "shown", installed(item));
  else if (why === IN_DOUBT) sendAgain(conversation, row);
  else loseStatus(conversation, row, why);
}

function settleRow(
  conversation: Conversation,
  list: AppList,
  row: Installation,
  item: InventoryItem | undefined,
): void {
  if (!row.current) return;
  const isUninstall = row.operation === "uninstall";
  // A device has until its next contact to list what it just said it installed; what it took off is
  // looked for at once.
  const isFresh = row.observedAtMs >= conversation.context.now();
  if (isFresh && !(isUninstall && isRemovalAccepted(row))) return;
  if (isUninstall) {
    if (!item && row.status === "installed") {
      const actor = row.offeredAtMs === null ? "user" : "mdm";
      report(conversation, list, row, "absent", { ...GONE, actor });
      const installed = newestPresentRow(conversation, row.package);
      if (installed) report(conversation, list, installed, "absent", { ...GONE, actor });
    }
  } else if (hadApp(row) && !item) {
    report(conversation, list, row, "absent", { ...GONE, actor: "user" });
  } else if (row.status === "removed_after_installation" && item) {
    report(conversation, list, row, "present", installed(item));
  } else if (row.status === "failed" && isAtLeast(item, row.targetVersion)) {
    report(conversation, list, row, "present", installed(item));
  } else if (row.status === "installed" && item?.version && item.version !== row.version) {
    // The device runs another version than we thought: the row says which.
    report(conversation, list, row, "version", installed(item));
  }
}

/** Of work that was stopped or superseded a later version does not tell that it was done. */
function isDone(row: Installation, item: InventoryItem | undefined): boolean {
  return row.current ? isAtLeast(item, row.targetVersion) : item?.version === row.targetVersion;
}

interface Outcome {
  readonly status: "installed" | "removed_after_installation";
  readonly state: string;
  readonly actor?: "user" | "mdm";
  readonly version: string | null;
}

const GONE = {
  status: "removed_after_installation",
  state: "App is uninstalled",
  version: null,
} as const;

function installed(item: InventoryItem | undefined): Outcome {
  return { status: "installed", state: "App is installed", version: item?.version ?? null };
}

function report(
  conversation: Conversation,
  list: AppList,
  row: Installation,
  value: string,
  { version, ...meaning }: Outcome,
): void {
  conversation.ledger.report(
    row.distribution,
    deviceReport(conversation, {
      source: list.provider.source,
      value: `inventory ${value}`,
      meaning: { ...meaning, retryable: false },
      version,
    }),
  );
}

/** Said to be there by this row: also by an update that failed, whose former version stays. */
function hadApp(row: Installation): boolean {
  return (
    row.status === "installed" ||
    row.status === "upgrade_failed" ||
    (row.status === "failed" && row.version !== null)
  );
}

/** An inventory without a version says that the app is there, and no more. */
function isAtLeast(item: InventoryItem | undefined, wanted: string): boolean {
  return item?.version != null && compareVersions(item.version, wanted) >= 0;
}
