import { test } from "bun:test";
import { randomInstants } from "./random-instants.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);

test(`S-25 the same, polling each minute (TEST_SEED=${SEED})`, async () => {
  await randomInstants({ agents: 200, seed: SEED, stepMs: [60_000, 60_000] });
}, 600_000);
