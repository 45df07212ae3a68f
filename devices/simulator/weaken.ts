import { ALERT } from "../../protocols/syncml/alerts.ts";
import type { Element } from "../../protocols/syncml/element.ts";
import type { Command, Message, StatusCommand } from "../../protocols/syncml/message.ts";
import type { Quirk } from "./profiles.ts";

/** A well-formed message as a client with these quirks would have written it. */
export function weakenMessage(message: Message, quirks: readonly Quirk[]): Message {
  let commands = message.commands;
  if (quirks.includes("silent-atomic")) {
    commands = commands.filter(({ name, ...rest }) => {
      return name !== "Status" || !("cmd" in rest) || rest.cmd !== "Atomic";
    });
  }
  if (quirks.includes("no-header-cmd-ref")) commands = commands.map(withoutHeaderRef);
  if (quirks.includes("statuses-reversed")) commands = reversed(commands);
  if (quirks.includes("zero-status")) commands = commands.map(withZero);
  if (quirks.includes("interior-dev-info")) commands = commands.map(withInterior);
  if (quirks.includes("blank-in-type")) commands = commands.map(withBlankInType);
  if (quirks.includes("alert-first")) commands = withAlertFirst(commands);
  if (quirks.includes("repeats-cmd-id")) {
    commands = commands.map((command, index) => ({ ...command, cmdId: String((index % 3) + 1) }));
  }
  return { ...message, commands };
}

/** The same for what only shows in the element tree. */
export function weakenElement(element: Element, quirks: readonly Quirk[]): Element {
  const children = element.children.map((child) => weakenElement(child, quirks));
  if (quirks.includes("data-first") && element.name === "Status") {
    const isData = ({ name }: Element) => name === "Data";
    return {
      ...element,
      children: [...children.filter(isData), ...children.filter((child) => !isData(child))],
    };
  }
  if (quirks.includes("capital-format") && element.name === "Format" && element.text !== "") {
    return { ...element, text: element.text[0]?.toUpperCase() + element.text.slice(1) };
  }
  return { ...element, children };
}

/** And for what only shows in the text. */
export function weakenXml(xml: string, quirks: readonly Quirk[]): string {
  return quirks.includes("single-quotes")
    ? xml.replace(/<[^>]*>/g, (tag) => tag.replace(/="([^"']*)"/g, "='$1'"))
    : xml;
}

function withoutHeaderRef(command: Command): Command {
  if (command.name !== "Status" || command.cmd !== "SyncHdr") return command;
  const { cmdRef: _, ...rest } = command;
  return rest;
}

/** One client says 0 until it trusts its server; what it asks for stays. [syncml 1] */
function withZero(command: Command): Command {
  const isRefusal = command.name === "Status" && (command.code === 401 || command.code === 407);
  return isRefusal ? { ...command, code: 0 } : command;
}

function withInterior(command: Command): Command {
  if (command.name !== "Replace") return command;
  const interior = { source: "./DevInfo", meta: { format: "node" } };
  return { ...command, items: [interior, ...command.items] };
}

function withBlankInType(command: Command): Command {
  if (command.name !== "Alert") return command;
  const items = command.items.map((item) =>
    item.meta?.type === undefined
      ? item
      : { ...item, meta: { ...item.meta, type: `Reversed-Domain-Name: ${item.meta.type}` } },
  );
  return { ...command, items };
}

/** Before the first Status of an Exec comes what came of it. [syncml 1] */
function withAlertFirst(commands: readonly Command[]): readonly Command[] {
  const index = commands.findIndex((one) => one.name === "Status" && one.cmd === "Exec");
  if (index < 0) return commands;
  const meta = { type: "org.example.mdm.work-begun", format: "chr", mark: "informational" };
  const alert: Command = {
    name: "Alert",
    cmdId: String(commands.length + 1),
    code: ALERT.generic,
    items: [{ meta, data: "begun" }],
  };
  return [...commands.slice(0, index), alert, ...commands.slice(index)];
}

/** The Status for SyncHdr stays first; the others come backwards, Results after them. */
function reversed(commands: readonly Command[]): Command[] {
  const isStatus = (command: Command): command is StatusCommand => command.name === "Status";
  const [header, ...statuses] = commands.filter(isStatus);
  return [
    ...(header === undefined ? [] : [header]),
    ...statuses.reverse(),
    ...commands.filter((command) => !isStatus(command)),
  ];
}
