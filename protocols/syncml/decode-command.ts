import { ProtocolError } from "../errors.ts";
import { childText, numberOf } from "./decode-leaf.ts";
import { decodeChallengeMeta, decodeMeta } from "./decode-meta.ts";
import type { Element } from "./element.ts";
import type {
  AlertCommand,
  Challenge,
  Command,
  ContainerCommand,
  Item,
  ItemsCommand,
  Meta,
  ResultsCommand,
  StatusCommand,
} from "./message.ts";
import { printElement } from "./print-xml.ts";

/** How many commands the message may still have. */
interface Budget {
  left: number;
}

/** Decodes one command. An element that is no command of DM 1.2 becomes `Unknown`. */
export function decodeCommand(element: Element, budget: Budget): Command {
  budget.left -= 1;
  if (budget.left < 0) {
    throw new ProtocolError("syncml-too-many-commands", "too many commands in one message");
  }
  switch (element.name) {
    case "Status":
      return decodeStatus(element);
    case "Results":
      return decodeResults(element);
    case "Alert":
      return decodeAlert(element);
    case "Atomic":
    case "Sequence":
      return decodeContainer(element, element.name, budget);
    case "Add":
    case "Copy":
    case "Delete":
    case "Exec":
    case "Get":
    case "Replace":
      return decodeItemsCommand(element, element.name);
    default:
      return {
        name: "Unknown",
        element: element.name,
        cmdId: childText(element, "CmdID")?.trim() ?? "",
      };
  }
}

function decodeItemsCommand(element: Element, name: ItemsCommand["name"]): ItemsCommand {
  const correlator = childText(element, "Correlator")?.trim();
  const cmdId = childText(element, "CmdID")?.trim() ?? "";
  const items = decodeItems(element);
  const command =
    correlator === undefined ? { name, cmdId, items } : { name, cmdId, correlator, items };
  return hasNoResp(element) ? { ...command, noResp: true } : command;
}

function decodeAlert(element: Element): AlertCommand {
  return {
    name: "Alert",
    cmdId: childText(element, "CmdID")?.trim() ?? "",
    code: numberOf(childText(element, "Data") ?? "") ?? 0,
    correlator: childText(element, "Correlator")?.trim(),
    items: decodeItems(element),
    noResp: hasNoResp(element),
  };
}

/** Undefined where the sender wants a Status, as most do. */
function hasNoResp(element: Element): true | undefined {
  for (const child of element.children) if (child.name === "NoResp") return true;
  return undefined;
}

/** Children of a container that belong to the container itself. */
const CONTAINER_LEAVES: ReadonlySet<string> = new Set(["CmdID", "Meta", "NoResp"]);

function decodeContainer(
  element: Element,
  name: ContainerCommand["name"],
  budget: Budget,
): ContainerCommand {
  const commands: Command[] = [];
  for (const child of element.children) {
    if (!CONTAINER_LEAVES.has(child.name)) commands.push(decodeCommand(child, budget));
  }
  const cmdId = childText(element, "CmdID")?.trim() ?? "";
  return { name, cmdId, commands, noResp: hasNoResp(element) };
}

function decodeStatus(element: Element): StatusCommand {
  let cmdId = "";
  let msgRef = "";
  let cmdRef: string | undefined;
  let cmd = "";
  let code = "";
  let chal: Challenge | undefined;
  const targetRefs: string[] = [];
  const sourceRefs: string[] = [];
  for (const child of element.children) {
    switch (child.name) {
      case "CmdID":
        cmdId = child.text.trim();
        break;
      case "MsgRef":
        msgRef = child.text.trim();
        break;
      case "CmdRef":
        cmdRef = child.text.trim();
        break;
      case "Cmd":
        cmd = child.text.trim();
        break;
      case "TargetRef":
        targetRefs.push(refText(child));
        break;
      case "SourceRef":
        sourceRefs.push(refText(child));
        break;
      case "Chal":
        chal = decodeChallengeMeta(child);
        break;
      case "Data":
        code = child.text;
        break;
      default: // Cred in a Status is forbidden and ignored; items are read below.
    }
  }
  return {
    name: "Status",
    cmdId,
    msgRef,
    cmdRef: cmdRef === "" ? undefined : cmdRef,
    cmd,
    targetRefs,
    sourceRefs,
    chal,
    code: numberOf(code) ?? 0,
    items: decodeItems(element),
  };
}

function decodeResults(element: Element): ResultsCommand {
  let targetRef: string | undefined;
  let sourceRef: string | undefined;
  for (const child of element.children) {
    if (child.name === "TargetRef") targetRef = refText(child);
    else if (child.name === "SourceRef") sourceRef = refText(child);
  }
  return {
    name: "Results",
    cmdId: childText(element, "CmdID")?.trim() ?? "",
    msgRef: childText(element, "MsgRef")?.trim(),
    cmdRef: childText(element, "CmdRef")?.trim() ?? "",
    targetRef,
    sourceRef,
    items: decodeItems(element),
  };
}

/** TargetRef and SourceRef are text; some clients wrap the text in a LocURI. */
function refText(element: Element): string {
  return (childText(element, "LocURI") ?? element.text).trim();
}

const NO_ITEMS: readonly Item[] = [];

/** The items of a command; a Meta of the command itself holds for every item without that field. */
function decodeItems(element: Element): readonly Item[] {
  let items: Item[] | undefined;
  let shared: Meta | undefined;
  for (const child of element.children) {
    if (child.name === "Meta") shared = decodeMeta(child);
    else if (child.name === "Item") {
      const item = decodeItem(child);
      if (items === undefined) items = [item];
      else items.push(item);
    }
  }
  if (items === undefined) return NO_ITEMS;
  if (shared === undefined) return items;
  return items.map((item) => ({ ...item, meta: mergeMeta(shared, item.meta) }));
}

function decodeItem(element: Element): Item {
  let target: string | undefined;
  let source: string | undefined;
  let data: string | undefined;
  let meta: Meta | undefined;
  let loose = false;
  let moreData: true | undefined;
  for (const child of element.children) {
    switch (child.name) {
      case "Target":
        target = childText(child, "LocURI")?.trim();
        break;
      case "Source":
        source = childText(child, "LocURI")?.trim();
        break;
      case "Data":
        data = dataText(child);
        break;
      case "Meta":
        meta = decodeMeta(child);
        break;
      case "MoreData":
        moreData = true;
        break;
      case "Format":
      case "Type":
        loose = true;
        break;
      default:
    }
  }
  if (loose) meta = mergeMeta(decodeMeta(element), meta);
  return { target, source, meta, data, moreData };
}

function mergeMeta(base: Meta | undefined, own: Meta | undefined): Meta | undefined {
  if (base === undefined || own === undefined) return own ?? base;
  return {
    format: own.format ?? base.format,
    type: own.type ?? base.type,
    mark: own.mark ?? base.mark,
    size: own.size ?? base.size,
  };
}

/**
 * Data must be escaped, but elements inside it are understood as the XML text they stand for, as
 * long as no text stands between them.
 */
function dataText(element: Element): string {
  if (element.children.length === 0) return element.text;
  if (element.text.trim() !== "") {
    throw new ProtocolError("syncml-data", "Data mixes text and elements; it must be escaped");
  }
  return element.children.map((child) => printElement(child, element.namespace)).join("");
}
