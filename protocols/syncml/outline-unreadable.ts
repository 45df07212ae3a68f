import { ProtocolError } from "../errors.ts";
import { CODE_PAGES, WBXML } from "./code-pages.ts";
import { DDF_NAMESPACE, METINF_NAMESPACE } from "./element.ts";
import type { Encoding } from "./encoding.ts";
import { DOCUMENT_LIMITS } from "./limits.ts";
import { maskText } from "./secret-text.ts";
import { readHeader } from "./wbxml-header.ts";
import { FIRST_TAG, type Page, pagesOf, TAG_MASK } from "./wbxml-pages.ts";
import { textBudget, WbxmlReader } from "./wbxml-reader.ts";

/** What can be told of a document that breaks a rule. */
export interface Outline {
  /** The document as far as it was understood, without any text that could be a secret. */
  readonly text: string;
  /** Source LocURI: who it says that it is from. */
  readonly source: string | undefined;
}

/** Of a document as many bytes are looked at; more would not say more about what is wrong with it. */
export const OUTLINE_BYTES_MAX = 16 * 1024;

/**
 * Outlines a document that could not be read. In a tree it is known what is a secret; in a damaged
 * document nothing is, so that only what the specification names is shown: tags, and the text of elements
 * that never hold secrets. Of everything else it says how long it is.
 */
export function outlineUnreadable(bytes: Uint8Array, encoding: Encoding): Outline {
  const start = bytes.subarray(0, OUTLINE_BYTES_MAX);
  const outline = encoding === "wbxml" ? outlineWbxml(start) : outlineXml(start);
  const rest = bytes.length - start.length;
  return rest === 0 ? outline : { ...outline, text: `${outline.text}\n[${rest} more bytes]` };
}

const NAMES: ReadonlySet<string> = new Set(CODE_PAGES.flatMap((page) => Object.keys(page)));

const NUMBER = /^\d{1,10}$/;
const URI = /^(?:\.\/|\.$|\/|https?:\/\/|urn:|IMEI:|MEID:|ESN:)[^<>]*$/i;
const MEDIA = /^(?:syncml:auth-[a-z\d]+|[a-z]+\/[\w.+/-]+|[\w-]+[.:][\w.:-]+)$/i;

/**
 * What the text of an element must look like to be shown: one damaged byte makes another element of it,
 * so that a name alone proves nothing.
 */
const PLAIN: Readonly<Record<string, RegExp>> = {
  Cmd: /^(?:SyncHdr|Add|Alert|Atomic|Copy|Delete|Exec|Get|Replace|Results|Sequence|Status)$/,
  CmdID: NUMBER,
  CmdRef: NUMBER,
  // A code of an alert or a status.
  Data: /^\d{1,4}$/,
  Format: /^(?:b64|bin|bool|chr|float|int|node|null|xml)$/i,
  LocURI: URI,
  MaxMsgSize: NUMBER,
  MaxObjSize: NUMBER,
  MsgID: NUMBER,
  MsgRef: NUMBER,
  SessionID: /^[\da-f]{1,4}$/i,
  Size: NUMBER,
  SourceRef: URI,
  TargetRef: URI,
  Type: MEDIA,
  VerDTD: /^\d\.\d$/,
  VerProto: /^DM\/\d\.\d$/,
};
const PLAIN_CHARACTERS_MAX = 300;
const SOURCE_CHARACTERS_MAX = 256;

function outlineText(text: string, element: string): string {
  const shown = text.trim();
  if (shown === "") return text.length > 80 ? " " : text;
  const isPlain = shown.length <= PLAIN_CHARACTERS_MAX && PLAIN[element]?.test(shown) === true;
  return isPlain ? maskText(text) : withheld(text.length, "characters");
}

function withheld(length: number, what: "characters" | "bytes"): string {
  return `[${length} ${what}]`;
}

