import type { Command, Item } from "../syncml/message.ts";
import type { OutgoingCommand, OutgoingItem } from "./outgoing-command.ts";
import type { Outstanding } from "./server-state.ts";

/** Gives CmdIDs: 1, 2, 3 … in one message. */
export class CommandNumbers {
  #last = 0;

  next(): string {
    this.#last += 1;
    return String(this.#last);
  }
}

export interface Numbered {
  readonly command: Command;
  /** What has to be answered: the command and, for a container, its members. */
  readonly outstanding: readonly Outstanding[];
}

/** Turns a command of the caller's into one that can be sent in that message of ours. */
export function numberCommand(
  command: OutgoingCommand,
  messageId: number,
  numbers: CommandNumbers,
  parent: string | null = null,
): Numbered {
  const cmdId = numbers.next();
  const { name, tag } = command;
  const own: Outstanding = {
    tag,
    name,
    messageId,
    cmdId,
    targets: "items" in command ? targetsOf(command.items) : [],
    parent,
    code: null,
    itemCodes: {},
    inProgress: false,
    hasResults: false,
    answers: [],
    isPart: false,
  };
  if ("commands" in command) {
    const members = command.commands.map((one) => numberCommand(one, messageId, numbers, tag));
    return {
      command: { name: command.name, cmdId, commands: members.map((member) => member.command) },
      outstanding: [own, ...members.flatMap((member) => member.outstanding)],
    };
  }
  const items = command.items.map((item) => itemOf(command.name, item));
  return {
    command:
      command.name === "Alert"
        ? { name: command.name, cmdId, code: command.code, items }
        : { name: command.name, cmdId, correlator: command.correlator, items },
    outstanding: [own],
  };
}

function targetsOf(items: readonly OutgoingItem[]): readonly string[] {
  return items.flatMap(({ target }) => (target === undefined ? [] : [target]));
}

/** An interior node that is added has an empty Data: without it, one client fails. [syncml 1] */
function itemOf(name: string, item: OutgoingItem): Item {
  const { target, source, format, type, size, data, moreData } = item;
  const isPlain = format === undefined && type === undefined && size === undefined;
  const isInterior = name === "Add" && format === "node" && data === undefined;
  return {
    target,
    source,
    meta: isPlain ? undefined : { format, type, size },
    data: isInterior ? "" : data,
    moreData,
  };
}
