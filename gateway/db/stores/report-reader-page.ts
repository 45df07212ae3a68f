import { asc, desc, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import { AppError } from "../../../devices/model/errors.ts";
import { PAGE_ROWS_MAX } from "../../reports/report-reader.ts";

/**
 * Keyset paging: a cursor names the last row seen by what it was sorted by and by its key, so that
 * rows that come or go meanwhile neither repeat nor hide others.
 */
export interface Sorting {
  readonly name: string;
  readonly descending: boolean;
  /** Never NULL; undefined: only the key decides. */
  readonly expression: SQL | undefined;
}

/** What a list may be sorted by. */
export type SortTable = Readonly<
  Record<string, { readonly kind: "text" | "number"; readonly column: SQLWrapper }>
>;

interface Position {
  readonly sort: string;
  readonly value: string | number;
  readonly key: readonly string[];
}

/** @throws AppError "invalid" for a name that is not in the table */
export function sortingOf(sort: string | undefined, table: SortTable): Sorting {
  if (sort === undefined) return { name: "", descending: false, expression: undefined };
  const descending = sort.startsWith("-");
  const name = descending ? sort.slice(1) : sort;
  const field = Object.hasOwn(table, name) ? table[name] : undefined;
  if (field === undefined) {
    const known = Object.keys(table).join(", ");
    throw new AppError("invalid", `the list cannot be sorted by ${name}; it can by: ${known}`);
  }
  const expression =
    field.kind === "text"
      ? sql`lower(coalesce(${field.column}, ''))`
      : sql`coalesce(${field.column}, ${Number.MIN_SAFE_INTEGER})`;
  return { name: sort, descending, expression };
}

export function orderOf(sorting: Sorting, key: readonly SQLWrapper[]): SQL[] {
  const { expression, descending } = sorting;
  const byKey = key.map((column) => asc(column));
  if (expression === undefined) return byKey;
  return [descending ? desc(expression) : asc(expression), ...byKey];
}

/** The rows behind the cursor. @throws AppError "invalid" for a cursor that is not of this list */
export function afterCursor(
  cursor: string | undefined,
  sorting: Sorting,
  key: readonly SQLWrapper[],
): SQL | undefined {
  if (cursor === undefined) return undefined;
  const position = parseCursor(cursor);
  if (position?.sort !== sorting.name || position.key.length !== key.length) {
    throw new AppError("invalid", "the cursor is not of this list: begin without one");
  }
  const columns = sql.join([...key], sql`, `);
  const values = sql.join(
    position.key.map((part) => sql`${part}`),
    sql`, `,
  );
  const isBehindByKey = sql`(${columns}) > (${values})`;
  const { expression } = sorting;
  if (expression === undefined) return isBehindByKey;
  const { value } = position;
  const isBehind = sorting.descending
    ? sql`${expression} < ${value}`
    : sql`${expression} > ${value}`;
  return sql`(${isBehind} or (${expression} = ${value} and ${isBehindByKey}))`;
}

export function printCursor(
  sorting: Sorting,
  value: string | number,
  key: readonly string[],
): string {
  return Buffer.from(JSON.stringify([sorting.name, value, ...key])).toString("base64url");
}

/** @throws AppError "invalid" unless 1 to `PAGE_ROWS_MAX` */
export function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= PAGE_ROWS_MAX) return;
  throw new AppError("invalid", `limit is a whole number from 1 to ${PAGE_ROWS_MAX}`);
}

function parseCursor(text: string): Position | undefined {
  try {
    const parts: unknown = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
    if (!Array.isArray(parts)) return undefined;
    const [sort, value, ...key] = parts;
    const isSound =
      typeof sort === "string" &&
      (typeof value === "string" || Number.isSafeInteger(value)) &&
      key.every((part) => typeof part === "string" && !part.includes("\0"));
    return isSound ? { sort, value, key } : undefined;
  } catch {
    return undefined; // Not JSON, so not ours.
  }
}
