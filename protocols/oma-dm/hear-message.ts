import { ALERT, ALERTS } from "../syncml/alerts.ts";
import type { AlertCommand, Command, Message, StatusCommand } from "../syncml/message.ts";
import { isDevInfoUri, readDevInfo } from "./dev-info.ts";
import { type IncomingObject, type Taken, takeMessage } from "./incoming-object.ts";
import { type LackedSequence, OutstandingCommands } from "./outstanding.ts";
import { hearHeaderStatus, type OwnOutcome } from "./own-credentials.ts";
import {
  type OwedAlert,
  type ReceiveContext,
  type ReplyStatus,
  SESSION_LIMITS,
  type ServerSession,
  type SessionEvent,
} from "./server-state.ts";

/** What a message of an authenticated device said. */
export interface Heard {
  readonly events: readonly SessionEvent[];
  /** One per command that wants a Status, or several where its items ended differently. */
  readonly statuses: readonly ReplyStatus[];
  readonly outstanding: OutstandingCommands;
  readonly incoming: IncomingObject | null;
  /** About objects that the device has left unfinished. */
  readonly alerts: readonly OwedAlert[];
  /** What it said about our own credentials. */
  readonly own: OwnOutcome;
  readonly lackedSequences: readonly LackedSequence[];
  /** Alert 1225: it has lost the object that we are sending. */
  readonly lostOurObject: boolean;
  /** Why the device ended the session; undefined when it did not. */
  readonly abort: string | undefined;
}

/** Reads the commands of an authenticated message. */
export function hearMessage(
  message: Message,
  session: ServerSession,
  context: ReceiveContext,
): Heard {
  const events: SessionEvent[] = [];
  const statuses: ReplyStatus[] = [];
  const alerts: OwedAlert[] = [];
  const outstanding = new OutstandingCommands(session.outstanding);
  const { own, abort: refusal } = hearHeader(message, session, context);
  let abort = refusal;
  let lostOurObject = false;
  const limits = context.limits ?? SESSION_LIMITS;
  const { incoming, taken } = takeMessage(session.incoming, message.commands, limits);
  for (const one of taken) {
    const { command } = one.kind === "broken" ? one.object : one;
    if (one.kind === "broken") alerts.push(noEndOfData(one.object));
    else if (command.name === "Status") {
      // A device that has not accepted us carries nothing out, whatever it says about it.
      if (own.kind !== "refused" && own.kind !== "hopeless") outstanding.addStatus(command);
    } else if (one.kind === "whole" && command.name === "Results") outstanding.addResults(command);
    else {
      if (!isSilent(command)) statuses.push(...answer(one, message, events, context));
      else answer(one, message, events, context);
      if (command.name === "Alert" && command.code === ALERT.sessionAbort) {
        abort = "the device aborted the session";
      }
      if (command.name === "Alert" && command.code === ALERT.noEndOfData) lostOurObject = true;
    }
  }
  const lackedSequences = outstanding.takeLackedSequences();
  events.push(...outstanding.events());
  return {
    events,
    statuses: message.header.noResp ? [] : statuses,
    outstanding,
    incoming,
    alerts,
    own,
    lackedSequences,
    lostOurObject,
    abort,
  };
}

/** The Status for our own header: about our credentials, or a client that cannot read it. */
function hearHeader(
  message: Message,
  session: ServerSession,
  context: ReceiveContext,
): { readonly own: OwnOutcome; readonly abort: string | undefined } {
  let own: OwnOutcome = { kind: "other" };
  let abort: string | undefined;
  for (const command of message.commands) {
    if (command.name !== "Status" || !isForHeader(command, session)) continue;
    // Praise for a message that carried no credentials says nothing about them.
    if (command.code < 300 && command.code !== 0 && !carriedProof(session)) continue;
    own = hearHeaderStatus(session.own, command, context.own);
    const isRefusal = own.kind === "other" && command.code >= 400;
    if (isRefusal) abort = `the device answered our header with ${command.code}`;
  }
  return { own, abort };
}

function carriedProof({ lastAnswer, lastMacNonce }: ServerSession): boolean {
  return lastMacNonce !== null || lastAnswer?.header.cred !== undefined;
}

/** Some clients leave CmdRef out, or Cmd. A Status for an earlier message of ours is late news. */
function isForHeader({ cmdRef, cmd, msgRef }: StatusCommand, session: ServerSession): boolean {
  const isHeader = cmdRef === "0" || cmd === "SyncHdr" || (cmdRef === undefined && cmd === "");
  return isHeader && (msgRef === "" || msgRef === String(session.serverMessageId));
}

function isSilent(command: Command): boolean {
  return "noResp" in command && command.noResp === true;
}

function noEndOfData({ item }: IncomingObject): OwedAlert {
  return { code: ALERT.noEndOfData, source: item.source, target: item.target };
}

/** The Status elements for one command of the device; what it tells becomes events. */
function answer(
  taken: Exclude<Taken, { kind: "broken" }>,
  message: Message,
  events: SessionEvent[],
  context: ReceiveContext,
): readonly ReplyStatus[] {
  const { command } = taken;
  if (taken.kind === "chunk") return [commandStatus(message, command, taken.code)];
  if (command.name === "Alert") return hearAlert(command, message, events, context);
  return [commandStatus(message, command, hear(command, events))];
}

/** Takes in one command of the device and says which Status it gets. */
function hear(command: Command, events: SessionEvent[]): number {
  if (command.name === "Unknown") return 501;
  if (command.cmdId === "") return 400;
  if (command.name !== "Replace") return 405;
  const own = command.items.filter(({ source, target }) => isDevInfoUri(source ?? target ?? ""));
  if (own.length === 0) return 405;
  events.push({ kind: "dev-info", info: readDevInfo(own) });
  return 200;
}

function hearAlert(
  command: AlertCommand,
  message: Message,
  events: SessionEvent[],
  { judgeAlert }: ReceiveContext,
): readonly ReplyStatus[] {
  const { code, items } = command;
  const correlator = command.correlator ?? null;
  const whole = (status: number) => [commandStatus(message, command, status)];
  if (command.cmdId === "" || code === 0) return whole(400);
  const rule = ALERTS[code];
  if (rule === undefined || rule.sender === "server") return whole(406);
  if (code === ALERT.nextMessage || code === ALERT.sessionAbort || code === ALERT.noEndOfData) {
    return whole(200);
  }
  const isJudged = rule.about === "event" && judgeAlert !== undefined;
  const judged = items.length > 0 ? items : [{}];
  const codes = judged.map((item) => (isJudged ? judgeAlert({ code, correlator, item }) : 200));
  const taken = items.filter((_, index) => (codes[index] ?? 200) < 300);
  if (taken.length > 0 || (items.length === 0 && codes[0] === 200)) {
    events.push({ kind: "alert", code, correlator, items: taken });
  }
  const [first = 200] = codes;
  if (codes.every((one) => one === first)) return whole(first);
  return items.map(({ source, target }, index) => ({
    ...commandStatus(message, command, codes[index] ?? first),
    targetRef: target,
    sourceRef: source,
  }));
}

/** The Status for a command of the device. */
export function commandStatus({ header }: Message, command: Command, code: number): ReplyStatus {
  const cmd = command.name === "Unknown" ? command.element : command.name;
  return { messageId: header.messageId, cmdId: command.cmdId, cmd, code };
}
