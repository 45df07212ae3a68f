import { AppError } from "../../devices/model/errors.ts";
import { sha256Hex } from "../../devices/model/sha256.ts";
import type { AppContext } from "./environment.ts";

/** The entity tag of a record as it is shown. */
export function etagOf(shown: unknown): string {
  return `"${sha256Hex(JSON.stringify(shown)).slice(0, 24)}"`;
}

/**
 * Guards an edit: with `If-Match` it must be of what is there now, with `If-None-Match: *` there must
 * be nothing.
 *
 * @param current the record as it is shown; undefined when there is none
 * @throws AppError "precondition-failed"
 */
export function checkPreconditions(c: AppContext, current: unknown): void {
  const match = c.req.header("If-Match");
  if (match !== undefined && !isAmong(match, current)) {
    throw new AppError(
      "precondition-failed",
      "the record was changed in the meantime: read it again, then decide",
    );
  }
  const noneMatch = c.req.header("If-None-Match");
  if (noneMatch !== undefined && isAmong(noneMatch, current)) {
    throw new AppError("precondition-failed", "there is such a record already");
  }
}

/** Does the list of tags (or `*`) name the record? */
function isAmong(tags: string, current: unknown): boolean {
  if (current === undefined) return false;
  if (tags.trim() === "*") return true;
  const etag = etagOf(current);
  return tags.split(",").some((tag) => tag.trim().replace(/^W\//, "") === etag);
}
