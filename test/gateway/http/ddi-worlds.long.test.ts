import { test } from "bun:test";
import { runDdiWorlds } from "./ddi-world.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const WORLDS = 150;
const STEPS = 80;

test(
  `whatever devices say of jobs, nothing is lost or made up (TEST_SEED=${SEED})`,
  () => runDdiWorlds(SEED, WORLDS, STEPS),
  900_000,
);
