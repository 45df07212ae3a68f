import { ALERT } from "../syncml/alerts.ts";
import type { Challenge, Command, Credential, Message, StatusCommand } from "../syncml/message.ts";
import { answerCommand } from "./answer-commands.ts";
import { type Carried, notCarriedOut } from "./carry-out.ts";
import { packAnswers } from "./client-answers.ts";
import {
  type AnswerContext,
  CHALLENGES_MAX,
  type ClientConfig,
  type ClientEnd,
  type ClientEvent,
  type ClientSession,
  type ClientTurn,
} from "./client-state.ts";
import { basicCredential, digestCredential, schemeOf, secretHashOf } from "./credentials.ts";
import { type IncomingObject, takeMessage } from "./incoming-object.ts";
import { judgeServer, type ServerJudgement } from "./judge-server.ts";
import type { MacKey } from "./message-mac.ts";
import { CommandNumbers } from "./number-commands.ts";
import { WHOLE_CUT } from "./pieces.ts";
import { SESSION_LIMITS } from "./server-state.ts";

/** Starts a session with package 1: an alert, events, and DevInfo. */
export function startSession(config: ClientConfig): ClientTurn & { readonly message: Message } {
  const { demands } = config;
  const blank: Blank = {
    config,
    phase: "starting",
    messageId: 1,
    server: config.server,
    nonce: config.nonce,
    scheme: config.scheme,
    challenges: 0,
    authenticatesAlways: false,
    serverProof: demands && { accepted: false, nonce: demands.nonce, challenges: 0 },
    serverMaxMsgSize: null,
    serverMaxObjSize: null,
    incoming: null,
    unsent: [],
    cut: WHOLE_CUT,
  };
  return opening(blank, !config.waitsForChallenge, undefined);
}

/**
 * Takes in an answer of the server. `carry` carries one command out and says how it ended; it is
 * called once per command, in order.
 */
export function receiveAnswer(
  session: ClientSession,
  answer: Message,
  carry: (command: Command) => Carried & { readonly isCancelled?: boolean },
  context: AnswerContext = {},
): ClientTurn {
  const header = headerStatus(answer, session);
  const server = judgeServer(session, answer, context);
  if (header.code === 401 || header.code === 407) {
    return answerChallenge(session, answer, header.chal);
  }
  if (header.code >= 400) return ended(session, "failed", []);
  const events: ClientEvent[] = [];
  const next = withHeader(session, answer, header, server, events);
  if (server.kind === "refused") return refuseServer(next, answer, server, events, context);

  const abort = answer.commands.some(isSessionAbort);
  if (abort) return ended(next, "aborted", events);
  const { incoming, taken } = takeMessage(next.incoming, answer.commands, SESSION_LIMITS);
  const numbers = new CommandNumbers(); // Given anew when they are sent.
  const answers: Command[] = [];
  let asksForMore = false;
  let isCancelled = false;
  for (const one of taken) {
    if (one.kind === "broken") {
      answers.push(noEndOfData(one.object));
      continue;
    }
    const { command } = one;
    if (command.name === "Status" || command.name === "Results") continue;
    const carried = carriedOut(one.kind === "chunk" ? one.code : undefined, command, () => {
      if (isCancelled) return notCarriedOut(command, 215);
      const done = carry(command);
      isCancelled = done.isCancelled === true;
      return done;
    });
    if (command.name === "Alert" && command.code === ALERT.nextMessage) asksForMore = true;
    else if (one.kind === "whole") events.push({ kind: "carried-out", carried });
    answers.push(...answerCommand(carried, String(answer.header.messageId), numbers));
  }
  const unsent = afterStatuses(next, answer);
  const rest = unsent === next.unsent ? next : { ...next, unsent, cut: WHOLE_CUT };
  const isServerDone = answer.final || asksForMore;
  if (answers.length === 0 && unsent.length === 0 && isServerDone) {
    return ended({ ...rest, incoming }, "done", events);
  }
  // A nonce that goes with no message is one that the server never gets.
  if (server.kind === "proved") events.push({ kind: "server-nonce", nonce: server.nonce });
  const goesOn = { isServerDone, header: ownStatus(answer, server) };
  return sendAnswers({ ...rest, incoming }, answers, goesOn, events, context);
}

