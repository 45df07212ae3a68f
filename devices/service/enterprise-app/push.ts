import {
  addDownload,
  executeDownload,
  pushAtomic,
  replaceDownload,
} from "../../../protocols/csp/enterprise-app-management/commands.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Work } from "../../install/plan-types.ts";
import { providerFor } from "../../install/providers.ts";
import type { DistributionId } from "../../model/ids.ts";
import type { DownloadNode } from "../../model/inventory.ts";
import type { Conversation } from "./conversation-context.ts";
import type { Push, PushForm } from "./conversation-state.ts";
import { judgePush, pushTags } from "./judge-push.ts";

/** A download node lives this long after its last change: until then Replace, afterwards Add. [Q39] */
export const NODE_LIFE_MS = 7 * 24 * 60 * 60 * 1000;
/** Work that is sent in one message. */
const PUSHES_PER_MESSAGE_MAX = 4;
/** A content URL outlives the occurrence, or this long. [D27] */
const URL_LIFE_MS = 24 * 60 * 60 * 1000;

export function speakPushes(conversation: Conversation, work: readonly Work[]): OutgoingCommand[] {
  const commands: OutgoingCommand[] = [];
  for (const [distribution, push] of Object.entries(conversation.state.pushes)) {
    if (push.step !== "send" && push.step !== "send-exec") continue;
    const id = distribution as DistributionId;
    const again = workOf(conversation, id);
    if (again) commands.push(...send(conversation, again, push));
    else setPush(conversation, id, { ...push, step: "ended" });
  }
  for (const item of work) {
    if (commands.length >= PUSHES_PER_MESSAGE_MAX) break;
    if (item.operation === "uninstall" || !item.revision.file || !item.package.productId) continue;
    if (conversation.state.pushes[item.distribution.id]) continue;
    const push: Push = {
      attempt: item.attempt,
      form: firstForm(conversation, item.package.productId),
      // The device cannot do an Atomic, or the last work broke off without one.
      plain:
        conversation.lacks.includes("Atomic") ||
        nodeOf(conversation, item.package.productId)?.executed === false,
      fellBackTo: [],
      codes: [],
      step: "send",
      answers: {},
    };
    commands.push(...send(conversation, item, push));
    conversation.ledger.decide(item.distribution.id, {
      value: "offered",
      by: "site",
      atMs: conversation.context.now(),
      text: push.form === "add" ? "sent with Add" : "sent with Replace",
      protocol: conversation.protocol,
      change: { offeredAtMs: conversation.context.now() },
    });
  }
  return commands;
}

export function hearPush(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "status") return;
  const [word, distribution] = event.tag.split(" ");
  if (!word?.startsWith("push") || distribution === undefined) return;
  const push = conversation.state.pushes[distribution as DistributionId];
  if (push?.step !== "sent") return;
  setPush(conversation, distribution as DistributionId, {
    ...push,
    answers: {
      ...push.answers,
      [event.tag]: { code: event.code, itemCodes: Object.values(event.itemCodes) },
    },
  });
}

export function settlePushes(conversation: Conversation): void {
  for (const [key, push] of Object.entries(conversation.state.pushes)) {
    if (push.step !== "sent" || Object.keys(push.answers).length === 0) continue;
    const distribution = key as DistributionId;
    const verdict = judgePush(distribution, push);
    switch (verdict.kind) {
      case "accepted":
        setPush(conversation, distribution, { ...push, step: "ended" });
        accept(conversation, distribution, push);
        break;
      case "written":
        setPush(conversation, distribution, { ...push, step: "send-exec", answers: {} });
        break;
      case "again":
        setPush(conversation, distribution, {
          ...push,
          form: verdict.form,
          plain: verdict.plain,
          fellBackTo:
            verdict.plain === push.plain ? [...push.fellBackTo, verdict.form] : push.fellBackTo,
          codes: [...push.codes, verdict.code],
          step: "send",
          answers: {},
        });
        break;
      case "refused":
        setPush(conversation, distribution, { ...push, step: "ended" });
        refuse(conversation, distribution, verdict.codes);
        break;
    }
  }
}

