import { ProtocolError } from "../errors.ts";
import { LittleEndian, utf16 } from "./little-endian.ts";

export const BINARY_XML_STRINGS_MAX = 100_000;
export const BINARY_XML_ELEMENTS_MAX = 50_000;
export const BINARY_XML_ATTRIBUTES_MAX = 500;

/** An element as Android's tools write it, in the order of the document. */
export interface BinaryElement {
  readonly name: string;
  readonly depth: number;
  readonly attributes: readonly BinaryAttribute[];
}

export interface BinaryAttribute {
  readonly name: string;
  /** The number of Android's own attribute, which counts more than its name; 0 for others. */
  readonly resource: number;
  /** Null for a reference to a resource. */
  readonly value: string | null;
  /** For numbers. */
  readonly number: number | null;
}

const RULE = "binary-xml";
const CHUNK = { xml: 0x0003, strings: 0x0001, resources: 0x0180, start: 0x0102, end: 0x0103 };
const UTF_8_STRINGS = 0x100;
const NOTHING = 0xffff_ffff;
const VALUE_TEXT = 0x03;
const VALUE_FIRST_NUMBER = 0x10;
const VALUE_LAST_NUMBER = 0x12;
const UTF_8 = new TextDecoder();

/**
 * Reads Android's binary XML. [AOSP, ResourceTypes.h]
 *
 * @throws ProtocolError `binary-xml`
 */
export function readBinaryXml(bytes: Uint8Array): readonly BinaryElement[] {
  const data = new LittleEndian(bytes, RULE);
  if (data.u16(0) !== CHUNK.xml) throw broken("it is no binary XML");
  let strings: readonly string[] = [];
  let resources: readonly number[] = [];
  const elements: BinaryElement[] = [];
  let depth = 0;
  let at = data.u16(2);
  while (at + 8 <= data.length) {
    const [type, headerBytes, size] = [data.u16(at), data.u16(at + 2), data.u32(at + 4)];
    // A chunk of no size would be read for ever.
    if (size < 8 || headerBytes > size || at + size > data.length) {
      throw broken(`a chunk at byte ${at} has ${size} bytes`);
    }
    const chunk = new LittleEndian(data.slice(at, size), RULE);
    if (type === CHUNK.strings) strings = stringsOf(chunk);
    else if (type === CHUNK.resources) resources = numbersOf(chunk, headerBytes);
    else if (type === CHUNK.end) depth -= 1;
    else if (type === CHUNK.start) {
      if (elements.length === BINARY_XML_ELEMENTS_MAX) throw broken("it has too many elements");
      elements.push(elementOf(chunk, headerBytes, depth, strings, resources));
      depth += 1;
    }
    at += size;
  }
  return elements;
}

function stringsOf(chunk: LittleEndian): readonly string[] {
  const count = chunk.u32(8);
  if (count > BINARY_XML_STRINGS_MAX) throw broken(`it has ${count} strings`);
  const isUtf8 = (chunk.u32(16) & UTF_8_STRINGS) !== 0;
  const start = chunk.u32(20);
  const headerBytes = chunk.u16(2);
  let left = chunk.length;
  return Array.from({ length: count }, (_, n) => {
    const at = start + chunk.u32(headerBytes + n * 4);
    const bytes = isUtf8 ? utf8At(chunk, at) : utf16At(chunk, at);
    left -= bytes.length;
    // Or the same bytes, read as a hundred thousand strings, would take minutes.
    if (left < 0) throw broken("its strings share their bytes");
    return isUtf8 ? UTF_8.decode(bytes) : utf16(bytes);
  });
}

/** Its length in characters, its length in bytes, each of one or two bytes. */
function utf8At(chunk: LittleEndian, start: number): Uint8Array {
  const at = start + ((chunk.u8(start) & 0x80) === 0 ? 1 : 2);
  const first = chunk.u8(at);
  if ((first & 0x80) === 0) return chunk.slice(at + 1, first);
  return chunk.slice(at + 2, ((first & 0x7f) << 8) | chunk.u8(at + 1));
}

function utf16At(chunk: LittleEndian, at: number): Uint8Array {
  const first = chunk.u16(at);
  if ((first & 0x8000) === 0) return chunk.slice(at + 2, first * 2);
  return chunk.slice(at + 4, (((first & 0x7fff) << 16) | chunk.u16(at + 2)) * 2);
}

function numbersOf(chunk: LittleEndian, headerBytes: number): readonly number[] {
  const count = Math.floor((chunk.length - headerBytes) / 4);
  return Array.from({ length: count }, (_, n) => chunk.u32(headerBytes + n * 4));
}

function elementOf(
  chunk: LittleEndian,
  body: number,
  depth: number,
  strings: readonly string[],
  resources: readonly number[],
): BinaryElement {
  const name = strings[chunk.u32(body + 4)];
  if (name === undefined) throw broken("an element has no name");
  const [start, size, count] = [chunk.u16(body + 8), chunk.u16(body + 10), chunk.u16(body + 12)];
  if (count > BINARY_XML_ATTRIBUTES_MAX || (count > 0 && size < 20)) {
    throw broken(`<${name}> has ${count} attributes of ${size} bytes`);
  }
  const attributes = Array.from({ length: count }, (_, n) =>
    attributeAt(chunk, body + start + n * size, strings, resources),
  );
  return { name, depth, attributes };
}

function attributeAt(
  chunk: LittleEndian,
  at: number,
  strings: readonly string[],
  resources: readonly number[],
): BinaryAttribute {
  const name = chunk.u32(at + 4);
  const [raw, type, value] = [chunk.u32(at + 8), chunk.u8(at + 15), chunk.u32(at + 16)];
  const isNumber = type >= VALUE_FIRST_NUMBER && type <= VALUE_LAST_NUMBER;
  const text = type === VALUE_TEXT ? strings[value] : raw === NOTHING ? undefined : strings[raw];
  return {
    name: strings[name] ?? "",
    resource: resources[name] ?? 0,
    value: text ?? (isNumber ? String(value) : null),
    number: isNumber ? value : null,
  };
}

function broken(why: string): ProtocolError {
  return new ProtocolError(RULE, `the binary XML cannot be read: ${why}`);
}
