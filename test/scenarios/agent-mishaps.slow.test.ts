/** What may happen on the way between an agent and its site. Whatever it is, work is done once and told as it was. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { AgentResult } from "../../protocols/agent/requests.ts";
import { AgentAtSite } from "../harness/agent-at-site.ts";
import { AgentScenario } from "../harness/agent-scenario.ts";
import { BadLine } from "../harness/bad-line.ts";
import { seededRandom } from "../harness/seeded-random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());
const CONTENT = "content ".repeat(30_000);
/** Agents of a run, each with the same orders. */
const AGENTS = 2;

let scenario: AgentScenario;
beforeAll(async () => {
  scenario = await AgentScenario.start();
}, 60_000);
afterAll(() => scenario[Symbol.asyncDispose]());

const log = (text: string) => ({ kind: "Run", command: `\\log.exe ${text}` });
const fetched = (name: string) => ({
  kind: "Download",
  source: "a.bin",
  target: `\\${name}\\a.bin`,
});
const size = (name: string) => ({
  kind: "FileSize",
  file: `\\${name}\\a.bin`,
  source: { file: "a.bin" },
});

/** What there is to do, and what is told of it. */
const ORDERS: readonly [name: string, install: object, words: string][] = [
  ["plain", { actions: [log("plain")] }, "accepted installing step-succeeded succeeded"],
  [
    "fetch",
    { actions: [fetched("fetch"), log("fetch")] },
    "accepted downloading step-succeeded installing step-succeeded succeeded",
  ],
  [
    "judged",
    { actions: [log("judged"), fetched("judged")], metrics: [size("judged")] },
    "provision-needed accepted installing step-succeeded step-succeeded succeeded",
  ],
  ["there", { actions: [log("there")], metrics: [size("there")] }, "up-to-date"],
  [
    "fails",
    { actions: [log("fails"), { kind: "DeleteFiles", path: "\\none" }] },
    "accepted installing step-succeeded step-failed action-failed",
  ],
];
const RAN = ["plain", "fetch", "judged", "fails"];

const told = (words: readonly string[]) => words.filter((word) => SAID.has(word));
const SAID = new Set(ORDERS.flatMap(([, , words]) => words.split(" ")));

async function distributeAll(prefix: string, agents: readonly AgentAtSite[]): Promise<string[]> {
  const made: string[] = [];
  const devices = agents.map(({ store }) => store?.state.device);
  for (const [name, install] of ORDERS) {
    const options = { files: [["a.bin", CONTENT]] as const, target: { kind: "devices", devices } };
    made.push(await scenario.distribute(`${prefix}-${name}`, install, options));
  }
  return made;
}

async function request(agent: AgentAtSite, distributions: readonly string[]): Promise<void> {
  for (const one of distributions)
    await scenario.site.request(agent.store?.state.device ?? "", one);
}

async function judge(agent: AgentAtSite, distributions: readonly string[]): Promise<void> {
  expect(readFileSync(join(agent.device, "log"), "utf8").trim().split("\n")).toEqual(RAN);
  for (const name of ["fetch", "judged"]) {
    expect(readFileSync(join(agent.device, name, "a.bin"), "utf8")).toBe(CONTENT);
  }
  expect(agent.store?.state.outbox).toEqual([]);
  for (const [n, distribution] of distributions.entries()) {
    const words = told(await scenario.words(agent, distribution));
    expect(words.join(" ")).toBe(ORDERS[n]?.[2] ?? "");
  }
}

const LOG = { "log.exe": '#!/bin/sh\necho "$1" >> "$(dirname "$0")/log"\n' };

test(`a bad line: lost, twice, late, foreign and cut (TEST_SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  const foreign = await scenario.raw("foreign");
  const line = new BadLine(random, foreign.token);
  const agents: AgentAtSite[] = [];
  for (let n = 0; n < AGENTS; n++) {
    const options = { stableId: `bad-${n}`, code: await scenario.code(), fetch: line.fetch };
    const agent = scenario.keep(new AgentAtSite(scenario.url, options));
    // An agent that runs once gives up when it cannot enrol; whoever starts it does so again, with the same code.
    while (!agent.store?.state.device) await agent.run().catch(() => undefined);
    agents.push(agent);
  }
  const distributions = await distributeAll("bad", agents);
  for (const agent of agents) {
    agent.put(LOG, 0o755);
    agent.put({ "there/a.bin": CONTENT });
    await agent.run();
    await request(agent, distributions);
    expect(await agent.run()).toEqual({ done: 4, failed: 1 });
    await judge(agent, distributions);
  }
  expect(new Set(line.foreign)).toEqual(new Set([403]));
  expect(Object.values(line.mishaps).reduce((sum, one) => sum + one, 0)).toBeGreaterThan(5);
  expect((await foreign.poll()).work).toEqual([]);
});

test(`the site is killed again and again while its agent works (TEST_SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  const agent = await scenario.agent("killed", {
    clock: {
      now: Date.now,
      sleep: async (ms, signal) => wait(ms, undefined, signal && { signal }),
    },
  });
  agent.put(LOG, 0o755);
  agent.put({ "there/a.bin": CONTENT });
  const distributions = await distributeAll("killed", [agent]);
  await agent.run();
  await request(agent, distributions);
  let isDone = false;
  const done = agent.run().finally(() => {
    isDone = true;
  });
  let kills = 0;
  while (!isDone && kills < 2) {
    await wait(random() * 250);
    if (isDone) break;
    await scenario.site.gateway.kill();
    await scenario.site.gateway.restart();
    kills += 1;
  }
  expect(await done).toEqual({ done: 4, failed: 1 });
  await judge(agent, distributions);
});

test(`[5.3] results in any order, each twice: the row is where the last one says (TEST_SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  const shuffled = <T>(all: readonly T[]) =>
    all
      .map((one) => ({ one, key: random() }))
      .sort((a, b) => a.key - b.key)
      .map(({ one }) => one);
  const distribution = await scenario.distribute("shuffled", { actions: [log("x"), log("y")] });
  for (let n = 0; n < 5; n++) {
    const agent = await scenario.raw(`shuffled-${n}`);
    await agent.poll();
    await scenario.site.request(agent.id, distribution);
    const work = await agent.work();
    const step = (index: number) => ({
      ...agent.result(work, "step-succeeded"),
      step: { index, kind: "Run" },
    });
    const results: AgentResult[] = [
      agent.result(work, "accepted"),
      agent.result(work, "installing"),
      step(0),
      step(1),
      agent.result(work, "succeeded"),
    ];
    for (let rest = shuffled([...results, ...results]); rest.length > 0; ) {
      const batch = rest.slice(0, 1 + Math.floor(random() * 3));
      rest = rest.slice(batch.length);
      expect((await agent.report(...batch)).refused).toEqual([]);
    }
    expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: "Installed" });
    const words = told(await scenario.words(agent, distribution));
    expect([...words].sort()).toEqual(
      ["accepted", "installing", "step-succeeded", "step-succeeded", "succeeded"].sort(),
    );
    expect((await agent.poll()).work).toEqual([]);
  }
});
