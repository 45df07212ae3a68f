import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Work } from "../../install/plan-types.ts";
import type { Device } from "../../model/device.ts";
import type { Conversation } from "./conversation-context.ts";
import { hearDetail, speakDetail } from "./detail.ts";
import {
  hearEnrolment,
  hearEnterpriseStatus,
  isWithoutToken,
  speakEnrolment,
  speakStatus,
} from "./enrolment.ts";
import { hearInventory, settleInventory, speakInventory } from "./inventory.ts";
import { hearPoll, settlePolls, speakPolls } from "./poll.ts";
import { hearPush, settlePushes, speakPushes } from "./push.ts";
import { hearRemoval, speakRemovals } from "./removal.ts";

/** Is this device served with EnterpriseAppManagement? [Q47] */
export function speaksEnterpriseApp(device: Device, platforms: readonly string[]): boolean {
  if (device.platform !== "Windows") return false;
  const { osPlatform } = device;
  if (osPlatform === null) return true;
  return platforms.some((name) => osPlatform.toLowerCase().startsWith(name.toLowerCase()));
}

/** Takes in what the device answered; facts go to the ledger. */
export function hear(conversation: Conversation, events: readonly SessionEvent[]): void {
  for (const event of events) {
    hearEnrolment(conversation, event);
    hearEnterpriseStatus(conversation, event);
    hearDetail(conversation, event);
    hearInventory(conversation, event);
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
}

/**
 * What the site says to a device about its enterprise apps, message by message.
 *
 * The order of a session: enrol (or renew the token, or unenrol); then read what the device knows
 * (enrolment status, running downloads, inventory when it is due); then, and only when the device
 * said it is enabled, send the work. Each turn sends one of these groups, because a server sends
 * nothing new before everything before has its Status. [DM 1.2, syncml 3.2]
 *
 * @returns the next commands; none ends the session
 */
export function speak(conversation: Conversation, work: readonly Work[]): OutgoingCommand[] {
  const enrolment = speakEnrolment(conversation);
  if (enrolment.length > 0) return enrolment;
  const { device, rows } = conversation.ledger;
  if (device.enrolment === "unenrolled") return [];
  if (isWithoutToken(conversation)) {
    // Somebody else may have enrolled it: its Status tells, and nothing more is asked of a stranger.
    return speakStatus(conversation, { needed: rows.some(({ reason }) => reason === "enrolment") });
  }

  const questions = [
    ...speakPolls(conversation),
    ...speakInventory(conversation),
    ...speakDetail(conversation),
  ];
  const status = speakStatus(conversation, { needed: questions.length + work.length > 0 });
  if (status.length + questions.length > 0) return [...status, ...questions];
  return [...speakPushes(conversation, work), ...speakRemovals(conversation, work)];
}
