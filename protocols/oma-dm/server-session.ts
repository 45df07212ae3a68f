import type { Message } from "../syncml/message.ts";
import { buildAnswer } from "./answer-message.ts";
import { type AuthDecision, authenticate } from "./authenticate.ts";
import { commandStatus, hearMessage } from "./hear-message.ts";
import type { OutgoingCommand } from "./outgoing-command.ts";
import { isAnswered } from "./outstanding.ts";
import {
  type Owed,
  type ReceiveContext,
  type ReplyStatus,
  SESSION_LIMITS,
  type ServerSession,
  type SessionEvent,
  type Turn,
} from "./server-state.ts";
import {
  digestOf,
  isRepetition,
  isSessionStartMessage,
  newSession,
  openSessionIn,
  pushedAside,
  sessionOf,
} from "./session-choice.ts";

export interface Received {
  readonly session: ServerSession;
  /** What the message told, in order. Empty for a repeated message. */
  readonly events: readonly SessionEvent[];
  /** It belongs to a session that was open before, and did not begin one. */
  readonly continues: boolean;
  readonly turn: Turn;
  /** The Status elements that the answer will carry, for whoever wants to look. */
  readonly replyStatuses: readonly ReplyStatus[];
}

/**
 * Takes in one message of a device; `answer` then makes the message to send back.
 * Store the returned session and what follows from the events in one transaction before sending.
 *
 * `session` is what the last `answer` for this device returned, undefined when there is none. The
 * same message again gives turn `repeat` and no events.
 *
 * Throws `ProtocolError` with rule `dm-message-order` when the MsgID goes back, or repeats with
 * another content, without starting a session. The session stays as it was.
 */
export function receive(
  session: ServerSession | undefined,
  message: Message,
  context: ReceiveContext,
): Received {
  const digest = digestOf(message, context);
  let current = sessionOf(session, message, digest, context);
  if (current !== undefined && isRepetition(current, message, digest)) {
    if (!startsAfresh(current, message, context)) return repeated(current);
    current = undefined;
  }
  const before = current ?? newSession(session, message);
  const noted = withMessage(before, message, digest, context);
  if (noted.phase === "closed") return refused(noted, message, 506);
  const versionCode = versionProblem(message);
  if (versionCode !== undefined) {
    return refused({ ...noted, phase: "closed" }, message, versionCode);
  }

  const decision = authenticate(noted, message.header.cred, context);
  if (!decision.ok) {
    const isOpen = before.phase === "open";
    const stranger = isOpen
      ? withMessage(pushedAside(before, message), message, digest, context)
      : noted;
    return challenged(stranger, message, decision, context);
  }
  if (current === undefined && !isSessionStartMessage(message)) {
    // The rest of a session that we do not know, or that another one of this device has replaced.
    return refused({ ...noted, phase: "closed" }, message, 506);
  }
  const isContinued = current?.phase === "open";
  const replaced = isContinued ? undefined : openSessionIn(session);
  const events = replaced === undefined ? [] : lostCommands(replaced);
  const listening = listened(opened(noted, decision), message, decision, context);
  return { ...listening, events: [...events, ...listening.events], continues: isContinued };
}

function repeated(session: ServerSession): Received {
  const { owed } = session;
  return {
    session,
    events: [],
    continues: session.phase === "open",
    turn: owed?.turn ?? "repeat",
    replyStatuses: owed?.statuses ?? [],
  };
}

/**
 * What a session that will not go on leaves behind: every command of ours that has no answer. For
 * one that nobody continues, such as one that was silent for too long, ask before it is dropped.
 */
export function lostCommands(session: ServerSession): readonly SessionEvent[] {
  return [
    ...session.outstanding
      .filter((command) => !isAnswered(command))
      .map(({ tag }): SessionEvent => ({ kind: "in-doubt", tag })),
    ...session.queued.flatMap(tagsOf).map((tag): SessionEvent => ({ kind: "not-sent", tag })),
  ];
}

