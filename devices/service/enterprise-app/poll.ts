import { readLastError } from "../../../protocols/csp/last-error.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import { hex } from "../../install/hresult.ts";
import { interpret } from "../../install/mappings/interpret.ts";
import { INSTALLING, UPDATING } from "../../install/mappings/windows-failure.ts";
import { PARKED } from "../../install/progress.ts";
import { isOpen } from "../../install/waiting.ts";
import type { Installation } from "../../model/installation.ts";
import type { DownloadNode } from "../../model/inventory.ts";
import type { PollVerdict } from "./app-provider.ts";
import type { Conversation } from "./conversation-context.ts";
import type { Poll } from "./conversation-state.ts";
import { deviceReport } from "./device-report.ts";
import { IN_DOUBT, isInDoubt, isVersionOld, lose, PROOF_GRACE_MS, sendAgain } from "./doubt.ts";
import { type ServedApp, servedApp } from "./served.ts";

const TAG = "poll";
const GONE = "the device no longer knows of the work, and the app is not in its inventory";
const NEVER_SHOWN = "the device said that it was done, and the app is not in its inventory";

/** Asks how the work goes that was sent in earlier sessions. [E-052] */
export function speakPolls(conversation: Conversation): OutgoingCommand[] {
  const commands: OutgoingCommand[] = [];
  for (const { row, served, node } of runningWork(conversation)) {
    const { provider, address } = served;
    const { product } = address;
    if (conversation.state.polls[product] || conversation.state.pushes[row.distribution]) continue;
    setPoll(conversation, product, {
      distribution: row.distribution,
      asked: "asked",
      values: {},
      codes: {},
    });
    const { inDoubt, known } = provider.pollLeaves;
    for (const leaf of isInDoubt(row, node) ? inDoubt : known) {
      commands.push(provider.pollLeaf(address, `${TAG} ${leaf} ${product}`, leaf));
    }
  }
  return commands;
}

export function hearPoll(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "status" && event.kind !== "results") return;
  const [word, leaf, product] = event.tag.split(" ");
  if (word !== TAG || leaf === undefined || product === undefined) return;
  const poll = conversation.state.polls[product];
  if (!poll) return;
  setPoll(
    conversation,
    product,
    event.kind === "status"
      ? { ...poll, codes: { ...poll.codes, [leaf]: event.code } }
      : { ...poll, values: { ...poll.values, [leaf]: event.items[0]?.data ?? "" } },
  );
}

/** Turns complete answers into reports. */
export function settlePolls(conversation: Conversation): void {
  for (const [product, poll] of Object.entries(conversation.state.polls)) {
    if (poll.asked === "done") continue;
    setPoll(conversation, product, { ...poll, asked: "done" });
    const row = conversation.ledger.row(poll.distribution);
    const served = row && servedApp(conversation, row);
    if (served) settlePoll(conversation, poll, row, served);
  }
}

function settlePoll(
  conversation: Conversation,
  poll: Poll,
  row: Installation,
  served: ServedApp,
): void {
  const { ledger } = conversation;
  const node = nodeOf(conversation, served);
  const inDoubt = isInDoubt(row, node);
  const verdict = served.provider.judgePoll(poll, {
    row,
    node,
    isInDoubt: inDoubt,
    versionIsOld: isVersionOld(conversation, row, node),
  });
  switch (verdict.kind) {
    case "wait":
      return;
    case "silent":
      if (endedBadly(conversation, row)) reportEnd(conversation, row, served);
      return;
    case "not-delivered":
      sendAgain(conversation, row);
      return;
    case "inventory":
      lose(conversation, row.distribution, inDoubt ? IN_DOUBT : GONE);
      return;
    case "gone":
      if (node) ledger.setDownload({ ...node, gone: true });
      if (endedBadly(conversation, row)) reportEnd(conversation, row, served);
      else lose(conversation, row.distribution, inDoubt ? IN_DOUBT : GONE);
      return;
    case "parked":
      park(conversation, row, served, verdict.text);
      return;
    case "status":
      reportStatus(conversation, row, served, poll, verdict);
  }
}

/** An alert of this session said that the work failed. */
function endedBadly({ state }: Conversation, { distribution }: Installation): boolean {
  return (state.ends[distribution] ?? 0) !== 0;
}

/** The nodes tell nothing more: the alert had the last word. */
function reportEnd(conversation: Conversation, row: Installation, served: ServedApp): void {
  const { source, failedValue } = served.provider;
  const lastError = conversation.state.ends[row.distribution] ?? 0;
  const meaning = interpret(source, row.platform, failedValue, {
    operation: row.operation,
    lastError,
  });
  if (meaning === undefined) throw new Error(`${failedValue} is no value of ${source}`);
  const value = `alert ${hex(lastError)}`;
  conversation.ledger.report(
    row.distribution,
    deviceReport(conversation, { source, value, meaning, lastError }),
  );
}

