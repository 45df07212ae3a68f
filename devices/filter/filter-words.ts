import { STATUS_WORDS } from "../install/matrix.ts";
import { COMPLIANCE, ENROLMENTS, OWNERSHIP, PLATFORMS } from "../model/device.ts";
import { MODES } from "../model/distribution.ts";
import { AppError } from "../model/errors.ts";
import { BUCKETS, OPERATIONS, REASONS } from "../model/installation.ts";
import { type Filter, type FilterFields, parseFilter } from "./filter.ts";
import { foldCase } from "./match.ts";

/** Fields that hold one word out of few. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  platform: PLATFORMS,
  status: STATUS_WORDS,
  bucket: BUCKETS,
  operation: OPERATIONS,
  mode: MODES,
  reason: REASONS,
  ownership: OWNERSHIP,
  compliance: COMPLIANCE,
  enrolment: ENROLMENTS,
};

/**
 * Reads a filter that somebody asks with, who is better told of a slip of the pen than shown nothing.
 *
 * @throws AppError "invalid" as `parseFilter`, and for a word that the field never holds
 */
export function parseAskedFilter(text: string, fields: FilterFields): Filter {
  return checkedWords(parseFilter(text, fields));
}

/**
 * The same for a filter that was read already. One that is stored is not checked again: another version
 * of this program may know more words.
 *
 * @throws AppError "invalid" for a word that the field never holds
 */
export function checkedWords(filter: Filter): Filter {
  for (const { field, values } of filter) {
    const words = WORDS[field];
    if (words === undefined) continue;
    const wrong = values.find((value) => !isPossible(value, words));
    if (wrong === undefined) continue;
    throw new AppError(
      "invalid",
      `${field} is never "${wrong}"; it is one of: ${words.join(", ")}`,
    );
  }
  return filter;
}

/** A word of the field, none, or one with a `*`, which may stand for any. */
function isPossible(value: string, words: readonly string[]): boolean {
  if (value === "" || value.includes("*")) return true;
  return words.some((word) => foldCase(word) === foldCase(value));
}
