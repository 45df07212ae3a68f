import { expect } from "bun:test";
import fc from "fast-check";
import { ProtocolError } from "../../../protocols/errors.ts";
import { decodeDocument } from "../../../protocols/syncml/decode-message.ts";
import type { Element } from "../../../protocols/syncml/element.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import { type Encoding, parseDocument } from "../../../protocols/syncml/encoding.ts";
import { DOCUMENT_LIMITS } from "../../../protocols/syncml/limits.ts";
import { parsePlainWbxml } from "../../../protocols/syncml/parse-plain-wbxml.ts";
import { parseAnyWbxml, parseWbxml } from "../../../protocols/syncml/parse-wbxml.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printWbxml } from "../../../protocols/syncml/print-wbxml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import { cpuMs } from "../../harness/cpu-time.ts";
import { loadFixtures } from "./fixtures.ts";

/** Of CPU time: ten times what the bench holds a single input to. [D33] */
const INPUT_MS_MAX = 200;

const XML_PIECES = [
  "<",
  ">",
  "&",
  '"',
  "</",
  "/>",
  "<!--",
  "]]>",
  "<Item>",
  "<Atomic>",
  "&#0;",
  "\0",
];
const WBXML_PIECES = [
  ...["\0", "\x01", "\x02", "\x03", "\x04", "\x44", "\x84", "\xc4", "\x43", "\x83", "\xc3", "\x40"],
  ...["\0\x01", "\0\x02", "\x83\0", "\xc3\x05", "\xc3\x8f\xff\xff\xff\x7f", "\x54", "\x4f", "\x48"],
  ...["\x03\xff\0", "\xd4", "\x02\x06\x6a\0", "\x12"],
];

interface Seed {
  readonly bytes: Uint8Array;
  readonly encoding: Encoding;
}

/** Messages that are right, and some that are not. */
export async function loadSeeds(): Promise<readonly Seed[]> {
  return [
    ...(await loadFixtures("valid", ".json")),
    ...(await loadFixtures("fragments", ".json")),
    ...(await loadFixtures("invalid", ".error.txt")),
  ];
}

/**
 * Whatever bytes come, they are understood or refused with a rule, soon; and what is understood can
 * be said again, in both encodings, and means the same.
 */
export function expectUnderstoodOrRefused(
  seeds: readonly Seed[],
  { seed, runs }: { readonly seed: number; readonly runs: number },
): void {
  let understood = 0;
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.constantFrom("flip", "cut", "copy", "piece")), {
        minLength: 1,
        maxLength: 4,
      }),
      ({ bytes, encoding }, edits) => {
        const mutated = edits.reduce((before, edit) => mutate(before, edit, encoding), bytes);
        const startMs = performance.now();
        const root = understand(mutated, encoding);
        if (performance.now() - startMs > INPUT_MS_MAX) expectQuick(mutated, encoding);
        expectAgreement(mutated, encoding, root);
        if (root === undefined) return;
        understood += 1;
        const plain = withoutFormatting(root);
        expect(withoutFormatting(parseWbxml(printWbxml(plain)))).toEqual(plain);
        expectSameMessage(root);
      },
    ),
    { seed, numRuns: runs },
  );
  expect(understood).toBeGreaterThan(0);
}

/** What the quick parser of plain documents reads, the complete one reads alike. */
function expectAgreement(bytes: Uint8Array, encoding: Encoding, root: Element | undefined): void {
  if (encoding === "xml") return; // parse-plain-xml.test.ts has texts of its own for that.
  const plain = parsePlainWbxml(bytes, DOCUMENT_LIMITS);
  if (plain === undefined) return;
  expect(plain).toEqual(parseAnyWbxml(bytes, DOCUMENT_LIMITS));
  expect(root).toEqual(plain);
}

/**
 * Blanks between elements mean nothing, and a device tree becomes a document without them. Its Type says
 * that it is XML, even where a damaged message has it as elements and says WBXML.
 */
function withoutFormatting(element: Element): Element {
  const { name, children, text } = element;
  if (children.length === 0) {
    return name === "Type"
      ? { ...element, text: text.replace(/\+wbxml(?=\s*$)/, "+xml") }
      : element;
  }
  return {
    ...element,
    children: children.map(withoutFormatting),
    text: text.trim() === "" ? "" : text,
  };
}

/** The tree, or undefined when the bytes were refused as they should be. */
function understand(bytes: Uint8Array, encoding: Encoding): Element | undefined {
  try {
    return parseDocument(bytes, encoding);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    expect(error.rule).toMatch(
      encoding === "xml" ? /^(xml|syncml)-[a-z0-9-]+$/ : /^(wbxml|syncml)-/,
    );
    return undefined;
  }
}

function expectSameMessage(root: Element): void {
  try {
    const document = decodeDocument(root);
    if (!("header" in document)) return;
    const element = encodeMessage(document);
    expect(decodeDocument(parseXml(printXml(element)))).toEqual(document);
    expect(decodeDocument(parseWbxml(printWbxml(element)))).toEqual(document);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    expect(error.rule).toMatch(/^syncml-[a-z-]+$/);
  }
}

/** It was slow once, perhaps because the machine was busy: slow each time is the bytes' fault. */
function expectQuick(bytes: Uint8Array, encoding: Encoding): void {
  const times = Array.from({ length: 3 }, () => cpuMs(() => understand(bytes, encoding)));
  expect(Math.min(...times)).toBeLessThan(INPUT_MS_MAX);
}

export function mutate(
  bytes: Uint8Array,
  [a, b, kind]: readonly [number, number, string],
  encoding: Encoding,
): Uint8Array {
  if (bytes.length === 0) return bytes;
  const at = a % bytes.length;
  const end = Math.min(bytes.length, at + 1 + (b % 40));
  const [head, middle, tail] = [
    bytes.subarray(0, at),
    bytes.subarray(at, end),
    bytes.subarray(end),
  ];
  switch (kind) {
    case "flip": {
      const flipped = Uint8Array.from(bytes);
      flipped[at] = b % 256;
      return flipped;
    }
    case "cut":
      return Buffer.concat([head, tail]);
    case "copy":
      return Buffer.concat([head, middle, middle, tail]);
    default: {
      const pieces = encoding === "xml" ? XML_PIECES : WBXML_PIECES;
      const piece = Buffer.from(pieces[b % pieces.length] ?? "", "latin1");
      return Buffer.concat([head, piece, middle, tail]);
    }
  }
}
