import { ProtocolError, quoted } from "../errors.ts";
import { isCommandName } from "./commands.ts";
import { decodeCommand } from "./decode-command.ts";
import { childText, numberOf } from "./decode-leaf.ts";
import { decodeChallengeMeta } from "./decode-meta.ts";
import type { Element } from "./element.ts";
import type { Command, Credential, Fragment, Header, Location, Message } from "./message.ts";

/** Commands of one message, containers' children included. */
export const COMMANDS_MAX = 5000;
/** Characters of a SessionID, and of an address or a name in the header: they are stored. */
export const SESSION_ID_MAX = 128;
export const HEADER_TEXT_MAX = 2048;

/**
 * Decodes a message of a device session.
 *
 * What real clients get wrong is accepted: any child order, a Status without CmdRef, a CmdID that
 * is used twice, `Chr`, Meta outside of Item, the 1.1 namespace or none, blanks around URIs and
 * numbers.
 *
 * Throws `ProtocolError`: `syncml-root`, `syncml-namespace`, `syncml-no-header`, `syncml-no-body`,
 * `syncml-session-id`, `syncml-message-id`, `syncml-source`, `syncml-header-too-long`,
 * `syncml-too-many-commands`, `syncml-data`.
 */
export function decodeMessage(root: Element): Message {
  const document = decodeDocument(root);
  if (!("header" in document)) {
    throw new ProtocolError("syncml-no-header", "a message of a device session needs a SyncHdr");
  }
  return document;
}

/**
 * Decodes a message, a SyncML document without SyncHdr, or a single bare command such as
 * documentation prints. The result has a `header` or it has not. [Q43]
 */
export function decodeDocument(root: Element): Message | Fragment {
  checkNamespace(root);
  if (isCommandName(root.name)) return { commands: decodeCommands([root]), final: true };
  if (root.name !== "SyncML") {
    const is = quoted(root.name);
    throw new ProtocolError("syncml-root", `the root element is <${is}>, not <SyncML>`);
  }
  let header: Element | undefined;
  let body: Element | undefined;
  for (const child of root.children) {
    if (child.name === "SyncHdr") header ??= child;
    else if (child.name === "SyncBody") body ??= child;
  }
  if (body === undefined) throw new ProtocolError("syncml-no-body", "there is no SyncBody");
  const final = body.children.some(({ name }) => name === "Final");
  const commands = decodeCommands(body.children);
  return header === undefined
    ? { commands, final }
    : { header: decodeHeader(header), commands, final };
}

/** `SYNCML:SYNCML1.2`, the 1.1 and 1.0 that documentation uses, or none. */
function checkNamespace({ namespace }: Element): void {
  if (namespace === "" || namespace.toUpperCase().startsWith("SYNCML:SYNCML1.")) return;
  throw new ProtocolError(
    "syncml-namespace",
    `the namespace is ${quoted(namespace)}, not SYNCML:SYNCML1.2`,
  );
}

function decodeCommands(elements: readonly Element[]): readonly Command[] {
  const budget = { left: COMMANDS_MAX };
  const commands: Command[] = [];
  for (const element of elements) {
    if (element.name !== "Final") commands.push(decodeCommand(element, budget));
  }
  return commands;
}

function decodeHeader(element: Element): Header {
  let verDtd = "";
  let verProto = "";
  let sessionId = "";
  let messageId = "";
  let target: Location = { uri: "" };
  let source: Location = { uri: "" };
  let respUri: string | undefined;
  let cred: Credential | undefined;
  let maxMsgSize: number | undefined;
  let maxObjSize: number | undefined;
  let noResp: true | undefined;
  for (const child of element.children) {
    switch (child.name) {
      case "VerDTD":
        verDtd = child.text.trim();
        break;
      case "VerProto":
        verProto = child.text.trim();
        break;
      case "SessionID":
        sessionId = child.text.trim();
        break;
      case "MsgID":
        messageId = child.text.trim();
        break;
      case "Target":
        target = decodeLocation(child);
        break;
      case "Source":
        source = decodeLocation(child);
        break;
      case "RespURI":
        respUri = bounded("RespURI", child.text.trim());
        break;
      case "Cred":
        cred = decodeCredential(child);
        break;
      case "Meta":
        maxMsgSize = numberOf(childText(child, "MaxMsgSize") ?? "");
        maxObjSize = numberOf(childText(child, "MaxObjSize") ?? "");
        break;
      case "NoResp":
        noResp = true;
        break;
      default:
    }
  }
  bounded("SessionID", sessionId, SESSION_ID_MAX);
  if (sessionId === "") throw new ProtocolError("syncml-session-id", "there is no SessionID");
  if (source.uri === "") throw new ProtocolError("syncml-source", "there is no Source LocURI");
  const number = numberOf(messageId);
  if (number === undefined || number === 0) {
    throw new ProtocolError("syncml-message-id", `"${quoted(messageId)}" is not a MsgID`);
  }
  return {
    verDtd,
    verProto,
    sessionId,
    messageId: number,
    target,
    source,
    respUri,
    cred,
    maxMsgSize,
    maxObjSize,
    noResp,
  };
}

function decodeLocation(element: Element): Location {
  const uri = bounded("LocURI", childText(element, "LocURI")?.trim() ?? "");
  const name = childText(element, "LocName")?.trim();
  return name === undefined ? { uri } : { uri, name: bounded("LocName", name) };
}

function bounded(what: string, text: string, charactersMax = HEADER_TEXT_MAX): string {
  if (text.length <= charactersMax) return text;
  throw new ProtocolError(
    "syncml-header-too-long",
    `${what} of the header has ${text.length} characters, and at most ${charactersMax} are taken`,
  );
}

function decodeCredential(element: Element): Credential {
  const { type, format } = decodeChallengeMeta(element);
  return { type, format, data: childText(element, "Data")?.trim() ?? "" };
}
