import { ALERT, ALERTS } from "../syncml/alerts.ts";
import type { AlertCommand, Command, Message } from "../syncml/message.ts";
import { isDevInfoUri, readDevInfo } from "./dev-info.ts";
import { OutstandingCommands } from "./outstanding.ts";
import type { Outstanding, ReplyStatus, SessionEvent } from "./server-state.ts";

/** What a message of an authenticated device said. */
export interface Heard {
  readonly events: readonly SessionEvent[];
  /** One per command that wants a Status. */
  readonly statuses: readonly ReplyStatus[];
  readonly outstanding: OutstandingCommands;
  /** Why the device ended the session; undefined when it did not. */
  readonly abort: string | undefined;
}

/** Reads the commands of an authenticated message. */
export function hearMessage(message: Message, before: readonly Outstanding[]): Heard {
  const events: SessionEvent[] = [];
  const statuses: ReplyStatus[] = [];
  const outstanding = new OutstandingCommands(before);
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
  return { events, statuses, outstanding, abort };
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

/** The Status for a command of the device. */
export function commandStatus({ header }: Message, command: Command, code: number): ReplyStatus {
  const cmd = command.name === "Unknown" ? command.element : command.name;
  return { messageId: header.messageId, cmdId: command.cmdId, cmd, code };
}
