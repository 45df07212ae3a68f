import type { SiteId } from "../../../devices/model/ids.ts";
import type { FactPosition } from "../../../sync/ports/site-link-store.ts";
import type { OutpostDatabase } from "../database.ts";

/** Numbers looked at in one transaction, so that nobody waits long behind it. */
export const FACTS_PER_SWEEP = 2000;

/** How far the facts of one incarnation may be forgotten. */
export interface ForgettableFacts extends FactPosition {
  readonly site: SiteId;
}

/**
 * Deletes facts that are old and that the other side has; the last one of each incarnation always
 * stays, because the next number is counted from it. It begins at the oldest and stops at a stretch
 * in which nothing is old, so a run with nothing to do reads little however many facts there are.
 *
 * @param beforeMs facts observed before this time are old, milliseconds since the epoch
 * @param through facts after these stay however old they are
 * @returns how many were deleted
 */
export async function deleteOldFacts(
  database: OutpostDatabase,
  beforeMs: number,
  through: readonly ForgettableFacts[],
): Promise<number> {
  let deleted = 0;
  for (const { site, incarnation, seq } of through) {
    let from = firstFact(database, site, incarnation);
    while (from !== undefined && from <= seq) {
      const to = Math.min(from + FACTS_PER_SWEEP - 1, seq);
      const count = await database.writer.submit(
        () =>
          database.connection
            .prepare(OLD_FACTS)
            .run(site, incarnation, from ?? 0, to, beforeMs, site, incarnation).changes,
      );
      deleted += count;
      from = count === 0 ? undefined : to + 1;
    }
  }
  return deleted;
}

function firstFact(
  { connection }: OutpostDatabase,
  site: SiteId,
  incarnation: number,
): number | undefined {
  const [row] = connection
    .prepare("SELECT min(seq) FROM facts WHERE site = ? AND site_incarnation = ?")
    .rows(site, incarnation);
  return typeof row?.[0] === "number" ? row[0] : undefined;
}

const OLD_FACTS = `DELETE FROM facts
  WHERE site = ? AND site_incarnation = ? AND seq BETWEEN ? AND ? AND at_ms < ?
    AND seq < (SELECT max(seq) FROM facts WHERE site = ? AND site_incarnation = ?)`;
