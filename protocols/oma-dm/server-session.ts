import { createHash } from "node:crypto";
import { ProtocolError } from "../errors.ts";
import { ALERT, ALERTS, isSessionStart } from "../syncml/alerts.ts";
import type { AlertCommand, Command, Message } from "../syncml/message.ts";
import { type AuthDecision, authenticate } from "./authenticate.ts";
import { isDevInfoUri, readDevInfo } from "./dev-info.ts";
import { OutstandingCommands } from "./outstanding.ts";
import {
  type Owed,
  type ReceiveContext,
  type ReplyStatus,
  SESSION_LIMITS,
  type ServerSession,
  type SessionEvent,
  type Turn,
} from "./server-state.ts";

export interface Received {
  readonly session: ServerSession;
  /** What the message told, in order. Empty for a repeated message. */
  readonly events: readonly SessionEvent[];
  readonly turn: Turn;
  /** The Status elements that the answer will carry, for whoever wants to look. */
  readonly replyStatuses: readonly ReplyStatus[];
}

/**
 * Takes in one message of a device; `answer` (server-answer.ts) then makes the message to send back.
 * Store the returned session and what follows from the events in one transaction before sending.
 *
 * `session` is what the last call for this device returned, undefined when there is none. The same
 * message again gives turn `repeat` and no events.
 *
 * Throws `ProtocolError` with rule `dm-message-order` when the MsgID goes back, or repeats with
 * another content, without starting a session. The session stays as it was.
 */
export function receive(
  session: ServerSession | undefined,
  message: Message,
  context: ReceiveContext,
): Received {
  const digest = createHash("sha256").update(JSON.stringify(message)).digest("base64");
  const current = resumed(session, message, digest);
  if (current !== undefined && isRepetition(current, message, digest)) {
    const turn = current.owed?.turn ?? "repeat";
    return { session: current, events: [], turn, replyStatuses: current.owed?.statuses ?? [] };
  }
  const noted = withMessage(current ?? newSession(session, message), message, digest, context);

  if (noted.phase === "closed") return refused(noted, message, 506);
  const versionCode = versionProblem(message);
  if (versionCode !== undefined) {
    return refused({ ...noted, phase: "closed" }, message, versionCode);
  }

  const decision = authenticate(noted, message.header.cred, context);
  if (!decision.ok) return challenged(noted, message, decision, context);
  return listened(opened(noted, decision), message, decision, context);
}

/** The session this message belongs to; undefined when it starts a new one. */
function resumed(
  session: ServerSession | undefined,
  message: Message,
  digest: string,
): ServerSession | undefined {
  if (session === undefined) return undefined;
  const { sessionId, messageId } = message.header;
  const starts = message.commands.some((c) => c.name === "Alert" && isSessionStart(c.code));
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
  if (starts || messageId === 1) return undefined;
  throw new ProtocolError(
    "dm-message-order",
    `MsgID ${messageId} came after MsgID ${session.clientMessageId} of session ${sessionId}`,
  );
}

/** Number and content are the same: whoever only guesses numbers is not shown our last answer. */
function isRepetition(session: ServerSession, message: Message, digest: string): boolean {
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
function newSession(before: ServerSession | undefined, message: Message): ServerSession {
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
    owed: null,
    lastAnswer: null,
    suspended: open ?? null,
  };
}

/** A client that starts again from MsgID 1 to answer a challenge has not gained new attempts. */
function attemptsOf(before: ServerSession): number {
  return before.phase === "unauthenticated" ? before.attempts : 0;
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
  const out = attempts >= (context.limits ?? SESSION_LIMITS).attemptsMax;
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
    challengeNonce: decision.chal.nextNonce ?? session.challengeNonce,
  };
  const events: SessionEvent[] = [{ kind: "not-authenticated", reason: decision.reason, attempts }];
  return owing(next, { turn: out ? "ended" : "wait", statuses, abort: false }, events);
}

function refused(session: ServerSession, message: Message, code: number): Received {
  const statuses = [headerStatus(message, code)];
  return owing(session, { turn: "ended", statuses, abort: false }, []);
}

