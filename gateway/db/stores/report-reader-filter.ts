import { and, not, or, type SQL, type SQLWrapper, sql } from "drizzle-orm";
import type { Filter, Term } from "../../../devices/filter/filter.ts";
import { foldCase } from "../../../devices/filter/match.ts";

/** How one field is asked for in SQL. Every condition is about one value of a term. */
export type FieldSql =
  /** Text that is compared ignoring case; `isLower` text is stored in lower case, so that an index can be used. */
  | { readonly kind: "text"; readonly column: SQLWrapper; readonly isLower?: boolean }
  | { readonly kind: "number"; readonly column: SQLWrapper }
  /** Milliseconds since the epoch. */
  | { readonly kind: "time"; readonly column: SQLWrapper }
  | { readonly kind: "boolean"; readonly column: SQLWrapper }
  /** Whatever is no column: it says itself when a value holds. Never NULL. */
  | { readonly kind: "computed"; readonly holds: (value: string) => SQL };

export type FieldTable = Readonly<Record<string, FieldSql>>;

const TRUE = sql`1`;
const FALSE = sql`0`;

/**
 * The one translation of filters to SQL. It means what `matches` in devices/filter means; a test
 * holds the two together with random filters.
 */
export function conditionOf(filter: Filter, fields: FieldTable): SQL {
  return and(...filter.map((term) => termCondition(term, fields))) ?? TRUE;
}

function termCondition(term: Term, fields: FieldTable): SQL {
  const field = fields[term.field];
  if (field === undefined) throw new Error(`no SQL for the field ${term.field}`);
  const any = or(...term.values.map((value) => valueCondition(value, term.operator, field)));
  if (any === undefined) throw new Error("a term without values");
  // NULL compared with anything is NULL, which NOT would leave as it is.
  return term.negated ? not(sql`coalesce(${any}, 0)`) : any;
}

function valueCondition(value: string, operator: Term["operator"], field: FieldSql): SQL {
  switch (field.kind) {
    case "text":
      return textCondition(value, field.column, field.isLower === true);
    case "number":
      return value === "" ? isNull(field.column) : compare(field.column, operator, Number(value));
    case "time":
      return value === ""
        ? isNull(field.column)
        : compare(field.column, operator, Date.parse(value));
    case "boolean":
      if (value === "") return isNull(field.column);
      return value === "true" || value === "false"
        ? sql`${field.column} = ${value === "true" ? 1 : 0}`
        : FALSE;
    case "computed":
      return field.holds(value);
  }
}

/** Text ignores case as ASCII does, `*` is any run of characters, and "" is no text at all. */
export function textCondition(value: string, column: SQLWrapper, isLower: boolean): SQL {
  if (value === "") return sql`coalesce(${column}, '') = ''`;
  if (value.includes("*")) {
    const pattern = value.replaceAll(/[\\%_]/g, "\\$&").replaceAll("*", "%");
    return sql`(${column} like ${pattern} escape '\\' and ${column} <> '')`;
  }
  if (isLower) return sql`${column} = ${foldCase(value)}`;
  // On the left: SQLite 3.45 turns `a = x collate nocase or a = y collate nocase` into an IN that
  // has forgotten the collation.
  return sql`${column} collate nocase = ${value}`;
}

export function inTexts(column: SQLWrapper, texts: readonly string[]): SQL {
  return sql`${column} in (select value from json_each(${JSON.stringify(texts)}))`;
}

function isNull(column: SQLWrapper): SQL {
  return sql`${column} is null`;
}

/** A number beyond what the columns can hold is brought to their edge: it compares alike. */
function compare(column: SQLWrapper, operator: Term["operator"], wanted: number): SQL {
  const edge = Number.MAX_SAFE_INTEGER;
  const bound = Math.min(Math.max(wanted, -edge), edge);
  switch (operator) {
    case ":":
      return sql`${column} = ${bound}`;
    case "<":
      return sql`${column} < ${bound}`;
    case "<=":
      return sql`${column} <= ${bound}`;
    case ">":
      return sql`${column} > ${bound}`;
    case ">=":
      return sql`${column} >= ${bound}`;
  }
}