/** What a message of the server's says about us: where we go on, and by which nonce. */
function withHeader(
  session: ClientSession,
  answer: Message,
  { code, chal }: HeaderStatus,
  server: ServerJudgement,
  events: ClientEvent[],
): ClientSession {
  const { respUri, maxMsgSize, maxObjSize } = answer.header;
  const isMac = session.scheme === "syncml:auth-MAC";
  const isForMessage = code === 200 && (session.authenticatesAlways || justSentCred(session));
  const next: ClientSession = {
    ...session,
    phase: "open",
    server: respUri ?? session.server,
    serverMaxMsgSize: maxMsgSize ?? session.serverMaxMsgSize,
    serverMaxObjSize: maxObjSize ?? session.serverMaxObjSize,
    authenticatesAlways: isMac || isForMessage,
    serverProof: server.kind === "refused" ? session.serverProof : server.proof,
  };
  const nonce = chal?.nextNonce;
  if (nonce === undefined) return next;
  // What somebody says whom we do not trust yet counts for the next try, and is not kept.
  if (server.kind !== "refused") events.push({ kind: "nonce", nonce });
  return { ...next, nonce };
}

/** Nothing is carried out for a server that has not proved who it is. [syncml 1, 3.4] */
function refuseServer(
  session: ClientSession,
  answer: Message,
  server: Extract<ServerJudgement, { kind: "refused" }>,
  events: ClientEvent[],
  context: AnswerContext,
): ClientTurn {
  if (server.proof.challenges > CHALLENGES_MAX) return ended(session, "distrusted", events);
  const asking = answer.commands.filter(({ name }) => name !== "Status" && name !== "Results");
  // A server that asks nothing, and has nothing more to say, has nothing to prove.
  if (asking.length === 0 && answer.final) return ended(session, "done", events);
  const numbers = new CommandNumbers();
  const answers = asking.flatMap((command) =>
    answerCommand(notCarriedOut(command, server.code), String(answer.header.messageId), numbers),
  );
  const next = { ...session, serverProof: server.proof, incoming: null };
  const goesOn = { isServerDone: answer.final, header: ownStatus(answer, server) };
  return sendAnswers(next, answers, goesOn, events, context);
}

function carriedOut(code: number | undefined, command: Command, carry: () => Carried): Carried {
  if (code !== undefined) return notCarriedOut(command, code);
  if (command.name !== "Alert") return carry();
  const isFlow = command.code === ALERT.nextMessage || command.code === ALERT.noEndOfData;
  return isFlow ? notCarriedOut(command, 200) : carry();
}

function isSessionAbort(command: Command): boolean {
  return command.name === "Alert" && command.code === ALERT.sessionAbort;
}

function noEndOfData({ item }: IncomingObject): Command {
  const { source, target } = item;
  return { name: "Alert", cmdId: "0", code: ALERT.noEndOfData, items: [{ source, target }] };
}

/** An object that the server does not take, or has lost, is not sent any further. */
function afterStatuses(session: ClientSession, answer: Message): readonly Command[] {
  const { unsent, cut } = session;
  const isMidObject = cut.offset > 0;
  if (!isMidObject) return unsent;
  const isLost = answer.commands.some(
    (command) =>
      (command.name === "Alert" && command.code === ALERT.noEndOfData) ||
      (command.name === "Status" &&
        command.cmd === "Results" &&
        command.msgRef === String(session.messageId) &&
        command.code >= 400),
  );
  return isLost ? unsent.slice(1) : unsent;
}

interface GoesOn {
  /** The server has said all of its package: ours may end. */
  readonly isServerDone: boolean;
  readonly header: Omit<StatusCommand, "cmdId">;
}

/** Package 3: as many answers as one message takes, and Final with the last of them. */
function sendAnswers(
  session: ClientSession,
  answers: readonly Command[],
  { isServerDone, header }: GoesOn,
  events: readonly ClientEvent[],
  context: AnswerContext,
): ClientTurn {
  const next = { ...session, messageId: session.messageId + 1 };
  const cred = session.authenticatesAlways ? credentialOf(session) : undefined;
  const packed = packAnswers(next, answers, {
    header,
    isServerDone,
    compose: (commands, final) => ({ header: headerOf(next, cred), commands, final }),
    sizeOf: context.sizeOf,
  });
  return {
    session: { ...next, ...packed.left, lastMessage: packed.message },
    message: packed.message,
    mac: session.authenticatesAlways ? macOf(session) : undefined,
    events,
  };
}

