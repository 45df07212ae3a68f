import { test } from "bun:test";
import { runWorlds } from "./run-worlds.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const SESSIONS = 20_000;

test(`${SESSIONS} random sessions lose nothing and do nothing twice (TEST_SEED=${SEED})`, () => {
  runWorlds(SEED, SESSIONS);
}, 900_000);
