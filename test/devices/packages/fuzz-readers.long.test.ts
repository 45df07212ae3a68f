import { describe, test } from "bun:test";
import { FUZZED_READERS, fuzzReader } from "../../harness/fuzz-readers.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);

describe(`many damaged files are read or refused (TEST_SEED=${SEED})`, () => {
  test.each(Object.keys(FUZZED_READERS))(
    "%s",
    async (name) => {
      await fuzzReader(name, SEED, 10_000);
    },
    120_000,
  );
});
