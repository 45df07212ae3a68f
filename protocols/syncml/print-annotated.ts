import { ALERTS } from "./alerts.ts";
import { isCommandName } from "./commands.ts";
import { childText, numberOf } from "./decode-leaf.ts";
import type { Element } from "./element.ts";
import { escapeAttribute, escapeXml } from "./print-xml.ts";
import { describeStatus } from "./statuses.ts";

const INDENT = "  ";

/** Of a text that is shortened, as many characters are shown. */
export const FOLDED_CHARACTERS = 200;

/**
 * Prints a tree for people: well-formed XML, indented, with comments that say what a command, a status or
 * an alert is called. Text is as it was, in a CDATA section where escaping would hide it.
 *
 * @param foldOver text with more characters than this is shortened, and a comment says how long it was
 */
export function printAnnotated(
  root: Element,
  foldOver: number = Number.POSITIVE_INFINITY,
): readonly string[] {
  const lines = ['<?xml version="1.0" encoding="UTF-8"?>'];
  printInto(lines, root, "", "", foldOver);
  return lines;
}

function printInto(
  lines: string[],
  element: Element,
  inherited: string,
  indent: string,
  foldOver: number,
): void {
  const { name, namespace, children, text } = element;
  const comment = commentOn(element);
  const note = comment === undefined ? "" : ` <!-- ${comment.replaceAll("--", "- -")} -->`;
  let start = `${indent}<${name}`;
  if (namespace !== inherited) start += ` xmlns="${escapeAttribute(namespace)}"`;
  for (const attribute of element.attributes) {
    start += ` ${attribute.name}="${escapeAttribute(attribute.value)}"`;
  }
  if (children.length === 0) {
    lines.push(`${start}${text === "" ? "/>" : `>${shown(text, foldOver)}</${name}>`}${note}`);
    return;
  }
  lines.push(`${start}>${note}`);
  if (text.trim() !== "") lines.push(indent + INDENT + shown(text, foldOver));
  for (const child of children) {
    printInto(lines, child, namespace, indent + INDENT, foldOver);
  }
  lines.push(`${indent}</${name}>`);
}

function commentOn(element: Element): string | undefined {
  if (element.name === "SyncHdr") {
    const [message, session] = [childText(element, "MsgID"), childText(element, "SessionID")];
    return `message ${message ?? "without MsgID"} of session ${session ?? "without SessionID"}`;
  }
  if (element.name === "Status") return commentOnStatus(element);
  if (element.name === "Alert") {
    const code = numberOf(childText(element, "Data") ?? "") ?? 0;
    return `${code} ${ALERTS[code]?.name ?? "of no known kind"}`;
  }
  return isCommandName(element.name) ? commentOnCommand(element) : undefined;
}

/** Such as `418 Already exists: Add 3 of message 2`. */
function commentOnStatus(element: Element): string {
  const code = numberOf(childText(element, "Data") ?? "");
  const what = [childText(element, "Cmd"), childText(element, "CmdRef")];
  const message = childText(element, "MsgRef");
  const about = [
    ...what.filter((part) => part !== undefined && part !== "0"),
    ...(message === undefined ? [] : ["of message", message]),
  ];
  return `${code === undefined ? "no code" : describeStatus(code)}: ${about.join(" ").trim()}`;
}

/** Such as `Get 4, 2 items`. */
function commentOnCommand(element: Element): string {
  const items = element.children.filter(({ name }) => name === "Item").length;
  const members = element.children.filter(({ name }) => isCommandName(name)).length;
  const [count, what] = members > 0 ? [members, "command"] : [items, "item"];
  const id = childText(element, "CmdID")?.trim() ?? "";
  return `${element.name}${id === "" ? " without CmdID" : ` ${id}`}, ${count} ${what}${count === 1 ? "" : "s"}`;
}

function shown(text: string, foldOver: number): string {
  if (text.length <= Math.max(foldOver, FOLDED_CHARACTERS)) return readable(text);
  // Not in the middle of a character.
  const start = text.slice(0, FOLDED_CHARACTERS).replace(/[\ud800-\udbff]$/, "");
  return `${readable(start)}<!-- … ${text.length.toLocaleString("en-US")} characters in all -->`;
}

function readable(text: string): string {
  // A section would lose a carriage return, and cannot hold its own end.
  const isForSection = /[<&]/.test(text) && !/\r|\]\]>/.test(text);
  return isForSection ? `<![CDATA[${text}]]>` : escapeXml(text);
}
