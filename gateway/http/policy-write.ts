import { AppError } from "../../devices/model/errors.ts";
import type { PolicyReader } from "../../devices/ports/policy-reader.ts";
import type { PolicyAuthor, PolicyChange } from "../../sync/ports/policy-author.ts";
import type { Audit } from "../access/audit.ts";
import { nameOf } from "../access/principal.ts";
import { recordAction } from "./audited.ts";
import type { AppContext } from "./environment.ts";
import { needPrincipal } from "./identify.ts";

/** What routes need that write policy. */
export interface PolicyRoutesDeps {
  readonly policy: PolicyReader;
  readonly author: PolicyAuthor;
  readonly audit: Audit;
}

/**
 * Writes records and says so in the audit log. A change of no field is none: at a site it would stand
 * for an override that says nothing.
 */
export async function writePolicy(
  { author, audit }: PolicyRoutesDeps,
  c: AppContext,
  action: string,
  changes: readonly PolicyChange[],
): Promise<void> {
  const real = changes.filter(({ body }) => body === null || Object.keys(body).length > 0);
  if (real.length === 0) return;
  await author.write(real, nameOf(needPrincipal(c)));
  for (const { id, body } of real) {
    await recordAction(audit, c, action, id, body ?? {});
  }
}

/** After a write the record is there: the author projects before it answers. */
export function needWritten<T>(record: T | undefined, what: string): T {
  if (record === undefined) throw new Error(`${what} was written and is not there`);
  return record;
}

/** An id made from a name: lower-case letters, digits and hyphens; `fallback` when nothing is left. */
export function idFromName(name: string, fallback: () => string): string {
  const slug = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, ID_CHARACTERS_MAX)
    .replace(/-+$/, "");
  return slug === "" ? fallback() : slug;
}

const ID_CHARACTERS_MAX = 63;

/**
 * A POST that names its record's id may be a repetition: the same record again is fine, another one
 * under the same id is not.
 *
 * @returns true when the record is there already, just like this
 */
export function isRepetition(wanted: object, current: object | undefined, id: string): boolean {
  if (current === undefined) return false;
  const known: Record<string, unknown> = { ...current };
  const isSame = Object.entries(wanted).every(([name, value]) =>
    Bun.deepEquals(known[name], value),
  );
  if (!isSame) throw new AppError("conflict", `there is another record under the id ${id} already`);
  return true;
}
