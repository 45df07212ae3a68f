import { ALERT } from "../syncml/alerts.ts";
import { SYNCML_NAMESPACE } from "../syncml/element.ts";
import { encodeCommand, encodeMessage } from "../syncml/encode-message.ts";
import type { Command, Header, Item, Message, StatusCommand } from "../syncml/message.ts";
import { printElement, printXml } from "../syncml/print-xml.ts";
import type { OutgoingCommand, OutgoingItem } from "./outgoing-command.ts";
import type { Outstanding, Owed, ServerSession } from "./server-state.ts";

export interface Answer {
  readonly session: ServerSession;
  readonly message: Message;
  /** Commands that did not fit into the device's MaxMsgSize, for the next package. */
  readonly left: readonly OutgoingCommand[];
}

/**
 * Makes the answer to the message that `receive` took in: the Status elements it owes, then the
 * commands, numbered and remembered until the device has answered them.
 *
 * Commands may be given when the turn is `commands`; none ends the session. A command is never
 * split; the first one is sent whatever its size, because no later message could hold it either.
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
    return { session, message: lastAnswer, left: [] };
  }
  const messageId = session.serverMessageId + 1;
  const numbers = { last: 0 };
  const replies: Command[] = owed.statuses.map((status) => statusCommand(status, numbers));
  const asks = owed.turn === "next-message" || isWaitingForCommand(session, owed);
  if (asks) replies.push(alert(ALERT.nextMessage, numbers));
  if (owed.abort) replies.push(alert(ALERT.sessionAbort, numbers));
  const bare: Message = { header: headerOf(session, messageId), commands: replies, final: !asks };

  let room = commands.length === 0 ? 0 : roomFor(session, bare);
  const numbered: Command[] = [];
  const outstanding: Outstanding[] = [];
  let sent = 0;
  for (const command of commands) {
    const own: Outstanding[] = [];
    const next = numberCommand(command, messageId, null, numbers, own);
    if (room !== Number.POSITIVE_INFINITY) room -= bytesOf(next);
    if (room < 0 && sent > 0) break;
    sent += 1;
    numbered.push(next);
    outstanding.push(...own);
  }
  checkTags(outstanding);
  const message = { ...bare, commands: [...replies, ...numbered] };
  return {
    session: {
      ...session,
      serverMessageId: messageId,
      outstanding: owed.turn === "commands" ? outstanding : session.outstanding,
      owed: null,
      lastAnswer: message,
    },
    message,
    left: commands.slice(sent),
  };
}

function headerOf(session: ServerSession, messageId: number): Header {
  return {
    verDtd: "1.2",
    verProto: "DM/1.2",
    sessionId: session.sessionId,
    messageId,
    target: session.target,
    source: session.source,
    respUri: session.respUri ?? undefined,
  };
}

/** A command is in progress: the device is asked to go on. A challenge waits without asking. */
function isWaitingForCommand(session: ServerSession, owed: Owed): boolean {
  return owed.turn === "wait" && session.phase === "open";
}

interface Numbers {
  last: number;
}

function nextNumber(numbers: Numbers): string {
  numbers.last += 1;
  return String(numbers.last);
}

function statusCommand(status: Owed["statuses"][number], numbers: Numbers): StatusCommand {
  return {
    name: "Status",
    cmdId: nextNumber(numbers),
    msgRef: String(status.messageId),
    cmdRef: status.cmdId,
    cmd: status.cmd,
    targetRefs: status.targetRef === undefined ? [] : [status.targetRef],
    sourceRefs: status.sourceRef === undefined ? [] : [status.sourceRef],
    chal: status.chal,
    code: status.code,
    items: [],
  };
}

function alert(code: number, numbers: Numbers): Command {
  return { name: "Alert", cmdId: nextNumber(numbers), code, items: [] };
}

/** What the device's MaxMsgSize leaves for commands, in bytes of XML; WBXML is always shorter. */
function roomFor(session: ServerSession, message: Message): number {
  if (session.maxMsgSize === null) return Number.POSITIVE_INFINITY;
  return session.maxMsgSize - Buffer.byteLength(printXml(encodeMessage(message)));
}

function bytesOf(command: Command): number {
  return Buffer.byteLength(printElement(encodeCommand(command), SYNCML_NAMESPACE));
}

function numberCommand(
  command: OutgoingCommand,
  messageId: number,
  parent: string | null,
  numbers: Numbers,
  outstanding: Outstanding[],
): Command {
  const cmdId = nextNumber(numbers);
  const { name, tag } = command;
  const targets =
    "items" in command ? command.items.flatMap(({ target }) => (target ? [target] : [])) : [];
  outstanding.push({
    tag,
    name,
    messageId,
    cmdId,
    targets,
    parent,
    code: null,
    itemCodes: {},
    inProgress: false,
    hasResults: false,
  });
  if ("commands" in command) {
    const members = command.commands.map((member) =>
      numberCommand(member, messageId, tag, numbers, outstanding),
    );
    return { name: command.name, cmdId, commands: members };
  }
  const items = command.items.map(itemOf);
  if (command.name === "Alert") return { name: command.name, cmdId, code: command.code, items };
  return { name: command.name, cmdId, correlator: command.correlator, items };
}

function itemOf({ target, format, type, data }: OutgoingItem): Item {
  const meta = format === undefined && type === undefined ? undefined : { format, type };
  return { target, meta, data };
}

function checkTags(outstanding: readonly Outstanding[]): void {
  const tags = new Set(outstanding.map(({ tag }) => tag));
  if (tags.size !== outstanding.length) throw new Error("two commands of a package carry one tag");
}
