import { ProtocolError } from "../../protocols/errors.ts";
import type { AnswerOptions } from "../../protocols/oma-dm/answer-message.ts";
import { devInfoOf } from "../../protocols/oma-dm/dev-info.ts";
import { lostCommands } from "../../protocols/oma-dm/lost-commands.ts";
import type { MacKey, ReceivedMac } from "../../protocols/oma-dm/message-mac.ts";
import type { OutgoingCommand } from "../../protocols/oma-dm/outgoing-command.ts";
import {
  type Answer,
  answer,
  type Received,
  receive,
} from "../../protocols/oma-dm/server-session.ts";
import type { SessionEvent } from "../../protocols/oma-dm/server-state.ts";
import type { Message } from "../../protocols/syncml/message.ts";
import { AppError } from "../model/errors.ts";
import type { DeviceId } from "../model/ids.ts";
import { NAME_CHARACTERS_MAX } from "../model/limits.ts";
import type { Course } from "../ports/session-recorder.ts";
import { noteKnock } from "./contact/knock.ts";
import { clientAfter, NEW_CLIENT, questionsFor } from "./dm-client.ts";
import { credentialAfter, receiveContext, refuseBlocked } from "./dm-credential.ts";
import { enrolByCode } from "./enrol-by-code.ts";
import { hearLogin } from "./enterprise-app/alerts.ts";
import { hear, settle, speak } from "./enterprise-app/conversation.ts";
import type { Conversation } from "./enterprise-app/conversation-context.ts";
import { NEW_CONVERSATION } from "./enterprise-app/conversation-state.ts";
import { hearDetail, speakIdentity } from "./enterprise-app/detail.ts";
import { hearGoodbye, hearLeaving, speakLeaving } from "./enterprise-app/leave.ts";
import { reopenRemovals } from "./enterprise-app/removal.ts";
import { providersServing } from "./enterprise-app/served.ts";
import { forDevice } from "./for-device.ts";
import { judgeAlert } from "./judge-alert.ts";
import { isEmpty, Ledger } from "./ledger.ts";
import { replan } from "./replan.ts";
import { alarmOfRollbacks } from "./rollback-alarm.ts";
import type { SiteContext } from "./site-context.ts";
import { SESSION_LIFE_MS, storedAs, storedState } from "./stored-session.ts";

/** How a message reached us. */
export interface MessageOrigin {
  readonly address: string;
  /** The gateway's address as the device reaches it. */
  readonly baseUrl: () => string;
  /** The MAC that came beside the message. */
  readonly mac?: ReceivedMac | undefined;
  /** The canonical subject of a client certificate that a trusted proxy has verified. */
  readonly certificateSubject?: string | undefined;
  /** The bytes of an answer in the encoding that it will be sent in; as XML unless given. */
  readonly sizeOf?: ((message: Message) => number) | undefined;
}

/** The answer to a message. */
export interface Served {
  readonly message: Message;
  /** What its bytes are to be signed with, for a device that asks for it. */
  readonly mac: MacKey | undefined;
  /** Commands that the device said it could not undo. */
  readonly rollbackFailures?: number;
  /** Undefined for a message of a stranger. */
  readonly course?: Course;
}

/**
 * Answers one message of an OMA DM session. Everything that the message told is durable, and
 * everything that the answer sends is noted, before this resolves: a repeated message gets the same
 * answer again, and a gateway that dies in between goes on where it was.
 *
 * @throws AppError "too-many" for an address that failed to authenticate too often
 * @throws ProtocolError with rule `dm-device-name` for a name that no device can have: strangers that
 *   knock are kept by their names
 */
export async function serveMessage(
  context: SiteContext,
  message: Message,
  origin: MessageOrigin,
): Promise<Served> {
  const externalId = message.header.source.uri.trim();
  if (externalId.length > NAME_CHARACTERS_MAX) {
    throw new ProtocolError(
      "dm-device-name",
      `a device's name (Source LocURI) has at most ${NAME_CHARACTERS_MAX} characters`,
    );
  }
  const named = await context.store.findByAlias("oma-dm", externalId);
  const enrolled = await enrolByCode(context, message, externalId, named);
  // One that enrolled in another protocol since is served in that one.
  const isServed = named?.removedAtMs === null && named.protocol === "oma-dm";
  const known = enrolled ?? (isServed ? named : undefined);
  if (!known) return refuseStranger(context, message, externalId, origin, named?.id);
  const answered = await context.lock.run(known.id, () =>
    serveDevice(context, known.id, message, origin),
  );
  if (answered) return answered;
  // The site joined while the message waited, and its devices have other ids now.
  const renamed = await context.store.findByAlias("oma-dm", externalId);
  if (!renamed || renamed.id === known.id) throw new AppError("not-found", `no device ${known.id}`);
  return serveMessage(context, message, origin);
}

