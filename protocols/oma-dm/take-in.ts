import { ALERT } from "../syncml/alerts.ts";
import type { Message } from "../syncml/message.ts";
import { isSuccess } from "../syncml/statuses.ts";
import type { Proof } from "./authenticate.ts";
import { type Heard, hearMessage } from "./hear-message.ts";
import { isHeartbeat } from "./incoming-object.ts";
import { lostCommands } from "./lost-commands.ts";
import type { OutgoingCommand, OutgoingItems } from "./outgoing-command.ts";
import { codeOfItems, codesByTarget, derivedStatus, type LackedSequence } from "./outstanding.ts";
import {
  type Outstanding,
  type Owed,
  type OwedAlert,
  type Partial,
  type ReceiveContext,
  type ReplyStatus,
  SESSION_LIMITS,
  type ServerSession,
  type SessionEvent,
  type Turn,
} from "./server-state.ts";

/** An object that broke on its way is sent once more, and no more. */
const OBJECT_ATTEMPTS_MAX = 2;

export interface TakenIn {
  readonly session: ServerSession;
  readonly owed: Owed;
  readonly events: readonly SessionEvent[];
}

/** Takes in an authenticated message and settles whose turn it is. */
export function takeIn(
  session: ServerSession,
  message: Message,
  header: ReplyStatus,
  context: ReceiveContext & { readonly proof: Proof | undefined },
): TakenIn {
  const heard = hearMessage(message, session, context);
  const events: SessionEvent[] = [];
  if (context.proof !== undefined) {
    const { scheme, nextNonce, withPreviousSecret } = context.proof;
    events.push({ kind: "authenticated", scheme, nextNonce, withPreviousSecret });
  }
  events.push(...ownEvents(session, heard), ...heard.events);
  const statuses = [header, ...heard.statuses];
  const next = withHeard(session, heard, events);
  const owe = (turn: Turn, more: readonly OwedAlert[] = [], sendsQueued = false): Owed => ({
    turn,
    statuses,
    alerts: [...heard.alerts, ...more],
    sendsQueued,
  });

  const abort = abortReason(heard, events);
  if (abort !== undefined) return ended(next, owe("ended"), events, "device", abort);
  const limit = (context.limits ?? SESSION_LIMITS).messagesMax;
  if (session.serverMessageId + 1 >= limit) {
    const owed = owe("ended", [{ code: ALERT.sessionAbort }]);
    return ended(next, owed, events, "server", `more than ${limit} messages`);
  }
  return { ...whoseTurn(next, session, message, heard, owe, events), events };
}

type Owe = (turn: Turn, more?: readonly OwedAlert[], sendsQueued?: boolean) => Owed;

function whoseTurn(
  next: ServerSession,
  before: ServerSession,
  message: Message,
  heard: Heard,
  owe: Owe,
  events: SessionEvent[],
): Pick<TakenIn, "session" | "owed"> {
  const askForMore = [{ code: ALERT.nextMessage }];
  const { incoming } = next;
  const isSpeaking = !message.final || (incoming !== null && incoming.refused === null);
  if (before.unfinished) {
    // Our package goes on, whatever the device has put into its answer.
    const session = heard.own.kind === "refused" ? next : afterPart(next, heard, events);
    return isIdle(session)
      ? { session, owed: owe("commands") }
      : { session, owed: owe("wait", [], true) };
  }
  if (isSpeaking) return { session: next, owed: owe("next-message", askForMore) };
  const isBusy = heard.outstanding.anyInProgress || isSignOfLife(message, next);
  if (isBusy) return { session: next, owed: owe("wait", askForMore) };

  const session = afterPart(next, heard, events);
  if (heard.own.kind !== "refused") events.push(...heard.outstanding.close());
  const settled = { ...session, outstanding: [] };
  return isIdle(settled)
    ? { session: settled, owed: owe("commands") }
    : { session: settled, owed: owe("wait", [], true) };
}

/** No command of ours waits for the next message. */
function isIdle({ queued }: ServerSession): boolean {
  return queued.length === 0;
}

/** The session with what the message said about our credentials, our commands and its object. */
function withHeard(session: ServerSession, heard: Heard, events: SessionEvent[]): ServerSession {
  const { own, outstanding, incoming, lackedSequences } = heard;
  const next = { ...session, outstanding: outstanding.commands, incoming };
  if (own.kind === "accepted") {
    return withoutSequences({ ...next, own: own.proof }, lackedSequences, events);
  }
  if (own.kind === "hopeless") {
    // It carried nothing out.
    const tags = session.outstanding.filter(({ isPart }) => !isPart).map(({ tag }) => tag);
    events.push(...tags.map((tag): SessionEvent => ({ kind: "not-sent", tag })));
    return { ...next, outstanding: [] };
  }
  if (own.kind !== "refused") return withoutSequences(next, lackedSequences, events);
  // Nothing of our last message was carried out: all of it goes again, with better credentials.
  const rest = session.partial === null ? session.queued : session.queued.slice(1);
  const isWholeAgain = session.sentFrom !== null;
  return {
    ...next,
    own: own.proof,
    outstanding: [],
    queued: isWholeAgain ? [...session.sent, ...rest] : [...session.sent, ...session.queued],
    partial: session.sentFrom,
    sent: [],
    sentFrom: null,
    unfinished: false,
  };
}

