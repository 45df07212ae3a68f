/** The long form of convergence.test.ts: longer lives, many more seeds, new ones at every run. */
import { describe, expect, test } from "bun:test";
import { expectConverged } from "./simulation/oracle.ts";
import { worldAfter } from "./simulation/scenario.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000_000);
const SEEDS = 300;
const ROUNDS = 60;

/** Short lives from seeds that stay the same; convergence.test.ts takes the first of them. */
const FIXED_SEED = 20_261_102;
const FIXED_SEEDS = 60;
const FIXED_ROUNDS = 12;

const lives = [
  ...Array.from({ length: SEEDS }, (_, index) => [SEED + index, ROUNDS] as const),
  ...Array.from({ length: FIXED_SEEDS }, (_, index) => [FIXED_SEED + index, FIXED_ROUNDS] as const),
];

describe("hub and sites, for long", () => {
  test.each(lives)(
    "agree after faults of every kind (TEST_SEED=%p, %p rounds)",
    async (seed, rounds) => {
      const world = await worldAfter(seed, rounds);
      await world.converge();
      expectConverged(world);
      expect(world.hub.disk.quarantine.size).toBe(0);
    },
  );
});
