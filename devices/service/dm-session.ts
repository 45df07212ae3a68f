import { devInfoOf } from "../../protocols/oma-dm/dev-info.ts";
import type { ReceivedMac } from "../../protocols/oma-dm/message-mac.ts";
import { answer, lostCommands, receive } from "../../protocols/oma-dm/server-session.ts";
import type {
  ReceiveContext,
  ServerSession,
  SessionEvent,
} from "../../protocols/oma-dm/server-state.ts";
import type { Message } from "../../protocols/syncml/message.ts";
import type { DeviceCredential } from "../model/credential.ts";
import { AppError } from "../model/errors.ts";
import type { DeviceId } from "../model/ids.ts";
import type { StoredSession } from "../ports/site-store.ts";
import { enrolByCode } from "./enrol-by-code.ts";
import { hear, settle, speak, speaksEnterpriseApp } from "./enterprise-app/conversation.ts";
import type { Conversation } from "./enterprise-app/conversation-context.ts";
import { type ConversationState, NEW_CONVERSATION } from "./enterprise-app/conversation-state.ts";
import { removePresentApps, reopenRemovals } from "./enterprise-app/removal.ts";
import { forDevice } from "./for-device.ts";
import { isEmpty, Ledger } from "./ledger.ts";
import { afterFailure, afterSuccess, waitMs } from "./login-guard.ts";
import { replan } from "./replan.ts";
import type { SiteContext } from "./site-context.ts";

const NONCE_BYTES = 16;
/** A session that was silent for longer is over; the device begins a new one. */
export const SESSION_LIFE_MS = 10 * 60_000;

/** How a message reached us. */
export interface MessageOrigin {
  readonly address: string;
  /** The gateway's address as the device reaches it. */
  readonly baseUrl: string;
  /** The MAC that came beside the message. */
  readonly mac?: ReceivedMac | undefined;
  /** The canonical subject of a client certificate that a trusted proxy has verified. */
  readonly certificateSubject?: string | undefined;
}

interface StoredState {
  readonly dm: ServerSession;
  readonly conversation: ConversationState;
}

/**
 * Answers one message of an OMA DM session. Everything that the message told is durable, and
 * everything that the answer sends is noted, before this resolves: a repeated message gets the same
 * answer again, and a gateway that dies in between goes on where it was.
 *
 * @throws AppError "too-many" for an address that failed to authenticate too often
 */
export async function serveMessage(
  context: SiteContext,
  message: Message,
  origin: MessageOrigin,
): Promise<Message> {
  const externalId = message.header.source.uri.trim();
  const named = await context.store.findByAlias("oma-dm", externalId);
  const enrolled = await enrolByCode(context, message, externalId, named);
  const known = enrolled ?? (named?.removedAtMs === null ? named : undefined);
  if (!known) return refuseStranger(context, message, externalId, origin, named?.id);
  return context.lock.run(known.id, () => serveDevice(context, known.id, message, origin));
}

async function serveDevice(
  context: SiteContext,
  id: DeviceId,
  message: Message,
  origin: MessageOrigin,
): Promise<Message> {
  const [view, credential, stored] = await Promise.all([
    context.store.view(id),
    context.store.credential(id),
    context.store.session(id),
  ]);
  if (!view) throw new AppError("not-found", `no device ${id}`);
  // Removed while this message waited for its turn.
  if (view.device.removedAtMs !== null) {
    return refuseStranger(context, message, message.header.source.uri.trim(), origin, id);
  }
  const nowMs = context.now();
  // Who shows nothing guesses nothing: an open session goes on.
  if (message.header.cred || origin.mac) refuseBlocked(credential, origin, nowMs);

  // An ended session is kept for a device that lost the last answer, but not for ever: a device with
  // a constant SessionID would get yesterday's answer.
  const isRecent = stored !== undefined && nowMs - stored.updatedAtMs <= SESSION_LIFE_MS;
  const state = isRecent ? stateOf(stored) : undefined;
  const received = receive(state?.dm, message, receiveContext(context, credential, origin));
  if (received.turn === "repeat") return answer(received.session, []).message;
  const forgotten = stored !== undefined && !isRecent ? lostCommands(stateOf(stored).dm) : [];
  reportLost(context, id, [...forgotten, ...received.events]);

  const ledger = new Ledger(view, () => context.hlc.next());
  const isOpen = received.session.phase === "open";
  const isBegun = received.continues;
  // While a newcomer has not proved who it is, what was said with the device is kept for it.
  const keeps = state !== undefined && (isBegun || !isOpen);
  const own = forDevice(context, ledger);
  const conversation: Conversation = {
    context: own,
    ledger,
    enterpriseId: own.policy.read().enterprise.enterpriseId ?? "",
    baseUrl: origin.baseUrl,
    protocol: "oma-dm",
    state: keeps ? state.conversation : NEW_CONVERSATION,
  };
  const commands = isOpen
    ? converse(conversation, received.events, { begins: !isBegun, turn: received.turn })
    : [];
  const answered = answer(received.session, commands);

  ledger.setSession(
    storedAs(id, { dm: answered.session, conversation: conversation.state }, nowMs),
  );
  const changes = ledger.changes(context.policy.read(), nowMs);
  const nextCredential =
    credential && credentialAfter(context, credential, received.events, origin);
  const all = nextCredential === credential ? changes : { ...changes, ...wrap(nextCredential) };
  if (!isEmpty(all)) await context.store.commit([all]);
  return answered.message;
}

/** What stored sessions were made from: a store that gives back the same object saves the parsing. */
const states = new WeakMap<StoredSession, StoredState>();

