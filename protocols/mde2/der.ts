import { broken } from "./rules.ts";

/**
 * Just enough of DER to take a certificate request apart: definite lengths, tags of one byte. What is
 * signed is kept as the bytes that came, never encoded again. [X.690]
 */
export interface Der {
  /** The identifier octet: 0x30 SEQUENCE, 0x31 SET, 0xa0 the first context-specific, … */
  readonly tag: number;
  readonly content: Uint8Array;
  /** Identifier, length and content. */
  readonly whole: Uint8Array;
}

export const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  sequence: 0x30,
  set: 0x31,
  context0: 0xa0,
} as const;

/** Values directly inside one. */
const CHILDREN_MAX = 256;

/** Exactly one value. @throws ProtocolError `mde2-certificate-request` */
export function readDer(bytes: Uint8Array): Der {
  const value = valueAt(bytes, 0);
  if (value.whole.length !== bytes.length) throw malformed("bytes follow the last value");
  return value;
}

/** The values inside a constructed one. @throws ProtocolError `mde2-certificate-request` */
export function valuesIn(parent: Der): readonly Der[] {
  const values: Der[] = [];
  let offset = 0;
  while (offset < parent.content.length) {
    if (values.length >= CHILDREN_MAX) throw malformed(`more than ${CHILDREN_MAX} values in one`);
    const value = valueAt(parent.content, offset);
    values.push(value);
    offset += value.whole.length;
  }
  return values;
}

/** The value at a place, which must have this tag. @throws ProtocolError as above */
export function need(values: readonly Der[], index: number, tag: number): Der {
  const value = values[index];
  if (value?.tag !== tag) throw malformed(`value ${index} has not the tag 0x${tag.toString(16)}`);
  return value;
}

/** Dotted decimal. @throws ProtocolError as above */
export function oidOf(value: Der): string {
  const arcs: bigint[] = [];
  let arc = 0n;
  for (const byte of value.content) {
    arc = (arc << 7n) | BigInt(byte & 0x7f);
    if ((byte & 0x80) !== 0) continue;
    arcs.push(arc);
    arc = 0n;
  }
  const [first, ...rest] = arcs;
  if (value.tag !== TAG.oid || first === undefined)
    throw malformed("an object identifier is broken");
  const root = first < 80n ? first / 40n : 2n;
  return [root, first - root * 40n, ...rest].join(".");
}

/** The bytes of a BIT STRING without unused bits. @throws ProtocolError as above */
export function bitsOf(value: Der): Uint8Array {
  if (value.tag !== TAG.bitString || value.content[0] !== 0) {
    throw malformed("a signature is no whole BIT STRING");
  }
  return value.content.subarray(1);
}

export function malformed(why: string): Error {
  return broken(
    "mde2-certificate-request",
    `the certificate request is not DER as it should be: ${why}`,
  );
}

function valueAt(bytes: Uint8Array, offset: number): Der {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) {
    throw malformed("a value is cut off");
  }
  let header = 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw malformed("a length is not definite");
    length = 0;
    for (let index = 0; index < count; index++) {
      length = length * 256 + (bytes[offset + 2 + index] ?? 0);
    }
    header += count;
  }
  const end = offset + header + length;
  if (end > bytes.length) throw malformed("a value is cut off");
  return {
    tag,
    content: bytes.subarray(offset + header, end),
    whole: bytes.subarray(offset, end),
  };
}
