/** Messages with mistakes in them; the long form is mutation.long.test.ts. */
import { test } from "bun:test";
import { ENCODINGS } from "../../../protocols/syncml/encoding.ts";
import { expectUnderstoodOrRefused, loadSeeds } from "./mutations.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const RUNS = 2_000;
const seeds = await loadSeeds();

test.each(ENCODINGS)(
  `mutated messages in %s are understood or refused (TEST_SEED=${SEED})`,
  (encoding) => {
    const own = seeds.filter((seed) => seed.encoding === encoding);
    expectUnderstoodOrRefused(own, { seed: SEED, runs: RUNS });
  },
);
