import { test } from "bun:test";
import { randomInstants } from "./random-instants.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);

test(`S-25 200 agents are evaluated once a night, each at its own instant (TEST_SEED=${SEED})`, async () => {
  await randomInstants({ agents: 200, seed: SEED, stepMs: [15 * 60_000, 30 * 60_000] });
}, 300_000);
