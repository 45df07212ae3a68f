import { ProtocolError, quoted } from "../errors.ts";
import { type Attribute, type Element, NO_CHILDREN } from "./element.ts";
import type { DocumentLimits } from "./limits.ts";

/** An element whose end has not come yet. */
export interface OpenElement {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: readonly Attribute[];
  children: readonly Element[];
  text: string;
}

/**
 * An element tree being built from a document, in the order of the document, within its limits. What
 * goes over one is refused with the rule `…-too-deep`, `…-too-many-elements` or
 * `…-text-too-long`, where … is the encoding.
 */
export class TreeBuilder {
  /** The innermost open element. */
  top: OpenElement | undefined;
  /** Adds to an error at which place of the document it is. */
  where: () => string = () => "";
  readonly #encoding: string;
  readonly #limits: DocumentLimits;
  readonly #open: OpenElement[] = [];
  /**
   * Elements that have ended, and whose parent has not: the children so far of each open element, which
   * begin at its place in `#starts`. So lists of children are made in the size they need; a list that
   * grows would let tiny elements take up several times as much memory.
   */
  readonly #ended: Element[] = [];
  #endedCount = 0;
  readonly #starts: number[] = [];
  #elements = 0;

  constructor(encoding: "xml" | "wbxml", limits: DocumentLimits) {
    this.#encoding = encoding;
    this.#limits = limits;
  }

  get depth(): number {
    return this.#open.length;
  }

  /** Counts an element that begins; it must be added or opened next. */
  count(): void {
    this.#elements += 1;
    const { elementsMax, depthMax } = this.#limits;
    if (this.#elements > elementsMax) {
      throw this.#error("too-many-elements", `more than ${elementsMax} elements`);
    }
    if (this.#open.length >= depthMax) {
      throw this.#error("too-deep", `nested deeper than ${depthMax} elements`);
    }
  }

  /** Adds an element that is complete. */
  add(element: Element): void {
    this.#ended[this.#endedCount] = element;
    this.#endedCount += 1;
  }

  /** Begins an element; text and further elements belong to it until it is closed. */
  open(name: string, namespace: string, attributes: readonly Attribute[], text: string): void {
    const element: OpenElement = { name, namespace, attributes, children: NO_CHILDREN, text };
    this.#open.push(element);
    this.#starts.push(this.#endedCount);
    this.top = element;
  }

  /** Ends the innermost open element. */
  close(): void {
    const element = this.#open.pop();
    const start = this.#starts.pop();
    if (element === undefined || start === undefined) throw new Error("no element is open");
    if (this.#endedCount > start) element.children = this.#ended.slice(start, this.#endedCount);
    this.#ended[start] = element;
    this.#endedCount = start + 1;
    this.top = this.#open[this.#open.length - 1];
  }

  /** More text of the innermost open element. */
  text(piece: string): void {
    const { top } = this;
    if (top === undefined) throw new Error("no element is open");
    const text = top.text === "" ? piece : top.text + piece;
    this.checkText(text, top.name);
    top.text = text;
  }

  checkText(text: string, name: string): void {
    const { textMax } = this.#limits;
    if (text.length <= textMax) return;
    throw this.#error("text-too-long", `more than ${textMax} characters inside <${quoted(name)}>`);
  }

  /** The first children that an open element has so far; 0 is the innermost. */
  childrenOf(level: number, atMost: number): readonly Element[] {
    const index = this.#open.length - 1 - level;
    const start = this.#starts[index];
    if (start === undefined) return NO_CHILDREN;
    const end = this.#starts[index + 1] ?? this.#endedCount;
    return this.#ended.slice(start, Math.min(end, start + atMost));
  }

  /** The root of a complete document. */
  root(): Element | undefined {
    return this.top === undefined ? this.#ended[0] : undefined;
  }

  #error(problem: string, text: string): ProtocolError {
    return new ProtocolError(`${this.#encoding}-${problem}`, text + this.where());
  }
}
