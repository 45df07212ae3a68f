import type { FieldKind, Filter, FilterFields, Term } from "./filter.ts";

/** A record as the filter sees it. Times are milliseconds since the epoch. */
export type FilterRecord = Readonly<
  Record<string, string | number | boolean | null | readonly string[] | undefined>
>;

/**
 * Does the record fulfil the filter? The SQL translation has the same meaning, and a test holds the
 * two together: text ignores case and knows `*`, a list field matches when any of its members does,
 * what is null matches nothing but the empty value, and a negated term holds where the term does not.
 */
export function matches(filter: Filter, record: FilterRecord, fields: FilterFields): boolean {
  return filter.every((term) => {
    const kind = fields[term.field] ?? "text";
    return matchesTerm(term, record[term.field], kind) !== term.negated;
  });
}

function matchesTerm(term: Term, actual: FilterRecord[string], kind: FieldKind): boolean {
  return term.values.some((value) => matchesValue(value, term.operator, actual, kind));
}

function matchesValue(
  value: string,
  operator: Term["operator"],
  actual: FilterRecord[string],
  kind: FieldKind,
): boolean {
  if (Array.isArray(actual)) {
    return value === "" ? actual.length === 0 : actual.some((one) => isText(one, value));
  }
  if (actual === null || actual === undefined || actual === "") return value === "";
  if (value === "") return false;
  switch (kind) {
    case "text":
      return isText(String(actual), value);
    case "boolean":
      return String(actual) === value;
    case "number":
      return compares(Number(actual), operator, Number(value));
    case "time":
      return compares(Number(actual), operator, Date.parse(value));
  }
}

function compares(actual: number, operator: Term["operator"], wanted: number): boolean {
  switch (operator) {
    case ":":
      return actual === wanted;
    case "<":
      return actual < wanted;
    case "<=":
      return actual <= wanted;
    case ">":
      return actual > wanted;
    case ">=":
      return actual >= wanted;
  }
}

/** `*` stands for any run of characters, none included. Case is ignored for ASCII, as SQLite does. */
export function isText(actual: string, wanted: string): boolean {
  const left = foldCase(actual);
  const parts = foldCase(wanted).split("*");
  const [first = "", ...rest] = parts;
  if (rest.length === 0) return left === first;
  if (!left.startsWith(first)) return false;
  const last = rest.pop() ?? "";
  let position = first.length;
  for (const part of rest) {
    const found = left.indexOf(part, position);
    if (found < 0) return false;
    position = found + part.length;
  }
  return left.length - last.length >= position && left.endsWith(last);
}

export function foldCase(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}
