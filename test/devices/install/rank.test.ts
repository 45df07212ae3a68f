import { describe, expect, test } from "bun:test";
import { rankRows } from "../../../devices/install/rank.ts";
import type { Hlc } from "../../../devices/model/hlc.ts";
import type { DistributionId, PackageId, SiteId } from "../../../devices/model/ids.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import { rowOf } from "../../contracts/site-rows.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const ROUNDS = 200;

/** Two distributions of one package may carry one stamp: the id decides then. */
const orderOf = (id: DistributionId) => `${Number(id.slice(1)) >> 1}`.padStart(16, "0") as Hlc;

/** Rows of one device from several sites, few values each, so that ties are frequent. */
function randomRows(random: () => number): Installation[] {
  const up = (count: number) => Math.floor(random() * count);
  const rows = new Map<string, Installation>();
  for (let index = 0; index < 12; index++) {
    const [site, distribution] = [`site-${up(3)}` as SiteId, `d${up(6)}` as DistributionId];
    const row = rowOf("one", distribution, {
      site,
      distribution,
      package: `app-${Number(distribution.slice(1)) % 2}` as PackageId,
      incarnation: up(2),
      attempt: 1 + up(2),
      sequence: up(3),
      hlc: up(2).toString().padStart(16, "0") as Hlc,
      counted: random() < 0.7,
      current: random() < 0.5,
      winner: random() < 0.5,
    });
    rows.set(`${site} ${distribution}`, row);
  }
  return [...rows.values()];
}

const keyOf = (row: Installation) => `${row.site} ${row.distribution}`;
const sorted = (rows: readonly Installation[]) =>
  [...rows].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));

describe(`rankRows() (TEST_SEED=${SEED})`, () => {
  const random = seededRandom(SEED);
  const worlds = Array.from({ length: ROUNDS }, () => randomRows(random));

  test("the order in which rows come does not matter", () => {
    for (const rows of worlds) {
      const shuffled = [...rows].sort(() => random() - 0.5);
      expect(sorted(rankRows(shuffled, orderOf))).toEqual(sorted(rankRows(rows, orderOf)));
    }
  });

  test("rows that were ranked before, alone or with some, are ranked the same", () => {
    for (const rows of worlds) {
      const cut = Math.floor(random() * rows.length);
      const some = rankRows(rows.slice(0, cut), orderOf);
      const all = rankRows(rows, orderOf);
      expect(rankRows([...some, ...rows.slice(cut)], orderOf)).toEqual(all);
      expect(rankRows(all, orderOf).every((row, index) => row === all[index])).toBe(true);
    }
  });

  test("each distribution has one winner, and a package one current row if any winner counts", () => {
    for (const rows of worlds) {
      const ranked = rankRows(rows, orderOf);
      const winners = ranked.filter((row) => row.winner);
      expect(winners).toHaveLength(new Set(rows.map((row) => row.distribution)).size);
      for (const app of new Set(rows.map((row) => row.package))) {
        const counted = winners.filter((row) => row.package === app && row.counted);
        const current = ranked.filter((row) => row.package === app && row.current);
        expect(current).toHaveLength(counted.length > 0 ? 1 : 0);
        expect(current.every((row) => counted.includes(row))).toBe(true);
      }
    }
  });
});
