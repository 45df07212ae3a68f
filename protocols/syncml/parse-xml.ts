import { SaxesParser, type SaxesTagNS } from "saxes";
import { ProtocolError } from "../errors.ts";
import { type Attribute, type Element, NO_ATTRIBUTES, NO_CHILDREN } from "./element.ts";
import { parsePlainXml } from "./parse-plain-xml.ts";

/** Bounds on one document; going over any of them refuses it whole. */
export interface XmlLimits {
  readonly bytesMax: number;
  readonly depthMax: number;
  readonly elementsMax: number;
  /** Of one element, namespace declarations included. */
  readonly attributesMax: number;
  /** Characters of text directly inside one element. */
  readonly textMax: number;
}

export const XML_LIMITS: XmlLimits = {
  bytesMax: 1024 * 1024,
  depthMax: 32,
  elementsMax: 50_000,
  attributesMax: 16,
  textMax: 512 * 1024,
};

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
export function parseXml(document: Uint8Array | string, limits: XmlLimits = XML_LIMITS): Element {
  const text = decodeText(document, limits.bytesMax);
  return parsePlainXml(text, limits) ?? parseAnyXml(text, limits);
}

/** The complete parser: what `parsePlainXml` reads, it reads alike. */
export function parseAnyXml(text: string, limits: XmlLimits): Element {
  // Counting lines and columns costs a tenth of the time, so it is done for broken documents only.
  try {
    return buildTree(text, limits, false);
  } catch (error) {
    if (error instanceof ProtocolError) throw error;
    throw new ProtocolError("xml-malformed", `not well-formed XML: ${explain(text, limits)}`);
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

/** An element being built; it is an `Element` once its end tag was read. */
interface Builder {
  name: string;
  namespace: string;
  attributes: readonly Attribute[];
  children: Builder[] | readonly Builder[];
  text: string;
}

function buildTree(text: string, limits: XmlLimits, position: boolean): Element {
  // Version 1.1 would let control characters in.
  const parser = new SaxesParser({
    xmlns: true,
    position,
    forceXMLVersion: true,
    defaultXMLVersion: "1.0",
  });
  const stack: Builder[] = [];
  let top: Builder | undefined;
  let root: Builder | undefined;
  let elements = 0;
  let attributes = 0;

  parser.on("xmldecl", ({ encoding }) => {
    if (encoding !== undefined && encoding.toLowerCase() !== "utf-8") {
      throw new ProtocolError("xml-encoding", `only UTF-8 is accepted, not ${encoding}`);
    }
  });
  parser.on("doctype", () => {
    throw new ProtocolError("xml-doctype", "a document type declaration is not accepted");
  });
  parser.on("opentagstart", () => {
    attributes = 0;
    elements += 1;
    if (elements > limits.elementsMax) {
      throw new ProtocolError("xml-too-many-elements", `more than ${limits.elementsMax} elements`);
    }
    if (stack.length >= limits.depthMax) {
      throw new ProtocolError("xml-too-deep", `nested deeper than ${limits.depthMax} elements`);
    }
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
    const builder: Builder = {
      name: tag.local,
      namespace: tag.uri,
      attributes: attributes === 0 ? NO_ATTRIBUTES : attributesOf(tag),
      children: NO_CHILDREN as readonly Builder[],
      text: "",
    };
    if (top === undefined) root = builder;
    else if (top.children.length === 0) top.children = [builder];
    else (top.children as Builder[]).push(builder);
    stack.push(builder);
    top = builder;
  });
  const addText = (part: string) => {
    if (top === undefined) return; // Blanks around the root element.
    top.text += part;
    if (top.text.length > limits.textMax) {
      throw new ProtocolError(
        "xml-text-too-long",
        `more than ${limits.textMax} characters inside <${top.name}>`,
      );
    }
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    stack.pop();
    top = stack[stack.length - 1];
  });

  parser.write(text).close();
  if (root === undefined) throw new ProtocolError("xml-malformed", "there is no element");
  return root as Element;
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
function explain(text: string, limits: XmlLimits): string {
  try {
    buildTree(text, limits, true);
    return "unreadable";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
