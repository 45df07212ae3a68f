/** The long form of convergence.test.ts: longer lives, many more seeds, new ones at every run. */
import { describe, expect, test } from "bun:test";
import { expectConverged } from "./simulation/oracle.ts";
import { worldAfter } from "./simulation/scenario.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000_000);
const SEEDS = 300;
const ROUNDS = 60;

const seeds = Array.from({ length: SEEDS }, (_, index) => SEED + index);

describe("hub and sites, for long", () => {
  test.each(seeds)("agree after faults of every kind (TEST_SEED=%p)", async (seed) => {
    const world = await worldAfter(seed, ROUNDS);
    await world.converge();
    expectConverged(world);
    expect(world.hub.disk.quarantine.size).toBe(0);
  });
});
