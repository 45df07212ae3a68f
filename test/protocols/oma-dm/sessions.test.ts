import { expect, test } from "bun:test";
import { runWorlds } from "./run-worlds.ts";
import { runWorld } from "./session-world.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);
const SESSIONS = 80;

/** Worlds that have found something wrong. */
const FOUND = [
  ["a first message that came again after its Exec was carried out", 612],
  ["a late answer to a session of the same name that had broken off", 200],
  ["a message without commands from a server that was not trusted yet", 61],
  ["Status elements that a refusal still owed", 3],
  ["an object that was refused, and the rest of it", 703_747],
  ["a session that was left, going on in the middle of a stranger's", 1_401_877],
  ["a command that fitted alone, and met an alert's Status while it waited", 656_396_566],
] as const;

test.each(FOUND)("%s", (_, seed) => {
  expect(runWorld(seed).messages).toBeGreaterThan(0);
});

// Goal: whatever the line, the device's weaknesses and strangers do, no command is lost and none is
// executed twice, no session knows anything of another, and every message keeps the rules.
test(`random sessions lose nothing and do nothing twice (TEST_SEED=${SEED})`, () => {
  runWorlds(SEED, SESSIONS);
}, 60_000);
