import { ProtocolError } from "../../errors.ts";

export const LIMIT_DEFAULT = 50;
export const LIMIT_MAX = 500;

export interface PageQuery {
  readonly offset: number;
  readonly limit: number;
  /** The first field that is sorted by; undefined: as the list is by itself. */
  readonly sort: { readonly field: string; readonly descending: boolean } | undefined;
}

/** hawkBit's answer to a question for a list. */
export interface PagedList<T> {
  readonly content: readonly T[];
  readonly total: number;
  readonly size: number;
}

/**
 * `offset`, `limit` and `sort=FIELD[:ASC|DESC]` as hawkBit reads them: a number beyond a limit is the limit.
 *
 * @param fields by which may be sorted, in small letters
 * @throws ProtocolError `management-paging`, `management-sort`, or `management-query` for a filter (`q`)
 */
export function readPage(
  query: Readonly<Record<string, string>>,
  fields: readonly string[],
): PageQuery {
  if (query.q !== undefined) {
    throw new ProtocolError("management-query", "q: lists are not filtered here, only paged");
  }
  const offset = Math.max(0, wholeNumber("offset", query.offset, 0));
  const limit = wholeNumber("limit", query.limit, LIMIT_DEFAULT);
  return {
    offset,
    limit: limit < 1 ? LIMIT_DEFAULT : Math.min(limit, LIMIT_MAX),
    sort: query.sort === undefined ? undefined : readSort(query.sort, fields),
  };
}

function wholeNumber(name: string, text: string | undefined, usual: number): number {
  if (text === undefined || text === "") return usual;
  if (!/^-?\d{1,9}$/.test(text)) {
    throw new ProtocolError("management-paging", `${name}: a whole number, not "${text}"`);
  }
  return Number(text);
}

function readSort(text: string, fields: readonly string[]): PageQuery["sort"] {
  const [, field = "", direction = "asc"] = /^([a-z]+)(?::(asc|desc))?$/i.exec(text) ?? [];
  const wanted = field.toLowerCase();
  if (!fields.includes(wanted)) {
    throw new ProtocolError(
      "management-sort",
      `sort: one field and ASC or DESC, such as ${fields[0]}:DESC; fields are ${fields.join(", ")}`,
    );
  }
  return { field: wanted, descending: direction.toLowerCase() === "desc" };
}

/** One page of a list that is in its own order. */
export function pageOf<T>(all: readonly T[], { offset, limit }: PageQuery): PagedList<T> {
  const content = all.slice(offset, offset + limit);
  return { content, total: all.length, size: content.length };
}

/** The list by what `keyOf` says of an entry; entries that say the same stay in their order. */
export function sortedBy<T>(
  all: readonly T[],
  sort: PageQuery["sort"],
  keyOf: (one: T, field: string) => string | number,
): readonly T[] {
  if (sort === undefined) return all;
  const sign = sort.descending ? -1 : 1;
  return all.toSorted((a, b) => {
    const [left, right] = [keyOf(a, sort.field), keyOf(b, sort.field)];
    return left < right ? -sign : left > right ? sign : 0;
  });
}
