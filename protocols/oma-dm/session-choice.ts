import { createHash } from "node:crypto";
import { ProtocolError } from "../errors.ts";
import { isSessionStart } from "../syncml/alerts.ts";
import type { Message } from "../syncml/message.ts";
import type { ServerSession } from "./server-state.ts";

/** Names a message by all that it says, to know it again. */
export function digestOf(message: Message): string {
  return createHash("sha256").update(JSON.stringify(message)).digest("base64");
}

/**
 * The session a message belongs to; undefined when it starts a new one.
 *
 * Throws `ProtocolError` with rule `dm-message-order` when it fits into no session.
 */
export function sessionOf(
  session: ServerSession | undefined,
  message: Message,
  digest: string,
): ServerSession | undefined {
  if (session === undefined) return undefined;
  const { sessionId, messageId } = message.header;
  const starts = isSessionStartMessage(message);
  const { suspended } = session;
  const continuesSuspended =
    suspended?.sessionId === sessionId &&
    (isRepetition(suspended, message, digest) ||
      (messageId > suspended.clientMessageId && !starts && message.header.cred === undefined));
  if (continuesSuspended && suspended !== null) return suspended;
  if (session.sessionId !== sessionId) return undefined;
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
  const open = before?.phase === "open" ? before : before?.suspended;
  return {
    sessionId: message.header.sessionId,
    phase: "unauthenticated",
    scheme: null,
    challengeNonce: before?.challengeNonce ?? null,
    usedNonce: null,
    attempts: before?.sessionId === message.header.sessionId ? attemptsOf(before) : 0,
    target: message.header.source,
    source: message.header.target,
    respUri: null,
    maxMsgSize: null,
    clientMessageId: 0,
    clientDigest: "",
    serverMessageId: 0,
    outstanding: [],
    queued: [],
    owed: null,
    lastAnswer: null,
    suspended: open ?? null,
  };
}

/** A client that starts again from MsgID 1 to answer a challenge has not gained new attempts. */
function attemptsOf(before: ServerSession): number {
  return before.phase === "unauthenticated" ? before.attempts : 0;
}
