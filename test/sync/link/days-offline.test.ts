import { describe, expect, test } from "bun:test";
import { policyOf, report, type Wanderer } from "../simulation/devices.ts";
import type { SiteHost } from "../simulation/hosts.ts";
import { expectConverged } from "../simulation/oracle.ts";
import { World } from "../simulation/world.ts";

const HOUR_MS = 3600 * 1000;
const DEVICES = 50;

describe("a branch away for three days (S-51, S-53)", () => {
  test("catches up whole: rows, times, history; meanwhile its report is as of the cut", async () => {
    const { world, site, tills } = await shop(51);
    const cutAtMs = world.nowMs;
    site.link.cut();
    await world.hub.book.write(
      [...policyOf("pos-2"), { kind: "distribution", id: "pos-1", body: { stoppedAtMs: 5 } }],
      "hana",
    );
    for (let hour = 0; hour < 72; hour += 1) {
      world.nowMs += HOUR_MS;
      for (const till of tills) if (world.chance(0.3)) report(site, till, world.random);
      if (hour === 20 || hour === 50) {
        await site.start();
        site.link.cut();
      }
    }
    const asOfMs = world.hub.disk.sites.get("prague")?.asOfMs ?? 0;
    expect(Math.abs(cutAtMs - asOfMs)).toBeLessThan(5 * 60_000);
    const view = await site.link.view();
    expect(view).toMatchObject({ phase: "cut", connectedSinceMs: null });
    expect(view.pendingFacts).toBeGreaterThan(500);

    site.link.heal();
    world.traffic = [];
    await world.converge();
    expectConverged(world);
    expect(world.hub.disk.facts.size).toBe(site.disk.facts.length);
    expect(site.holder.read().distributions.find(({ id }) => id === "pos-1")?.stoppedAtMs).toBe(5);
    const record = world.hub.disk.sites.get("prague");
    expect(world.nowMs - (record?.asOfMs ?? 0)).toBeLessThan(5 * 60_000);
  });

  test("sends one value per changed app, however often it changed", async () => {
    const { world, site, tills } = await shop(53);
    site.link.cut();
    for (let hour = 0; hour < 72; hour += 1) {
      world.nowMs += HOUR_MS;
      for (const till of tills) report(site, till, () => 0.2 + 0.1 * world.random());
    }
    site.link.heal();
    const before = site.disk.position.frameSeq;
    await world.runUntil(world.nowMs + 1000);
    const status = [...world.hub.disk.inbox.values()].filter(
      ({ frameSeq, kind }) => kind === "status" && frameSeq > before,
    );
    expect(status).toHaveLength(1);
    expect(status[0]?.bytes).toBeLessThan(60 * DEVICES * 3);
    await world.converge();
    expectConverged(world);
  });

  test("goes on where it was when the line breaks again and again on the way", async () => {
    const { world, site, tills } = await shop(54);
    site.link.cut();
    for (let hour = 0; hour < 24; hour += 1) {
      world.nowMs += HOUR_MS;
      for (const till of tills) report(site, till, world.random);
    }
    world.faults = { drop: 0.4, duplicate: 0.2, corrupt: 0.2, crash: 0 };
    site.link.heal();
    for (let round = 0; round < 20; round += 1) await world.runUntil(world.nowMs + 30_000);
    await world.converge();
    expectConverged(world);
    expect(site.disk.position.incarnation).toBe(1);
  });
});

async function shop(seed: number): Promise<{ world: World; site: SiteHost; tills: Wanderer[] }> {
  const world = await World.start(seed);
  await world.hub.book.write(policyOf("pos-1"), "hana");
  const site = await world.addSite("prague");
  const tills = Array.from({ length: DEVICES }, (_, index) => {
    return { name: `till-${index}`, isAgent: index % 2 === 0, enrolments: 0, sequence: 0 };
  });
  for (const till of tills) report(site, till, world.random);
  await world.converge();
  return { world, site, tills };
}