function tagsOf(command: OutgoingCommand): readonly string[] {
  const members = "commands" in command ? command.commands.flatMap(tagsOf) : [];
  return [command.tag, ...members];
}

export interface Answer {
  readonly session: ServerSession;
  readonly message: Message;
}

/**
 * Makes the answer to the message that `receive` took in: the Status elements it owes, then the
 * commands, numbered and remembered until the device has answered them.
 *
 * Commands may be given when the turn is `commands`; none ends the session. What does not fit into
 * the device's MaxMsgSize goes out with the next answers, before the turn is `commands` again. A
 * command is never split; one that no message could hold is sent alone all the same.
 * Without a message to answer it returns the former answer, word for word.
 *
 * Throws a plain `Error` when commands are given out of turn, or two carry one tag.
 */
export function answer(session: ServerSession, commands: readonly OutgoingCommand[]): Answer {
  const { owed, lastAnswer } = session;
  if (commands.length > 0 && owed?.turn !== "commands") {
    throw new Error("commands may only be sent when it is the server's turn");
  }
  if (owed === null) {
    if (lastAnswer === null) throw new Error("there is no message to answer");
    return { session, message: lastAnswer };
  }
  checkTags(commands, new Set());
  const due = owed.adds === "queued" ? session.queued : commands;
  const built = buildAnswer(session, owed, due);
  const startsPackage = owed.turn === "commands" || owed.adds === "queued";
  const next: ServerSession = {
    ...session,
    serverMessageId: built.message.header.messageId,
    outstanding: startsPackage ? built.outstanding : session.outstanding,
    queued: startsPackage ? due.slice(built.sent) : session.queued,
    owed: null,
    lastAnswer: built.message,
  };
  return { session: next, message: built.message };
}

function checkTags(commands: readonly OutgoingCommand[], seen: Set<string>): void {
  for (const command of commands) {
    if (seen.has(command.tag)) throw new Error(`two commands carry the tag ${command.tag}`);
    seen.add(command.tag);
    if ("commands" in command) checkTags(command.commands, seen);
  }
}

/**
 * Is a first message that looks like a repetition a new session all the same? A simple device sends
 * the very same first message every time. So it is one when the former session got its last answer
 * by basic credentials or a certificate, and when a former refusal would not be one now.
 */
function startsAfresh(session: ServerSession, message: Message, context: ReceiveContext): boolean {
  if (!isSessionStartMessage(message) || session.owed !== null) return false;
  if (session.phase !== "open") {
    const { cred } = message.header;
    return cred !== undefined && authenticate(newSession(session, message), cred, context).ok;
  }
  const isOver = session.outstanding.length === 0 && session.lastAnswer?.final === true;
  return isOver && (session.scheme === "syncml:auth-basic" || session.scheme === "certificate");
}

function withMessage(
  session: ServerSession,
  message: Message,
  digest: string,
  context: ReceiveContext,
): ServerSession {
  const { header } = message;
  return {
    ...session,
    target: { uri: header.source.uri },
    source: { uri: header.target.uri },
    respUri: context.respUri ?? null,
    maxMsgSize: header.maxMsgSize ?? session.maxMsgSize,
    clientMessageId: header.messageId,
    clientDigest: digest,
  };
}

/** 505 and 513 of SyncHdr; what is missing is taken for the right version. */
function versionProblem({ header }: Message): number | undefined {
  if (header.verDtd !== "" && !header.verDtd.startsWith("1.")) return 505;
  if (header.verProto !== "" && !header.verProto.startsWith("DM/1.")) return 513;
  return undefined;
}

function opened(
  session: ServerSession,
  { proof }: Extract<AuthDecision, { ok: true }>,
): ServerSession {
  if (proof === undefined) return session;
  return {
    ...session,
    phase: "open",
    scheme: proof.scheme,
    usedNonce: proof.usedNonce,
    asked: null,
    challengeNonce: null,
    attempts: 0,
    suspended: null,
  };
}

