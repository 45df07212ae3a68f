import {
  deleteEnterprise,
  enrolEnterprise,
  getEnterpriseStatus,
  replaceEnrollmentToken,
} from "../../../protocols/csp/enterprise-app-management/commands.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import { enrolmentFromStatus } from "../../install/mappings/enterprise-app-management.ts";
import type { Conversation } from "./conversation-context.ts";
import { hearSetting, noteEnrolled, speakSettings } from "./enrolment-settings.ts";
import { removePresentApps } from "./removal.ts";
import { hasToken, withToken } from "./told-settings.ts";

const TAG_ADD = "enrol-add";
const TAG_REPLACE = "enrol-replace";
const TAG_UNENROL = "unenrol";
const TAG_STATUS = "enterprise-status";

/** Enrols, renews the token, or unenrols: alone in its message. [E-004, E-078, S-31, S-46, S-47] */
export function speakEnrolment(conversation: Conversation): OutgoingCommand[] {
  const { ledger, enterpriseId, state } = conversation;
  const { enterprise } = conversation.context.policy.read();
  const { device } = ledger;
  if (device.enrolment === "unenrol-requested" && state.enrolment === "none") {
    conversation.state = { ...state, enrolment: "add" };
    return [deleteEnterprise(TAG_UNENROL, enterpriseId)];
  }
  if (device.enrolment === "unenrolled" || device.enrolment === "unenrol-requested") return [];
  const token = enterprise.enrollmentToken;
  if (token === null || hasToken(device, token)) return speakSettings(conversation);

  const isFirst = device.enrolment === "unknown" && state.enrolment === "none";
  if (isFirst) {
    conversation.state = { ...state, enrolment: "add" };
    return [
      enrolEnterprise(TAG_ADD, enterpriseId, {
        enrollmentToken: token,
        certificateSearchCriteria: enterprise.certificateSearchCriteria,
        crlCheck: enterprise.crlCheck,
      }),
    ];
  }
  const canReplace = state.enrolment === "none" || state.enrolment === "add";
  if (!canReplace) return [];
  conversation.state = { ...state, enrolment: "replace" };
  return [replaceEnrollmentToken(TAG_REPLACE, enterpriseId, token)];
}

/** Not enrolled as far as is known, and there is nothing to enrol it with. */
export function isWithoutToken({ ledger, context }: Conversation): boolean {
  const { enrollmentToken } = context.policy.read().enterprise;
  return ledger.device.enrolment === "unknown" && enrollmentToken === null;
}

export function hearEnrolment(conversation: Conversation, event: SessionEvent): void {
  hearSetting(conversation, event);
  if (event.kind !== "status") return;
  const { ledger, context } = conversation;
  if (event.tag === TAG_UNENROL) {
    conversation.state = { ...conversation.state, enrolment: "done" };
    // 404: there is nothing to delete any more, which is what was asked for.
    if (isGood(event.code) || event.code === 404) {
      removePresentApps(conversation, ["EnterpriseAppManagement"], "the enterprise was unenrolled");
      ledger.patchDevice({ enrolment: "unenrolled", enrolmentDigest: null });
    } else {
      context.log.warn("unenrol-refused", { device: ledger.device.id, code: event.code });
    }
    return;
  }
  if (event.tag !== TAG_ADD && event.tag !== TAG_REPLACE) return;
  const token = context.policy.read().enterprise.enrollmentToken;
  const codes = [event.code, ...Object.values(event.itemCodes)];
  if (token !== null && codes.every(isGood)) {
    conversation.state = { ...conversation.state, enrolment: "done" };
    const enrolmentDigest = withToken(ledger.device, token);
    ledger.patchDevice({ enrolment: "enabled", enrolmentDigest });
    if (event.tag === TAG_ADD) noteEnrolled(conversation);
    return;
  }
  if (event.tag === TAG_ADD && codes.includes(418)) return; // There already: Replace comes next.
  if (event.tag === TAG_REPLACE && codes.includes(404) && ledger.device.enrolment !== "unknown") {
    // The device has lost the enrolment that it had: it is enrolled anew.
    conversation.state = { ...conversation.state, enrolment: "none" };
    ledger.patchDevice({ enrolment: "unknown", enrolmentDigest: null });
    return;
  }
  conversation.state = { ...conversation.state, enrolment: "refused" };
  ledger.patchDevice({ enrolment: "invalid" });
  context.log.warn("enrolment-refused", { device: ledger.device.id, code: event.code });
}

/** Asks for `{EnterpriseID}/Status` when something else is asked or sent, or when it blocks work. */
export function speakStatus(
  conversation: Conversation,
  options: { readonly needed: boolean },
): OutgoingCommand[] {
  const { state, ledger, enterpriseId } = conversation;
  const { enrolment } = ledger.device;
  const isBlocked =
    enrolment === "revoked" || enrolment === "invalid" || enrolment === "install-disabled";
  if (state.status !== "no" || !(options.needed || isBlocked)) return [];
  conversation.state = { ...state, status: "asked" };
  return [getEnterpriseStatus(TAG_STATUS, enterpriseId)];
}

export function hearEnterpriseStatus(conversation: Conversation, event: SessionEvent): void {
  const { ledger } = conversation;
  if (event.kind === "status" && event.tag === TAG_STATUS) {
    conversation.state = { ...conversation.state, status: "done" };
    const { enrolment, enrolmentDigest } = ledger.device;
    if (event.code === 404 && (enrolmentDigest !== null || enrolment === "enabled")) {
      // The EnterpriseID node is gone: the device has forgotten its enrolment. It is enrolled anew.
      ledger.patchDevice({ enrolment: "unknown", enrolmentDigest: null });
    }
    return;
  }
  if (event.kind !== "results" || event.tag !== TAG_STATUS) return;
  conversation.state = { ...conversation.state, status: "done" };
  const enrolment = enrolmentFromStatus(event.items[0]?.data ?? "");
  if (enrolment !== undefined) ledger.patchDevice({ enrolment });
}

function isGood(code: number): boolean {
  return code >= 200 && code < 300;
}
