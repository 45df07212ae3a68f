import { executeUnenroll } from "../../../protocols/csp/dm-client.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import { ALERT } from "../../../protocols/syncml/alerts.ts";
import type { Conversation } from "./conversation-context.ts";
import { noteDevice } from "./note-device.ts";
import { removePresentApps } from "./removal.ts";
import { isServedBy } from "./served.ts";

const TAG = "leave";
/** What these installed goes when the account goes; an MSI stays. [E-043, syncml 6.3] */
const LEAVE_WITH_ACCOUNT = ["EnterpriseAppManagement", "EnterpriseModernAppManagement"] as const;

/**
 * Asks a PC to remove its account, once a session. EnterpriseAppManagement has an unenrolment of its own.
 */
export function speakLeaving(conversation: Conversation): OutgoingCommand[] {
  const { ledger, state, providerId, context } = conversation;
  const isMeant = isLeaving(conversation) && !state.leaving;
  if (!isMeant) return [];
  conversation.state = { ...state, leaving: true };
  context.log.info("pc-unenrolment-sent", { device: ledger.device.id, providerId });
  return [executeUnenroll(TAG, providerId)];
}

/** A PC that is to go hears nothing else. */
export function isLeaving(conversation: Conversation): boolean {
  const { enrolment } = conversation.ledger.device;
  return enrolment === "unenrol-requested" && !isServedBy(conversation, "EnterpriseAppManagement");
}

/**
 * A PC that does it gives no answer. One that says no, or that it has no such account, stays what it was:
 * asking for ever would change nothing.
 */
export function hearLeaving(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "status" || event.tag !== TAG || event.code < 300) return;
  const { ledger } = conversation;
  if (ledger.device.enrolment !== "unenrol-requested") return;
  ledger.patchDevice({ enrolment: "unknown" });
  noteDevice(conversation, `it refused to be unenrolled: status ${event.code}`);
}

/**
 * The last word of an account, whoever wanted it to go. Certificates of the device are good for nothing
 * any more; its password is kept, so that one that could not go through with it can say so.
 */
export function hearGoodbye(conversation: Conversation, event: SessionEvent): void {
  if (event.kind !== "alert" || !isGoodbye(event)) return;
  const { ledger, context } = conversation;
  const wasAsked = ledger.device.enrolment === "unenrol-requested";
  const why = wasAsked
    ? "it was unenrolled, as an administrator wanted"
    : "its user removed the enterprise account";
  removePresentApps(conversation, LEAVE_WITH_ACCOUNT, why);
  ledger.patchDevice({ enrolment: "unenrolled", enrolmentDigest: null });
  ledger.revokeCertificates(context.now());
  noteDevice(conversation, why);
  context.log.info(wasAsked ? "device-unenrolled" : "device-unenrolled-by-user", {
    device: ledger.device.id,
  });
}

function isGoodbye({ code, items }: Extract<SessionEvent, { kind: "alert" }>): boolean {
  return (
    code === ALERT.generic &&
    items.some(({ meta }) => meta?.type?.toLowerCase().includes("mdm.unenrollment.userrequest"))
  );
}
