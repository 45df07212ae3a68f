import { expect } from "bun:test";
import { z } from "zod";
import { CALM } from "../../devices/simulator/behaviour.ts";
import type { Fetch } from "../../devices/simulator/fetch-content.ts";
import type { Fleet } from "../../devices/simulator/fleet.ts";
import { enrolFleet } from "../../gateway/demo/branch.ts";
import { readPlan } from "../../protocols/agent/answers.ts";
import { Scenario } from "../harness/scenario.ts";

const MINUTE_MS = 60_000;
const WINDOW_MS = 120 * MINUTE_MS;
/** 22:00 in Vienna, on two nights. */
const NIGHTS = [7, 8].map((day) => Date.UTC(2026, 2, day, 21));
const Tonight = z.looseObject({ instant: z.string().nullable() });

export interface Crowd {
  readonly agents: number;
  readonly seed: number;
  /** Between polls, in each of the two nights. Milliseconds. */
  readonly stepMs: readonly [number, number];
}

/** What a device was asked to look at, and when. */
interface Look {
  readonly device: string;
  readonly task: "evaluate" | "check";
  readonly atMs: number;
}

/**
 * S-25: many agents with an Automatic package that has a metric. Each is told to evaluate it once a night, at the
 * first poll behind its own instant; instants are inside of the window, spread over it, the same after a restart,
 * and others in the next night.
 */
export async function randomInstants({ agents, seed, stepMs }: Crowd): Promise<void> {
  await using site = await Scenario.start({ role: "site", now: "2026-03-07T12:00:00.000Z" });
  await site.addWindow("2026-03-01T22:00", WINDOW_MS / MINUTE_MS);
  await distribute(site);
  const looks: Look[] = [];
  const fleet = await enrolled(site, { agents, seed }, looks);
  const [first = 0, second = 0] = NIGHTS;
  await fleet.step(site.gateway.nowMs); // It tells facts and inventory.
  expect(looks).toEqual([]);

  const drawn = await nextAttempts(site);
  expectSpread(drawn, first, agents);
  await night(site, fleet, first, stepMs[0], true);
  expectOnce(looks, "evaluate", drawn, stepMs[0]);
  const installed = await site.rows("status:installed");
  expect(installed).toHaveLength(agents);

  looks.length = 0;
  await site.gateway.setClock(new Date(second - 60 * MINUTE_MS).toISOString());
  await fleet.step(site.gateway.nowMs);
  const next = await instantsOf(site);
  expectSpread(next, second, agents);
  const same = [...next].filter(([device, ms]) => ms - second === (drawn.get(device) ?? 0) - first);
  expect(same.length).toBeLessThan(agents / 20);
  await night(site, fleet, second, stepMs[1], false);
  expectOnce(looks, "check", next, stepMs[1]);
  // All was as it should be, so that nothing was done but looking.
  expect(await site.rows("status:installed operation:install attempt:1")).toHaveLength(agents);
}

async function distribute(site: Scenario): Promise<void> {
  const { sha256 } = await site.upload("tool", "tool.bin");
  const target = "\\tool\\tool.bin";
  await site.api.send("/api/v1/packages", {
    method: "POST",
    json: { id: "tool", name: "Tool", platform: "Windows" },
  });
  await site.api.send("/api/v1/packages/tool/revisions", {
    method: "POST",
    json: {
      version: "1.0",
      agent: {
        files: [{ sha256, name: "tool.bin" }],
        actions: [{ kind: "Download", source: "tool.bin", target }],
        metrics: [{ kind: "FileHash", file: target, source: { file: "tool.bin" } }],
      },
    },
  });
  const json = { id: "tools", package: "tool", mode: "automatic" };
  await site.api.send("/api/v1/distributions", { method: "POST", json });
}

