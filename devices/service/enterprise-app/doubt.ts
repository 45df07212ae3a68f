import type { Installation } from "../../model/installation.ts";
import type { DownloadNode } from "../../model/inventory.ts";
import type { Conversation } from "./conversation-context.ts";
import type { Poll } from "./conversation-state.ts";

/** Status values of a download or an install that is under way. [E-046..E-048] */
const RUNNING: ReadonlySet<string> = new Set(["2", "3", "4"]);
const INSTALLED = "5";

/** Sent, but the device's acceptance never came back. */
export function isInDoubt(row: Installation, node: DownloadNode | undefined): boolean {
  return !isOwn(row, node) || !node?.executed;
}

/** The node as it became by this very attempt, as far as we know. */
function isOwn(row: Installation, node: DownloadNode | undefined): boolean {
  return node?.distribution === row.distribution && node.attempt === row.attempt && !node.gone;
}

/** What the device's answer tells about work in doubt. */
export type Verdict =
  /** It has the work: the Status is about it. */
  | "delivered"
  /** It has not: the work is sent again. */
  | "not-delivered"
  /** Something runs under the node: it is asked again when that has ended. */
  | "wait"
  /** Something was installed: the inventory says whether it is what was sent. */
  | "inventory";

/**
 * Was work delivered whose acceptance was lost? [E-052, Q39]
 *
 * The Version is what the site wrote: another one means that nothing arrived. Ours means that it did
 * where it came in one Atomic with the Exec, and was not written by earlier work. Without Atomic the
 * writes may have arrived alone, and the Status may be that of the work before: nothing is concluded
 * from it, and what is repeated is harmless.
 */
export function judgeDoubt(
  conversation: Conversation,
  row: Installation,
  poll: Poll,
  node: DownloadNode | undefined,
): Verdict {
  const status = poll.values.Status?.trim() ?? "";
  const isOurVersion = poll.values.Version?.trim() === row.targetVersion;
  if (poll.codes.Status === 404 || !isOurVersion) return "not-delivered";
  if (!versionIsOld(conversation, row, node)) return "delivered";
  if (RUNNING.has(status)) return "wait";
  return status === INSTALLED ? "inventory" : "not-delivered";
}

/** May the node have had the wanted version before the work was sent, or without its Exec? */
function versionIsOld(
  { ledger }: Conversation,
  row: Installation,
  node: DownloadNode | undefined,
): boolean {
  if (node === undefined || node.gone) return false;
  if (isOwn(row, node)) return !node.executed;
  const former = ledger.row(node.distribution);
  return former === undefined || former.targetVersion === row.targetVersion;
}

/** The work is sent again, in this session if it may be. */
export function sendAgain({ ledger, context, protocol }: Conversation, row: Installation): void {
  ledger.decide(row.distribution, {
    value: "not-delivered",
    by: "site",
    atMs: context.now(),
    text: "the device does not know of the work that was sent: it is sent again",
    protocol,
    change: { offeredAtMs: null },
  });
}