/** @returns undefined when there is no device of this id (any more) */
async function serveDevice(
  context: SiteContext,
  id: DeviceId,
  message: Message,
  origin: MessageOrigin,
): Promise<Served | undefined> {
  const [view, credential, stored] = await Promise.all([
    context.store.view(id),
    context.store.credential(id),
    context.store.session(id),
  ]);
  if (!view) return undefined;
  // Removed, or enrolled in another protocol, while this message waited for its turn.
  if (view.device.removedAtMs !== null || view.device.protocol !== "oma-dm") {
    return refuseStranger(context, message, message.header.source.uri.trim(), origin, id);
  }
  const nowMs = context.now();
  // Who shows nothing guesses nothing: an open session goes on.
  if (message.header.cred || origin.mac) refuseBlocked(credential, origin, nowMs);

  // An ended session is kept for a device that lost the last answer, but not for ever: a device with
  // a constant SessionID would get yesterday's answer.
  const last = stored && storedState(stored);
  const isRecent = stored !== undefined && nowMs - stored.updatedAtMs <= SESSION_LIFE_MS;
  const state = isRecent ? last : undefined;
  const judged = receiveContext(context, credential, origin);
  const received = receive(state?.dm, message, { ...judged, judgeAlert });
  const { own } = judged;
  if (received.turn === "repeat")
    return onCourse(id, received, answer(received.session, [], { own }));
  const forgotten = last !== undefined && !isRecent ? lostCommands(last.dm) : [];
  reportLost(context, id, [...forgotten, ...received.events]);

  const ledger = new Ledger(view, () => context.hlc.next());
  const isOpen = received.session.phase === "open";
  const isBegun = received.continues;
  // While a newcomer has not proved who it is, what was said with the device is kept for it.
  const keeps = state !== undefined && (isBegun || !isOpen);
  const { osVersion } = view.device;
  const client = clientAfter(last?.client ?? NEW_CLIENT, received.events, osVersion);
  const { lacks } = client;
  const forThis = forDevice(context, ledger);
  const conversation: Conversation = {
    context: forThis,
    ledger,
    enterpriseId: forThis.policy.read().enterprise.enterpriseId ?? "",
    providerId: credential?.serverId ?? context.omaDm().serverId,
    baseUrl: origin.baseUrl,
    protocol: "oma-dm",
    lacks,
    state: keeps ? state.conversation : NEW_CONVERSATION,
  };
  const largeObjects = client.largeObjects === true;
  const answered = isOpen
    ? converse(conversation, received, {
        first: received.turn === "commands" ? questionsFor(client, received.session) : [],
        how: { own, lacks, largeObjects, sizeOf: origin.sizeOf },
      })
    : answer(received.session, [], { own });

  ledger.setSession(
    storedAs(id, { dm: answered.session, conversation: conversation.state, client }, nowMs),
  );
  const changes = ledger.changes(context.policy.read(), nowMs);
  const heard = credential && credentialAfter(context, credential, received.events, origin);
  // What its certificates were good for ends with them.
  const isOut = changes.revoke !== undefined && heard?.certificateSubject != null;
  const next = heard && isOut ? { ...heard, certificateSubject: null } : heard;
  const isNews = next !== undefined && next !== credential;
  const all = isNews ? { ...changes, credential: next } : changes;
  if (!isEmpty(all)) await context.store.commit([all]);
  const rollbackFailures = alarmOfRollbacks(context, id, received.events);
  return { ...onCourse(id, received, answered), rollbackFailures };
}

function onCourse(device: DeviceId, received: Received, answered: Answer): Served {
  const { message, mac, session } = answered;
  const { continues, events, turn } = received;
  const hasMore = session.outstanding.length + session.queued.length > 0 || session.unfinished;
  const isOver =
    session.phase === "closed" || turn === "ended" || (turn === "commands" && !hasMore);
  return { message, mac, course: { device, turn, continues, isOver, events } };
}

