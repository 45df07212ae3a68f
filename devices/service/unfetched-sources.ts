import type { RevisionId } from "../model/ids.ts";
import type { RevisionSource } from "../model/package.ts";
import type { Policy } from "../model/policy.ts";

/** Revisions that have no file yet, and whose vendor this gateway has to ask for it. */
export function unfetchedSources(
  policy: Policy,
  fetchedBy: RevisionSource["fetchedBy"],
): readonly { readonly revision: RevisionId; readonly source: RevisionSource }[] {
  return [...policy.revisions.values()].flatMap(({ id, file, source }) =>
    file === null && source?.fetchedBy === fetchedBy ? [{ revision: id, source }] : [],
  );
}
