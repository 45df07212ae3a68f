import type { FactPosition } from "../../../sync/ports/site-link-store.ts";
import type { OutpostDatabase } from "../database.ts";

/** Facts deleted in one transaction, so that nobody waits long behind it. */
export const FACTS_PER_SWEEP = 2000;

const OLD_FACTS = `DELETE FROM facts WHERE rowid IN (
  SELECT rowid FROM facts WHERE site_incarnation = ? AND seq <= ? AND at_ms < ?
    AND seq < (SELECT max(seq) FROM facts AS newest
      WHERE newest.site = facts.site AND newest.site_incarnation = facts.site_incarnation)
  LIMIT ?)`;

/**
 * Deletes facts that are old and that the hub has acknowledged; the last one of each incarnation
 * always stays, because the next number is counted from it.
 *
 * @param beforeMs facts observed before this time are old, milliseconds since the epoch
 * @param acknowledged what the hub has, per incarnation; facts after it stay however old they are
 * @returns how many were deleted; call again while it is `FACTS_PER_SWEEP`
 */
export async function deleteOldFacts(
  database: OutpostDatabase,
  beforeMs: number,
  acknowledged: readonly FactPosition[],
): Promise<number> {
  let deleted = 0;
  for (const { incarnation, seq } of acknowledged) {
    const room = FACTS_PER_SWEEP - deleted;
    if (room <= 0) break;
    deleted += await database.writer.submit(
      () => database.connection.prepare(OLD_FACTS).run(incarnation, seq, beforeMs, room).changes,
    );
  }
  return deleted;
}