function stateOf(stored: StoredSession): StoredState {
  return states.get(stored) ?? (JSON.parse(stored.state) as StoredState);
}

function storedAs(device: DeviceId, state: StoredState, updatedAtMs: number): StoredSession {
  const { sessionId } = state.dm;
  const stored = { device, sessionId, state: JSON.stringify(state), updatedAtMs };
  states.set(stored, state);
  return stored;
}

/** What a message is judged by: the device's own rule, or where it has none, the site's. */
function receiveContext(
  context: SiteContext,
  credential: DeviceCredential | undefined,
  { mac, certificateSubject }: MessageOrigin,
): ReceiveContext {
  const freshNonce = Buffer.from(context.randomBytes(NONCE_BYTES)).toString("base64");
  if (credential === undefined) return { credential: undefined, freshNonce, mac };
  const { scheme } = credential;
  return {
    credential: {
      ...credential,
      scheme: scheme === "site" ? context.omaDm().requiredProof : scheme,
    },
    freshNonce,
    mac,
    certified:
      certificateSubject !== undefined && certificateSubject === credential.certificateSubject,
  };
}

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

function wrap(credential: DeviceCredential | undefined): { credential?: DeviceCredential } {
  return credential ? { credential } : {};
}

/** Hears what came, plans, and says what comes next. */
function converse(
  conversation: Conversation,
  events: readonly SessionEvent[],
  options: { readonly begins: boolean; readonly turn: string },
): ReturnType<typeof speak> {
  const { context, ledger } = conversation;
  const nowMs = context.now();
  if (options.begins) ledger.patchDevice({ lastContactMs: nowMs });
  hearDevice(conversation, events);
  const serves =
    conversation.enterpriseId !== "" &&
    speaksEnterpriseApp(ledger.device, context.policy.read().enterprise.platforms);
  if (serves && options.begins) reopenRemovals(conversation);
  if (serves) hear(conversation, events);
  if (options.turn !== "commands") return [];
  if (serves) settle(conversation);

  const { evaluates } = conversation.state;
  const work = replan(context, ledger, { contact: true, evaluates });
  const { changeCount } = ledger;
  if (ledger.instants.some((instant) => instant.evaluatedAtMs === nowMs)) {
    conversation.state = { ...conversation.state, evaluates: true };
  }
  if (!serves) return [];
  const commands = speak(conversation, work);
  // What is sent waits for the device from now on. Where nothing is, planning again says the same.
  if (ledger.changeCount !== changeCount) replan(context, ledger, { contact: false });
  return commands;
}

/** What the device says about itself, whatever it is managed with. */
function hearDevice(conversation: Conversation, events: readonly SessionEvent[]): void {
  const { ledger, context } = conversation;
  for (const event of events) {
    if (event.kind === "dev-info") {
      const { man, mod, swV } = event.info;
      ledger.patchDevice({
        ...(man ? { manufacturer: man } : {}),
        ...(mod ? { model: mod } : {}),
        ...(swV ? { osVersion: swV } : {}),
      });
    } else if (event.kind === "alert" && isUserUnenrolment(event)) {
      removePresentApps(conversation, "the user removed the enterprise account");
      ledger.patchDevice({ enrolment: "unenrolled", enrolmentDigest: null });
      context.log.info("device-unenrolled-by-user", { device: ledger.device.id });
    }
  }
}

function isUserUnenrolment(event: Extract<SessionEvent, { kind: "alert" }>): boolean {
  return (
    event.code === 1226 &&
    event.items.some((item) =>
      item.meta?.type?.toLowerCase().includes("mdm.unenrollment.userrequest"),
    )
  );
}

function credentialAfter(
  context: SiteContext,
  credential: DeviceCredential,
  events: readonly SessionEvent[],
  { address }: MessageOrigin,
): DeviceCredential {
  let next = credential;
  for (const event of events) {
    if (event.kind === "authenticated") {
      next = {
        ...next,
        nextNonce: event.nextNonce ?? next.nextNonce,
        previousSecretHash: event.withPreviousSecret ? next.previousSecretHash : null,
        guard: afterSuccess(next.guard, address),
      };
    } else if (event.kind === "not-authenticated" && event.reason === "wrong") {
      next = { ...next, guard: afterFailure(next.guard, address, context.now()) };
      const { device } = credential;
      context.log.warn("device-not-authenticated", { device, reason: event.reason, address });
    }
  }
  const isSame = (Object.keys(next) as (keyof DeviceCredential)[]).every(
    (key) => next[key] === credential[key],
  );
  return isSame ? credential : next;
}

function refuseBlocked(
  credential: DeviceCredential | undefined,
  { address }: MessageOrigin,
  nowMs: number,
): void {
  const retryAfterMs = credential ? waitMs(credential.guard, address, nowMs) : 0;
  if (retryAfterMs === 0) return;
  throw new AppError(
    "too-many",
    "too many wrong credentials for this device came from this address; it has to wait",
    { retryAfterMs },
  );
}

/** 401 or 407 in SyncML, nothing stored but that it knocked. */
async function refuseStranger(
  context: SiteContext,
  message: Message,
  externalId: string,
  origin: MessageOrigin,
  removed: DeviceId | undefined,
): Promise<Message> {
  const received = receive(undefined, message, receiveContext(context, undefined, origin));
  context.log.warn(removed ? "removed-device-refused" : "unknown-device-knocked", {
    externalId,
    address: origin.address,
  });
  if (!removed) {
    await context.store.knock({
      protocol: "oma-dm",
      externalId,
      address: origin.address,
      details: JSON.stringify(devInfoOf(message)),
      atMs: context.now(),
    });
  }
  return answer(received.session, []).message;
}
