import { describe, expect, test } from "bun:test";
import { bucketOf, isRow } from "../../../devices/install/matrix.ts";
import { targets } from "../../../devices/install/targets.ts";
import { isOpen } from "../../../devices/install/waiting.ts";
import { PLATFORMS, type Platform } from "../../../devices/model/device.ts";
import {
  BUCKETS,
  compareOrder,
  type Installation,
  REASONS,
} from "../../../devices/model/installation.ts";
import { World } from "./a-world.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const WORLDS = 60;
const STEPS = 60;
/** Worlds that found something once: a stamp of before the plan, a step that the table has not. */
const FOUND: readonly (readonly [seed: number, platform: Platform])[] = [
  [3_617, "Windows"],
  [700_955, "Windows"],
  [701_915, "Windows"],
];

/** Lives of devices: after each thing that happens the plan is made and looked at. */
function* lives(): Generator<{ world: World; before: readonly Installation[]; where: string }> {
  const drawn = Array.from({ length: WORLDS }, (_, index) => {
    const platform = PLATFORMS[index % PLATFORMS.length] ?? "Windows";
    return [SEED + index, platform] as const;
  });
  for (const [seed, platform] of [...FOUND, ...drawn]) {
    const world = new World(seed, platform);
    for (let step = 0; step < STEPS; step++) {
      const before = world.rows;
      world.step();
      yield { world, before, where: `world ${seed} of ${platform}, step ${step}` };
    }
  }
}

describe(`plan() over whole lives (TEST_SEED=${SEED})`, () => {
  test("each open row has one reason of the closed list, and a since that is not to come", () => {
    for (const { world, where } of lives()) {
      world.plan();
      for (const row of world.rows) {
        const isAsked = isOpen(row) && row.incarnation === world.view.device.incarnation;
        if (isAsked)
          expect([where, REASONS as readonly unknown[]]).toEqual([
            where,
            expect.arrayContaining([row.reason]),
          ]);
        expect(row.sinceMs).toBeLessThanOrEqual(world.nowMs);
      }
      const said = world.planned().reasons.map((reason) => reason.distribution);
      expect(new Set(said).size).toBe(said.length);
    }
  });

  test("planning twice decides nothing more, and says the same", () => {
    for (const { world, where } of lives()) {
      const first = world.plan();
      const rows = world.rows;
      const second = world.plan();
      expect([where, second.births, second.decisions]).toEqual([where, [], []]);
      expect(second.work.map((work) => work.distribution.id)).toEqual(
        first.work.map((work) => work.distribution.id),
      );
      expect(world.rows).toEqual(rows);
    }
  });

  test("what is decided is legal, and leads to a row of the matrix", () => {
    for (const { world, where } of lives()) {
      const before = world.rows;
      world.plan();
      for (const fact of world.facts.filter(({ kind }) => kind === "decision")) {
        const row = before.find((one) => one.distribution === fact.distribution);
        if (fact.value !== "born" && row?.anomaly === false) {
          expect([where, fact.value, fact.anomaly]).toEqual([where, fact.value, false]);
        }
      }
      for (const { platform, status, state } of world.rows) {
        expect([where, status, state, isRow(platform, status, state)]).toEqual([
          where,
          status,
          state,
          true,
        ]);
      }
    }
  });

  test("no row goes back in the order, and one of a life is never replaced by its former one", () => {
    for (const { world, before } of lives()) {
      world.plan();
      for (const row of world.rows) {
        const former = before.find((one) => one.distribution === row.distribution);
        if (former) expect(compareOrder(row, former)).toBeGreaterThanOrEqual(0);
      }
    }
  });

  test("work is only for rows that count, wait, and were asked for or released", () => {
    for (const { world, where } of lives()) {
      const { work } = world.plan();
      for (const { distribution } of work) {
        const row = world.rows.find((one) => one.distribution === distribution.id);
        const isDue = (row?.releasedUntilMs ?? 0) > world.nowMs || row?.requestedAtMs !== null;
        expect([where, row?.counted, row?.offeredAtMs, isDue]).toEqual([where, true, null, true]);
        expect(distribution.stoppedAtMs).toBeNull();
        expect(world.view.device.removedAtMs).toBeNull();
        expect(world.view.device.compliance).not.toBe("out-of-compliance");
      }
    }
  });

  test("what ended counts where it was done, and nowhere else; what is planned counts", () => {
    for (const { world, where } of lives()) {
      world.plan();
      const { device } = world.view;
      const planned = new Map<string, string>();
      for (const distribution of world.policy.distributions) {
        if (!targets(distribution, device, []) || planned.has(distribution.package)) continue;
        planned.set(distribution.package, distribution.id);
      }
      for (const row of world.rows.filter((one) => one.incarnation === device.incarnation)) {
        const isPlanned = planned.get(row.package) === row.distribution;
        const isUndone = isOpen(row) || row.status === "failed" || row.status === "upgrade_failed";
        expect([where, row.status, row.counted]).toEqual([
          where,
          row.status,
          isPlanned || !isUndone,
        ]);
      }
    }
  });

  test("the buckets part the rows that count, and of each package one row at most is current", () => {
    for (const { world } of lives()) {
      world.plan();
      const counted = world.rows.filter((row) => row.counted);
      const sums = BUCKETS.map(
        (bucket) => counted.filter((row) => bucketOf(row.status, row.operation) === bucket).length,
      );
      expect(sums.reduce((sum, count) => sum + count, 0)).toBe(counted.length);
      const current = world.rows.filter((row) => row.current);
      expect(new Set(current.map((row) => row.package)).size).toBe(current.length);
      expect(current.every((row) => row.counted)).toBe(true);
    }
  });
});
