import { hash } from "node:crypto";
import { ProtocolError } from "../errors.ts";
import { isSessionStart } from "../syncml/alerts.ts";
import type { Message } from "../syncml/message.ts";
import { authenticate } from "./authenticate.ts";
import type { ReceiveContext, ServerSession } from "./server-state.ts";

/**
 * Names a message by all that it says, to know it again. What proves its sender is part of it: where
 * the proof is not in the message, its text alone may be easy to guess.
 */
export function digestOf(message: Message, { mac, certified }: ReceiveContext): string {
  const proof = `${mac === undefined ? "" : `mac ${mac.mac}`}${certified === true ? "certified" : ""}`;
  return hash("sha256", JSON.stringify(message) + proof, "base64");
}

/**
 * The session a message belongs to; undefined when there is none, or when it starts a new one.
 *
 * Throws `ProtocolError` with rule `dm-message-order` when it fits into no session.
 */
export function sessionOf(
  session: ServerSession | undefined,
  message: Message,
  digest: string,
  context: ReceiveContext,
): ServerSession | undefined {
  if (session === undefined) return undefined;
  const { suspended } = session;
  if (suspended !== null && continues(suspended, message, digest, context)) return suspended;
  const { sessionId, messageId } = message.header;
  if (session.sessionId !== sessionId) return undefined;
  const starts = isSessionStartMessage(message);
  if (messageId > session.clientMessageId) {
    // A device that starts afresh under its old SessionID went on counting, or did not.
    return session.phase === "closed" && starts ? undefined : session;
  }
  if (isRepetition(session, message, digest)) return session;
  if (starts) return undefined;
  throw new ProtocolError(
    "dm-message-order",
    `MsgID ${messageId} came after MsgID ${session.clientMessageId} of session ${sessionId}`,
  );
}

/** Does the session that a stranger pushed aside go on with this message? */
function continues(
  suspended: ServerSession,
  message: Message,
  digest: string,
  context: ReceiveContext,
): boolean {
  const { sessionId, messageId, cred } = message.header;
  if (suspended.sessionId !== sessionId) return false;
  if (isRepetition(suspended, message, digest)) return true;
  return (
    messageId > suspended.clientMessageId &&
    !isSessionStartMessage(message) &&
    authenticate(suspended, cred, context).ok
  );
}

/** Is it the first message of a session, or the first again with credentials? */
export function isSessionStartMessage({ header, commands }: Message): boolean {
  return (
    header.messageId === 1 ||
    commands.some((command) => command.name === "Alert" && isSessionStart(command.code))
  );
}

/** Number and content are the same: whoever only guesses numbers is not shown our last answer. */
export function isRepetition(session: ServerSession, message: Message, digest: string): boolean {
  return (
    session.sessionId === message.header.sessionId &&
    session.clientMessageId === message.header.messageId &&
    session.clientDigest === digest
  );
}

/**
 * A session that nobody has authenticated yet. The one before stays suspended inside until then, so
 * that a stranger who knows the device's name cannot end its session; its last challenge still
 * counts, because some devices answer a challenge with a new session.
 */
export function newSession(before: ServerSession | undefined, message: Message): ServerSession {
  return {
    sessionId: message.header.sessionId,
    phase: "unauthenticated",
    scheme: null,
    asked: null,
    challengeNonce: before?.challengeNonce ?? null,
    usedNonce: null,
    attempts: before?.sessionId === message.header.sessionId ? attemptsOf(before) : 0,
    own: null,
    target: message.header.source,
    source: message.header.target,
    respUri: null,
    maxMsgSize: null,
    maxObjSize: null,
    announced: false,
    clientMessageId: 0,
    clientDigest: "",
    serverMessageId: lastMessageOf(before, message),
    outstanding: [],
    queued: [],
    partial: null,
    sent: [],
    sentFrom: null,
    unfinished: false,
    owedLater: [],
    incoming: null,
    owed: null,
    lastAnswer: null,
    lastMacNonce: null,
    suspended: openSessionIn(before) ?? null,
  };
}

/**
 * Our MsgIDs begin at 1. Under the SessionID of a session that broke off they go on, so that a late
 * answer to a message of that one is not taken for an answer to a message of this one.
 */
function lastMessageOf(before: ServerSession | undefined, message: Message): number {
  const open = openSessionIn(before);
  const isBroken = open !== undefined && (open.outstanding.length > 0 || open.queued.length > 0);
  return isBroken && open.sessionId === message.header.sessionId ? open.serverMessageId : 0;
}

/** The open session: this one, or the one that waits behind a stranger's. */
export function openSessionIn(session: ServerSession | undefined): ServerSession | undefined {
  return session?.phase === "open" ? session : (session?.suspended ?? undefined);
}

/**
 * What becomes of a message that failed authentication inside an open session: a stranger may have
 * sent it, so the session itself stays as it was, pushed aside. Our MsgIDs go on counting, for a
 * device that starts over under the same SessionID.
 */
export function pushedAside(open: ServerSession, message: Message): ServerSession {
  return { ...newSession(open, message), serverMessageId: open.serverMessageId };
}

/** A client that starts again from MsgID 1 to answer a challenge has not gained new attempts. */
function attemptsOf(before: ServerSession): number {
  return before.phase === "unauthenticated" ? before.attempts : 0;
}
