import { test } from "bun:test";
import { readDamagedBodies } from "./damaged-bodies.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);

test(`a damaged body is read or refused, never an accident (TEST_SEED=${SEED})`, () => {
  readDamagedBodies(SEED, 100_000);
}, 900_000);
