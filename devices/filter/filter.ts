/**
 * The one filter grammar, used by counts, lists, CSV, links, bulk actions and device groups alike.
 *
 *   filter  = [ term *( SP term ) ]                 all terms must hold; empty holds for everything
 *   term    = [ "-" ] field operator value *( "," value )    any of the values; "-" negates
 *   operator = ":" / "<" / "<=" / ">" / ">="
 *   value   = bare word without blank, comma or quote / DQUOTE text with \" and \\ DQUOTE
 *
 * Example: `status:failed state:"Failed download" -site:prague lastContact<2026-11-01T00:00:00Z`.
 * Text compares ignoring case; a value may hold `*` for any run of characters.
 */
import { AppError } from "../model/errors.ts";

export interface Term {
  readonly field: string;
  readonly negated: boolean;
  readonly operator: ":" | "<" | "<=" | ">" | ">=";
  /** Any of these; never empty. */
  readonly values: readonly string[];
}

export type Filter = readonly Term[];

/** What kind of value a field holds decides how it is compared. */
export type FieldKind = "text" | "number" | "boolean" | "time";
export type FilterFields = Readonly<Record<string, FieldKind>>;

export const FILTER_CHARACTERS_MAX = 4096;
export const FILTER_TERMS_MAX = 32;

/** Fields of a row of the installation report. */
export const INSTALLATION_FIELDS = {
  id: "text",
  site: "text",
  device: "text",
  deviceName: "text",
  package: "text",
  packageName: "text",
  revision: "text",
  distribution: "text",
  platform: "text",
  /** The canonical code or a platform's label. */
  status: "text",
  state: "text",
  bucket: "text",
  operation: "text",
  mode: "text",
  /** The version on the device; `targetVersion` is the one that is wanted. */
  version: "text",
  targetVersion: "text",
  group: "text",
  reason: "text",
  attempt: "number",
  lastError: "number",
  anomaly: "boolean",
  stale: "boolean",
  attention: "boolean",
  counted: "boolean",
  current: "boolean",
  lastContact: "time",
  since: "time",
  observed: "time",
} as const satisfies FilterFields;

/** Fields of a device. */
export const DEVICE_FIELDS = {
  id: "text",
  site: "text",
  name: "text",
  platform: "text",
  protocol: "text",
  stableId: "text",
  manufacturer: "text",
  model: "text",
  osVersion: "text",
  osMajor: "number",
  osPlatform: "text",
  cpu: "text",
  ownership: "text",
  shared: "boolean",
  userEnrolled: "boolean",
  userAssigned: "boolean",
  compliance: "text",
  enrolment: "text",
  group: "text",
  removed: "boolean",
  lastContact: "time",
} as const satisfies FilterFields;

/**
 * Reads a filter.
 *
 * @param fields what may be filtered; an unknown field is refused with the list
 * @throws AppError "invalid" that names the position and what was expected there
 */
export function parseFilter(text: string, fields: FilterFields): Filter {
  if (text.length > FILTER_CHARACTERS_MAX) {
    throw new AppError("invalid", `a filter has at most ${FILTER_CHARACTERS_MAX} characters`);
  }
  const terms: Term[] = [];
  const reader = new Reader(text);
  for (reader.skipBlanks(); !reader.isAtEnd; reader.skipBlanks()) {
    if (terms.length >= FILTER_TERMS_MAX) {
      throw new AppError("invalid", `a filter has at most ${FILTER_TERMS_MAX} terms`);
    }
    terms.push(readTerm(reader, fields));
  }
  return terms;
}

/** The text that reads back as the same filter. */
export function printFilter(filter: Filter): string {
  return filter
    .map(
      ({ negated, field, operator, values }) =>
        `${negated ? "-" : ""}${field}${operator}${values.map(printValue).join(",")}`,
    )
    .join(" ");
}

/** A filter of one equality, for links. */
export function fieldIs(field: string, ...values: readonly string[]): Term {
  return { field, negated: false, operator: ":", values };
}

