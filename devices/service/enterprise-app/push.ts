import { pushAtomic } from "../../../protocols/csp/enterprise-app-management/commands.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Work } from "../../install/plan-types.ts";
import { NO_USER } from "../../install/progress.ts";
import type { DistributionId } from "../../model/ids.ts";
import type { Installation } from "../../model/installation.ts";
import type { PackageFile } from "../../model/package.ts";
import { NOT_ROLLED_BACK } from "../rollback-alarm.ts";
import type { Conversation } from "./conversation-context.ts";
import type { Push } from "./conversation-state.ts";
import { deviceReport } from "./device-report.ts";
import { loseStatus, sendAgain } from "./doubt.ts";
import { judgePush, pushTags } from "./judge-push.ts";
import { nodeOf } from "./poll.ts";
import { type ServedApp, servedApp } from "./served.ts";

/** Work that is sent in one message. */
const PUSHES_PER_MESSAGE_MAX = 4;
/** A content URL outlives the occurrence, or this long. [D27] */
const URL_LIFE_MS = 24 * 60 * 60 * 1000;
/** Not allowed on the target: what a device says of its user's tree while nobody is signed in. */
const NOT_ALLOWED = 405;
const MISSING = 404;

export function speakPushes(conversation: Conversation, work: readonly Work[]): OutgoingCommand[] {
  const commands: OutgoingCommand[] = [];
  let pushed = 0;
  for (const [distribution, push] of Object.entries(conversation.state.pushes)) {
    if (push.step !== "send" && push.step !== "send-exec") continue;
    const id = distribution as DistributionId;
    const again = workOf(conversation, id);
    const sent = again ? send(conversation, again.work, again.served, push) : [];
    commands.push(...sent);
    if (sent.length > 0) pushed++;
    else setPush(conversation, id, { ...push, step: "ended" });
  }
  for (const item of work) {
    if (pushed >= PUSHES_PER_MESSAGE_MAX) break;
    const row = conversation.ledger.row(item.distribution.id);
    const served = row && servedApp(conversation, row);
    if (item.operation === "uninstall" || !item.revision.file || !served) continue;
    if (conversation.state.pushes[item.distribution.id]) continue;
    if (served.address.context === "user" && isUserAway(conversation)) {
      waitForUser(conversation, row, served);
      continue;
    }
    commands.push(...begin(conversation, item, served));
    pushed++;
  }
  return commands;
}

function begin(conversation: Conversation, work: Work, served: ServedApp): OutgoingCommand[] {
  const { context, ledger } = conversation;
  const node = nodeOf(conversation, served);
  const form = served.provider.firstForm(node, context.now());
  const commands = send(conversation, work, served, {
    attempt: work.attempt,
    form,
    // The device cannot do an Atomic, or the last work broke off without one.
    plain: conversation.lacks.includes("Atomic") || node?.executed === false,
    fellBackTo: [],
    codes: [],
    step: "send",
    answers: {},
  });
  ledger.decide(work.distribution.id, {
    value: "offered",
    by: "site",
    atMs: context.now(),
    text: form === "add" ? "sent with Add" : "sent with Replace",
    protocol: conversation.protocol,
    change: { offeredAtMs: context.now() },
  });
  return commands;
}

/** The device has said that nobody is signed in. */
export function isUserAway({ state }: Conversation): boolean {
  return state.login === "nobody";
}

/** The work needs its user, and nobody is signed in: said once, tried at each contact. */
export function waitForUser(
  conversation: Conversation,
  row: Installation,
  served: ServedApp,
): void {
  if (row.nativeValue === NO_USER) return;
  const { source } = served.provider;
  conversation.ledger.report(
    row.distribution,
    deviceReport(conversation, { source, value: NO_USER, meaning: "no-change" }),
  );
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
    const row = conversation.ledger.row(distribution);
    const served = row && servedApp(conversation, row);
    if (!served) {
      setPush(conversation, distribution, { ...push, step: "ended" });
      continue;
    }
    const verdict = judgePush(distribution, push, served.provider.binds);
    const isStuck = Object.values(push.answers).some(({ code, itemCodes }) =>
      [code, ...itemCodes].includes(NOT_ROLLED_BACK),
    );
    if (isStuck) noteStuck(conversation, row);
    switch (verdict.kind) {
      case "accepted":
        setPush(conversation, distribution, { ...push, step: "ended" });
        accept(conversation, row, served, push);
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
        refuse(conversation, row, served, verdict.codes);
        break;
    }
  }
}

