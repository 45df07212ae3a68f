import { ALERT } from "../syncml/alerts.ts";
import { SYNCML_NAMESPACE } from "../syncml/element.ts";
import { encodeCommand, encodeMessage } from "../syncml/encode-message.ts";
import type { Command, Header, Message } from "../syncml/message.ts";
import { printElement, printXml } from "../syncml/print-xml.ts";
import { CommandNumbers, numberCommand } from "./number-commands.ts";
import type { OutgoingCommand } from "./outgoing-command.ts";
import type { Outstanding, Owed, ReplyStatus, ServerSession } from "./server-state.ts";

export interface BuiltAnswer {
  readonly message: Message;
  /** What the device has to answer to the commands of this message. */
  readonly outstanding: readonly Outstanding[];
  /** How many of the commands are in the message; the others would not fit. */
  readonly sent: number;
}

/**
 * Builds the message that pays what the session owes: Status elements first, in the order of the
 * device's commands, then an alert about the session's flow, then as many commands as fit.
 */
export function buildAnswer(
  session: ServerSession,
  owed: Owed,
  commands: readonly OutgoingCommand[],
): BuiltAnswer {
  const messageId = session.serverMessageId + 1;
  const numbers = new CommandNumbers();
  const replies = owed.statuses.map((status) => statusCommand(status, numbers));
  const asksForMore = owed.adds === "next-message";
  if (asksForMore) replies.push(alertCommand(ALERT.nextMessage, numbers));
  if (owed.adds === "abort") replies.push(alertCommand(ALERT.sessionAbort, numbers));
  const header = headerOf(session, messageId);
  const bare: Message = { header, commands: replies, final: !asksForMore };
  if (commands.length === 0) return { message: bare, outstanding: [], sent: 0 };

  const room = session.maxMsgSize === null ? undefined : session.maxMsgSize - bytesOf(bare);
  const own: Command[] = [];
  const outstanding: Outstanding[] = [];
  let used = 0;
  for (const outgoing of commands) {
    const numbered = numberCommand(outgoing, messageId, numbers);
    if (room !== undefined) {
      used += commandBytes(numbered.command);
      if (used > room && own.length > 0) break;
    }
    own.push(numbered.command);
    outstanding.push(...numbered.outstanding);
  }
  return {
    message: { ...bare, commands: [...replies, ...own] },
    outstanding,
    sent: own.length,
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

function statusCommand(status: ReplyStatus, numbers: CommandNumbers): Command {
  return {
    name: "Status",
    cmdId: numbers.next(),
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

function alertCommand(code: number, numbers: CommandNumbers): Command {
  return { name: "Alert", cmdId: numbers.next(), code, items: [] };
}

/** As XML; the same message in WBXML is always shorter. */
function bytesOf(message: Message): number {
  return Buffer.byteLength(printXml(encodeMessage(message)));
}

function commandBytes(command: Command): number {
  return Buffer.byteLength(printElement(encodeCommand(command), SYNCML_NAMESPACE));
}