/** Told once per session, or once per message where the device gives a nonce with each. */
function ownEvents({ own: before }: ServerSession, { own }: Heard): readonly SessionEvent[] {
  if (own.kind !== "accepted" || (before?.accepted && own.nonce === null)) return [];
  return [{ kind: "own-accepted", scheme: own.proof.scheme, nonce: own.nonce }];
}

/** A device that cannot do a Sequence gets its members one after the other. */
function withoutSequences(
  session: ServerSession,
  lacked: readonly LackedSequence[],
  events: SessionEvent[],
): ServerSession {
  if (lacked.length === 0) return session;
  const again: OutgoingCommand[] = [];
  for (const { tag, undone } of lacked) {
    events.push({ kind: "lacks", feature: "Sequence" }, derivedStatus(tag, 200, []));
    const sequence = session.sent.find((command) => command.tag === tag);
    if (sequence === undefined || !("commands" in sequence)) continue;
    again.push(...sequence.commands.filter((member) => undone.has(member.tag)));
  }
  return { ...session, queued: [...again, ...session.queued] };
}

function abortReason(heard: Heard, events: SessionEvent[]): string | undefined {
  if (heard.own.kind !== "hopeless") return heard.abort;
  events.push({ kind: "own-refused", problem: heard.own.problem });
  return `the device does not accept our credentials: ${heard.own.problem}`;
}

function ended(
  session: ServerSession,
  owed: Owed,
  events: readonly SessionEvent[],
  by: "device" | "server",
  reason: string,
): TakenIn {
  const closed: ServerSession = {
    ...session,
    phase: "closed",
    outstanding: [],
    queued: [],
    partial: null,
    sent: [],
    sentFrom: null,
    unfinished: false,
    owedLater: [],
    incoming: null,
  };
  const aborted: SessionEvent = { kind: "aborted", by, reason };
  return { session: closed, owed, events: [...events, ...lostCommands(session), aborted] };
}

/** A busy device says only that it lives: its package is not at its end, whatever it says. */
function isSignOfLife(message: Message, { outstanding }: ServerSession): boolean {
  return outstanding.length > 0 && message.commands.some(isHeartbeat);
}

/** What a device's answer to a piece of a command means for the rest of it. [syncml 3.7] */
function afterPart(session: ServerSession, heard: Heard, events: SessionEvent[]): ServerSession {
  const { partial } = session;
  const [command, ...others] = session.queued;
  const part = heard.outstanding.commands.find(({ isPart }) => isPart);
  if (partial === null || command === undefined || !("items" in command)) return session;
  if (partial.chunkOf === null) return afterItems(session, partial, part);
  const code = heard.lostOurObject ? 424 : chunkCode(part);
  if (code === 213) return { ...session, outstanding: [] };
  const again: Partial = {
    ...partial,
    rest: { item: partial.chunkOf, offset: 0 },
    chunkOf: null,
    attempt: partial.attempt + 1,
  };
  const isWorthAgain = code === 424 && partial.attempt < OBJECT_ATTEMPTS_MAX;
  if (isWorthAgain) return { ...session, outstanding: [], partial: again, unfinished: false };
  return afterFailure(session, command as OutgoingItems, others, partial, code, events);
}

/**
 * 213 where the chunk was taken. Without a word about it, it may have been refused, and the last chunk
 * would then pass for the whole object; and a device that says 200 has taken a part for the whole.
 */
function chunkCode(part: Outstanding | undefined): number {
  const code = part && codeOfItems([...Object.values(part.itemCodes), ...codes(part)]);
  if (code === undefined) return 424;
  return isSuccess(code) && code !== 213 ? 424 : code;
}

function codes({ code }: Outstanding): readonly number[] {
  return code === null ? [] : [code];
}

function afterItems(
  session: ServerSession,
  partial: Partial,
  part: Outstanding | undefined,
): ServerSession {
  if (part === undefined) return session;
  const itemCodes = { ...partial.itemCodes, ...codesByTarget(part) };
  return { ...session, outstanding: [], partial: { ...partial, itemCodes } };
}

/** An object that the device would not have: the command goes on with its next item, if any. */
function afterFailure(
  session: ServerSession,
  command: OutgoingItems,
  others: readonly OutgoingCommand[],
  partial: Partial,
  code: number,
  events: SessionEvent[],
): ServerSession {
  const item = partial.chunkOf ?? 0;
  const target = command.items[item]?.target ?? "";
  const itemCodes = { ...partial.itemCodes, [target]: code };
  const settled = { ...session, outstanding: [], unfinished: false };
  if (item + 1 < command.items.length) {
    const rest = { item: item + 1, offset: 0 };
    return { ...settled, partial: { rest, chunkOf: null, attempt: 1, itemCodes } };
  }
  events.push({
    kind: "status",
    tag: command.tag,
    code: codeOfItems(Object.values(itemCodes)) ?? code,
    itemCodes,
    answers: [],
    derived: false,
  });
  return { ...settled, partial: null, queued: others };
}
