import { expect } from "bun:test";
import { runWorld, type WorldOutcome } from "./session-world.ts";

/** Runs worlds, one seed after the other, until they have held so many sessions. */
export function runWorlds(firstSeed: number, sessions: number): void {
  const seen = { sessions: 0, messages: 0, faults: 0, asked: 0, refused: 0 };
  for (let index = 0; seen.sessions < sessions; index++) {
    const outcome = runNamed((firstSeed + index * 7_919) % 2 ** 31);
    for (const key of Object.keys(seen) as (keyof WorldOutcome)[]) seen[key] += outcome[key];
  }
  // It would prove nothing if nothing had gone wrong.
  expect(seen.messages).toBeGreaterThan(sessions * 3);
  expect(seen.faults).toBeGreaterThan(sessions);
  expect(seen.asked).toBeGreaterThan(sessions / 10);
  expect(seen.refused).toBeGreaterThan(sessions / 10);
}

function runNamed(seed: number): WorldOutcome {
  try {
    return runWorld(seed);
  } catch (cause) {
    throw new Error(`the world of seed ${seed} broke a promise`, { cause });
  }
}
