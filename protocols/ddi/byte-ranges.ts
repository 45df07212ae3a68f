/**
 * Ranges of an artifact as hawkBit answers them: several at once, and what makes no sense is not
 * satisfiable instead of ignored. [1.5]
 */

/** Ranges in one request. */
export const RANGES_MAX = 16;

export interface ByteRange {
  readonly first: number;
  /** Included. */
  readonly last: number;
}

export type RangesAnswer =
  | { readonly kind: "whole" }
  | { readonly kind: "parts"; readonly parts: readonly ByteRange[] }
  | { readonly kind: "unsatisfiable" };

const UNSATISFIABLE: RangesAnswer = { kind: "unsatisfiable" };

/** What a `Range` header asks of `size` bytes; a unit that is not bytes is ignored. */
export function answerRanges(header: string | null, size: number): RangesAnswer {
  const [unit, list] = (header ?? "").split("=");
  if (unit?.trim().toLowerCase() !== "bytes" || list === undefined) return { kind: "whole" };
  const specs = list.split(",").map((spec) => spec.trim());
  if (specs.length > RANGES_MAX) return UNSATISFIABLE;
  const parts: ByteRange[] = [];
  for (const spec of specs) {
    const part = rangeOf(spec, size);
    if (part === undefined || parts.some((one) => overlap(one, part))) return UNSATISFIABLE;
    parts.push(part);
  }
  return { kind: "parts", parts };
}

function rangeOf(spec: string, size: number): ByteRange | undefined {
  const [, from = "", to = ""] = /^(\d{0,15})-(\d{0,15})$/.exec(spec) ?? [];
  if (from === "") {
    const count = Number(to);
    if (to === "" || count === 0 || size === 0) return undefined;
    return { first: Math.max(0, size - count), last: size - 1 };
  }
  const first = Number(from);
  const last = to === "" ? size - 1 : Number(to);
  if (last < first || first >= size) return undefined;
  return { first, last: Math.min(last, size - 1) };
}

function overlap(a: ByteRange, b: ByteRange): boolean {
  return a.first <= b.last && b.first <= a.last;
}

/** May a part be sent? The header is the tag, or a date that the file has not changed since. */
export function ifRangeHolds(header: string | null, etag: string, modifiedMs: number): boolean {
  if (header === null || header.trim() === etag) return true;
  const sinceMs = Date.parse(header);
  return !Number.isNaN(sinceMs) && Math.floor(modifiedMs / 1000) * 1000 <= sinceMs;
}

/** Does `If-Match` name the artifact? */
export function ifMatchHolds(header: string | null, etag: string): boolean {
  if (header === null || header.trim() === "*") return true;
  return header.split(",").some((one) => one.trim() === etag || `"${one.trim()}"` === etag);
}
