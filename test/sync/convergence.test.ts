/**
 * Deterministic simulation: the real code of both ends over stores in memory, with a line that loses,
 * repeats, delays and corrupts, processes that die between any two store calls, disks that are restored
 * and appliances that are cloned. Whatever happens, hub and sites agree in the end, and with an oracle
 * that knows nothing of the link.
 */
import { describe, expect, test } from "bun:test";
import { expectConverged } from "./simulation/oracle.ts";
import { worldAfter } from "./simulation/scenario.ts";

const SEED = Number(Bun.env.TEST_SEED ?? 20_261_102);
/** All sixty are in the long form. */
const SEEDS = 12;
const ROUNDS = 12;

const seeds = Array.from({ length: SEEDS }, (_, index) => SEED + index);

describe("hub and sites", () => {
  test.each(seeds)("[8.3] agree after faults of every kind (TEST_SEED=%p)", async (seed) => {
    const world = await worldAfter(seed, ROUNDS);
    await world.converge();
    expectConverged(world);
    expect(world.hub.disk.quarantine.size).toBe(0);
  });
});
