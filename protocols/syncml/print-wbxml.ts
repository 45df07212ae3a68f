import {
  CODE_PAGES,
  DDF_PUBLIC_ID,
  type PublicId,
  pageOf,
  publicIdOf,
  UTF8_CHARSET,
  WBXML,
} from "./code-pages.ts";
import { DDF_NAMESPACE, type Element, METINF_NAMESPACE } from "./element.ts";
import { requireXmlText } from "./xml-text.ts";

/** WBXML 1.2, which all clients understand. */
const VERSION = 0x02;

/**
 * Prints an element tree as one WBXML document: UTF-8, strings in their place, and no string table
 * unless an element or an attribute has no token. A device tree (TNDS) in Data becomes a document of its
 * own in there, and the Type beside it says so. The same tree always prints the same bytes.
 *
 * Throws a plain `Error`, as `printXml` does, when text holds a character that XML cannot carry.
 */
export function printWbxml(root: Element): Uint8Array<ArrayBuffer> {
  return Buffer.from(new WbxmlPrinter(publicIdOf(root.namespace)).document(root), "latin1");
}

/** Tags by page and name. */
const TOKENS: readonly ReadonlyMap<string, number>[] = CODE_PAGES.map(
  (page) => new Map(Object.entries(page)),
);

/** Bytes as characters up to U+00FF: joining text is quicker than filling arrays. */
type Bytes = string;

const BYTES: readonly Bytes[] = Array.from({ length: 0x100 }, (_, byte) =>
  String.fromCharCode(byte),
);
const END = byteOf(WBXML.end);
const INLINE_STRING = byteOf(WBXML.inlineString);

class WbxmlPrinter {
  readonly #publicId: PublicId;
  /** The string table, and where each of its names begins. */
  #table: Bytes = "";
  readonly #names = new Map<string, number>();
  #page = 0;
  /** Inside a Meta whose Data becomes a WBXML document. */
  #isEmbedding = false;

  constructor(publicId: PublicId) {
    this.#publicId = publicId;
  }

  document(root: Element): Bytes {
    const { number, text } = this.#publicId;
    const publicId =
      number === undefined ? numberOf(0) + numberOf(this.#nameAt(text)) : numberOf(number);
    const body = this.#element(root, "");
    const table = numberOf(this.#table.length) + this.#table;
    return byteOf(VERSION) + publicId + numberOf(UTF8_CHARSET) + table + body;
  }

  /** @param inherited the namespace of the element around */
  #element(element: Element, inherited: string): Bytes {
    const { namespace } = element;
    const page = pageOf(namespace, this.#publicId.namespace);
    const token = page === undefined ? undefined : TOKENS[page]?.get(element.name);
    if (page === undefined || token === undefined) {
      const name = numberOf(this.#nameAt(element.name));
      const xmlns = namespace === inherited ? "" : this.#attribute("xmlns", namespace);
      return this.#tag(WBXML.literal, name, xmlns, element);
    }
    if (page === this.#page) return this.#tag(token, "", "", element);
    this.#page = page;
    return byteOf(WBXML.switchPage) + byteOf(page) + this.#tag(token, "", "", element);
  }

  #tag(token: number, name: Bytes, xmlns: Bytes, element: Element): Bytes {
    let attributes = xmlns;
    for (const { name, value } of element.attributes) attributes += this.#attribute(name, value);
    const content = this.#content(element);
    const bits =
      (content === "" ? 0 : WBXML.hasContent) | (attributes === "" ? 0 : WBXML.hasAttributes);
    let printed = byteOf(token | bits) + name;
    if (attributes !== "") printed += attributes + END;
    if (content !== "") printed += content + END;
    return printed;
  }

  #attribute(name: string, value: string): Bytes {
    return byteOf(WBXML.literal) + numberOf(this.#nameAt(name)) + stringOf(value);
  }

  #content(element: Element): Bytes {
    const { namespace, children, text } = element;
    if (children.length === 0) return text === "" ? "" : stringOf(this.#textOf(element));
    const tree = embeddedTree(element);
    if (tree !== undefined) {
      const document = new WbxmlPrinter(DDF_PUBLIC_ID).document(tree);
      return byteOf(WBXML.opaque) + numberOf(document.length) + document;
    }
    let content = text === "" ? "" : stringOf(text);
    for (const child of children) {
      const outer = this.#isEmbedding;
      if (child.name === "Meta") this.#isEmbedding = children.some(embedsTree);
      content += this.#element(child, namespace);
      this.#isEmbedding = outer;
    }
    return content;
  }

  #textOf({ name, namespace, text }: Element): string {
    const isType = this.#isEmbedding && name === "Type" && namespace === METINF_NAMESPACE;
    return isType ? text.replace(/\+xml(?=\s*$)/, "+wbxml") : text;
  }

  /** Where a name begins in the string table; it is put there when it is new. */
  #nameAt(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const at = this.#table.length;
    this.#table += `${utf8(name)}\0`;
    this.#names.set(name, at);
    return at;
  }
}

/** The device tree that is all the content of a Data, but for formatting. */
function embeddedTree({ name, children, text }: Element): Element | undefined {
  if (name !== "Data" || children.length !== 1 || text.trim() !== "") return undefined;
  const [tree] = children;
  return tree?.namespace === DDF_NAMESPACE && tree.name === "MgmtTree" ? tree : undefined;
}

/** Is it such a Data, or an Item with one? */
function embedsTree(element: Element): boolean {
  if (embeddedTree(element) !== undefined) return true;
  return element.name === "Item" && element.children.some(embedsTree);
}

function byteOf(byte: number): Bytes {
  return BYTES[byte] ?? "";
}

/** A multi-byte integer. */
function numberOf(value: number): Bytes {
  let bytes = byteOf(value % 0x80);
  for (let rest = Math.floor(value / 0x80); rest > 0; rest = Math.floor(rest / 0x80)) {
    bytes = byteOf(0x80 + (rest % 0x80)) + bytes;
  }
  return bytes;
}

function stringOf(text: string): Bytes {
  return `${INLINE_STRING}${utf8(text)}\0`;
}

/** All but printable ASCII and blanks. */
const UNUSUAL = /[^\t\n\r -~]/;

function utf8(text: string): Bytes {
  if (!UNUSUAL.test(text)) return text;
  requireXmlText(text);
  return Buffer.from(text).toString("latin1");
}
