import { describe, test } from "bun:test";
import { join } from "node:path";
import { seededRandom } from "../../harness/seeded-random.ts";
import { crashRounds } from "./crash-rounds.ts";
import { withFolder } from "./temporary.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());
const ROUNDS = 250;

describe("kill -9 while facts are committed", () => {
  for (const [name, key] of [
    ["plain", undefined],
    ["encrypted", "a key of the test"],
  ] as const) {
    test(`${name}: no acknowledged fact is lost, no number is left out (TEST_SEED=${SEED})`, () =>
      withFolder((folder) =>
        crashRounds(join(folder, "site.db"), key, ROUNDS, seededRandom(SEED)),
      ));
  }
});