/** An answer to a stranger: a Status for every command received, and nothing else. [syncml 3.3] */
function challenged(
  session: ServerSession,
  message: Message,
  decision: Extract<AuthDecision, { ok: false }>,
  context: ReceiveContext,
): Received {
  const attempts = session.attempts + 1;
  const out = decision.final || attempts >= (context.limits ?? SESSION_LIMITS).attemptsMax;
  const statuses = [
    { ...headerStatus(message, decision.code), chal: decision.chal },
    ...message.commands
      .filter(({ name }) => name !== "Status")
      .map((command) => commandStatus(message, command, decision.code)),
  ];
  const next: ServerSession = {
    ...session,
    phase: out ? "closed" : "unauthenticated",
    attempts,
    asked: decision.scheme,
    challengeNonce: decision.chal.nextNonce ?? session.challengeNonce,
  };
  const events: SessionEvent[] = [{ kind: "not-authenticated", reason: decision.reason, attempts }];
  return owing(next, { turn: out ? "ended" : "wait", statuses, adds: "nothing" }, events);
}

function refused(session: ServerSession, message: Message, code: number): Received {
  const statuses = [headerStatus(message, code)];
  return owing(session, { turn: "ended", statuses, adds: "nothing" }, []);
}

/** Takes in an authenticated message and settles whose turn it is. */
function listened(
  session: ServerSession,
  message: Message,
  decision: Extract<AuthDecision, { ok: true }>,
  context: ReceiveContext,
): Received {
  const heard = hearMessage(message, session.outstanding);
  const events: SessionEvent[] = [];
  if (decision.proof !== undefined) {
    const { scheme, nextNonce, withPreviousSecret } = decision.proof;
    events.push({ kind: "authenticated", scheme, nextNonce, withPreviousSecret });
  }
  events.push(...heard.events);
  const header = { ...headerStatus(message, decision.code), chal: decision.chal };
  const statuses = [header, ...heard.statuses];
  const next: ServerSession = { ...session, outstanding: heard.outstanding.commands };
  const closed: ServerSession = { ...session, phase: "closed", outstanding: [], queued: [] };

  if (heard.abort !== undefined) {
    events.push(...lostCommands(next), { kind: "aborted", by: "device", reason: heard.abort });
    return owing(closed, { turn: "ended", statuses, adds: "nothing" }, events);
  }
  const limit = (context.limits ?? SESSION_LIMITS).messagesMax;
  if (session.serverMessageId + 1 >= limit) {
    const reason = `more than ${limit} messages`;
    events.push(...lostCommands(next), { kind: "aborted", by: "server", reason });
    return owing(closed, { turn: "ended", statuses, adds: "abort" }, events);
  }
  if (!message.final) {
    return owing(next, { turn: "next-message", statuses, adds: "next-message" }, events);
  }
  if (heard.outstanding.anyInProgress) {
    return owing(next, { turn: "wait", statuses, adds: "next-message" }, events);
  }
  events.push(...heard.outstanding.close());
  const settled = { ...next, outstanding: [] };
  return session.queued.length > 0
    ? owing(settled, { turn: "wait", statuses, adds: "queued" }, events)
    : owing(settled, { turn: "commands", statuses, adds: "nothing" }, events);
}

function headerStatus({ header }: Message, code: number): ReplyStatus {
  return {
    messageId: header.messageId,
    cmdId: "0",
    cmd: "SyncHdr",
    code,
    targetRef: header.target.uri,
    sourceRef: header.source.uri,
  };
}

function owing(session: ServerSession, owed: Owed, events: readonly SessionEvent[]): Received {
  return {
    session: { ...session, owed },
    events,
    continues: false,
    turn: owed.turn,
    replyStatuses: owed.statuses,
  };
}