/** @param looks what the site asks them to look at is noted there */
async function enrolled(
  site: Scenario,
  { agents, seed }: Pick<Crowd, "agents" | "seed">,
  looks: Look[],
): Promise<Fleet> {
  const listening: Fetch = async (url, init) => {
    const response = await fetch(url, init);
    const device = /\/agent\/v1\/(\w+)\/poll$/.exec(url)?.[1];
    if (device === undefined || response.status !== 200) return response;
    const plan = readPlan(new Uint8Array(await response.clone().arrayBuffer()));
    for (const { do: task } of plan.work) {
      if (task !== "apply") looks.push({ device, task, atMs: site.gateway.nowMs });
    }
    return response;
  };
  return enrolFleet(
    { client: site.api, url: site.url },
    {
      ...{ count: 0, seed, prefix: "crowd", startMs: site.gateway.nowMs - MINUTE_MS },
      pullers: new Map([["agent", agents]]),
      // Whoever is stepped polls, and has done by the next step what it was given.
      behaviour: { ...CALM, pollIntervalMs: 1_000, pollJitter: 0, slowness: 0 },
      fetch: listening,
    },
  );
}

/** Polls through a window; the last one is in its last millisecond, so that every instant has come. */
async function night(
  site: Scenario,
  fleet: Fleet,
  opensMs: number,
  stepMs: number,
  restarts: boolean,
): Promise<void> {
  const closesMs = opensMs + WINDOW_MS;
  const times = [opensMs - stepMs];
  for (let ms = opensMs; ms < closesMs; ms += stepMs) times.push(ms);
  times.push(closesMs - 1, closesMs + stepMs, closesMs + 2 * stepMs);
  for (const ms of times) {
    await site.gateway.setClock(new Date(ms).toISOString());
    const { problems } = await fleet.step(ms);
    expect(problems).toEqual({});
    if (!restarts || ms !== opensMs + WINDOW_MS / 2) continue;
    const before = await nextAttempts(site);
    await site.gateway.kill();
    await site.gateway.restart();
    expect(await nextAttempts(site)).toEqual(before);
  }
}

/** Instants by device, of those that wait for theirs. */
async function nextAttempts(site: Scenario): Promise<Map<string, number>> {
  const rows = await site.rows("distribution:tools status:pending_install");
  return new Map(rows.map((row) => [row.device, Date.parse(String(row.nextAttempt))]));
}

/** Of all devices, one by one: who has it waits for nothing, and is looked at all the same. */
async function instantsOf(site: Scenario): Promise<Map<string, number>> {
  const instants = new Map<string, number>();
  for (const { device } of await site.rows("distribution:tools")) {
    const { instant } = await site.api.request(`/api/v1/devices/${device}/tonight`, Tonight);
    instants.set(device, Date.parse(instant ?? ""));
  }
  return instants;
}

function expectSpread(
  instants: ReadonlyMap<string, number>,
  opensMs: number,
  agents: number,
): void {
  const offsets = [...instants.values()].map((ms) => ms - opensMs);
  expect(offsets).toHaveLength(agents);
  expect(offsets.filter((ms) => !(ms >= 0 && ms < WINDOW_MS))).toEqual([]);
  const quarters = [0, 1, 2, 3].map(
    (quarter) => offsets.filter((ms) => Math.floor(ms / (WINDOW_MS / 4)) === quarter).length,
  );
  // Of 200 from 25 to 75: four standard deviations, met but once in thousands of nights.
  expect(Math.min(...quarters)).toBeGreaterThanOrEqual(agents / 8);
  expect(Math.max(...quarters)).toBeLessThanOrEqual((agents * 3) / 8);
}

function expectOnce(
  looks: readonly Look[],
  task: Look["task"],
  instants: ReadonlyMap<string, number>,
  stepMs: number,
): void {
  expect(looks.map(({ device }) => device).sort()).toEqual([...instants.keys()].sort());
  for (const { device, task: asked, atMs } of looks) {
    const lateMs = atMs - (instants.get(device) ?? 0);
    expect([device, asked, lateMs >= 0 && lateMs < stepMs]).toEqual([device, task, true]);
  }
}
