import { and, asc, eq, gt } from "drizzle-orm";
import type { Fact } from "../../../devices/model/fact.ts";
import type { SiteId } from "../../../devices/model/ids.ts";
import type { FactPosition } from "../../../sync/ports/site-link-store.ts";
import type { Connection } from "../driver/connection.ts";
import type { Db } from "../drizzle.ts";
import { facts } from "../schema/installations.ts";

/** Facts of one incarnation of a site after a number, ascending, at most `limit`. */
export function readFacts(db: Db, site: SiteId, after: FactPosition, limit: number): Fact[] {
  return db
    .select()
    .from(facts)
    .where(
      and(
        eq(facts.site, site),
        eq(facts.siteIncarnation, after.incarnation),
        gt(facts.seq, after.seq),
      ),
    )
    .orderBy(asc(facts.seq))
    .limit(limit)
    .all() as Fact[];
}

/** The last fact of every incarnation of a site, ascending; one look-up each, however many facts. */
export function lastFacts(connection: Connection, site: SiteId): FactPosition[] {
  return connection
    .prepare(LAST_FACTS)
    .rows(site, site, site)
    .map(([incarnation, seq]) => ({ incarnation: Number(incarnation), seq: Number(seq) }));
}

const LAST_FACTS = `WITH RECURSIVE known(incarnation) AS (
    SELECT max(site_incarnation) FROM facts WHERE site = ?
    UNION ALL
    SELECT (SELECT max(site_incarnation) FROM facts
        WHERE site = ? AND site_incarnation < known.incarnation)
      FROM known WHERE known.incarnation IS NOT NULL
  )
  SELECT incarnation,
      (SELECT max(seq) FROM facts WHERE site = ? AND site_incarnation = known.incarnation)
    FROM known WHERE incarnation IS NOT NULL ORDER BY incarnation`;