/** It has something now that nobody ordered: shown, with attention, until the row moves again. */
function noteStuck({ ledger, context, protocol }: Conversation, row: Installation): void {
  ledger.decide(row.distribution, {
    value: "not-rolled-back",
    by: "site",
    atMs: context.now(),
    text: "the device could not undo a part of the work that failed (516): what it has now is not known",
    protocol,
    change: { anomaly: true },
  });
}

/** 200 and 202 mean accepted, never installed: the device is asked later. [E-052] */
function accept(
  conversation: Conversation,
  row: Installation,
  { provider, address }: ServedApp,
  push: Push,
): void {
  const { ledger, context } = conversation;
  ledger.setDownload({
    device: row.device,
    productId: address.product,
    distribution: row.distribution,
    attempt: push.attempt,
    status: null,
    changedAtMs: context.now(),
    executed: true,
    gone: false,
  });
  const { source } = provider;
  ledger.report(
    row.distribution,
    deviceReport(conversation, { source, value: "accepted", meaning: "no-change" }),
  );
}

function refuse(
  conversation: Conversation,
  row: Installation,
  { provider, address }: ServedApp,
  codes: readonly number[],
): void {
  const { source } = provider;
  const last = codes.at(-1);
  const words = `status ${codes.join(", then ")}`;
  if (address.context === "user" && last === NOT_ALLOWED) {
    const said = deviceReport(conversation, { source, value: NO_USER, meaning: "no-change" });
    conversation.ledger.report(row.distribution, said);
    sendAgain(conversation, row, "no user is signed in: it is sent again at a later contact");
    return;
  }
  if (last === MISSING && provider.onMissingNode === "later") {
    loseStatus(conversation, row, `the device has no node for the work it was sent (${words})`);
    return;
  }
  conversation.ledger.report(
    row.distribution,
    deviceReport(conversation, {
      source,
      value: `refused ${codes.join(" ")}`,
      meaning: { status: "failed", state: "Installation failed", retryable: false },
      text: `the device refused the command with ${words}`,
    }),
  );
}

function send(
  conversation: Conversation,
  work: Work,
  served: ServedApp,
  push: Push,
): OutgoingCommand[] {
  const { file } = work.revision;
  if (!file) return [];
  const { provider, address } = served;
  const tags = pushTags(work.distribution.id);
  const offer = { address, work, file, urlOf: urlsFor(conversation, work) };
  const { write, exec } = provider.offer(offer, push.form, tags);
  setPush(conversation, work.distribution.id, { ...push, step: "sent", answers: {} });
  if (push.step === "send-exec" || !write) return [exec];
  if (provider.binds === "message") return [write, exec];
  if (!push.plain) return [pushAtomic(tags.all, [write, exec])];
  noteWrites(conversation, work, address.product);
  return [write];
}

function urlsFor(conversation: Conversation, work: Work): (file: PackageFile) => string {
  const { context, ledger, baseUrl } = conversation;
  const row = ledger.row(work.distribution.id);
  const untilMs = Math.max(context.now() + URL_LIFE_MS, row?.releasedUntilMs ?? 0);
  return (file) => context.content.urlFor(file, ledger.device.id, untilMs, baseUrl());
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

/** The work of a push that goes on; none when it was stopped or superseded in the meantime. */
function workOf(
  conversation: Conversation,
  id: DistributionId,
): { readonly work: Work; readonly served: ServedApp } | undefined {
  const distribution = conversation.context.policy.read().distributionsById.get(id);
  const row = conversation.ledger.row(id);
  const served = row && servedApp(conversation, row);
  if (!distribution || !row?.counted || !served) return undefined;
  const { revision, app, provider } = served;
  const { operation, attempt } = row;
  const work = {
    distribution,
    revision,
    package: app,
    installer: provider.name,
    operation,
    attempt,
  };
  return { work, served };
}

function setPush(conversation: Conversation, distribution: DistributionId, push: Push): void {
  const { state } = conversation;
  conversation.state = { ...state, pushes: { ...state.pushes, [distribution]: push } };
}
