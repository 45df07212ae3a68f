/** The long form of mutation.test.ts: 100,000 messages in each encoding, new ones at every run. */
import { test } from "bun:test";
import { ENCODINGS } from "../../../protocols/syncml/encoding.ts";
import { expectUnderstoodOrRefused, loadSeeds } from "./mutations.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000_000);
const RUNS = 100_000;
const seeds = await loadSeeds();

test.each(ENCODINGS)(
  `mutated messages in %s are understood or refused, many of them (TEST_SEED=${SEED})`,
  (encoding) => {
    const own = seeds.filter((seed) => seed.encoding === encoding);
    expectUnderstoodOrRefused(own, { seed: SEED, runs: RUNS });
  },
);