const TOKEN = /<[^<>]*>|<|[^<]+/g;
const TAG = /^<(\/?)(?:[A-Za-z_][\w.-]{0,15}:)?([A-Za-z]+)([\s\S]*?)(\/?)>$/;
const DECLARATION = /^<\?xml(?: (?:version|encoding|standalone)=["'][\w.-]{1,16}["'])*\s?\?>$/;
const NAMESPACES: readonly string[] = [METINF_NAMESPACE, DDF_NAMESPACE];
const NAMESPACE = /^\s+xmlns=["']([^"']*)["']\s*$/;

function outlineXml(bytes: Uint8Array): Outline {
  let text = "";
  let source: string | undefined;
  /** The tag that was just opened, and the one before it. */
  let last = "";
  let before = "";
  for (const [token] of Buffer.from(bytes).toString("utf8").matchAll(TOKEN)) {
    if (!token.startsWith("<")) {
      text += outlineText(token, last);
      if (last === "LocURI" && before === "Source") {
        source ??= token.trim().slice(0, SOURCE_CHARACTERS_MAX);
      }
      if (token.trim() !== "") last = "";
      continue;
    }
    const [, end = "", name = "", attributes = "", empty = ""] = TAG.exec(token) ?? [];
    if (NAMES.has(name)) {
      text += `<${end}${name}${outlineAttributes(attributes)}${empty}>`;
      if (end === "" && empty === "") {
        before = last;
        last = name;
      } else last = "";
    } else {
      text += DECLARATION.test(token) ? token : `<${withheld(token.length - 1, "characters")}`;
      last = "";
    }
  }
  return { text, source };
}

function outlineAttributes(attributes: string): string {
  if (attributes.trim() === "") return "";
  const namespace = NAMESPACE.exec(attributes)?.[1] ?? "";
  const isKnown = NAMESPACES.includes(namespace) || /^SYNCML:SYNCML1\.[0-2]$/.test(namespace);
  return isKnown ? ` xmlns="${namespace}"` : ` ${withheld(attributes.length, "characters")}`;
}

const INDENT = "  ";
/** Where the depth of a hostile document is of no interest any more. */
const DEPTH_MAX = DOCUMENT_LIMITS.depthMax;

/** Walks as far as the tokens make sense. What is left is only counted: it may be anything. */
function outlineWbxml(bytes: Uint8Array): Outline {
  const reader = new WbxmlReader(bytes, textBudget(bytes.length, DOCUMENT_LIMITS));
  const lines: string[] = [];
  const open: string[] = [];
  const found: { source: string | undefined } = { source: undefined };
  try {
    const pages = pagesOf(readHeader(reader));
    let page: Page | undefined = pages[0];
    while (!reader.isAtEnd && open.length <= DEPTH_MAX) {
      const token = reader.byte();
      const name = page?.names[token & TAG_MASK];
      if ((token & TAG_MASK) >= FIRST_TAG && token < WBXML.hasAttributes && name !== undefined) {
        const hasContent = token >= WBXML.hasContent;
        lines.push(`${INDENT.repeat(open.length)}<${name}${hasContent ? "" : "/"}>`);
        if (hasContent) open.push(name);
      } else if (token === WBXML.end && open.length > 0) {
        const ended = open.pop() ?? "";
        // Text ends on its own line.
        const isText = lines.at(-1)?.startsWith(`${INDENT.repeat(open.length)}<${ended}>`) === true;
        if (isText) lines.push(`${lines.pop() ?? ""}</${ended}>`);
        else lines.push(`${INDENT.repeat(open.length)}</${ended}>`);
      } else if (token === WBXML.switchPage) page = pages[reader.byte()];
      else {
        const text = textAt(reader, token);
        if (text === undefined) {
          reader.at -= 1;
          break;
        }
        const element = open.at(-1) ?? "";
        if (element === "LocURI" && open.at(-2) === "Source" && text.kind === "text") {
          found.source ??= text.value.trim().slice(0, SOURCE_CHARACTERS_MAX);
        }
        const shown =
          text.kind === "text" ? outlineText(text.value, element) : withheld(text.length, "bytes");
        lines.push(`${lines.pop() ?? ""}${shown}`);
      }
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
  const left = bytes.length - reader.at;
  if (left > 0) lines.push(withheld(left, "bytes"));
  return { text: lines.join("\n"), source: found.source };
}

type WbxmlText =
  | { readonly kind: "text"; readonly value: string }
  | { readonly kind: "block"; readonly length: number };

function textAt(reader: WbxmlReader, token: number): WbxmlText | undefined {
  if (token === WBXML.inlineString) return { kind: "text", value: reader.inlineString() };
  if (token === WBXML.tableString) {
    return { kind: "text", value: reader.tableString(reader.number()) };
  }
  if (token !== WBXML.opaque) return undefined;
  const { start, end } = reader.block();
  return { kind: "block", length: end - start };
}
