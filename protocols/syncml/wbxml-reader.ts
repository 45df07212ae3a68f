import { ProtocolError } from "../errors.ts";
import type { DocumentLimits } from "./limits.ts";
import { FORBIDDEN, KINDS, PLAIN, plainEnd } from "./wbxml-text.ts";

/**
 * Text may be longer than its document, because a string of the table may be referred to again and
 * again: at most so many characters for each byte.
 */
export const TEXT_PER_BYTE_MAX = 8;

/** Characters that a document, together with those embedded in it, may still have. */
export interface TextBudget {
  left: number;
}

export function textBudget(bytes: number, limits: DocumentLimits): TextBudget {
  return { left: Math.min(bytes * TEXT_PER_BYTE_MAX, limits.bytesMax) };
}

/** How the bytes of text are to be understood; US-ASCII is UTF-8 as well. */
export type Charset = "utf-8" | "latin-1";

/** A stretch of the document, as offsets. */
export interface Block {
  readonly start: number;
  readonly end: number;
}

/** A byte order mark is text like any other here. */
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The bytes of one WBXML document and how far they are read: numbers, strings, blocks. What is cut
 * off or is no text is refused with a `ProtocolError` that says where.
 */
export class WbxmlReader {
  at = 0;
  charset: Charset = "utf-8";
  stringTable: Block = { start: 0, end: 0 };
  readonly budget: TextBudget;
  readonly #bytes: Uint8Array;
  readonly #words: DataView;
  /** The same bytes as characters: cutting ASCII out of them is quicker than decoding it. */
  readonly #latin1: string;
  /** What the string last scanned is made of. */
  #kinds = PLAIN;

  constructor(bytes: Uint8Array, budget: TextBudget) {
    this.#bytes = bytes;
    this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.budget = budget;
    this.#latin1 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.at];
    if (byte === undefined) throw this.error("wbxml-truncated", "the document ends too early");
    this.at += 1;
    return byte;
  }

  /** Reads the next byte if it is this one. */
  skip(byte: number): boolean {
    if (this.#bytes[this.at] !== byte) return false;
    this.at += 1;
    return true;
  }

  /** A multi-byte integer of up to 32 bits. */
  number(): number {
    let value = 0;
    for (let length = 0; length < 5; length++) {
      const byte = this.byte();
      value = value * 0x80 + (byte & 0x7f);
      if (byte < 0x80 && value <= 0xffff_ffff) return value;
    }
    throw this.error("wbxml-number", "a number has more than 32 bits");
  }

  /** A string in its place, up to its NUL. */
  inlineString(): string {
    const start = this.at;
    const end = this.#scan(start, this.#bytes.length);
    if (end === this.#bytes.length) {
      throw this.error("wbxml-truncated", "the document ends inside a string");
    }
    this.at = end + 1;
    return this.#text(start, end);
  }

  /** The string at an offset of the string table, up to its NUL or the end of the table. */
  tableString(offset: number): string {
    const { start, end } = this.stringTable;
    const at = start + offset;
    if (at >= end) {
      throw this.error("wbxml-string-table", `the string table has no string at ${offset}`);
    }
    return this.#text(at, this.#scan(at, end));
  }

  /** A block whose length comes first. */
  block(): Block {
    const length = this.number();
    const start = this.at;
    const end = start + length;
    if (end > this.#bytes.length) {
      throw this.error("wbxml-truncated", `a block of ${length} bytes is cut off`);
    }
    this.at = end;
    return { start, end };
  }

  bytesOf({ start, end }: Block): Uint8Array {
    return this.#bytes.subarray(start, end);
  }

  /** Throws for a block that is no text. */
  textOf({ start, end }: Block): string {
    const textEnd = this.#scan(start, end);
    if (textEnd < end) throw this.error("wbxml-character", "text holds a NUL", textEnd);
    return this.#text(start, end);
  }

  /** Counts text that a document makes; every string read here is counted. */
  charge(characters: number): void {
    this.budget.left -= characters;
    if (this.budget.left < 0) {
      throw this.error("wbxml-too-much-text", "the text is far longer than the document");
    }
  }

  /** Where the string ends: at a NUL or at the limit. */
  #scan(start: number, limit: number): number {
    const bytes = this.#bytes;
    let end = plainEnd(bytes, this.#words, start, limit);
    let kinds = PLAIN;
    for (; end < limit; end++) {
      const byte = bytes[end] ?? 0;
      if (byte === 0) break;
      kinds |= KINDS[byte] ?? PLAIN;
    }
    this.#kinds = kinds;
    return end;
  }

  /** The string that was just scanned. */
  #text(start: number, end: number): string {
    this.charge(end - start);
    if (this.#kinds === PLAIN) return this.#latin1.slice(start, end);
    if ((this.#kinds & FORBIDDEN) !== 0) {
      throw this.error("wbxml-character", "text holds a control character", start);
    }
    if (this.charset === "latin-1") return this.#latin1.slice(start, end);
    return this.#decode(start, end);
  }

  #decode(start: number, end: number): string {
    let text: string;
    try {
      text = UTF8.decode(this.#bytes.subarray(start, end));
    } catch {
      throw this.error("wbxml-bad-text", "the text is not UTF-8", start);
    }
    if (/[\ufffe\uffff]/.test(text)) {
      throw this.error("wbxml-character", "text holds U+FFFE or U+FFFF", start);
    }
    return text;
  }

  /** @param at the byte to blame: the next one, unless said otherwise */
  error(rule: string, problem: string, at = this.at): ProtocolError {
    return new ProtocolError(rule, problem + this.where(at));
  }

  where(at = this.at): string {
    return ` (at byte ${at})`;
  }
}
