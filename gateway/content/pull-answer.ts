import { parseContentRange } from "../../protocols/content/byte-range.ts";
import type { FailureKind } from "./back-off.ts";

/** What a transfer asked the hub for. */
export interface PullAsked {
  /** The file's length as the policy says. */
  readonly bytes: number;
  /** The first byte that is still missing; 0 asks for the whole. */
  readonly from: number;
  /** The validator of the bytes that are here; null when none are. */
  readonly etag: string | null;
}

/** Why a transfer could not go on, in words for people. */
export interface PullFailure {
  readonly kind: FailureKind;
  readonly problem: string;
  /** What is here already does not belong to what the hub has now. */
  readonly startAgain: boolean;
  readonly retryAfterMs?: number;
}

export type PullVerdict =
  /** The body continues the bytes that are here. */
  | { readonly kind: "continue" }
  /** The body is the whole file; its strong validator, if it has one, allows to resume it. */
  | { readonly kind: "whole"; readonly etag: string | null }
  | { readonly kind: "failed"; readonly failure: PullFailure };

type Header = (name: string) => string | null;

/**
 * Whether an answer's body may be used. Appending what does not belong is how resumed files are
 * corrupted, so status, range, total, length and validator all have to fit. [RFC 9110, 15.3.7]
 */
export function judgeAnswer(asked: PullAsked, status: number, header: Header): PullVerdict {
  if (status !== 200 && status !== 206) return failed(refusalOf(status, header));
  const coding = header("content-encoding");
  if (coding !== null && coding.trim().toLowerCase() !== "identity") {
    return corrupt(
      `The hub's answer is encoded (${coding}) although the plain file was asked for.`,
    );
  }
  return status === 200 ? judgeWhole(asked, header) : judgePart(asked, header);
}

/** A 200 after a request for a part means that the hub's file is another one now, or that it ignores ranges. */
function judgeWhole(asked: PullAsked, header: Header): PullVerdict {
  const length = header("content-length");
  if (length !== null && Number(length) !== asked.bytes) {
    return corrupt(`The hub's file has ${length} bytes instead of ${asked.bytes}.`);
  }
  const etag = header("etag");
  return { kind: "whole", etag: etag?.startsWith('"') ? etag : null };
}

function judgePart(asked: PullAsked, header: Header): PullVerdict {
  if (asked.from === 0)
    return corrupt("The hub sent a part although the whole file was asked for.");
  const range = parseContentRange(header("content-range"));
  const last = asked.bytes - 1;
  if (range?.first !== asked.from || range.last !== last || range.total !== asked.bytes) {
    const found = header("content-range") ?? "no range at all";
    return corrupt(
      `The hub sent another part (${found}) than was asked for (${asked.from}-${last}/${asked.bytes}).`,
    );
  }
  const length = header("content-length");
  if (length !== null && Number(length) !== asked.bytes - asked.from) {
    return corrupt(`The hub's part has ${length} bytes instead of ${asked.bytes - asked.from}.`);
  }
  const etag = header("etag");
  if (etag !== null && etag !== asked.etag) return corrupt("The hub sent a part of another file.");
  return { kind: "continue" };
}

function refusalOf(status: number, header: Header): PullFailure {
  const retryAfterMs = retryAfterOf(header("retry-after"));
  const later = { startAgain: false, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  switch (status) {
    case 401:
    case 403:
      return { kind: "refused", problem: `The hub refuses this site (${status}).`, ...later };
    case 404:
    case 410:
      return { kind: "refused", problem: "The hub does not have this file.", ...later };
    case 416:
      return {
        kind: "corrupt",
        problem: "The hub's file is shorter than what is here already.",
        startAgain: true,
      };
    case 429:
    case 503:
      return { kind: "busy", problem: "The hub asks this site to come later.", ...later };
    case 502:
    case 504:
      return { kind: "away", problem: `The hub cannot be reached (${status}).`, ...later };
    default:
      return { kind: "refused", problem: `The hub answered ${status}.`, ...later };
  }
}

/** Seconds only: a date would need the hub's clock. [RFC 9110, 10.2.3] */
function retryAfterOf(header: string | null): number | undefined {
  return /^\d{1,6}$/.test(header ?? "") ? Number(header) * 1000 : undefined;
}

function corrupt(problem: string): PullVerdict {
  return failed({ kind: "corrupt", problem, startAgain: true });
}

function failed(failure: PullFailure): PullVerdict {
  return { kind: "failed", failure };
}
