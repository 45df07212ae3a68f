import { describe, expect, test } from "bun:test";
import type { SiteId } from "../../../devices/model/ids.ts";
import { readFrame, unpackBody } from "../../../sync/frame/envelope.ts";
import { parseFacts } from "../../../sync/journal/codec.ts";
import { report, type Wanderer } from "../simulation/devices.ts";
import type { SiteHost } from "../simulation/hosts.ts";
import { expectConverged } from "../simulation/oracle.ts";
import { World } from "../simulation/world.ts";

describe("a site whose disk went back", () => {
  test.each([
    ["by the restore command, which says so", true],
    ["behind its back, as with a snapshot of a virtual machine", false],
  ])(
    "[2.6, 6.6] %s: adopts what the hub knows, and loses nothing it heard since",
    async (_, isSaid) => {
      const { world, site, till } = await joined(61);
      contact(world, site, till, 3);
      await world.converge();
      const backup = structuredClone(site.disk);
      contact(world, site, till, 5);
      await world.converge();
      const heardBefore = world.hub.disk.facts.size;

      site.link.cut();
      await site.replaceDisk(backup, isSaid);
      const until = backup.facts.length;
      site.link.cut();
      contact(world, site, till, 2);
      const afterRestore = site.disk.facts.slice(until).map(({ by }) => by);
      const [row] = [...site.disk.rows.values()].sort((a, b) => b.revision - a.revision);
      site.link.heal();
      await world.converge();

      expect(site.disk.position.incarnation).toBeGreaterThan(1);
      expectConverged(world);
      const atHub = [...world.hub.disk.facts.values()];
      expect(atHub.length).toBeGreaterThanOrEqual(heardBefore + afterRestore.length);
      for (const by of afterRestore) expect(atHub.some((fact) => fact.by === by)).toBe(true);
      const key = `prague.${row?.row.distribution}.${row?.row.device}`;
      expect(world.hub.disk.rows.get(key)).toMatchObject({
        status: row?.row.status,
        observedAtMs: row?.row.observedAtMs,
      });
      expect(site.disk.restored).toBe(false);
    },
  );

  test("[1.4, 6.6] a new box in place of a dead one gets devices and rows back from the hub", async () => {
    const { world, site, till } = await joined(62);
    contact(world, site, till, 4);
    await site.book.write([{ kind: "group", id: "Front", body: groupBody("Front") }], "anna");
    await world.converge();
    world.switchOff(site);
    const box = await world.addSite("prague");
    await world.converge();
    expect(box.disk.rows.size).toBe(site.disk.rows.size);
    expect(box.disk.devices.size).toBe(1);
    expect([...box.disk.records.keys()]).toEqual(["group/Front"]);
    expect(box.disk.position.incarnation).toBeGreaterThan(1);
    expectConverged(world);
    contact(world, box, till, 1);
    await world.converge();
    expectConverged(world);
  });

  test("[2.6, 7.5] a hub whose disk went back gets everything again, and takes its policy back", async () => {
    const { world, site, till } = await joined(63);
    contact(world, site, till, 2);
    await world.hub.book.write([{ kind: "group", id: "Back", body: groupBody("Back") }], "hana");
    await world.converge();
    const backup = structuredClone(world.hub.disk);
    contact(world, site, till, 3);
    await world.hub.book.write([{ kind: "group", id: "Lost", body: groupBody("Lost") }], "hana");
    await world.converge();
    expect([...site.disk.records.keys()]).toContain("group/Lost");
    world.hub.disk = backup;
    await world.hub.start();
    await world.converge();
    expectConverged(world);
    expect([...site.disk.records.keys()]).toEqual(["group/Back"]);
    expect(site.disk.position.incarnation).toBeGreaterThan(1);
  });

  test("[6.6] facts whose predecessors were forgotten by age reach a hub whose disk went back", async () => {
    const { world, site, till } = await joined(67);
    contact(world, site, till, 2);
    await world.converge();
    const backup = structuredClone(world.hub.disk);
    contact(world, site, till, 6);
    await world.converge();
    site.disk.facts = site.disk.facts.slice(-2); // The rest was acknowledged, and old.
    const kept = site.disk.facts.map(({ by }) => by);
    world.hub.disk = backup;
    await world.hub.start();
    await world.converge();
    contact(world, site, till, 1);
    await world.converge();
    expectConverged(world);
    const atHub = [...world.hub.disk.facts.values()].map(({ by }) => by);
    for (const by of kept) expect(atHub).toContain(by);
    expect((await site.link.view()).lastError).toBeNull();
  });

  test("[5.1] the journal goes on in the former incarnation where the hub's knowledge ends", async () => {
    const { world, site, till } = await joined(64);
    contact(world, site, till, 2);
    await world.converge();
    site.link.cut();
    contact(world, site, till, 3);
    const unsent = site.disk.facts.length;
    await site.replaceDisk(site.disk, true); // Restored from a backup of this very moment.
    const journal: number[][] = [];
    world.intercept = (request, send) => {
      if (request.operation === "frame") {
        const frame = readFrame(request.body);
        const { content } = frame.header;
        if (content.kind === "journal") {
          const facts = parseFacts(unpackBody(frame), { site: site.name, ...content });
          journal.push(facts.map(({ siteIncarnation }) => siteIncarnation));
        }
      }
      return send(request);
    };
    contact(world, site, till, 1);
    await world.converge();
    expect(journal.flat().every((incarnation) => incarnation === 1)).toBe(true);
    expect(world.hub.disk.positions.get("prague.1")?.seq).toBe(unsent + 1);
    expectConverged(world);
  });
});