const OPERATORS = ["<=", ">=", ":", "<", ">"] as const;
const BARE = /^[^\s,"]+/;
const NUMBER = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
const HRESULT = /^0[xX][0-9A-Fa-f]{8}$/;
/** With its zone, or a day alone, which begins at midnight UTC: never in the zone of the server. */
const TIME = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

const EXPECTED: Readonly<Record<FieldKind, string>> = {
  text: "expected text",
  number: "expected a number such as 3, or an error code such as 0x80072EE7",
  boolean: "expected true or false",
  time: "expected a time with its zone, such as 2026-11-21T22:00:00Z, or a day",
};

class Reader {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  get rest(): string {
    return this.#text.slice(this.#position);
  }

  skipBlanks(): void {
    while (/^\s/.test(this.rest)) this.#position += 1;
  }

  /** Takes `expected` if it comes next. */
  take(expected: string): boolean {
    if (!this.rest.startsWith(expected)) return false;
    this.#position += expected.length;
    return true;
  }

  /** What comes next, if it fits; it is not taken. */
  peek(pattern: RegExp): string | undefined {
    return pattern.exec(this.rest)?.[0];
  }

  match(pattern: RegExp): string | undefined {
    const found = pattern.exec(this.rest)?.[0];
    if (found !== undefined) this.#position += found.length;
    return found;
  }

  refuse(expected: string): never {
    throw new AppError(
      "invalid",
      `the filter cannot be read at character ${this.#position + 1}: ${expected}`,
    );
  }
}

function readTerm(reader: Reader, fields: FilterFields): Term {
  const negated = reader.take("-");
  const field = reader.peek(/^[A-Za-z]+/);
  if (field === undefined || !Object.hasOwn(fields, field)) {
    reader.refuse(`expected one of the fields ${Object.keys(fields).join(", ")}`);
  }
  reader.take(field);
  const operator = OPERATORS.find((one) => reader.take(one));
  if (operator === undefined) reader.refuse(`expected : < <= > or >= after ${field}`);
  const kind = fields[field] ?? "text";
  if (operator !== ":" && (kind === "text" || kind === "boolean")) {
    reader.refuse(`${field} can only be compared with ":"`);
  }
  const values = [readValue(reader, kind)];
  while (reader.take(",")) values.push(readValue(reader, kind));
  if (operator !== ":" && values.length > 1) reader.refuse(`one value after ${operator}`);
  if (!reader.isAtEnd && reader.peek(/^\s/) === undefined) reader.refuse("expected a blank");
  return { field, negated, operator, values };
}

function readValue(reader: Reader, kind: FieldKind): string {
  const isQuoted = reader.take('"');
  const value = isQuoted ? readQuoted(reader) : reader.peek(BARE);
  if (value === undefined) reader.refuse('expected a value, or "" for none');
  const known = value === "" ? value : canonicalValue(value, kind);
  if (known === undefined) reader.refuse(EXPECTED[kind]);
  if (!isQuoted) reader.take(value);
  return known;
}

/** The value as it is compared, or undefined where it is none of its kind. */
function canonicalValue(value: string, kind: FieldKind): string | undefined {
  switch (kind) {
    case "text":
      return value;
    case "boolean":
      return value === "true" || value === "false" ? value : undefined;
    case "number":
      // Error codes are read in lists as 0x80072EE7 and travel as the signed integer.
      if (HRESULT.test(value)) return String(Number.parseInt(value.slice(2), 16) | 0);
      return NUMBER.test(value) && Number.isFinite(Number(value)) ? value : undefined;
    case "time":
      return TIME.test(value) && !Number.isNaN(Date.parse(value)) ? value : undefined;
  }
}

function readQuoted(reader: Reader): string {
  let value = "";
  for (;;) {
    value += reader.match(/^[^"\\]+/) ?? "";
    if (reader.take('"')) return value;
    if (reader.take("\\")) value += reader.match(/^["\\]/) ?? reader.refuse('expected " or \\');
    else reader.refuse('the closing " is missing');
  }
}

function printValue(value: string): string {
  const isBare = BARE.exec(value)?.[0] === value;
  return isBare ? value : `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}
