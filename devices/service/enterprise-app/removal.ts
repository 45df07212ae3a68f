import { deleteInventoryNode } from "../../../protocols/csp/enterprise-app-management/commands.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Work } from "../../install/plan-types.ts";
import { isOpen, isPresent } from "../../install/waiting.ts";
import { HLC_ZERO } from "../../model/hlc.ts";
import type { DistributionId, PackageId } from "../../model/ids.ts";
import type { Installation } from "../../model/installation.ts";
import type { Conversation } from "./conversation-context.ts";

const TAG = "remove";
const ENTERPRISE_LIST = { provider: "EnterpriseAppManagement", context: "device" } as const;

/** Uninstalls by Delete on the product's inventory node. [E-094, Q37] */
export function speakRemovals(
  conversation: Conversation,
  work: readonly Work[],
): OutgoingCommand[] {
  const { ledger, context } = conversation;
  return work.flatMap((item) => {
    const { productId } = item.package;
    if (item.operation !== "uninstall" || !productId) return [];
    ledger.decide(item.distribution.id, {
      value: "offered",
      by: "site",
      atMs: context.now(),
      text: "the removal was sent",
      protocol: conversation.protocol,
      change: { offeredAtMs: context.now() },
    });
    const tag = `${TAG} ${item.distribution.id}`;
    return [deleteInventoryNode(tag, conversation.enterpriseId, productId)];
  });
}

/**
 * At the begin of a session: a removal that was sent in an earlier one and not answered is sent again.
 * Where the device had carried it out, the node is gone, which is as good.
 */
export function reopenRemovals({ ledger, context, protocol }: Conversation): void {
  for (const row of ledger.rows) {
    const isUnanswered = row.operation === "uninstall" && isOpen(row) && row.offeredAtMs !== null;
    if (!isUnanswered) continue;
    ledger.decide(row.distribution, {
      value: "not-delivered",
      by: "site",
      atMs: context.now(),
      text: "the device did not answer the removal: it is sent again",
      protocol,
      change: { offeredAtMs: null },
    });
  }
}

export function hearRemoval(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "status") return;
  const [word, id] = event.tag.split(" ");
  if (word !== TAG || id === undefined) return;
  const { ledger, context } = conversation;
  const row = ledger.row(id as DistributionId);
  if (!row) return;
  const isGone = (event.code >= 200 && event.code < 300) || event.code === 404;
  if (!isGone) {
    reportRemoval(conversation, row, `refused ${event.code}`, {
      status: "failed",
      state: "Installation failed",
    });
    return;
  }
  reportRemoval(conversation, row, `${event.code}`, GONE);
  const installed = newestPresentRow(conversation, row.package);
  if (installed) reportRemoval(conversation, installed, `${event.code}`, GONE);
  const productId = context.policy.read().packages.get(row.package)?.productId;
  ledger.dropItems((item) => item.productId === productId);
}

/** The enterprise left the device, and all its apps with it. [E-043, S-46] */
export function removePresentApps(conversation: Conversation, why: string): void {
  const { ledger, context } = conversation;
  const apps = new Set(ledger.rows.map((row) => row.package));
  for (const app of apps) {
    const row = newestPresentRow(conversation, app);
    if (row) reportRemoval(conversation, row, "unenrolled", GONE, why);
  }
  for (const node of ledger.downloads) ledger.setDownload({ ...node, gone: true });
  ledger.setInventory(ENTERPRISE_LIST, [], context.now());
}

/** The row that says which version of an app is on the device. */
function newestPresentRow(conversation: Conversation, app: PackageId): Installation | undefined {
  const { distributionsById } = conversation.context.policy.read();
  const orderOf = (row: Installation) => distributionsById.get(row.distribution)?.hlc ?? HLC_ZERO;
  return conversation.ledger.rows
    .filter((row) => row.package === app && row.operation !== "uninstall" && isPresent(row))
    .sort((a, b) => (orderOf(a) < orderOf(b) ? 1 : -1))[0];
}

const GONE = {
  status: "removed_after_installation",
  state: "App is uninstalled",
  actor: "mdm",
} as const;

function reportRemoval(
  conversation: Conversation,
  row: Installation,
  value: string,
  meaning: { status: "failed" | "removed_after_installation"; state: string; actor?: "mdm" },
  text: string | null = null,
): void {
  conversation.ledger.report(row.distribution, {
    source: "windows-csp",
    protocol: conversation.protocol,
    value: `delete ${value}`,
    meaning: { ...meaning, retryable: false },
    lastError: null,
    text,
    version: null,
    atMs: conversation.context.now(),
    attempt: null,
    sequence: null,
    by: "device",
  });
}