describe("two live appliances with one identity", () => {
  test("[2.5] the one that was replaced is refused, the alarm names both, and no row is lost", async () => {
    const { world, site, till } = await joined(65);
    contact(world, site, till, 2);
    await world.converge();
    const clone = await world.clone(site);
    contact(world, site, till, 2);
    contact(world, clone, { ...till, name: "clones-till" }, 2);
    await world.runUntil(world.nowMs + 20 * 60_000);
    const views = await Promise.all([site, clone].map((one) => one.link.view()));
    expect(views.map(({ phase }) => phase).sort()).toEqual(["live", "refused"]);
    const record = world.hub.disk.sites.get("prague");
    expect(record?.alarm).toContain("two appliances use the identity of site prague");
    const former = record?.formerInstances[0]?.instance ?? "none";
    expect(record?.alarm).toContain(former);
    expect(record?.alarm).toContain(record?.instance ?? "none");

    const refused = views[0]?.phase === "refused" ? site : clone;
    world.switchOff(refused === site ? clone : site);
    await world.hub.link.clearAlarm("prague" as SiteId);
    await world.converge();
    expectConverged(world);
    expect(world.hub.disk.sites.get("prague")?.alarm).toBeNull();
    expect([...world.hub.disk.devices.values()].map(({ name }) => name).sort()).toEqual([
      "clones-till",
      "till",
    ]);
  });

  test("[2.4] a site that restarts, even often, raises no alarm", async () => {
    const { world, site } = await joined(66);
    for (let start = 0; start < 20; start += 1) {
      await site.start();
      await world.runUntil(world.nowMs + 15_000);
      expect((await site.link.view()).phase).toBe("live");
    }
    expect(world.hub.disk.sites.get("prague")?.alarm).toBeNull();
    expect(site.disk.position.incarnation).toBe(1);
  });
});

async function joined(seed: number): Promise<{ world: World; site: SiteHost; till: Wanderer }> {
  const world = await World.start(seed);
  const site = await world.addSite("prague");
  const till = { name: "till", isAgent: false, enrolments: 0, sequence: 0 };
  return { world, site, till };
}

/** The device reports some times, with a second in between. */
function contact(world: World, site: SiteHost, wanderer: Wanderer, times: number): void {
  for (let time = 0; time < times; time += 1) {
    world.nowMs += 1000;
    report(site, wanderer, world.random);
  }
}

function groupBody(name: string) {
  return { name, description: "", members: { kind: "list", devices: [] } };
}
