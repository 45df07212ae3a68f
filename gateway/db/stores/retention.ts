import type { SiteId } from "../../../devices/model/ids.ts";
import type { FactPosition } from "../../../sync/ports/site-link-store.ts";
import type { OutpostDatabase } from "../database.ts";

/** Facts deleted in one transaction, so that nobody waits long behind it. */
export const FACTS_PER_SWEEP = 2000;

/** How far the facts of one incarnation may be forgotten. */
export interface ForgettableFacts extends FactPosition {
  readonly site: SiteId;
}

/** How far ahead of now a time may be and still be believed. */
const AHEAD_MS_MAX = 24 * 60 * 60 * 1000;

/**
 * Deletes facts that are old and that the other side has; the last one of each incarnation always
 * stays, because the next number is counted from it. What goes is the beginning, up to the first fact
 * that is not old: a box whose clock stood in 1970 for a while must not lose the history of that while
 * before its time has come. Facts of a time to come do not hold up what came after them.
 *
 * @param times facts observed before `beforeMs` are old; milliseconds since the epoch
 * @param through facts after these stay however old they are
 * @returns how many were deleted
 */
export async function deleteOldFacts(
  database: OutpostDatabase,
  times: { readonly beforeMs: number; readonly nowMs: number },
  through: readonly ForgettableFacts[],
): Promise<number> {
  let deleted = 0;
  for (const { site, incarnation, seq } of through) {
    const last = Math.min(lastOld(database, site, incarnation, times), seq);
    for (let count = FACTS_PER_SWEEP; count === FACTS_PER_SWEEP; deleted += count) {
      count = await database.writer.submit(
        () =>
          database.connection
            .prepare(OLDEST_FACTS)
            .run(site, incarnation, site, incarnation, last, FACTS_PER_SWEEP).changes,
      );
    }
  }
  return deleted;
}

/** The number of the last old fact that may go; 0 when there is none. */
function lastOld(
  { connection }: OutpostDatabase,
  site: SiteId,
  incarnation: number,
  { beforeMs, nowMs }: { readonly beforeMs: number; readonly nowMs: number },
): number {
  const numberOf = (sql: string, ...values: readonly number[]) =>
    Number(connection.prepare(sql).rows(site, incarnation, ...values)[0]?.[0] ?? 0);
  const firstYoung = numberOf(FIRST_YOUNG, beforeMs, nowMs + AHEAD_MS_MAX);
  const end = firstYoung > 0 ? firstYoung : numberOf(NEWEST);
  return numberOf(LAST_OLD, end, beforeMs);
}

const OF_INCARNATION = "FROM facts WHERE site = ? AND site_incarnation = ?";
const FIRST_YOUNG = `SELECT seq ${OF_INCARNATION} AND at_ms BETWEEN ? AND ? ORDER BY seq LIMIT 1`;
const NEWEST = `SELECT max(seq) ${OF_INCARNATION}`;
const LAST_OLD = `SELECT seq ${OF_INCARNATION} AND seq < ? AND at_ms < ? ORDER BY seq DESC LIMIT 1`;
const OLDEST_FACTS = `DELETE ${OF_INCARNATION} AND seq IN (
  SELECT seq ${OF_INCARNATION} AND seq <= ? ORDER BY seq LIMIT ?)`;
