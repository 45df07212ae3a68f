import {
  type EnrolmentSetting,
  writeSetting,
} from "../../../protocols/csp/enterprise-app-management/commands.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Conversation } from "./conversation-context.ts";
import { noteDevice } from "./note-device.ts";
import { type Setting, settingsOf, untold, withSettings } from "./told-settings.ts";

const TAG_SETTING = "enrol-setting";
/** Troubles of the moment; other refusals are for ever. [syncml 3.6] */
const PASSING: ReadonlySet<number> = new Set([408, 500, 503, 506]);

/** Told in the Add that enrols. */
const ENROLLED_WITH: ReadonlySet<EnrolmentSetting> = new Set([
  "CertificateSearchCriteria",
  "CRLCheck",
]);

/**
 * What was set for an enrolled device since, by its site or by an upstream server, is sent on. Most of
 * it can only be added: a device that has another value keeps it, and the log says so.
 */
export function speakSettings(conversation: Conversation): OutgoingCommand[] {
  const { ledger, enterpriseId, state, context } = conversation;
  const { device, tree } = ledger;
  const isOurs = device.enrolmentDigest !== null || (tree?.enterprise ?? null) !== null;
  if (!isOurs || device.enrolment === "unknown") return [];
  const settings = settingsOf(context.policy.read().enterprise);
  if (state.settings === "asked" || state.settings === "replacing") {
    conversation.state = { ...state, settings: "done" };
    const isTold = ({ name }: Setting) => !state.settingsLeft.includes(name);
    noteTold(conversation, settings.filter(isTold));
    return [];
  }
  const isReplaced = state.settings === "replace";
  if (!isReplaced && state.settings !== "none") return [];
  const wanted = untold(device, settings).filter(({ name }) => !isReplaced || name === "CRLCheck");
  if (wanted.length === 0) return [];
  conversation.state = { ...state, settings: isReplaced ? "replacing" : "asked" };
  const command = isReplaced ? "Replace" : "Add";
  return wanted.map((setting) =>
    writeSetting(command, `${TAG_SETTING} ${setting.name}`, enterpriseId, setting),
  );
}

export function hearSetting(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "unanswered" && event.kind !== "status") return;
  if (!event.tag.startsWith(TAG_SETTING)) return;
  const { state, ledger, context } = conversation;
  if (event.kind === "unanswered") {
    conversation.state = { ...state, settings: "done" }; // Not in this session any more.
    return;
  }
  const { code, tag } = event;
  const setting = tag.slice(TAG_SETTING.length + 1);
  if (code >= 200 && code < 300) return;
  if (code === 418 && setting === "CRLCheck" && state.settings === "asked") {
    conversation.state = { ...state, settings: "replace" };
    return;
  }
  context.log.warn("enrolment-setting-refused", { device: ledger.device.id, setting, code });
  if (PASSING.has(code)) {
    const settingsLeft = [...state.settingsLeft, setting as EnrolmentSetting];
    conversation.state = { ...state, settingsLeft };
  } else {
    noteDevice(conversation, `it refused the enrolment setting ${setting}: status ${code}`);
  }
}

/** The device was enrolled, and told with it what goes into that Add. */
export function noteEnrolled(conversation: Conversation): void {
  const settings = settingsOf(conversation.context.policy.read().enterprise);
  noteTold(
    conversation,
    settings.filter(({ name }) => ENROLLED_WITH.has(name)),
  );
}

function noteTold({ ledger }: Conversation, told: readonly Setting[]): void {
  ledger.patchDevice({ enrolmentDigest: withSettings(ledger.device, told) });
}
