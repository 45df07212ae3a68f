import { describe, expect, test } from "bun:test";
import { Doc, encodeStateAsUpdate } from "yjs";
import { ORG_DOCUMENT, writePolicy } from "../../../sync/policy/policy-document.ts";
import { policyOf } from "../simulation/devices.ts";
import { expectConverged } from "../simulation/oracle.ts";
import { World } from "../simulation/world.ts";

describe("policy over the link", () => {
  test("[7.5] comes with the next poll, only what is missing, and nothing when nothing changed", async () => {
    const { world, site } = await joined(75);
    await world.hub.book.write(policyOf("pos-1"), "hana");
    world.traffic = [];
    await world.converge();
    expect(site.holder.read().distributions).toHaveLength(1);
    const first = downBytes(world);
    await world.hub.book.write(
      [{ kind: "distribution", id: "pos-1", body: { stoppedAtMs: 5 } }],
      "hana",
    );
    world.traffic = [];
    await world.converge();
    expect(site.holder.read().distributions).toMatchObject([{ stoppedAtMs: 5 }]);
    expect(downBytes(world)).toBeLessThan(first / 2);
    world.traffic = [];
    await world.converge();
    expect(downBytes(world)).toBeLessThan(200);
  });

  test("[7.5] a site that has what the hub has not gets the whole document in place of its own", async () => {
    const { world, site } = await joined(76);
    const strange = new Doc();
    const fields = { name: "Ghosts", description: "", members: { kind: "list", devices: [] } };
    writePolicy(strange, [{ map: "group", key: "Ghosts", fields }]);
    await site.book.receive(ORG_DOCUMENT, encodeStateAsUpdate(strange), false);
    expect(site.holder.read().groups.size).toBe(1);
    await world.hub.book.write(policyOf("pos-1"), "hana");
    await world.converge();
    expect(site.holder.read().groups.size).toBe(0);
    expectConverged(world);
  });

  test("[7.5] a policy that the site cannot read is asked for again from its beginning", async () => {
    const { world, site } = await joined(77);
    await world.hub.book.write(policyOf("pos-1"), "hana");
    const receive = site.book.receive.bind(site.book);
    let failures = 1;
    site.book.receive = (name, update, replace) =>
      failures-- > 0
        ? receive(name, new Uint8Array([9, 9]), replace)
        : receive(name, update, replace);
    await world.converge();
    expect(failures).toBeLessThan(0);
    expect(site.holder.read().distributions).toHaveLength(1);
    expectConverged(world);
  });

  test("[7.7] the hub knows how many sites have not confirmed a record", async () => {
    const world = await World.start(78);
    const [prague, brno] = [await world.addSite("prague"), await world.addSite("brno")];
    await world.converge();
    brno.link.cut();
    await world.hub.book.write(policyOf("pos-1"), "hana");
    const version = world.hub.book.versionOf("distribution", "pos-1");
    const waiting = () =>
      [...world.hub.disk.sites.values()]
        .filter((site) => site.confirmedPolicyVersion < version)
        .map(({ id }) => String(id));
    expect(waiting().sort()).toEqual(["brno", "prague"]);
    await world.runUntil(world.nowMs + 150_000);
    expect(waiting()).toEqual(["brno"]);
    brno.link.heal();
    await world.converge();
    expect(waiting()).toEqual([]);
    expect((await prague.link.view()).policyVersion).toBe(version);
    await world.hub.book.write(policyOf("scan-1"), "hana");
    expect(world.hub.book.versionOf("distribution", "pos-1")).toBe(version);
  });

  test("[7.7] what is on the site's disk counts, not what arrived", async () => {
    const { world, site } = await joined(79);
    const { confirmedPolicyVersion: before } = record(world);
    site.book.receive = async () => {
      throw new Error("disk full");
    };
    await world.hub.book.write(policyOf("pos-1"), "hana");
    await world.runUntil(world.nowMs + 300_000);
    expect(record(world).confirmedPolicyVersion).toBe(before);
    await site.start();
    await world.converge();
    expect(record(world).confirmedPolicyVersion).toBe(world.hub.book.orgVersion);
  });
});

async function joined(seed: number) {
  const world = await World.start(seed);
  const site = await world.addSite("prague");
  await world.converge();
  return { world, site };
}

function record(world: World) {
  const site = world.hub.disk.sites.get("prague");
  if (!site) throw new Error("no site");
  return site;
}

function downBytes(world: World): number {
  const polls = world.traffic.filter(({ operation }) => operation === "poll");
  return Math.max(0, ...polls.map(({ down }) => down));
}
