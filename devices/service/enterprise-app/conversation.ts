import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Work } from "../../install/plan-types.ts";
import { hearEnds } from "./alerts.ts";
import { hearConsent, isCancelled, speakQuestions, withConsent } from "./consent.ts";
import type { Conversation } from "./conversation-context.ts";
import { speakDetail, speakIdentity } from "./detail.ts";
import {
  hearEnrolment,
  hearEnterpriseStatus,
  isWithoutToken,
  speakEnrolment,
  speakStatus,
} from "./enrolment.ts";
import { hearInventory, settleInventory, speakInventory } from "./inventory.ts";
import { isLeaving, speakLeaving } from "./leave.ts";
import { hearPoll, settlePolls, speakPolls } from "./poll.ts";
import { hearPush, settlePushes, speakPushes } from "./push.ts";
import { hearRemoval, settleRemovals, speakRemovals } from "./removal.ts";
import { isServedBy } from "./served.ts";

/** Takes in what the device answered; facts go to the ledger. */
export function hear(conversation: Conversation, events: readonly SessionEvent[]): void {
  for (const event of events) {
    hearEnds(conversation, event);
    hearEnrolment(conversation, event);
    hearEnterpriseStatus(conversation, event);
    hearInventory(conversation, event);
    hearConsent(conversation, event);
    hearPoll(conversation, event);
    hearPush(conversation, event);
    hearRemoval(conversation, event);
  }
}

/** Judges what is complete now that the device's package has ended. */
export function settle(conversation: Conversation): void {
  settlePolls(conversation);
  settleInventory(conversation);
  settlePushes(conversation);
  settleRemovals(conversation);
}

/**
 * What the site says to a device about its apps, message by message.
 *
 * The order of a session: what the device is, where that is not known; for EnterpriseAppManagement
 * enrol (or renew the token, or unenrol); then read what the device knows (running installations,
 * lists of apps when they are due, enrolment status); then, and only when a device that has to be
 * enrolled said that it is, send the work; and what has to be asked of a user first is asked then.
 * Each turn sends one of these groups, because a server sends nothing new before everything before has
 * its Status. [DM 1.2, syncml 3.2]
 *
 * @returns the next commands; none ends the session
 */
export function speak(conversation: Conversation, work: readonly Work[]): OutgoingCommand[] {
  if (isCancelled(conversation)) return [];
  const identity = speakIdentity(conversation);
  if (identity.length > 0) return identity;
  if (isLeaving(conversation)) return speakLeaving(conversation);
  const isEnrolled = isServedBy(conversation, "EnterpriseAppManagement");
  const enrolment = isEnrolled ? speakEnrolment(conversation) : [];
  if (enrolment.length > 0) return enrolment;
  const { device, rows } = conversation.ledger;
  if (device.enrolment === "unenrolled") return [];
  if (isEnrolled && isWithoutToken(conversation)) {
    // Somebody else may have enrolled it: its Status tells, and nothing more is asked of a stranger.
    return speakStatus(conversation, { needed: rows.some(({ reason }) => reason === "enrolment") });
  }

  const questions = [
    // Before the lists: what has ended by now is in them.
    ...speakPolls(conversation),
    ...speakInventory(conversation),
    ...speakDetail(conversation),
  ];
  const needed = questions.length + work.length > 0;
  const status = isEnrolled ? speakStatus(conversation, { needed }) : [];
  if (status.length + questions.length > 0) return [...status, ...questions];
  const sent = [
    ...speakPushes(conversation, withConsent(conversation, work)),
    ...speakRemovals(conversation, work),
  ];
  // While somebody reads a question nothing else goes on, so they come last.
  return sent.length > 0 ? sent : speakQuestions(conversation, work);
}
