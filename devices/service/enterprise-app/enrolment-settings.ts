import {
  type EnrolmentSetting,
  writeSetting,
} from "../../../protocols/csp/enterprise-app-management/commands.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Conversation } from "./conversation-context.ts";
import { settingsOf, untold, withSettings } from "./told-settings.ts";

const TAG_SETTING = "enrol-setting";

/** Told in the Add that enrols. */
export const ENROLLED_WITH: ReadonlySet<EnrolmentSetting> = new Set([
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
    noteSettings(conversation);
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
}

/** The device knows them now; not all of them, where only some were sent. */
export function noteSettings(
  { ledger, context }: Conversation,
  only?: ReadonlySet<EnrolmentSetting>,
): void {
  const settings = settingsOf(context.policy.read().enterprise);
  const told = settings.filter(({ name }) => only === undefined || only.has(name));
  ledger.patchDevice({ enrolmentDigest: withSettings(ledger.device, told) });
}
