import { parseContentRange } from "../../protocols/content/byte-range.ts";
import type { FailureKind } from "./back-off.ts";

/** What a transfer asked for. */
export interface PullAsked {
  /** Who was asked, as a sentence begins: `The hub`. */
  readonly sender: string;
  /** The file's length, where it is known before. */
  readonly bytes: number | undefined;
  /** The first byte that is still missing; 0 asks for the whole. */
  readonly from: number;
  /** The validator of the bytes that are here; null when none are. */
  readonly validator: string | null;
}

/** Why a transfer could not go on, in words for people. */
export interface PullFailure {
  readonly kind: FailureKind;
  readonly problem: string;
  /** What is here already does not belong to what there is now. */
  readonly startAgain: boolean;
  readonly retryAfterMs?: number;
}

export type PullVerdict =
  /** The body continues the bytes that are here. */
  | { readonly kind: "continue"; readonly bytes: number }
  /** The body is the whole file; its validator, if it has one, allows to resume it. */
  | {
      readonly kind: "whole";
      readonly validator: string | null;
      readonly bytes: number | undefined;
    }
  | { readonly kind: "failed"; readonly failure: PullFailure };

type Header = (name: string) => string | null;

/**
 * Whether an answer's body may be used. Appending what does not belong is how resumed files are
 * corrupted, so status, range, total, length and validator all have to fit. [RFC 9110, 15.3.7]
 */
export function judgeAnswer(asked: PullAsked, status: number, header: Header): PullVerdict {
  const { sender } = asked;
  if (status !== 200 && status !== 206) return failed(refusalOf(sender, status, header));
  const coding = header("content-encoding");
  if (coding !== null && coding.trim().toLowerCase() !== "identity") {
    return corrupt(`${sender} answers encoded (${coding}) although the plain file was asked for.`);
  }
  return status === 200 ? judgeWhole(asked, header) : judgePart(asked, header);
}

/** A 200 after a request for a part means that the file is another one now, or that ranges are ignored. */
function judgeWhole(asked: PullAsked, header: Header): PullVerdict {
  const length = header("content-length");
  const told = length === null ? undefined : Number(length);
  if (told !== undefined && asked.bytes !== undefined && told !== asked.bytes) {
    return corrupt(`${asked.sender} has a file of ${told} bytes instead of ${asked.bytes}.`);
  }
  return { kind: "whole", validator: validatorOf(header), bytes: asked.bytes ?? told };
}

/** A date is only as exact as a second: it tells versions apart once it is older than this. */
const DATE_SETTLES_MS = 60_000;

/** What makes sure that a part belongs to the same file: a strong ETag, else a settled date. [RFC 9110, 8.8.2.2] */
function validatorOf(header: Header): string | null {
  const etag = header("etag");
  if (etag !== null) return etag.startsWith('"') ? etag : null;
  const modified = header("last-modified");
  const ageMs = Date.parse(header("date") ?? "") - Date.parse(modified ?? "");
  return ageMs >= DATE_SETTLES_MS ? modified : null;
}

function judgePart(asked: PullAsked, header: Header): PullVerdict {
  const { sender, from, validator } = asked;
  if (from === 0) return corrupt(`${sender} sent a part although the whole file was asked for.`);
  const range = parseContentRange(header("content-range"));
  const total = asked.bytes ?? range?.total;
  if (
    total === undefined ||
    range?.first !== from ||
    range.last !== total - 1 ||
    range.total !== total
  ) {
    const found = header("content-range") ?? "no range at all";
    const wanted = `${from}-${total === undefined ? "" : `${total - 1}/${total}`}`;
    return corrupt(`${sender} sent another part (${found}) than was asked for (${wanted}).`);
  }
  const length = header("content-length");
  if (length !== null && Number(length) !== total - from) {
    return corrupt(`${sender} sent a part of ${length} bytes instead of ${total - from}.`);
  }
  const told = header(validator?.startsWith('"') ? "etag" : "last-modified");
  if (told !== null && told !== validator) return corrupt(`${sender} sent a part of another file.`);
  return { kind: "continue", bytes: total };
}

function refusalOf(sender: string, status: number, header: Header): PullFailure {
  const retryAfterMs = retryAfterOf(header("retry-after"));
  const later = { startAgain: false, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  switch (status) {
    case 401:
    case 403:
      return { kind: "refused", problem: `${sender} refuses this gateway (${status}).`, ...later };
    case 404:
    case 410:
      return { kind: "refused", problem: `${sender} does not have this file.`, ...later };
    case 416:
      return {
        kind: "corrupt",
        problem: `${sender} has a file that is shorter than what is here already.`,
        startAgain: true,
      };
    case 429:
    case 503:
      return { kind: "busy", problem: `${sender} asks this gateway to come later.`, ...later };
    case 502:
    case 504:
      return { kind: "away", problem: `${sender} cannot be reached (${status}).`, ...later };
    default:
      return { kind: "refused", problem: `${sender} answered ${status}.`, ...later };
  }
}

/** Seconds only: a date would need the other side's clock. [RFC 9110, 10.2.3] */
function retryAfterOf(header: string | null): number | undefined {
  return /^\d{1,6}$/.test(header ?? "") ? Number(header) * 1000 : undefined;
}

function corrupt(problem: string): PullVerdict {
  return failed({ kind: "corrupt", problem, startAgain: true });
}

function failed(failure: PullFailure): PullVerdict {
  return { kind: "failed", failure };
}
