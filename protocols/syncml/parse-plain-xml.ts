import { type Element, NO_ATTRIBUTES, NO_CHILDREN } from "./element.ts";
import type { DocumentLimits } from "./limits.ts";

/** An element whose end has not come yet. */
interface OpenElement {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: typeof NO_ATTRIBUTES;
  children: readonly Element[] | Element[];
  text: string;
}

const DECLARATION = /^<\?xml version="1\.0"(?: encoding="[Uu][Tt][Ff]-8")?\?>/;
/** What needs a second look: line ends to be normalised, and characters that are not XML. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: finding them is the purpose.
const SPECIAL = /[\u0000-\u0008\u000b-\u001f\ud800-\udfff\ufffe\uffff]/;
/** Of letters only, so that none is a reserved one. */
const NAMESPACE = /[ \t\n]+xmlns=(?:"([A-Za-z0-9:.]*)"|'([A-Za-z0-9:.]*)')[ \t\n]*(\/?)>/y;
const BLANKS = /^[ \t\n]*$/;

const GREATER = 0x3e;
const SLASH = 0x2f;

/**
 * Reads the XML that devices really send, several times as fast as a complete parser: elements, text,
 * the five entities, and no attribute but a default namespace.
 *
 * @returns undefined for everything else, well-formed or not, and over a limit: whoever calls hands it
 *   to the strict parser. What is returned is what that would have returned.
 */
export function parsePlainXml(text: string, limits: DocumentLimits): Element | undefined {
  if (SPECIAL.test(text) || text.includes("]]>")) return undefined;
  const open: OpenElement[] = [];
  let top: OpenElement | undefined;
  let root: OpenElement | undefined;
  let elements = 0;
  let at = DECLARATION.exec(text)?.[0].length ?? 0;
  for (;;) {
    const tag = text.indexOf("<", at);
    const between = text.slice(at, tag < 0 ? text.length : tag);
    if (top === undefined) {
      if (!BLANKS.test(between)) return undefined;
      if (tag < 0) return root;
      // Blanks before a declaration would make it an error, and a second root is one.
      if (root !== undefined || (tag > 0 && at === 0)) return undefined;
    } else if (tag > at) {
      const said = between.includes("&") ? withoutEntities(between) : between;
      if (said === undefined) return undefined;
      top.text = top.text === "" ? said : top.text + said;
      if (top.text.length > limits.textMax) return undefined;
    }
    if (tag < 0) return undefined;

    if (text.charCodeAt(tag + 1) === SLASH) {
      const end = tag + 2 + (top?.name.length ?? 0);
      const isItsEnd = top !== undefined && text.startsWith(top.name, tag + 2);
      if (!isItsEnd || text.charCodeAt(end) !== GREATER) return undefined;
      open.pop();
      top = open[open.length - 1];
      at = end + 1;
      continue;
    }

    let end = tag + 1;
    while (isNameCharacter(text.charCodeAt(end))) end++;
    if (end === tag + 1 || isDigit(text.charCodeAt(tag + 1))) return undefined;
    let namespace = top === undefined ? "" : top.namespace;
    let isEmpty = false;
    const next = text.charCodeAt(end);
    if (next === GREATER) at = end + 1;
    else if (next === SLASH && text.charCodeAt(end + 1) === GREATER) {
      isEmpty = true;
      at = end + 2;
    } else {
      NAMESPACE.lastIndex = end;
      const declared = NAMESPACE.exec(text);
      if (declared === null || limits.attributesMax < 1) return undefined;
      namespace = declared[1] ?? declared[2] ?? "";
      isEmpty = declared[3] === "/";
      at = NAMESPACE.lastIndex;
    }

    elements += 1;
    if (elements > limits.elementsMax || open.length >= limits.depthMax) return undefined;
    const element: OpenElement = {
      name: text.slice(tag + 1, end),
      namespace,
      attributes: NO_ATTRIBUTES,
      children: NO_CHILDREN,
      text: "",
    };
    if (top === undefined) root = element;
    else if (top.children.length === 0) top.children = [element];
    else (top.children as Element[]).push(element);
    if (isEmpty) continue;
    open.push(element);
    top = element;
  }
}

/** Letters and digits of ASCII: all that names in SyncML are made of. */
function isNameCharacter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || isDigit(code);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
  "&quot;": '"',
  "&apos;": "'",
};
const ENTITY = /&(?:lt|gt|amp|quot|apos);/g;

/** Undefined for a reference that is not one of the five. */
function withoutEntities(text: string): string | undefined {
  if (text.replace(ENTITY, "").includes("&")) return undefined;
  return text.replace(ENTITY, (entity) => ENTITIES[entity] ?? entity);
}
