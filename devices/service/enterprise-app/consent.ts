import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import { userAlert } from "../../../protocols/oma-dm/user-alert.ts";
import type { Report } from "../../install/fold.ts";
import { userRefusal } from "../../install/mappings/windows-failure.ts";
import type { Work } from "../../install/plan-types.ts";
import { DECLINED, NO_ANSWER } from "../../install/progress.ts";
import type { DistributionId } from "../../model/ids.ts";
import type { Conversation } from "./conversation-context.ts";
import type { Consent, ConversationState } from "./conversation-state.ts";
import { deviceReport } from "./device-report.ts";
import { isUserAway, waitForUser } from "./push.ts";
import { servedApp } from "./served.ts";

/** How long a device shows a question; its session waits for the answer. */
export const QUESTION_SECONDS_MAX = 120;
/** Questions of one message: a person answers them one after the other. */
const QUESTIONS_PER_MESSAGE_MAX = 3;
const TAG = "ask";

/** Troubles of the moment, and nobody there; other refusals are for ever. [syncml 3.5, 3.6] */
const TIMED_OUT = 408;
const PASSING: ReadonlySet<number> = new Set([TIMED_OUT, 500, 503, 506]);

/** Work that may be sent: its user said yes in this session, or does not have to be asked. */
export function withConsent({ state }: Conversation, work: readonly Work[]): readonly Work[] {
  return work.filter((one) => !asksFirst(one) || state.consents[one.distribution.id] === "yes");
}

/**
 * Asks the user about work whose distribution says so. The answer holds for this session: a device
 * that comes back without having been sent the work is asked again.
 */
export function speakQuestions(
  conversation: Conversation,
  work: readonly Work[],
): OutgoingCommand[] {
  const commands: OutgoingCommand[] = [];
  for (const { distribution, ...one } of work.filter(asksFirst)) {
    if (commands.length >= QUESTIONS_PER_MESSAGE_MAX) break;
    const { id, question } = distribution;
    const { state, ledger } = conversation;
    const row = ledger.row(id);
    const served = row && servedApp(conversation, row);
    if (question === null || !served || !one.revision.file || state.consents[id]) continue;
    if (isUserAway(conversation)) {
      waitForUser(conversation, row, served);
      continue;
    }
    conversation.state = { ...state, consents: { ...state.consents, [id]: "asked" } };
    const options = { maxSeconds: QUESTION_SECONDS_MAX };
    commands.push(
      userAlert(`${TAG} ${id}`, { kind: "confirm", text: question, choices: [], options }),
    );
  }
  return commands;
}

/** How long a device may be silent because its user reads the questions that it was asked. */
export function answerMsMax({ consents }: ConversationState): number {
  const asked = Object.values(consents).filter((consent) => consent === "asked");
  return asked.length * QUESTION_SECONDS_MAX * 1000;
}

/** Nothing more is sent in this session, also of what its user agreed to before. [syncml 3.6] */
export function isCancelled({ state }: Conversation): boolean {
  return Object.values(state.consents).includes("cancelled");
}

export function hearConsent(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "status" && event.kind !== "unanswered") return;
  const [word, distribution] = event.tag.split(" ");
  if (word !== TAG || distribution === undefined) return;
  const id = distribution as DistributionId;
  const code = event.kind === "status" ? event.code : TIMED_OUT;
  const consent = consentOf(code);
  const { state, ledger } = conversation;
  conversation.state = { ...state, consents: { ...state.consents, [id]: consent } };
  const row = ledger.row(id);
  const served = row && servedApp(conversation, row);
  if (!row || !served) return;
  const { source } = served.provider;
  ledger.report(
    id,
    deviceReport(conversation, { source, ...saidBy(consent, code, userRefusal(row.operation)) }),
  );
}

/**
 * A yes is 200 and nothing else: by other successes the device says that it took the command (202),
 * or did not carry it out (215, behind a question that was cancelled).
 */
function consentOf(code: number): Exclude<Consent, "asked"> {
  if (code === 200) return "yes";
  if (code === 304) return "no";
  if (code === 214) return "cancelled";
  return code < 300 || PASSING.has(code) ? "unanswered" : "impossible";
}

function saidBy(
  consent: Exclude<Consent, "asked">,
  code: number,
  refusal: Report["meaning"],
): Pick<Report, "value" | "meaning"> & Partial<Pick<Report, "text">> {
  switch (consent) {
    case "yes":
      return { value: "agreed", meaning: "no-change" };
    case "no":
      return { value: DECLINED, meaning: refusal, text: "the user said no" };
    case "cancelled":
      return { value: DECLINED, meaning: refusal, text: "the user cancelled the question" };
    case "unanswered":
      return {
        value: NO_ANSWER,
        meaning: "no-change",
        ...(code !== TIMED_OUT && { text: `the device asked nobody (status ${code})` }),
      };
    case "impossible":
      return {
        value: `question ${code}`,
        meaning: { status: "failed", state: "Installation failed", retryable: false },
        text: `the device cannot ask its user (status ${code}): distribute it without a question`,
      };
  }
}

function asksFirst({ distribution, operation }: Work): boolean {
  return distribution.question !== null && operation !== "uninstall";
}
