import type { Report } from "../../install/fold.ts";
import type { Installation } from "../../model/installation.ts";
import type { InventoryItem } from "../../model/inventory.ts";
import { compareVersions } from "../../model/version.ts";
import type { Conversation } from "./conversation-context.ts";
import { sendAgain } from "./doubt.ts";

/**
 * What a fresh inventory says about rows. Rows that wait are the plan's business; here are those
 * whose work was done, failed or lost:
 *
 *   lost (node gone)        at the wanted version → Installed; else stale, sent again [S-43]
 *   in doubt                at the wanted version → Installed; else it never arrived: sent again
 *   installed, failed       absent, where it was there → Removed, by the user unless known [D5]
 *   removed                 present → Installed again, without a new distribution [M-047]
 *   failed                  at the wanted version already → Installed
 */
export function compareInventory(
  conversation: Conversation,
  items: readonly InventoryItem[],
): void {
  const { ledger, context, state } = conversation;
  const { packages } = context.policy.read();
  for (const row of ledger.rows) {
    const productId = packages.get(row.package)?.productId;
    if (!productId) continue;
    const item = items.find((one) => one.productId === productId);
    // A device has until its next contact to list what it just said it installed.
    const isFresh = row.observedAtMs >= context.now();
    const isWanted = item !== undefined && isAtLeast(item.version, row.targetVersion);
    if (state.lost.includes(row.distribution)) {
      // Of work that was stopped or superseded a later version does not tell that it was done.
      const isDone = row.current ? isWanted : item?.version === row.targetVersion;
      const node = ledger.downloads.find((one) => one.productId === productId);
      if (isDone) report(conversation, row, "inventory", installed(item));
      else if (node && !node.gone) sendAgain(conversation, row);
      else loseStatus(conversation, row);
    } else if (isFresh || !row.current) {
      // Judged at the next contact.
    } else if (row.operation === "uninstall") {
      if (!item && row.status === "installed") {
        const actor = row.offeredAtMs === null ? "user" : "mdm";
        report(conversation, row, "absent", { ...GONE, actor });
      }
    } else if (hadApp(row) && !item) {
      report(conversation, row, "absent", { ...GONE, actor: "user" });
    } else if (row.status === "removed_after_installation" && item) {
      report(conversation, row, "present", installed(item));
    } else if (row.status === "failed" && isWanted) {
      report(conversation, row, "present", installed(item));
    } else if (row.status === "installed" && item?.version && item.version !== row.version) {
      // The device runs another version than we thought: the row says which.
      report(conversation, row, "version", installed(item));
    }
  }
  conversation.state = { ...conversation.state, lost: [] };
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
  row: Installation,
  value: string,
  outcome: Outcome,
): void {
  const { version, ...meaning } = outcome;
  const said: Report = {
    source: "windows-csp",
    protocol: conversation.protocol,
    value: `inventory ${value}`,
    meaning: { ...meaning, retryable: false },
    lastError: null,
    text: null,
    version,
    atMs: conversation.context.now(),
    attempt: null,
    sequence: null,
    by: "device",
  };
  conversation.ledger.report(row.distribution, said);
}

/** The last status stays, marked as what was last known; the plan sends the work again. */
function loseStatus(conversation: Conversation, row: Installation): void {
  conversation.ledger.decide(row.distribution, {
    value: "status-lost",
    by: "site",
    atMs: conversation.context.now(),
    text: "the device no longer knows of the work, and the app is not in its inventory",
    protocol: conversation.protocol,
    change: { stale: true },
  });
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
function isAtLeast(version: string | null, wanted: string): boolean {
  return version !== null && compareVersions(version, wanted) >= 0;
}
