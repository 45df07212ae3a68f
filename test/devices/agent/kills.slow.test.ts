import { expect, test } from "bun:test";
import { killRepeatedly } from "../../harness/agent-kills.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

/** The long form has 500. [D34] */
const KILLS = 10;
const SEED = Number(Bun.env.TEST_SEED ?? 1);

test(`${KILLS} kills of the agent leave its packages as their rules say [TEST_SEED=${SEED}]`, async () => {
  const { tally, wrong } = await killRepeatedly(KILLS, seededRandom(SEED));
  expect(wrong).toEqual([]);
  expect(tally.kills).toBe(KILLS);
});
