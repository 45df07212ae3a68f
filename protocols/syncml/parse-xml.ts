import { SaxesParser, type SaxesTagNS } from "saxes";
import { ProtocolError, quoted } from "../errors.ts";
import { allSteps, type Steps } from "../steps.ts";
import { type Attribute, type Element, NO_ATTRIBUTES } from "./element.ts";
import { DOCUMENT_LIMITS, type DocumentLimits } from "./limits.ts";
import { parsePlainXml } from "./parse-plain-xml.ts";
import { TreeBuilder } from "./tree-builder.ts";

/**
 * Reads an XML 1.0 document in UTF-8 into its element tree, strictly.
 *
 * Comments, processing instructions and CDATA are fine. Anything not well-formed or over a limit is
 * refused with a `ProtocolError` whose rule is one of `xml-too-large`, `xml-bad-utf8`, `xml-nul`,
 * `xml-encoding`, `xml-doctype`, `xml-too-deep`, `xml-too-many-elements`,
 * `xml-too-many-attributes`, `xml-text-too-long`, `xml-malformed`.
 *
 * A document type declaration is refused as such, so there are no entities beyond the five of XML.
 */
export function parseXml(
  document: Uint8Array | string,
  limits: DocumentLimits = DOCUMENT_LIMITS,
): Element {
  const text = decodeText(document, limits.bytesMax);
  return parsePlainXml(text, limits) ?? parseAnyXml(text, limits);
}

/** Characters of a step: so few that the elements in it take some milliseconds at most. */
export const XML_STEP_CHARACTERS = 4096;

/** The same as `parseXml`, a piece of the text in each step. */
export function* xmlSteps(document: Uint8Array, limits: DocumentLimits): Steps<Element> {
  return yield* treeSteps(decodeText(document, limits.bytesMax), limits, XML_STEP_CHARACTERS);
}

/** The complete parser: what `parsePlainXml` reads, it reads alike. */
export function parseAnyXml(text: string, limits: DocumentLimits): Element {
  return allSteps(treeSteps(text, limits, text.length));
}

function* treeSteps(text: string, limits: DocumentLimits, characters: number): Steps<Element> {
  // Counting lines and columns costs a tenth of the time, so it is done for broken documents only.
  try {
    return yield* buildTree(text, limits, characters, false);
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    const why = yield* explain(text, limits, characters);
    throw new ProtocolError("xml-malformed", `not well-formed XML: ${why}`);
  }
}

const UTF8 = new TextDecoder("utf-8", { fatal: true });

function decodeText(document: Uint8Array | string, bytesMax: number): string {
  const bytes = typeof document === "string" ? Buffer.byteLength(document) : document.byteLength;
  if (bytes > bytesMax) {
    throw new ProtocolError("xml-too-large", `${bytes} bytes are more than ${bytesMax}`);
  }
  const text = typeof document === "string" ? document : decodeUtf8(document);
  // A string can hold half a surrogate pair; decoded bytes cannot.
  if (typeof document === "string" && !text.isWellFormed()) {
    throw new ProtocolError("xml-bad-utf8", "the text holds half of a surrogate pair");
  }
  if (text.includes("\0")) throw new ProtocolError("xml-nul", "the text holds a NUL character");
  return text;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch (cause) {
    throw new ProtocolError("xml-bad-utf8", "the bytes are not UTF-8", { cause });
  }
}

function* buildTree(
  text: string,
  limits: DocumentLimits,
  characters: number,
  position: boolean,
): Steps<Element> {
  // Version 1.1 would let control characters in.
  const parser = new SaxesParser({
    xmlns: true,
    position,
    forceXMLVersion: true,
    defaultXMLVersion: "1.0",
  });
  const tree = new TreeBuilder("xml", limits);
  let attributes = 0;

  parser.on("xmldecl", ({ encoding }) => {
    if (encoding !== undefined && encoding.toLowerCase() !== "utf-8") {
      throw new ProtocolError("xml-encoding", `only UTF-8 is accepted, not ${quoted(encoding)}`);
    }
  });
  parser.on("doctype", () => {
    throw new ProtocolError("xml-doctype", "a document type declaration is not accepted");
  });
  parser.on("opentagstart", () => {
    attributes = 0;
    tree.count();
  });
  parser.on("attribute", () => {
    attributes += 1;
    if (attributes > limits.attributesMax) {
      throw new ProtocolError(
        "xml-too-many-attributes",
        `more than ${limits.attributesMax} attributes on one element`,
      );
    }
  });
  parser.on("opentag", (tag) => {
    tree.open(tag.local, tag.uri, attributes === 0 ? NO_ATTRIBUTES : attributesOf(tag), "");
  });
  const addText = (part: string) => {
    if (tree.top !== undefined) tree.text(part); // Else these are blanks around the root element.
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => tree.close());

  parser.write(text.slice(0, characters));
  for (let at = characters; at < text.length; at += characters) {
    yield;
    parser.write(text.slice(at, at + characters));
  }
  parser.close();
  const root = tree.root();
  if (root === undefined) throw new ProtocolError("xml-malformed", "there is no element");
  return root;
}

/** The attributes that are not namespace declarations and not in a foreign namespace. */
function attributesOf(tag: SaxesTagNS): readonly Attribute[] {
  const found: Attribute[] = [];
  for (const name of Object.keys(tag.attributes)) {
    if (name === "xmlns" || (name.includes(":") && !name.startsWith("xml:"))) continue;
    found.push({ name, value: tag.attributes[name]?.value ?? "" });
  }
  return found.length === 0 ? NO_ATTRIBUTES : found;
}

/** Reads a broken document again to say where it is broken. */
function* explain(text: string, limits: DocumentLimits, characters: number): Steps<string> {
  try {
    yield* buildTree(text, limits, characters, true);
    return "unreadable";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
