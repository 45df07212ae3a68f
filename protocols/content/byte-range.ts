/**
 * Byte ranges of HTTP. [RFC 9110, 14]
 *
 * Only one range at a time: a request for several is answered with the whole, which the
 * specification allows, because devices ask for several by mistake far more often than on purpose.
 */
export type RangeAnswer =
  | { readonly kind: "whole" }
  /** Both ends included, as in the header. */
  | { readonly kind: "part"; readonly first: number; readonly last: number }
  | { readonly kind: "unsatisfiable" };

const WHOLE: RangeAnswer = { kind: "whole" };
const UNSATISFIABLE: RangeAnswer = { kind: "unsatisfiable" };

/** What a `Range` header asks of `size` bytes. One that is not a range of bytes is ignored. [14.2] */
export function answerRange(header: string | null | undefined, size: number): RangeAnswer {
  const match = /^\s*bytes\s*=\s*(\d*)-(\d*)\s*$/i.exec(header ?? "");
  if (!match) return WHOLE;
  const [, firstText = "", lastText = ""] = match;
  if (firstText === "") {
    if (lastText === "") return WHOLE;
    return lastBytes(Number(lastText), size);
  }
  const first = Number(firstText);
  const last = lastText === "" ? Number.POSITIVE_INFINITY : Number(lastText);
  if (last < first) return WHOLE; // Invalid rather than unsatisfiable. [14.1.1]
  if (first >= size) return UNSATISFIABLE;
  return { kind: "part", first, last: Math.min(last, size - 1) };
}

function lastBytes(count: number, size: number): RangeAnswer {
  if (count === 0) return UNSATISFIABLE;
  // Satisfiable by the specification, but "bytes 0--1/0" cannot be written.
  if (size === 0) return WHOLE;
  return { kind: "part", first: Math.max(0, size - count), last: size - 1 };
}

export interface ContentRange {
  readonly first: number;
  readonly last: number;
  /** Undefined when the sender writes `*`. */
  readonly total: number | undefined;
}

/** Reads the `Content-Range` of a 206; undefined when it is missing or makes no sense. [14.4] */
export function parseContentRange(header: string | null | undefined): ContentRange | undefined {
  const match = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i.exec(header?.trim() ?? "");
  if (!match) return undefined;
  const [, firstText, lastText, totalText] = match;
  const first = Number(firstText);
  const last = Number(lastText);
  const total = totalText === "*" ? undefined : Number(totalText);
  if (last < first || (total !== undefined && last >= total)) return undefined;
  return { first, last, total };
}

/** True when `If-Range` allows a part of the content whose strong validator is `etag`. [13.1.5] */
export function ifRangeAllows(header: string | null | undefined, etag: string): boolean {
  // A date never matches: content here has no Last-Modified, only its hash.
  return header === null || header === undefined || header.trim() === etag;
}

/** True when `If-None-Match` says that the caller has the content already. [13.1.2] */
export function ifNoneMatchHas(header: string | null | undefined, etag: string): boolean {
  if (header === null || header === undefined) return false;
  if (header.trim() === "*") return true;
  return header.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}
