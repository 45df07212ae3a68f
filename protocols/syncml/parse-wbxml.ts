import { ProtocolError } from "../errors.ts";
import { WBXML } from "./code-pages.ts";
import { type Element, NO_ATTRIBUTES, NO_CHILDREN } from "./element.ts";
import { DOCUMENT_LIMITS, type DocumentLimits } from "./limits.ts";
import { parsePlainWbxml } from "./parse-plain-wbxml.ts";
import { type OpenElement, TreeBuilder } from "./tree-builder.ts";
import { readAttributes, readEntity, readTagName, skipInstruction } from "./wbxml-attributes.ts";
import { looksLikeWbxml, readHeader } from "./wbxml-header.ts";
import { emptyOf, FIRST_TAG, type Page, pagesOf, TAG_MASK } from "./wbxml-pages.ts";
import { type Block, textBudget, WbxmlReader } from "./wbxml-reader.ts";

/**
 * Reads a WBXML document into the element tree that the same document would give in XML, strictly.
 *
 * All ways to write the same thing that are met in the field are understood: strings in their place or
 * in the table, blocks of bytes as text, entities, tags and attributes by name, a public id as number
 * or as text, UTF-8, US-ASCII and ISO-8859-1. A document inside Data becomes its child elements, and
 * the Type beside it says XML; bytes that are no text become base64 where they are said to be binary.
 * So text never holds what XML could not carry.
 *
 * Anything else, and what is over a limit, is refused with a `ProtocolError` that tells the byte and
 * whose rule is one of `wbxml-too-large`, `wbxml-version`, `wbxml-public-id`, `wbxml-charset`,
 * `wbxml-truncated`, `wbxml-number`, `wbxml-string-table`, `wbxml-bad-text`, `wbxml-character`,
 * `wbxml-entity`, `wbxml-code-page`, `wbxml-unknown-tag`, `wbxml-extension`, `wbxml-attribute`,
 * `wbxml-name`, `wbxml-outside-root`, `wbxml-too-deep`, `wbxml-too-many-elements`,
 * `wbxml-too-many-attributes`, `wbxml-text-too-long`, `wbxml-too-much-text`.
 */
export function parseWbxml(
  document: Uint8Array,
  limits: DocumentLimits = DOCUMENT_LIMITS,
): Element {
  const { length } = document;
  if (length > limits.bytesMax) {
    throw new ProtocolError("wbxml-too-large", `${length} bytes are more than ${limits.bytesMax}`);
  }
  return parsePlainWbxml(document, limits) ?? parseAnyWbxml(document, limits);
}

/** The complete parser: what `parsePlainWbxml` reads, it reads alike. */
export function parseAnyWbxml(document: Uint8Array, limits: DocumentLimits): Element {
  const reader = new WbxmlReader(document, textBudget(document.length, limits));
  const tree = new TreeBuilder("wbxml", limits);
  new WbxmlParser(reader, tree, limits).parse();
  const root = tree.root();
  if (root === undefined) throw new Error("a document that was read has a root");
  return root;
}

const NOTHING = { attributes: NO_ATTRIBUTES, xmlns: undefined };

class WbxmlParser {
  readonly #reader: WbxmlReader;
  readonly #tree: TreeBuilder;
  readonly #limits: DocumentLimits;
  /** Open elements around this document. */
  readonly #outerDepth: number;
  #hasRoot = false;
  #pages: readonly Page[];
  #page: Page;

  /** Adds a document to a tree: as its root, or inside the element that is open. */
  constructor(reader: WbxmlReader, tree: TreeBuilder, limits: DocumentLimits) {
    this.#reader = reader;
    this.#tree = tree;
    this.#limits = limits;
    this.#outerDepth = tree.depth;
    tree.where = () => reader.where();
    const namespace = readHeader(reader);
    this.#pages = pagesOf(namespace);
    this.#page = this.#pageAt(0);
  }

  parse(): void {
    const reader = this.#reader;
    while (!reader.isAtEnd) {
      const token = reader.byte();
      if ((token & TAG_MASK) >= FIRST_TAG) this.#tag(token);
      else this.#global(token);
    }
    if (this.#hasRoot && !this.#isInside) return;
    const open = this.#isInside ? `<${this.#tree.top?.name}> is open` : "there is no element";
    throw reader.error("wbxml-truncated", `the document ends too early: ${open}`);
  }

  get #isInside(): boolean {
    return this.#tree.depth > this.#outerDepth;
  }

