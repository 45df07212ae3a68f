import { getDownloadNode } from "../../../protocols/csp/enterprise-app-management/commands.ts";
import { readLastError } from "../../../protocols/csp/last-error.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import { interpret } from "../../install/mappings/interpret.ts";
import { isOpen } from "../../install/waiting.ts";
import type { Installation } from "../../model/installation.ts";
import type { DownloadNode } from "../../model/inventory.ts";
import type { Conversation } from "./conversation-context.ts";
import type { Poll } from "./conversation-state.ts";
import { isInDoubt, judgeDoubt, sendAgain } from "./doubt.ts";

/** `Version` is the value that the site set: it tells whose work the node is about. */
const LEAVES = ["Status", "LastError", "LastErrorDesc"] as const;
const TAG = "poll";

/** Asks how the work goes that was sent in earlier sessions. [E-052] */
export function speakPolls(conversation: Conversation): OutgoingCommand[] {
  const commands: OutgoingCommand[] = [];
  for (const { row, productId, node } of runningWork(conversation)) {
    if (conversation.state.polls[productId] || conversation.state.pushes[row.distribution])
      continue;
    conversation.state = {
      ...conversation.state,
      polls: {
        ...conversation.state.polls,
        [productId]: { distribution: row.distribution, asked: "asked", values: {}, codes: {} },
      },
    };
    const leaves = isInDoubt(row, node) ? ([...LEAVES, "Version"] as const) : LEAVES;
    for (const leaf of leaves) {
      const tag = `${TAG} ${leaf} ${productId}`;
      commands.push(getDownloadNode(tag, conversation.enterpriseId, productId, leaf));
    }
  }
  return commands;
}

export function hearPoll(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "status" && event.kind !== "results") return;
  const [word, leaf, productId] = event.tag.split(" ");
  if (word !== TAG || leaf === undefined || productId === undefined) return;
  const poll = conversation.state.polls[productId];
  if (!poll) return;
  const heard: Poll =
    event.kind === "status"
      ? { ...poll, codes: { ...poll.codes, [leaf]: event.code } }
      : { ...poll, values: { ...poll.values, [leaf]: event.items[0]?.data ?? "" } };
  conversation.state = {
    ...conversation.state,
    polls: { ...conversation.state.polls, [productId]: heard },
  };
}

/** Turns complete answers into reports. */
export function settlePolls(conversation: Conversation): void {
  for (const [productId, poll] of Object.entries(conversation.state.polls)) {
    if (poll.asked === "done") continue;
    conversation.state = {
      ...conversation.state,
      polls: { ...conversation.state.polls, [productId]: { ...poll, asked: "done" } },
    };
    const row = conversation.ledger.row(poll.distribution);
    const node = conversation.ledger.downloads.find((one) => one.productId === productId);
    if (row) settlePoll(conversation, productId, poll, row, node);
  }
}

function settlePoll(
  conversation: Conversation,
  productId: string,
  poll: Poll,
  row: Installation,
  node: DownloadNode | undefined,
): void {
  const { ledger } = conversation;
  const value = poll.values.Status?.trim();
  const isGone = value === undefined && poll.codes.Status === 404;
  if (isInDoubt(row, node)) {
    switch (judgeDoubt(conversation, row, poll, node)) {
      case "not-delivered":
        sendAgain(conversation, row);
        return;
      case "wait":
        return;
      case "inventory":
        lose(conversation, row);
        return;
      case "delivered":
        break;
    }
  }
  if (isGone) {
    if (node) ledger.setDownload({ ...node, gone: true });
    lose(conversation, row);
    return;
  }
  if (value === undefined || value === "") return; // No answer to build on; asked again next time.
  reportStatus(conversation, row, productId, poll, value, node);
}

/** Its download node tells nothing of it: the inventory of this session decides. [S-43] */
function lose(conversation: Conversation, { distribution }: Installation): void {
  const { state } = conversation;
  conversation.state = { ...state, lost: [...state.lost, distribution] };
}

function reportStatus(
  conversation: Conversation,
  row: Installation,
  productId: string,
  poll: Poll,
  value: string,
  node: DownloadNode | undefined,
): void {
  const { ledger, context } = conversation;
  const nowMs = context.now();
  const lastError = readLastError(poll.values.LastError ?? "") ?? null;
  const description = poll.values.LastErrorDesc?.trim() || null;
  const meaning = interpret("windows-csp", row.platform, value, {
    operation: row.operation,
    lastError,
  });
  if (meaning === undefined) {
    context.log.warn("download-status-unknown", { device: row.device, value });
    return;
  }
  const error = lastError === 0 ? null : lastError;
  const isNews =
    row.nativeValue !== value || row.lastError !== error || row.lastErrorText !== description;
  if (isNews || row.stale) {
    ledger.report(row.distribution, {
      source: "windows-csp",
      protocol: conversation.protocol,
      value,
      meaning,
      lastError: error,
      text: description,
      version: null,
      atMs: nowMs,
      attempt: null,
      sequence: null,
      by: "device",
    });
  }
  const status = Number(value);
  ledger.setDownload({
    device: row.device,
    productId,
    distribution: row.distribution,
    attempt: row.attempt,
    status,
    changedAtMs: node?.status === status && node.attempt === row.attempt ? node.changedAtMs : nowMs,
    executed: true,
    gone: false,
  });
}

/** Rows whose work the device has, or may have. */
function* runningWork(
  conversation: Conversation,
): Generator<{ row: Installation; productId: string; node: DownloadNode | undefined }> {
  const { packages } = conversation.context.policy.read();
  for (const row of conversation.ledger.rows) {
    const productId = packages.get(row.package)?.productId;
    const isRunning =
      row.offeredAtMs !== null && row.operation !== "uninstall" && !row.stale && isOpen(row);
    if (!isRunning || !productId || !isNewestOffer(conversation, row)) continue;
    const node = conversation.ledger.downloads.find((one) => one.productId === productId);
    yield { row, productId, node };
  }
}

/** Of several rows of one product only the last offered one is what the node is about. */
function isNewestOffer(conversation: Conversation, row: Installation): boolean {
  return !conversation.ledger.rows.some(
    (other) =>
      other.package === row.package &&
      other.operation !== "uninstall" &&
      (other.offeredAtMs ?? 0) > (row.offeredAtMs ?? 0),
  );
}
