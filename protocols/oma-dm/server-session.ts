import type { Message } from "../syncml/message.ts";
import { type AnswerOptions, buildAnswer, siftCommands } from "./answer-message.ts";
import { type AuthDecision, authenticate } from "./authenticate.ts";
import { flattened } from "./flatten.ts";
import { commandStatus } from "./hear-message.ts";
import { lostCommands } from "./lost-commands.ts";
import type { MacKey } from "./message-mac.ts";
import type { OutgoingCommand } from "./outgoing-command.ts";
import { beginProof, ownMacKey } from "./own-credentials.ts";
import { maxMsgSizeOf, versionProblem } from "./read-header.ts";
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
import { takeIn } from "./take-in.ts";

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

  const decision = authenticate(noted, message.header.cred, context);
  if (!decision.ok) {
    const isOpen = before.phase === "open";
    const stranger = isOpen
      ? withMessage(pushedAside(before, message), message, digest, context)
      : noted;
    return challenged(stranger, message, decision, context);
  }
  // Not before it is known who speaks: a stranger's version ends nobody's session.
  const versionCode = versionProblem(message);
  if (versionCode !== undefined) {
    return refused({ ...noted, phase: "closed" }, message, versionCode);
  }
  if (before.phase !== "open" && !isSessionStartMessage(message)) {
    // The rest of a session that we do not know, or that another one of this device has replaced.
    return refused({ ...noted, phase: "closed" }, message, 506);
  }
  const isContinued = current?.phase === "open";
  const replaced = isContinued ? undefined : openSessionIn(session);
  const opening = opened(noted, decision, context);
  const {
    session: next,
    owed,
    events,
  } = takeIn(opening, message, headerOf(message, decision), {
    ...context,
    proof: decision.proof,
  });
  const lost = replaced === undefined ? [] : lostCommands(replaced);
  return { ...owing(next, owed, [...lost, ...events]), continues: isContinued };
}

export interface Answer {
  readonly session: ServerSession;
  readonly message: Message;
  /** What its bytes are to be signed with; undefined: it goes without a MAC. */
  readonly mac: MacKey | undefined;
  /** What sending itself has decided, such as that a Sequence goes in its plain form. */
  readonly events: readonly SessionEvent[];
  /**
   * The ends of commands that this device can never be sent, by its own limits. Its answer would not
   * tell them: whoever wants to send something else instead calls again with `taken` and that.
   */
  readonly refused: readonly SessionEvent[];
  readonly taken: readonly OutgoingCommand[];
}

/**
 * Makes the answer to the message that `receive` took in: the Status elements it owes, then the
 * commands, numbered and remembered until the device has answered them.
 *
 * Commands may be given when the turn is `commands`; none ends the session. What does not fit into
 * the device's MaxMsgSize goes out with the next answers, before the turn is `commands` again. What no
 * message could hold goes in pieces, item by item, and an item in chunks where `largeObjects` says
 * that the device takes them; what cannot be sent at all is refused.
 * Without a message to answer it returns the former answer, word for word.
 *
 * Throws a plain `Error` when commands are given out of turn, or two carry one tag.
 */
