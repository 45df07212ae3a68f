/**
 * Counts what a Yjs update (V1 encoding) would become in memory, without making any of it: a few hundred
 * compressed bytes can unpack to millions of structs, and decoding those holds up everybody.
 */

/** Values may be nested so deep: ours are lists of plain fields. */
const DEPTH_MAX = 16;

/**
 * Structs, deleted ranges and values of an update; counting stops as soon as there are more than `max`.
 *
 * @returns at most `max + 1`
 * @throws Error when it is no update, or its values are nested too deep
 */
export function countParts(update: Uint8Array, max: number): number {
  return new Counter(update, max).count();
}

class Counter {
  readonly #bytes: Uint8Array;
  readonly #max: number;
  #position = 0;
  #parts = 0;

  constructor(bytes: Uint8Array, max: number) {
    this.#bytes = bytes;
    this.#max = max;
  }

  count(): number {
    for (let clients = this.#number(); clients > 0 && this.#hasRoom; clients--) {
      let structs = this.#number();
      this.#number(); // Client.
      this.#number(); // Clock.
      for (; structs > 0 && this.#hasRoom; structs--) this.#struct();
    }
    for (
      let clients = this.#hasRoom ? this.#number() : 0;
      clients > 0 && this.#hasRoom;
      clients--
    ) {
      this.#parts++;
      this.#number(); // Client.
      for (let ranges = this.#number(); ranges > 0 && this.#hasRoom; ranges--) {
        this.#parts++;
        this.#number(); // Clock.
        this.#number(); // Length.
      }
    }
    return Math.min(this.#parts, this.#max + 1);
  }

  get #hasRoom(): boolean {
    return this.#parts <= this.#max;
  }

  #struct(): void {
    this.#parts++;
    const info = this.#byte();
    const kind = info & 0x1f;
    if (info === 10 || kind === 0) {
      this.#number(); // A gap, or what was collected as garbage: its length.
      return;
    }
    const hasOrigin = (info & 0x80) !== 0;
    const hasRightOrigin = (info & 0x40) !== 0;
    if (hasOrigin) this.#id();
    if (hasRightOrigin) this.#id();
    if (!hasOrigin && !hasRightOrigin) {
      if (this.#number() === 1) this.#skipText();
      else this.#id();
      if ((info & 0x20) !== 0) this.#skipText();
    }
    this.#content(kind);
  }

  /** By Yjs's numbers of the kinds of content. */
  #content(kind: number): void {
    switch (kind) {
      case 1: // Deleted: how many.
        this.#number();
        return;
      case 2: // JSON texts.
        for (let texts = this.#number(); texts > 0 && this.#hasRoom; texts--) {
          this.#parts++;
          this.#skipText();
        }
        return;
      case 3: // Bytes.
      case 4: // Text.
      case 5: // An embedded object, as JSON.
        this.#skipText();
        return;
      case 6: // A format: its name and value.
        this.#skipText();
        this.#skipText();
        return;
      case 7: // A shared type; of XML elements (3) and hooks (5) the name as well.
        if ([3, 5].includes(this.#number())) this.#skipText();
        return;
      case 8: // Values.
        for (let values = this.#number(); values > 0 && this.#hasRoom; values--) this.#value(0);
        return;
      case 9: // A document in the document.
        this.#skipText();
        this.#value(0);
        return;
      default:
        throw unreadable(`content of kind ${kind}`);
    }
  }

  /** A value as lib0 writes it. */
  #value(depth: number): void {
    this.#parts++;
    if (depth > DEPTH_MAX) throw unreadable("values that are nested too deep");
    const kind = this.#byte();
    switch (kind) {
      case 127: // undefined
      case 126: // null
      case 121: // false
      case 120: // true
        return;
      case 125: // An integer.
        while ((this.#byte() & 0x80) !== 0);
        return;
      case 124: // A 32-bit float.
        this.#skip(4);
        return;
      case 123: // A 64-bit float.
      case 122: // A 64-bit integer.
        this.#skip(8);
        return;
      case 119: // Text.
      case 116: // Bytes.
        this.#skipText();
        return;
      case 118: // An object.
        for (let fields = this.#number(); fields > 0 && this.#hasRoom; fields--) {
          this.#skipText();
          this.#value(depth + 1);
        }
        return;
      case 117: // A list.
        for (let values = this.#number(); values > 0 && this.#hasRoom; values--) {
          this.#value(depth + 1);
        }
        return;
      default:
        throw unreadable(`a value of kind ${kind}`);
    }
  }

  #id(): void {
    this.#number(); // Client.
    this.#number(); // Clock.
  }

  #skipText(): void {
    this.#skip(this.#number());
  }

  #skip(count: number): void {
    this.#position += count;
    if (this.#position > this.#bytes.length) throw unreadable("less than it announces");
  }

  #byte(): number {
    const byte = this.#bytes[this.#position];
    if (byte === undefined) throw unreadable("less than it announces");
    this.#position++;
    return byte;
  }

  /** Seven bits a byte, the lowest first. */
  #number(): number {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = this.#byte();
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw unreadable("a number that is none");
      if (byte < 0x80) return value;
      factor *= 128;
    }
  }
}

function unreadable(what: string): Error {
  return new Error(`the update holds ${what}`);
}
