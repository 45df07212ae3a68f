import { PUBLIC_IDS, UTF8_CHARSET, WBXML } from "./code-pages.ts";
import type { Element } from "./element.ts";
import { NO_ATTRIBUTES, NO_CHILDREN } from "./element.ts";
import type { DocumentLimits } from "./limits.ts";
import { looksLikeWbxml } from "./wbxml-header.ts";
import { FIRST_TAG, type Page, pagesOf, TAG_MASK } from "./wbxml-pages.ts";
import { plainEnd } from "./wbxml-text.ts";

/** An element whose end has not come yet. */
interface OpenElement {
  readonly name: string;
  readonly namespace: string;
  readonly attributes: typeof NO_ATTRIBUTES;
  children: readonly Element[];
  readonly text: string;
}

/** Version, a public id of two bytes, charset, and the length of no string table. */
const HEADER_BYTES = 5;

/** By the two bytes of their public ids. */
const PAGES: ReadonlyMap<number, readonly Page[]> = new Map(
  PUBLIC_IDS.flatMap(({ number, namespace }) =>
    number === undefined ? [] : [[twoBytes(number), pagesOf(namespace)] as const],
  ),
);

function twoBytes(number: number): number {
  return ((0x80 | (number >> 7)) << 8) | (number & 0x7f);
}

/**
 * Reads the WBXML that devices really send, twice as fast as the complete parser: tags by their tokens,
 * text of ASCII in its place, page switches; no string table, attributes, blocks or entities.
 *
 * @returns undefined for everything else, right or wrong, and over a limit: whoever calls hands it to the
 *   strict parser. What is returned is what that would have returned.
 */
export function parsePlainWbxml(bytes: Uint8Array, limits: DocumentLimits): Element | undefined {
  const { length } = bytes;
  const pages = PAGES.get(((bytes[1] ?? 0) << 8) | (bytes[2] ?? 0));
  if (!looksLikeWbxml(bytes) || pages === undefined) return undefined;
  if (bytes[3] !== UTF8_CHARSET || bytes[4] !== 0) return undefined;

  const words = new DataView(bytes.buffer, bytes.byteOffset, length);
  const characters = Buffer.from(bytes.buffer, bytes.byteOffset, length).toString("latin1");
  const { depthMax, elementsMax, textMax } = limits;
  const open: OpenElement[] = [];
  /** Where in `ended` the children of each open element begin; see `TreeBuilder`. */
  const starts: number[] = [];
  const ended: Element[] = [];
  let endedCount = 0;
  let depth = 0;
  let elements = 0;
  let page = pages[0];
  let at = HEADER_BYTES;
  while (at < length) {
    const token = bytes[at++] ?? 0;
    if (token === WBXML.end) {
      depth -= 1;
      const element = open[depth];
      const start = starts[depth];
      if (element === undefined || start === undefined) return undefined;
      if (endedCount > start) element.children = ended.slice(start, endedCount);
      ended[start] = element;
      endedCount = start + 1;
      continue;
    }
    if (token === WBXML.switchPage) {
      page = pages[bytes[at++] ?? pages.length];
      if (page === undefined) return undefined;
      continue;
    }
    const tag = token & TAG_MASK;
    const name = page?.names[tag];
    if (page === undefined || name === undefined || tag < FIRST_TAG) return undefined;
    if (token >= WBXML.hasAttributes) return undefined;
    elements += 1;
    if (elements > elementsMax || depth >= depthMax) return undefined;
    if (depth === 0 && endedCount > 0) return undefined; // A second root.

    if (token < WBXML.hasContent || bytes[at] === WBXML.end) {
      if (token >= WBXML.hasContent) at += 1;
      const empty = page.empty[tag];
      if (empty === undefined) return undefined;
      ended[endedCount++] = empty;
      continue;
    }
    let text = "";
    if (bytes[at] === WBXML.inlineString) {
      const start = at + 1;
      const end = plainEnd(bytes, words, start, length);
      if (bytes[end] !== 0 || end - start > textMax) return undefined;
      text = characters.slice(start, end);
      at = end + 1;
    }
    const { namespace } = page;
    const element = { name, namespace, attributes: NO_ATTRIBUTES, children: NO_CHILDREN, text };
    if (bytes[at] === WBXML.end) {
      at += 1;
      ended[endedCount++] = element;
    } else {
      open[depth] = element;
      starts[depth] = endedCount;
      depth += 1;
    }
  }
  return depth === 0 ? ended[0] : undefined;
}
