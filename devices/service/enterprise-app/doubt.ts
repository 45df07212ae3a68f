import { AUTOMATIC_ATTEMPTS_MAX } from "../../install/waiting.ts";
import type { DistributionId } from "../../model/ids.ts";
import type { Installation } from "../../model/installation.ts";
import type { DownloadNode } from "../../model/inventory.ts";
import type { Conversation } from "./conversation-context.ts";

/**
 * How long a device may say that it is done while its inventory does not show the app, or leave work
 * alone that it took, before it is sent again.
 */
export const PROOF_GRACE_MS = 15 * 60_000;

/** Sent, but the device's acceptance never came back. */
export function isInDoubt(row: Installation, node: DownloadNode | undefined): boolean {
  return !isOwn(row, node) || !node?.executed;
}

/** The node as it became by this very attempt, as far as we know. */
function isOwn(row: Installation, node: DownloadNode | undefined): boolean {
  return node?.distribution === row.distribution && node.attempt === row.attempt && !node.gone;
}

/** May the node have had the wanted version before the work was sent, or without its Exec? */
export function isVersionOld(
  { ledger }: Conversation,
  row: Installation,
  node: DownloadNode | undefined,
): boolean {
  if (node === undefined || node.gone) return false;
  if (isOwn(row, node)) return !node.executed;
  const former = ledger.row(node.distribution);
  return former === undefined || former.targetVersion === row.targetVersion;
}

/** It never arrived: the work is sent again, in this session if it may be. */
export function sendAgain(
  { ledger, context, protocol }: Conversation,
  row: Installation,
  text = "the device does not know of the work that was sent: it is sent again",
): void {
  ledger.decide(row.distribution, {
    value: "not-delivered",
    by: "site",
    atMs: context.now(),
    text,
    protocol,
    change: { offeredAtMs: null },
  });
}

/** The word in `lost` for work that may never have arrived. */
export const IN_DOUBT = "";

/** The inventory of this session decides: it is installed, or the work is lost, and why. [S-43] */
export function lose(conversation: Conversation, distribution: DistributionId, why: string): void {
  const { state } = conversation;
  conversation.state = { ...state, lost: { ...state.lost, [distribution]: why } };
}

/**
 * The work came to nothing. The last status stays, marked as what was last known, and the plan sends
 * the work again; after so many attempts it has failed, because nothing would ever become of it.
 */
export function loseStatus(
  { ledger, context, protocol }: Conversation,
  row: Installation,
  why: string,
): void {
  const isLast = row.attempt >= AUTOMATIC_ATTEMPTS_MAX;
  const text = isLast ? `${why}; it was sent ${row.attempt} times` : why;
  ledger.decide(row.distribution, {
    value: isLast ? "given-up" : "status-lost",
    by: "site",
    atMs: context.now(),
    text,
    protocol,
    change: isLast
      ? { status: "failed", state: "Installation failed", stale: false, lastErrorText: text }
      : { stale: true, lastErrorText: text },
  });
}
