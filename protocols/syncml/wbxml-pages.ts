import { CODE_PAGES, namespaceOf, PUBLIC_IDS } from "./code-pages.ts";
import { type Element, NO_ATTRIBUTES, NO_CHILDREN } from "./element.ts";

/** The elements of one code page, by token. */
export interface Page {
  readonly namespace: string;
  readonly names: readonly (string | undefined)[];
  /** Elements without content: all of a kind are the same one. */
  readonly empty: readonly (Element | undefined)[];
}

/** The bits of a tag that say which one it is; below the first tag are the globals. */
export const TAG_MASK = 0x3f;
export const FIRST_TAG = 0x05;

/** @param syncml the namespace of page 0 */
function makePages(syncml: string): readonly Page[] {
  return CODE_PAGES.map((page, number) => {
    const namespace = namespaceOf(number, syncml);
    const names = new Array<string | undefined>(TAG_MASK + 1).fill(undefined);
    for (const [name, token] of Object.entries(page)) names[token] = name;
    const empty = names.map((name) => (name === undefined ? undefined : emptyOf(name, namespace)));
    return { namespace, names, empty };
  });
}

const KNOWN: ReadonlyMap<string, readonly Page[]> = new Map(
  PUBLIC_IDS.map(({ namespace }) => [namespace, makePages(namespace)]),
);

/** The pages of a document, by the namespace of page 0. */
export function pagesOf(namespace: string): readonly Page[] {
  return KNOWN.get(namespace) ?? makePages(namespace);
}

export function emptyOf(name: string, namespace: string): Element {
  return { name, namespace, attributes: NO_ATTRIBUTES, children: NO_CHILDREN, text: "" };
}