/** Package 1 again, with the credentials that the server asked for. [syncml 3.3] */
function answerChallenge(
  session: ClientSession,
  answer: Message,
  chal: Challenge | undefined,
): ClientTurn {
  const scheme = schemeOf(chal?.type ?? session.scheme);
  if (scheme === undefined || session.challenges >= CHALLENGES_MAX) {
    return ended(session, "refused", []);
  }
  const next: ClientSession = {
    ...session,
    phase: "starting",
    messageId: session.messageId + 1,
    server: answer.header.respUri ?? session.server,
    scheme,
    nonce: chal?.nextNonce ?? session.nonce,
    challenges: session.challenges + 1,
    incoming: null,
    unsent: [],
    cut: WHOLE_CUT,
  };
  return opening(next, true, answer);
}

function ended(
  session: ClientSession,
  reason: ClientEnd,
  events: readonly ClientEvent[],
): ClientTurn {
  return {
    session: { ...session, phase: "ended", unsent: [], incoming: null },
    message: undefined,
    mac: undefined,
    events: [...events, { kind: "ended", reason }],
  };
}

type Blank = Omit<ClientSession, "lastMessage">;

function opening(
  session: Blank,
  authenticates: boolean,
  answered: Message | undefined,
): ClientTurn & { readonly message: Message } {
  const numbers = new CommandNumbers();
  const { startAlert, alerts, devInfo } = session.config;
  const commands: Command[] =
    answered === undefined ? [] : [{ ...headerStatusOf(answered, 200), cmdId: numbers.next() }];
  for (const { code, items } of [{ code: startAlert, items: [] }, ...alerts]) {
    commands.push({ name: "Alert", cmdId: numbers.next(), code, items });
  }
  commands.push({
    name: "Replace",
    cmdId: numbers.next(),
    items: devInfo.map(([source, data]) => ({ source, data })),
  });
  const cred = authenticates ? credentialOf(session) : undefined;
  const message: Message = { header: headerOf(session, cred), commands, final: true };
  return {
    session: { ...session, lastMessage: message },
    message,
    mac: authenticates ? macOf(session) : undefined,
    events: [],
  };
}

function headerOf(session: Blank, cred: Credential | undefined): Message["header"] {
  const { config, scheme } = session;
  // LocName says whose digest it is. [syncml 3.4]
  const isNamed = scheme !== "syncml:auth-basic";
  return {
    verDtd: "1.2",
    verProto: "DM/1.2",
    sessionId: config.sessionId,
    messageId: session.messageId,
    target: { uri: session.server },
    source: isNamed ? { uri: config.device, name: config.userName } : { uri: config.device },
    cred,
    maxMsgSize: config.maxMsgSize ?? undefined,
    maxObjSize: config.maxObjSize ?? undefined,
  };
}

/** A MAC goes beside the message. */
function credentialOf({ config, scheme, nonce }: Blank): Credential | undefined {
  if (scheme === "syncml:auth-MAC") return undefined;
  if (scheme === "syncml:auth-basic") return basicCredential(config.userName, config.password);
  return digestCredential(secretHashOf(config.userName, config.password), nonce ?? "");
}

function macOf({ config, scheme, nonce }: Blank): MacKey | undefined {
  if (scheme !== "syncml:auth-MAC") return undefined;
  const { userName, password } = config;
  return { userName, secretHash: secretHashOf(userName, password), nonce: nonce ?? "" };
}

function justSentCred(session: ClientSession): boolean {
  return session.lastMessage.header.cred !== undefined;
}

interface HeaderStatus {
  readonly code: number;
  readonly chal: Challenge | undefined;
}

/** What the server says about our header; silence is taken for 200. */
function headerStatus(answer: Message, session: ClientSession): HeaderStatus {
  for (const command of answer.commands) {
    if (command.name !== "Status" || command.cmdRef !== "0") continue;
    if (command.msgRef === String(session.messageId)) {
      return { code: command.code, chal: command.chal };
    }
  }
  return { code: 200, chal: undefined };
}

/** Our Status for the server's header: what we make of its credentials. */
function ownStatus(answer: Message, server: ServerJudgement): Omit<StatusCommand, "cmdId"> {
  const status = headerStatusOf(answer, server.code);
  return server.kind === "trusted" ? status : { ...status, chal: server.chal };
}

function headerStatusOf({ header }: Message, code: number): Omit<StatusCommand, "cmdId"> {
  return {
    name: "Status",
    msgRef: String(header.messageId),
    cmdRef: "0",
    cmd: "SyncHdr",
    targetRefs: [header.target.uri],
    sourceRefs: [header.source.uri],
    code,
    items: [],
  };
}