/** 200 and 202 mean accepted, never installed: the device is asked later. [E-052] */
function accept(conversation: Conversation, distribution: DistributionId, push: Push): void {
  const { ledger, context } = conversation;
  const row = ledger.row(distribution);
  const productId = row && context.policy.read().packages.get(row.package)?.productId;
  if (!row || !productId) return;
  const nowMs = context.now();
  ledger.setDownload({
    device: row.device,
    productId,
    distribution,
    attempt: push.attempt,
    status: null,
    changedAtMs: nowMs,
    executed: true,
    gone: false,
  });
  ledger.report(distribution, {
    source: "windows-csp",
    protocol: conversation.protocol,
    value: "accepted",
    meaning: "no-change",
    lastError: null,
    text: null,
    version: null,
    atMs: nowMs,
    attempt: null,
    sequence: null,
    by: "device",
  });
}

function refuse(
  conversation: Conversation,
  distribution: DistributionId,
  codes: readonly number[],
): void {
  conversation.ledger.report(distribution, {
    source: "windows-csp",
    protocol: conversation.protocol,
    value: `refused ${codes.join(" ")}`,
    meaning: { status: "failed", state: "Installation failed", retryable: false },
    lastError: null,
    text: `the device refused the command with status ${codes.join(", then ")}`,
    version: null,
    atMs: conversation.context.now(),
    attempt: null,
    sequence: null,
    by: "device",
  });
}

function send(conversation: Conversation, work: Work, push: Push): OutgoingCommand[] {
  const { file } = work.revision;
  const { productId } = work.package;
  if (!file || !productId) return [];
  const { context, enterpriseId, ledger } = conversation;
  const row = ledger.row(work.distribution.id);
  const untilMs = Math.max(context.now() + URL_LIFE_MS, row?.releasedUntilMs ?? 0);
  const download = {
    productId,
    name: work.package.name,
    url: context.content.urlFor(file, ledger.device.id, untilMs, conversation.baseUrl),
    version: work.revision.version,
  };
  const tags = pushTags(work.distribution.id);
  const write =
    push.form === "add"
      ? addDownload(tags.write, enterpriseId, download)
      : replaceDownload(tags.write, enterpriseId, download);
  const exec = executeDownload(tags.exec, enterpriseId, productId);
  setPush(conversation, work.distribution.id, { ...push, step: "sent", answers: {} });
  if (push.step === "send-exec") return [exec];
  if (!push.plain) return [pushAtomic(tags.all, [write, exec])];
  noteWrites(conversation, work, productId);
  return [write];
}

/** From now on the node may say that it is ours, and nothing was executed. */
function noteWrites({ ledger, context }: Conversation, work: Work, productId: string): void {
  ledger.setDownload({
    device: ledger.device.id,
    productId,
    distribution: work.distribution.id,
    attempt: work.attempt,
    status: null,
    changedAtMs: context.now(),
    executed: false,
    gone: false,
  });
}

function nodeOf({ ledger }: Conversation, productId: string): DownloadNode | undefined {
  return ledger.downloads.find((one) => one.productId === productId);
}

/** A node of an earlier update that is younger than seven days is replaced, an older one is gone. */
function firstForm(conversation: Conversation, productId: string): PushForm {
  const node = nodeOf(conversation, productId);
  const isAlive =
    node !== undefined &&
    !node.gone &&
    conversation.context.now() - node.changedAtMs < NODE_LIFE_MS;
  return isAlive ? "replace" : "add";
}

/** The work of a push that goes on; none when it was stopped or superseded in the meantime. */
function workOf(conversation: Conversation, id: DistributionId): Work | undefined {
  const policy = conversation.context.policy.read();
  const distribution = policy.distributionsById.get(id);
  const row = conversation.ledger.row(id);
  const revision = distribution && policy.revisions.get(distribution.revision);
  const app = distribution && policy.packages.get(distribution.package);
  if (!distribution || !row?.counted || !revision || !app) return undefined;
  const { device } = conversation.ledger;
  const provider = providerFor(device, revision, app, policy.enterprise.platforms);
  if (provider === undefined) return undefined;
  const { operation, attempt } = row;
  return { distribution, revision, package: app, provider, operation, attempt };
}

function setPush(conversation: Conversation, distribution: DistributionId, push: Push): void {
  conversation.state = {
    ...conversation.state,
    pushes: { ...conversation.state.pushes, [distribution]: push },
  };
}