  #tag(token: number): void {
    const page = this.#page;
    const tag = token & TAG_MASK;
    const name = page.names[tag] ?? this.#noTag(tag, page);
    if (token >= WBXML.hasAttributes) this.#unusualTag(name, token, undefined);
    else if (token < WBXML.hasContent || this.#reader.skip(WBXML.end)) {
      this.#begin();
      this.#tree.add(page.empty[tag] ?? emptyOf(name, page.namespace));
    } else {
      this.#begin();
      this.#open(name, page.namespace, NO_ATTRIBUTES);
    }
  }

  #noTag(tag: number, { namespace }: Page): never {
    throw this.#blame("wbxml-unknown-tag", `there is no tag 0x${tag.toString(16)} in ${namespace}`);
  }

  #begin(): void {
    if (!this.#isInside) {
      if (this.#hasRoot) throw this.#blame("wbxml-outside-root", "there is a second root element");
      this.#hasRoot = true;
    }
    this.#tree.count();
  }

  /** An element that has content: nearly always one string, and it ends. */
  #open(name: string, namespace: string, attributes: Element["attributes"]): void {
    const reader = this.#reader;
    const text = reader.skip(WBXML.inlineString) ? reader.inlineString() : "";
    this.#tree.checkText(text, name);
    if (reader.skip(WBXML.end)) {
      this.#tree.add({ name, namespace, attributes, children: NO_CHILDREN, text });
    } else this.#tree.open(name, namespace, attributes, text);
  }

  /** A tag with attributes, or one by its name instead of its token. */
  #unusualTag(name: string, token: number, inherited: string | undefined): void {
    const hasAttributes = (token & WBXML.hasAttributes) !== 0;
    const { attributes, xmlns } = hasAttributes
      ? readAttributes(this.#reader, this.#limits)
      : NOTHING;
    // A token has the namespace of its page. That of page 0 is told by the root, or by the public id.
    if (inherited === undefined && xmlns !== undefined && !this.#isInside)
      this.#useNamespace(xmlns);
    const namespace = inherited === undefined ? this.#page.namespace : (xmlns ?? inherited);
    this.#begin();
    if ((token & WBXML.hasContent) !== 0) this.#open(name, namespace, attributes);
    else this.#tree.add({ ...emptyOf(name, namespace), attributes });
  }

  #useNamespace(namespace: string): void {
    const number = this.#pages.indexOf(this.#page);
    this.#pages = pagesOf(namespace);
    this.#page = this.#pageAt(number);
  }

  #global(token: number): void {
    const reader = this.#reader;
    switch (token) {
      case WBXML.end:
        if (!this.#isInside) {
          throw this.#blame("wbxml-outside-root", "an element ends that never began");
        }
        this.#tree.close();
        break;
      case WBXML.inlineString:
        this.#text(reader.inlineString());
        break;
      case WBXML.tableString:
        this.#text(reader.tableString(reader.number()));
        break;
      case WBXML.entity:
        this.#text(readEntity(reader));
        break;
      case WBXML.opaque:
        this.#block(reader.block());
        break;
      case WBXML.switchPage:
        this.#page = this.#pageAt(reader.byte());
        break;
      case WBXML.processingInstruction:
        skipInstruction(reader);
        break;
      default:
        if ((token & TAG_MASK) !== WBXML.literal) {
          throw this.#blame("wbxml-extension", "SyncML has no extension tokens");
        }
        this.#unusualTag(readTagName(reader), token, this.#tree.top?.namespace ?? "");
    }
  }

  #pageAt(number: number): Page {
    const page = this.#pages[number];
    if (page !== undefined) return page;
    throw this.#blame("wbxml-code-page", `there is no code page ${number}`);
  }

  #text(piece: string): void {
    if (!this.#isInside) {
      throw this.#blame("wbxml-outside-root", "there is text outside of the root element");
    }
    this.#tree.text(piece);
  }

  /** A block is text, unless what stands around it says otherwise. */
  #block(block: Block): void {
    const reader = this.#reader;
    const bytes = reader.bytesOf(block);
    switch (this.#tree.top?.name) {
      case "NextNonce":
        this.#text(isBase64(bytes) ? reader.textOf(block) : this.#base64(bytes));
        break;
      case "Data":
        this.#data(block, bytes);
        break;
      default:
        this.#text(reader.textOf(block));
    }
  }

  #data(block: Block, bytes: Uint8Array): void {
    const format = this.#metaAround("Format");
    const isBinary = BINARY_FORMATS.has(format?.text.trim().toLowerCase() ?? "");
    if (!isBinary && looksLikeWbxml(bytes)) this.#embed(bytes, block.start);
    else if (isBinary && format !== undefined && !isBase64(bytes)) {
      this.#text(this.#base64(bytes));
      format.text = "b64";
    } else this.#text(this.#reader.textOf(block));
  }

  #base64(bytes: Uint8Array): string {
    const text = Buffer.from(bytes).toString("base64");
    this.#reader.charge(text.length);
    return text;
  }

  /** A document in Data, such as a TNDS tree. */
  #embed(bytes: Uint8Array, at: number): void {
    const tree = this.#tree;
    const { where } = tree;
    try {
      const reader = new WbxmlReader(bytes, this.#reader.budget);
      new WbxmlParser(reader, tree, this.#limits).parse();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const message = `in the document that begins at byte ${at}: ${error.message}`;
      throw new ProtocolError(error.rule, message, { cause: error });
    }
    tree.where = where;
    const type = this.#metaAround("Type");
    if (type !== undefined) type.text = type.text.replace(/\+wbxml(?=\s*$)/, "+xml");
  }

  /** What the Meta of the Item around, or of the command around that, says about the Data at hand. */
  #metaAround(field: "Format" | "Type"): OpenElement | undefined {
    for (const level of [1, 2]) {
      const meta = this.#tree
        .childrenOf(level, META_AMONG_FIRST)
        .find(({ name }) => name === "Meta");
      const found = meta?.children.find(({ name }) => name === field);
      if (found !== undefined) return found as OpenElement;
    }
    return undefined;
  }

  /** An error about what was just read. */
  #blame(rule: string, problem: string): ProtocolError {
    return this.#reader.error(rule, problem, this.#reader.at - 1);
  }
}

/** Meta comes early: a document of many blocks is not looked through from the start for each. */
const META_AMONG_FIRST = 16;

/** Their Data may be bytes as they are; XML would have them in base64. */
const BINARY_FORMATS: ReadonlySet<string> = new Set(["b64", "bin"]);

/** Is it base64 text already? */
function isBase64(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString("latin1").trim();
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text);
}
