import type { Hlc } from "../model/hlc.ts";
import type { DistributionId, PackageId } from "../model/ids.ts";
import { compareOrder, type Installation } from "../model/installation.ts";

/**
 * Which rows of ONE device reports look at.
 *
 * `winner`: of several sites' rows for one distribution, the greatest by the order tuple; a maximum,
 * so merging is commutative, associative and idempotent. `current`: of the winners that count, the
 * row of the package's newest distribution: per-app reports take each device once. [D4]
 *
 * @param rows all rows of one device, from all sites; a site has one row for a distribution
 * @param orderOf the HLC of a distribution: the newest is the greatest
 * @returns the rows in the given order; a row whose flags are right already is the same object
 */
export function rankRows(
  rows: readonly Installation[],
  orderOf: (distribution: DistributionId) => Hlc,
): Installation[] {
  const [first] = rows;
  // At a site, where this follows each message of a device, nobody else has rows.
  const winners = rows.every((row) => row.site === first?.site) ? undefined : winnersAmong(rows);

  const newest = new Map<PackageId, Installation>();
  for (const row of winners?.values() ?? rows) {
    if (!row.counted) continue;
    const best = newest.get(row.package);
    if (!best || newerThan(row, best, orderOf)) newest.set(row.package, row);
  }

  return rows.map((row) => {
    const winner = winners === undefined || winners.get(row.distribution) === row;
    const current = newest.get(row.package) === row;
    return row.winner === winner && row.current === current ? row : { ...row, winner, current };
  });
}

function winnersAmong(rows: readonly Installation[]): ReadonlyMap<DistributionId, Installation> {
  const winners = new Map<DistributionId, Installation>();
  for (const row of rows) {
    const best = winners.get(row.distribution);
    if (!best || compareOrder(row, best) > 0) winners.set(row.distribution, row);
  }
  return winners;
}

function newerThan(
  row: Installation,
  best: Installation,
  orderOf: (distribution: DistributionId) => Hlc,
): boolean {
  const order = orderOf(row.distribution);
  const bestOrder = orderOf(best.distribution);
  return order === bestOrder ? row.distribution > best.distribution : order > bestOrder;
}