/** The device has the work and does nothing: it is given time, then the work is sent again. */
function park(
  conversation: Conversation,
  row: Installation,
  served: ServedApp,
  text: string,
): void {
  const { ledger, context } = conversation;
  const node = nodeOf(conversation, served);
  const sinceMs = node?.changedAtMs ?? row.offeredAtMs ?? context.now();
  if (context.now() - sinceMs >= PROOF_GRACE_MS) {
    lose(conversation, row.distribution, `the device took the work and never began it: ${text}`);
    return;
  }
  if (row.nativeValue === PARKED) return;
  const { source } = served.provider;
  ledger.report(
    row.distribution,
    deviceReport(conversation, { source, value: PARKED, meaning: "no-change", text }),
  );
}

function reportStatus(
  conversation: Conversation,
  row: Installation,
  served: ServedApp,
  poll: Poll,
  { value, version }: Extract<PollVerdict, { kind: "status" }>,
): void {
  const { ledger, context } = conversation;
  const { provider, address } = served;
  const { source } = provider;
  const nowMs = context.now();
  const lastError = readLastError(poll.values.LastError ?? "") ?? null;
  const description = poll.values.LastErrorDesc?.trim() || null;
  const { platform, operation } = row;
  const meaning = interpret(source, platform, value, { operation, lastError });
  if (meaning === undefined) {
    context.log.warn("install-status-unknown", { device: row.device, source, value });
    return;
  }
  const node = nodeOf(conversation, served);
  const status = Number(value);
  const isSame = node?.status === status && node.attempt === row.attempt;
  const changedAtMs = isSame ? node.changedAtMs : nowMs;
  ledger.setDownload({
    device: row.device,
    productId: address.product,
    distribution: row.distribution,
    attempt: row.attempt,
    status,
    changedAtMs,
    executed: true,
    gone: false,
  });
  const isDone = meaning !== "no-change" && meaning.status === "installed";
  const isUnproven = isDone && provider.proof === "inventory" && version === null;
  const isIdle = provider.idleValue === value;
  const isStuck = (isUnproven || isIdle) && nowMs - changedAtMs >= PROOF_GRACE_MS;
  if (isStuck) {
    const why = isIdle ? "the device took the work and never began it" : NEVER_SHOWN;
    lose(conversation, row.distribution, why);
  }
  const error = lastError === 0 ? null : lastError;
  const isNews =
    row.nativeValue !== value || row.lastError !== error || row.lastErrorText !== description;
  if (!isNews && !row.stale && version === null) return;
  ledger.report(
    row.distribution,
    deviceReport(conversation, {
      source,
      value,
      // Its word alone proves nothing: under way, until the inventory shows it.
      meaning: isUnproven ? (operation === "update" ? UPDATING : INSTALLING) : meaning,
      lastError: error,
      text: description,
      version,
    }),
  );
}

/** Rows whose work the device has, or may have. */
function* runningWork(
  conversation: Conversation,
): Generator<{ row: Installation; served: ServedApp; node: DownloadNode | undefined }> {
  for (const row of conversation.ledger.rows) {
    const isRunning =
      row.offeredAtMs !== null && row.operation !== "uninstall" && !row.stale && isOpen(row);
    if (!isRunning || !isNewestOffer(conversation, row)) continue;
    const served = servedApp(conversation, row);
    if (served) yield { row, served, node: nodeOf(conversation, served) };
  }
}

/** Of several rows of one product only the last offered one is what the node is about. */
function isNewestOffer({ ledger, context }: Conversation, row: Installation): boolean {
  const { packages } = context.policy.read();
  const productOf = ({ package: id }: Installation) => packages.get(id)?.productId ?? id;
  return !ledger.rows.some(
    (other) =>
      productOf(other) === productOf(row) &&
      other.operation !== "uninstall" &&
      (other.offeredAtMs ?? 0) > (row.offeredAtMs ?? 0),
  );
}

export function nodeOf(
  { ledger }: Conversation,
  { address }: Pick<ServedApp, "address">,
): DownloadNode | undefined {
  return ledger.downloads.find((one) => one.productId === address.product);
}

function setPoll(conversation: Conversation, product: string, poll: Poll): void {
  const { state } = conversation;
  conversation.state = { ...state, polls: { ...state.polls, [product]: poll } };
}