export function answer(
  session: ServerSession,
  commands: readonly OutgoingCommand[],
  options: AnswerOptions = {},
): Answer {
  const { owed, lastAnswer } = session;
  if (commands.length > 0 && owed?.turn !== "commands") {
    throw new Error("commands may only be sent when it is the server's turn");
  }
  if (owed === null) {
    if (lastAnswer === null) throw new Error("there is no message to answer");
    const mac = macOf(session, session.lastMacNonce, options);
    return { session, message: lastAnswer, mac, events: [], refused: [], taken: [] };
  }
  checkTags(commands, new Set());
  const plain = flattened(commands, options.lacks ?? []);
  const { sendable, refused } = siftCommands(session, plain.commands, options);
  const due = owed.sendsQueued ? session.queued : sendable;
  const { message, ...built } = buildAnswer(session, due, options);
  const nonce = session.phase === "open" ? (session.own?.nonce ?? null) : null;
  const mac = macOf(session, nonce, options);
  const isSending = owed.turn === "commands" || owed.sendsQueued;
  const next: ServerSession = {
    ...session,
    ...(isSending ? built : { unfinished: built.unfinished, owedLater: built.owedLater }),
    announced: session.announced || session.phase === "open",
    sent: isSending ? keptForSending(built.sent, options) : session.sent,
    serverMessageId: message.header.messageId,
    owed: null,
    lastAnswer: message,
    lastMacNonce: mac === undefined ? null : mac.nonce,
  };
  const taken = commands.filter(
    ({ tag }) => !refused.some((one) => "tag" in one && one.tag === tag),
  );
  return { session: next, message, mac, events: plain.events, refused, taken };
}

/** Only what may have to be sent again: to a device that may refuse us, or cannot do a Sequence. */
function keptForSending(
  sent: readonly OutgoingCommand[],
  { own }: AnswerOptions,
): readonly OutgoingCommand[] {
  return own === undefined ? sent.filter(({ name }) => name === "Sequence") : sent;
}

function macOf(
  session: ServerSession,
  nonce: string | null,
  { own }: AnswerOptions,
): MacKey | undefined {
  if (session.own === null || nonce === null) return undefined;
  return ownMacKey(own, { ...session.own, nonce });
}

function checkTags(commands: readonly OutgoingCommand[], seen: Set<string>): void {
  for (const command of commands) {
    if (seen.has(command.tag)) throw new Error(`two commands carry the tag ${command.tag}`);
    seen.add(command.tag);
    if ("commands" in command) checkTags(command.commands, seen);
  }
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
 * Is a first message that looks like a repetition a new session all the same? A simple device, with
 * basic credentials or a certificate, sends the very same first message every time: it may have got
 * our answer and begun anew, or not. So it is a new session when the former one is over, and when our
 * answer had an Exec in it, which must not be carried out twice: it is in doubt then. It is one as
 * well when a former refusal would not be one now.
 */
function startsAfresh(session: ServerSession, message: Message, context: ReceiveContext): boolean {
  if (!isSessionStartMessage(message) || session.owed !== null) return false;
  if (session.phase !== "open") {
    const { cred } = message.header;
    return cred !== undefined && authenticate(newSession(session, message), cred, context).ok;
  }
  const isSimple = session.scheme === "syncml:auth-basic" || session.scheme === "certificate";
  const isOver = session.outstanding.length === 0 && session.lastAnswer?.final === true;
  return isSimple && (isOver || session.outstanding.some(({ name }) => name === "Exec"));
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
    maxMsgSize: maxMsgSizeOf(message) ?? session.maxMsgSize,
    maxObjSize: header.maxObjSize ?? session.maxObjSize,
    clientMessageId: header.messageId,
    clientDigest: digest,
  };
}

function opened(
  session: ServerSession,
  { proof }: Extract<AuthDecision, { ok: true }>,
  context: ReceiveContext,
): ServerSession {
  if (proof === undefined) return session;
  const isFirst = session.phase !== "open";
  return {
    ...session,
    ...(isFirst && { own: beginProof(context.own), unfinished: false }),
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
  return owing(next, owedStatuses(statuses, out ? "ended" : "wait"), events);
}

function refused(session: ServerSession, message: Message, code: number): Received {
  return owing(session, owedStatuses([headerStatus(message, code)], "ended"), []);
}

function owedStatuses(statuses: readonly ReplyStatus[], turn: Turn): Owed {
  return { turn, statuses, alerts: [], sendsQueued: false };
}

function headerOf(message: Message, { code, chal }: Extract<AuthDecision, { ok: true }>) {
  return { ...headerStatus(message, code), chal };
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
