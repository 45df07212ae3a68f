import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Work } from "../../install/plan-types.ts";
import { findItem, isOf, productsOf } from "../../install/products.ts";
import { isRemovalAccepted } from "../../install/progress.ts";
import { AUTOMATIC_ATTEMPTS_MAX, isOpen } from "../../install/waiting.ts";
import type { DistributionId } from "../../model/ids.ts";
import type { Installation } from "../../model/installation.ts";
import type { Provider } from "../../model/package.ts";
import type { Conversation } from "./conversation-context.ts";
import { deviceReport } from "./device-report.ts";
import { PROOF_GRACE_MS } from "./doubt.ts";
import { readAgain } from "./list-reading.ts";
import { newestPresentRow } from "./present-row.ts";
import { type ServedApp, servedApp } from "./served.ts";

const TAG = "remove";
const NOT_THERE = 404;

/** Uninstalls what this enterprise installed. [E-094, Q37] */
export function speakRemovals(
  conversation: Conversation,
  work: readonly Work[],
): OutgoingCommand[] {
  const { ledger, context } = conversation;
  return work.flatMap((item) => {
    const row = ledger.row(item.distribution.id);
    const served = row && servedApp(conversation, row);
    if (item.operation !== "uninstall" || !served) return [];
    ledger.decide(item.distribution.id, {
      value: "offered",
      by: "site",
      atMs: context.now(),
      text: "the removal was sent",
      protocol: conversation.protocol,
      change: { offeredAtMs: context.now() },
    });
    const products = productsOf(context.policy.read(), item.package.id);
    const own = ledger.inventory.filter((one) => one.provider === served.provider.name);
    const known = { revision: item.revision, item: findItem(own, products) };
    return served.provider.remove(served.address, known, `${TAG} ${item.distribution.id}`);
  });
}

/**
 * At the begin of a session: a removal that was sent in an earlier one and not answered is sent again.
 * Where the device had carried it out, the node is gone, which is as good. One that it took and did not
 * do is sent again after some time, and has failed in the end.
 */
export function reopenRemovals(conversation: Conversation): void {
  const { ledger, context, protocol } = conversation;
  for (const row of ledger.rows) {
    const isSent = row.operation === "uninstall" && isOpen(row) && row.offeredAtMs !== null;
    if (!isSent) continue;
    const isAccepted = isRemovalAccepted(row);
    if (isAccepted && context.now() - row.offeredAtMs < PROOF_GRACE_MS) continue;
    if (isAccepted && row.attempt >= AUTOMATIC_ATTEMPTS_MAX) {
      giveUp(conversation, row);
      continue;
    }
    ledger.decide(row.distribution, {
      value: "not-delivered",
      by: "site",
      atMs: context.now(),
      text: isAccepted
        ? "the device took the removal, and the app is still in its inventory: it is sent again"
        : "the device did not answer the removal: it is sent again",
      protocol,
      change: {
        offeredAtMs: null,
        ...(isAccepted ? { attempt: row.attempt + 1, nativeValue: null } : {}),
      },
    });
  }
}

function giveUp({ ledger, context, protocol }: Conversation, row: Installation): void {
  const text = `the device took the removal ${row.attempt} times, and the app is still there`;
  ledger.decide(row.distribution, {
    value: "given-up",
    by: "site",
    atMs: context.now(),
    text,
    protocol,
    change: { status: "failed", state: "Installation failed", lastErrorText: text },
  });
}

export function hearRemoval(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "status") return;
  const [word, id] = event.tag.split(" ");
  if (word !== TAG || id === undefined) return;
  const distribution = id as DistributionId;
  const { state } = conversation;
  const codes = [...(state.removals[distribution] ?? []), event.code];
  conversation.state = { ...state, removals: { ...state.removals, [distribution]: codes } };
}

/** Judges removals whose answers are complete. Of several commands for one app the best counts. */
export function settleRemovals(conversation: Conversation): void {
  for (const [distribution, codes] of Object.entries(conversation.state.removals)) {
    const row = conversation.ledger.row(distribution as DistributionId);
    const served = row && servedApp(conversation, row);
    if (row) settleRemoval(conversation, row, served, codes);
  }
  if (Object.keys(conversation.state.removals).length > 0) {
    conversation.state = { ...conversation.state, removals: {} };
  }
}

function settleRemoval(
  conversation: Conversation,
  row: Installation,
  served: ServedApp | undefined,
  codes: readonly number[],
): void {
  const { ledger, context } = conversation;
  const good = codes.find((code) => code >= 200 && code < 300);
  const code = good ?? codes.find((one) => one === NOT_THERE) ?? codes[0] ?? 0;
  if (good === undefined && code !== NOT_THERE) {
    reportRemoval(conversation, row, `refused ${code}`, {
      status: "failed",
      state: "Installation failed",
    });
    return;
  }
  if (served?.provider.removalProof === "inventory") {
    const { provider, address } = served;
    ledger.report(
      row.distribution,
      deviceReport(conversation, {
        source: provider.source,
        value: `delete ${code}`,
        meaning: "no-change",
      }),
    );
    readAgain(conversation, { provider, context: address.context });
    return;
  }
  reportRemoval(conversation, row, `${code}`, GONE);
  const installed = newestPresentRow(conversation, row.package);
  if (installed) reportRemoval(conversation, installed, `${code}`, GONE);
  const products = productsOf(context.policy.read(), row.package);
  ledger.dropItems((item) => isOf(item, products));
}

/** An account left the device, and all that these providers installed went with it. [E-043, S-46] */
export function removePresentApps(
  conversation: Conversation,
  providers: readonly Provider[],
  why: string,
): void {
  const { ledger, context } = conversation;
  const isOurs = (name: Provider) => providers.includes(name);
  const apps = new Set(ledger.rows.map((row) => row.package));
  for (const app of apps) {
    const row = newestPresentRow(conversation, app);
    const served = row && servedApp(conversation, row);
    if (row && (!served || isOurs(served.provider.name))) {
      reportRemoval(conversation, row, "unenrolled", GONE, why);
    }
  }
  for (const node of ledger.downloads) ledger.setDownload({ ...node, gone: true });
  ledger.dropItems(({ provider }) => provider !== "agent" && isOurs(provider));
  if (isOurs("EnterpriseAppManagement")) {
    const list = { provider: "EnterpriseAppManagement", context: "device" } as const;
    ledger.setInventory(list, [], context.now());
  }
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
  const source = servedApp(conversation, row)?.provider.source ?? "windows-csp";
  conversation.ledger.report(
    row.distribution,
    deviceReport(conversation, {
      source,
      value: `delete ${value}`,
      meaning: { ...meaning, retryable: false },
      text,
    }),
  );
}
