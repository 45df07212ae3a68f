import { WBXML } from "./code-pages.ts";
import { type Attribute, NO_ATTRIBUTES } from "./element.ts";
import type { DocumentLimits } from "./limits.ts";
import type { WbxmlReader } from "./wbxml-reader.ts";
import { isXmlName } from "./xml-text.ts";

export interface WbxmlAttributes {
  /** Without namespace declarations and what belongs to foreign namespaces, as from XML. */
  readonly attributes: readonly Attribute[];
  readonly xmlns: string | undefined;
}

/**
 * Reads the attributes of a tag. There are no tokens for them in SyncML, so each has its name in the
 * string table; old Nokia devices give their root an xmlns whose name is at 0 of no table.
 */
export function readAttributes(reader: WbxmlReader, limits: DocumentLimits): WbxmlAttributes {
  const attributes: Attribute[] = [];
  const names = new Set<string>();
  let xmlns: string | undefined;
  while (!reader.skip(WBXML.end)) {
    const name = attributeName(reader);
    const value = attributeValue(reader);
    if (names.has(name)) throw reader.error("wbxml-attribute", `the attribute ${name} comes twice`);
    names.add(name);
    if (names.size > limits.attributesMax) {
      throw reader.error(
        "wbxml-too-many-attributes",
        `more than ${limits.attributesMax} attributes on one element`,
      );
    }
    if (name === "xmlns") xmlns = value;
    else if (!name.includes(":") || name.startsWith("xml:")) attributes.push({ name, value });
  }
  return { attributes: attributes.length === 0 ? NO_ATTRIBUTES : attributes, xmlns };
}

function attributeName(reader: WbxmlReader): string {
  const token = reader.byte();
  if (token !== WBXML.literal) {
    throw reader.error(
      "wbxml-attribute",
      `there is no attribute 0x${token.toString(16)}`,
      reader.at - 1,
    );
  }
  const offset = reader.number();
  const { start, end } = reader.stringTable;
  if (offset === 0 && start === end) return "xmlns";
  const name = reader.tableString(offset);
  const parts = name.split(":");
  if (parts.length <= 2 && parts.every(isXmlName)) return name;
  throw reader.error("wbxml-name", "an attribute has no name that XML could carry");
}

/** Values up to the next attribute or the end. */
function attributeValue(reader: WbxmlReader): string {
  let value = "";
  for (;;) {
    const piece = stringPiece(reader);
    if (piece === undefined) return value;
    value += piece;
  }
}

/** A string in one of its forms; undefined, and nothing read, when something else comes next. */
function stringPiece(reader: WbxmlReader): string | undefined {
  if (reader.skip(WBXML.inlineString)) return reader.inlineString();
  if (reader.skip(WBXML.tableString)) return reader.tableString(reader.number());
  if (reader.skip(WBXML.entity)) return readEntity(reader);
  return reader.skip(WBXML.opaque) ? reader.textOf(reader.block()) : undefined;
}

/** A tag's name from the string table. */
export function readTagName(reader: WbxmlReader): string {
  const name = reader.tableString(reader.number());
  if (isXmlName(name)) return name;
  throw reader.error("wbxml-name", "an element has no name that XML could carry");
}

/** A character by its number. */
export function readEntity(reader: WbxmlReader): string {
  const code = reader.number();
  const isCharacter =
    code === 0x09 ||
    code === 0x0a ||
    code === 0x0d ||
    (code >= 0x20 && code < 0xd800) ||
    (code >= 0xe000 && code < 0xfffe) ||
    (code >= 0x10000 && code <= 0x10ffff);
  if (!isCharacter) {
    throw reader.error("wbxml-entity", `${codePoint(code)} is no character that XML could carry`);
  }
  const character = String.fromCodePoint(code);
  reader.charge(character.length);
  return character;
}

/** Passes over a processing instruction: a name, values, an end. Nothing here obeys any. */
export function skipInstruction(reader: WbxmlReader): void {
  attributeName(reader);
  attributeValue(reader);
  if (!reader.skip(WBXML.end)) {
    throw reader.error("wbxml-attribute", "a processing instruction does not end");
  }
}

function codePoint(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
