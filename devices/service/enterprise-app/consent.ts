import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import { userAlert } from "../../../protocols/oma-dm/user-alert.ts";
import { userRefusal } from "../../install/mappings/windows-failure.ts";
import type { Work } from "../../install/plan-types.ts";
import { DECLINED, NO_ANSWER } from "../../install/progress.ts";
import type { DistributionId } from "../../model/ids.ts";
import type { Conversation } from "./conversation-context.ts";
import { deviceReport } from "./device-report.ts";
import { isUserAway, waitForUser } from "./push.ts";
import { servedApp } from "./served.ts";

/** How long a device shows a question; its session waits for the answer. */
export const QUESTION_SECONDS_MAX = 120;
/** Questions of one message: a person answers them one after the other. */
const QUESTIONS_PER_MESSAGE_MAX = 3;
const TAG = "ask";

/** Nobody there: asked again at the next contact. [syncml 3.5, 3.6] */
const TIMED_OUT = 408;
const NO: ReadonlySet<number> = new Set([304, 214]);

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

export function hearConsent(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "status" && event.kind !== "unanswered") return;
  const [word, distribution] = event.tag.split(" ");
  if (word !== TAG || distribution === undefined) return;
  const id = distribution as DistributionId;
  const code = event.kind === "status" ? event.code : TIMED_OUT;
  const { state, ledger } = conversation;
  const isYes = code >= 200 && code < 300 && !NO.has(code);
  conversation.state = { ...state, consents: { ...state.consents, [id]: isYes ? "yes" : "no" } };
  const row = ledger.row(id);
  const served = row && servedApp(conversation, row);
  if (!row || !served) return;
  const { source } = served.provider;
  if (isYes) {
    ledger.report(
      id,
      deviceReport(conversation, { source, value: "agreed", meaning: "no-change" }),
    );
  } else if (NO.has(code)) {
    const meaning = userRefusal(row.operation);
    const text = code === 214 ? "the user cancelled the question" : "the user said no";
    ledger.report(id, deviceReport(conversation, { source, value: DECLINED, meaning, text }));
  } else if (code === TIMED_OUT) {
    const said = { source, value: NO_ANSWER, meaning: "no-change" } as const;
    ledger.report(id, deviceReport(conversation, said));
  } else {
    ledger.report(
      id,
      deviceReport(conversation, {
        source,
        value: `question ${code}`,
        meaning: { status: "failed", state: "Installation failed", retryable: false },
        text: `the device cannot ask its user (status ${code}): distribute it without a question`,
      }),
    );
  }
}

function asksFirst({ distribution, operation }: Work): boolean {
  return distribution.question !== null && operation !== "uninstall";
}