/** How often other words are looked for when a device has no room for what was to be said. */
const REPHRASED_MAX = 3;

/** A session that broke off: what it had sent is asked for again, never sent again blindly. */
function reportLost(context: SiteContext, device: DeviceId, events: readonly SessionEvent[]): void {
  const tags = (kind: "in-doubt" | "not-sent") =>
    events.flatMap((event) => (event.kind === kind ? [event.tag] : []));
  const inDoubt = tags("in-doubt");
  const notSent = tags("not-sent");
  if (inDoubt.length + notSent.length === 0) return;
  context.log.info("session-broke-off", {
    device,
    inDoubt: inDoubt.join(", "),
    notSent: notSent.join(", "),
  });
}

/** Hears what came, plans, and makes the answer with what comes next. */
function converse(
  conversation: Conversation,
  received: Received,
  {
    first,
    how,
  }: {
    /** Asked before anything else is said. */
    readonly first: readonly OutgoingCommand[];
    readonly how: AnswerOptions;
  },
): Answer {
  const { context, ledger } = conversation;
  if (!received.continues) ledger.patchDevice({ lastContactMs: context.now() });
  const isOurTurn = received.turn === "commands" && first.length === 0;
  const begins = !received.continues;
  let said = hearAndSpeak(conversation, received.events, { begins, isOurTurn });
  let answered = answer(received.session, first.length > 0 ? first : said, how);
  // What the device has no room for is heard as refused; perhaps it can be said otherwise.
  for (let round = 0; answered.refused.length > 0 && round < REPHRASED_MAX; round++) {
    said = hearAndSpeak(conversation, answered.refused, { begins: false, isOurTurn });
    answered = answer(received.session, [...answered.taken, ...said], how);
  }
  if (answered.refused.length > 0 || answered.events.length > 0) {
    const heard = [...answered.refused, ...answered.events];
    hearAndSpeak(conversation, heard, { begins: false, isOurTurn: false });
  }
  return answered;
}

/** Takes in what was told; when it is our turn, plans and says what comes next. */
function hearAndSpeak(
  conversation: Conversation,
  events: readonly SessionEvent[],
  options: { readonly begins: boolean; readonly isOurTurn: boolean },
): readonly OutgoingCommand[] {
  const { context, ledger } = conversation;
  const nowMs = context.now();
  hearDevice(conversation, events);
  const serves = providersServing(conversation).length > 0;
  if (serves && options.begins) reopenRemovals(conversation);
  if (serves) hear(conversation, events);
  if (!options.isOurTurn) return [];
  if (serves) settle(conversation);

  const { evaluates } = conversation.state;
  const work = replan(context, ledger, { contact: true, evaluates });
  const { changeCount } = ledger;
  if (ledger.instants.some((instant) => instant.evaluatedAtMs === nowMs)) {
    conversation.state = { ...conversation.state, evaluates: true };
  }
  // Nothing to say about apps, as far as is known; what the device is may change that.
  if (!serves) return [...speakLeaving(conversation), ...speakIdentity(conversation)];
  const commands = speak(conversation, work);
  // What is sent waits for the device from now on. Where nothing is, planning again says the same.
  if (ledger.changeCount !== changeCount) replan(context, ledger, { contact: false });
  return commands;
}

/** What the device says about itself, whatever it is managed with. */
function hearDevice(conversation: Conversation, events: readonly SessionEvent[]): void {
  const { ledger } = conversation;
  for (const event of events) {
    if (event.kind === "dev-info") {
      const { man, mod, swV } = event.info;
      ledger.patchDevice({
        ...(man ? { manufacturer: man } : {}),
        ...(mod ? { model: mod } : {}),
        ...(swV ? { osVersion: swV } : {}),
      });
    } else {
      hearLogin(conversation, event);
      hearDetail(conversation, event);
      hearLeaving(conversation, event);
      hearGoodbye(conversation, event);
    }
  }
}

/** 401 or 407 in SyncML, nothing stored but that it knocked. */
async function refuseStranger(
  context: SiteContext,
  message: Message,
  externalId: string,
  origin: MessageOrigin,
  removed: DeviceId | undefined,
): Promise<Served> {
  const received = receive(undefined, message, receiveContext(context, undefined, origin));
  const { address } = origin;
  if (removed) context.log.warn("removed-device-refused", { externalId, address });
  else await noteKnock(context, "oma-dm", externalId, address, devInfoOf(message));
  return answer(received.session, []);
}
