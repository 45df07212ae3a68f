/**
 * The part of CBOR that stands for JSON's values. [RFC 8949]
 *
 * Our own, because this part is small: no tags, no big numbers, no bytes beyond what is refused by name.
 * Jackson, which hawkBit's clients and tests write with, sends maps and lists of no stated length; those
 * are read as well.
 */
import { ProtocolError } from "../errors.ts";

/** Lists and maps within each other. */
export const CBOR_DEPTH_MAX = 16;
/** Values in one message. */
export const CBOR_VALUES_MAX = 20_000;

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

const BREAK = Symbol("break");
const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** @throws ProtocolError `cbor` for what is no CBOR, or of CBOR what JSON has not */
export function decodeCbor(bytes: Uint8Array): JsonValue {
  const reader = new Reader(bytes);
  const value = reader.value(0);
  if (value === BREAK) throw wrong("ends what was not begun");
  reader.end();
  return value;
}

export function encodeCbor(value: JsonValue): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  write(value, parts);
  return Uint8Array.from(Buffer.concat(parts));
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #values = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  value(depth: number): JsonValue | typeof BREAK {
    if (depth > CBOR_DEPTH_MAX) throw wrong(`is nested more than ${CBOR_DEPTH_MAX} deep`);
    this.#values += 1;
    if (this.#values > CBOR_VALUES_MAX) throw wrong(`has more than ${CBOR_VALUES_MAX} values`);
    const first = this.#byte();
    const major = first >> 5;
    const info = first & 31;
    switch (major) {
      case 0:
        return this.#argument(info);
      case 1:
        return -1 - this.#argument(info);
      case 3:
        return this.#text(info);
      case 4:
        return this.#list(info, depth);
      case 5:
        return this.#map(info, depth);
      case 6:
        this.#argument(info); // A tag says what a value is for; JSON has nowhere to put that.
        return this.value(depth + 1);
      case 7:
        return this.#simple(info);
      default:
        throw wrong("holds bytes, for which JSON has no value");
    }
  }

  end(): void {
    if (this.#at !== this.#bytes.length) throw wrong("goes on after its value");
  }

  #text(info: number): string {
    if (info !== 31) return this.#chunk(this.#argument(info));
    let text = "";
    for (;;) {
      const first = this.#byte();
      if (first === 0xff) return text;
      if (first >> 5 !== 3 || (first & 31) === 31) throw wrong("has a part of a text that is none");
      text += this.#chunk(this.#argument(first & 31));
    }
  }

  #chunk(length: number): string {
    const part = this.#take(length);
    try {
      return UTF8.decode(part);
    } catch (cause) {
      throw new ProtocolError("cbor", "the message holds a text that is not UTF-8", { cause });
    }
  }

  #list(info: number, depth: number): JsonValue {
    const list: JsonValue[] = [];
    const length = info === 31 ? Number.POSITIVE_INFINITY : this.#argument(info);
    while (list.length < length) {
      const item = this.value(depth + 1);
      if (item === BREAK) {
        if (info !== 31) throw wrong("ends a list too early");
        break;
      }
      list.push(item);
    }
    return list;
  }

  #map(info: number, depth: number): JsonValue {
    const entries: [string, JsonValue][] = [];
    const length = info === 31 ? Number.POSITIVE_INFINITY : this.#argument(info);
    while (entries.length < length) {
      const key = this.value(depth + 1);
      if (key === BREAK && info === 31) break;
      if (typeof key !== "string") throw wrong("has a key that is no text");
      const value = this.value(depth + 1);
      if (value === BREAK) throw wrong("ends a map after a key");
      entries.push([key, value]);
    }
    return Object.fromEntries(entries);
  }

  #simple(info: number): JsonValue | typeof BREAK {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23: // "undefined", which JSON leaves out
        return null;
      case 25:
        return halfFloat(this.#number(2));
      case 26:
        return this.#float(4);
      case 27:
        return this.#float(8);
      case 31:
        return BREAK;
      default:
        throw wrong("has a simple value that JSON has not");
    }
  }

  #argument(info: number): number {
    if (info < 24) return info;
    if (info === 24) return this.#byte();
    if (info === 25) return this.#number(2);
    if (info === 26) return this.#number(4);
    if (info !== 27) throw wrong("has a length of no form that there is");
    const value = this.#view.getBigUint64(this.#skip(8));
    if (value > Number.MAX_SAFE_INTEGER) throw wrong("has a number that is too large");
    return Number(value);
  }

  #number(length: 2 | 4): number {
    const at = this.#skip(length);
    return length === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at);
  }

  #float(length: 4 | 8): number {
    const at = this.#skip(length);
    return length === 4 ? this.#view.getFloat32(at) : this.#view.getFloat64(at);
  }

  #byte(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  #take(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  #skip(length: number): number {
    const at = this.#at;
    if (at + length > this.#bytes.length) throw wrong("breaks off");
    this.#at += length;
    return at;
  }
}

/** Node has no reader for it. [RFC 8949, appendix D] */
function halfFloat(half: number): number {
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  const size =
    exponent === 0
      ? mantissa * 2 ** -24
      : exponent === 31
        ? mantissa === 0
          ? Number.POSITIVE_INFINITY
          : Number.NaN
        : (mantissa + 1024) * 2 ** (exponent - 25);
  return (half & 0x8000) === 0 ? size : -size;
}

function write(value: JsonValue, parts: Uint8Array[]): void {
  if (value === null) parts.push(Uint8Array.of(0xf6));
  else if (typeof value === "boolean") parts.push(Uint8Array.of(value ? 0xf5 : 0xf4));
  else if (typeof value === "number") writeNumber(value, parts);
  else if (typeof value === "string") writeText(value, parts);
  else if (isList(value)) {
    writeHead(4, value.length, parts);
    for (const item of value) write(item, parts);
  } else {
    const entries = Object.entries(value).flatMap(([key, one]) =>
      one === undefined ? [] : [[key, one] as const],
    );
    writeHead(5, entries.length, parts);
    for (const [key, one] of entries) {
      writeText(key, parts);
      write(one, parts);
    }
  }
}

/** `Array.isArray` does not tell a list that is only read from a map. */
function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function writeText(text: string, parts: Uint8Array[]): void {
  const bytes = new TextEncoder().encode(text);
  writeHead(3, bytes.length, parts);
  parts.push(bytes);
}

function writeNumber(value: number, parts: Uint8Array[]): void {
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
    if (value >= 0) writeHead(0, value, parts);
    else writeHead(1, -1 - value, parts);
    return;
  }
  const bytes = new Uint8Array(9);
  bytes[0] = 0xfb;
  new DataView(bytes.buffer).setFloat64(1, value);
  parts.push(bytes);
}

function writeHead(major: number, argument: number, parts: Uint8Array[]): void {
  const kind = major << 5;
  if (argument < 24) {
    parts.push(Uint8Array.of(kind | argument));
    return;
  }
  const [info, length] =
    argument < 2 ** 8
      ? [24, 1]
      : argument < 2 ** 16
        ? [25, 2]
        : argument < 2 ** 32
          ? [26, 4]
          : [27, 8];
  const bytes = new Uint8Array(1 + length);
  const view = new DataView(bytes.buffer);
  bytes[0] = kind | info;
  if (length === 1) view.setUint8(1, argument);
  else if (length === 2) view.setUint16(1, argument);
  else if (length === 4) view.setUint32(1, argument);
  else view.setBigUint64(1, BigInt(argument));
  parts.push(bytes);
}

function wrong(what: string): ProtocolError {
  return new ProtocolError("cbor", `the message ${what}`);
}