/** Reads the commands of an authenticated message. */
function listened(
  session: ServerSession,
  message: Message,
  decision: Extract<AuthDecision, { ok: true }>,
  context: ReceiveContext,
): Received {
  const events: SessionEvent[] = [];
  if (decision.proof !== undefined) {
    const { scheme, nextNonce, withPreviousSecret } = decision.proof;
    events.push({ kind: "authenticated", scheme, nextNonce, withPreviousSecret });
  }
  const statuses: ReplyStatus[] = [
    { ...headerStatus(message, decision.code), chal: decision.chal },
  ];
  const outstanding = new OutstandingCommands(session.outstanding);
  let abort: string | undefined;
  for (const command of message.commands) {
    if (command.name === "Status") {
      if (isHeaderRefusal(command.cmdRef, command.cmd, command.code)) {
        abort = `the device answered our header with ${command.code}`;
      }
      outstanding.addStatus(command);
    } else if (command.name === "Results") outstanding.addResults(command);
    else {
      statuses.push(commandStatus(message, command, hear(command, events)));
      if (command.name === "Alert" && command.code === ALERT.sessionAbort) {
        abort = "the device aborted the session";
      }
    }
  }
  events.push(...outstanding.events());
  const next = { ...session, outstanding: outstanding.commands };

  if (abort !== undefined) {
    events.push({ kind: "aborted", by: "device", reason: abort });
    const closed: ServerSession = { ...next, phase: "closed", outstanding: [] };
    return owing(closed, { turn: "ended", statuses, abort: false }, events);
  }
  const limit = (context.limits ?? SESSION_LIMITS).messagesMax;
  if (next.serverMessageId + 1 >= limit) {
    events.push({ kind: "aborted", by: "server", reason: `more than ${limit} messages` });
    const closed: ServerSession = { ...next, phase: "closed", outstanding: [] };
    return owing(closed, { turn: "ended", statuses, abort: true }, events);
  }
  if (!message.final) return owing(next, { turn: "next-message", statuses, abort: false }, events);
  if (outstanding.anyInProgress) {
    return owing(next, { turn: "wait", statuses, abort: false }, events);
  }
  events.push(...outstanding.close());
  const settled = { ...next, outstanding: outstanding.commands };
  return owing(settled, { turn: "commands", statuses, abort: false }, events);
}

/** A client that wants our credentials, or cannot read our header, carries nothing out. */
function isHeaderRefusal(cmdRef: string | undefined, cmd: string, code: number): boolean {
  const header = cmdRef === "0" || cmd === "SyncHdr" || (cmdRef === undefined && cmd === "");
  return header && code >= 400;
}

/** Takes in one command of the device and says which Status it gets. */
function hear(command: Exclude<Command, { name: "Status" | "Results" }>, events: SessionEvent[]) {
  if (command.name === "Unknown") return 501;
  if (command.cmdId === "") return 400;
  if (command.name === "Alert") return hearAlert(command, events);
  if (command.name !== "Replace") return 405;
  const own = command.items.filter(({ source, target }) => isDevInfoUri(source ?? target ?? ""));
  if (own.length === 0) return 405;
  events.push({ kind: "dev-info", info: readDevInfo(own) });
  return 200;
}

function hearAlert(command: AlertCommand, events: SessionEvent[]): number {
  const { code, items } = command;
  if (code === 0) return 400;
  const rule = ALERTS[code];
  if (rule === undefined || rule.sender === "server") return 406;
  if (code !== ALERT.nextMessage && code !== ALERT.sessionAbort) {
    events.push({ kind: "alert", code, correlator: command.correlator ?? null, items });
  }
  return 200;
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

function commandStatus({ header }: Message, command: Command, code: number): ReplyStatus {
  const cmd = command.name === "Unknown" ? command.element : command.name;
  return { messageId: header.messageId, cmdId: command.cmdId, cmd, code };
}

function owing(session: ServerSession, owed: Owed, events: readonly SessionEvent[]): Received {
  return { session: { ...session, owed }, events, turn: owed.turn, replyStatuses: owed.statuses };
}
