import { describe, expect, test } from "bun:test";
import { INCARNATION_STEP } from "../../../devices/model/device.ts";
import { HLC_AHEAD_MS_MAX, HLC_ZERO, millisecondsOf } from "../../../devices/model/hlc.ts";
import { deviceIdFrom } from "../../../devices/model/ids.ts";
import { rankChanged } from "../../../sync/hub/rank-changed.ts";
import { addLines, emptyDirectories } from "../../../sync/status/directories.ts";
import { projectEntries, resolveEntries } from "../../../sync/status/project.ts";
import { readStatusUpdate } from "../../../sync/status/read-update.ts";
import { StatusDocument } from "../../../sync/status/status-document.ts";
import { policyOf, report, type Wanderer } from "../simulation/devices.ts";
import { commitDevice } from "../simulation/memory-site.ts";
import { expectConverged } from "../simulation/oracle.ts";
import { World } from "../simulation/world.ts";
import { rowAt, SITE } from "../status/rows.ts";

describe("the hub over many sites", () => {
  test("[6.1] a device seen at two sites has a row of each, and one winner", async () => {
    const world = await World.start(610);
    await world.hub.book.write(policyOf("pos-1"), "hana");
    const [prague, brno] = [await world.addSite("prague"), await world.addSite("brno")];
    const wanderer: Wanderer = { name: "scanner", isAgent: true, enrolments: 0, sequence: 0 };
    report(prague, wanderer, () => 0);
    report(brno, wanderer, () => 0);
    report(brno, wanderer, () => 0);
    await world.converge();
    expectConverged(world);
    const rows = [...world.hub.disk.rows.values()];
    expect(rows.map(({ site, winner }) => `${site} ${winner}`).sort()).toEqual([
      "brno true",
      "prague false",
    ]);
  });

  test("[6.2] a row behind what the site said before is not taken", () => {
    const newer = rowAt(1, 1, 9); // Odd steps are of one attempt.
    const known = new Map([[newer.device, { rows: [newer], devices: [] }]]);
    expect(projected([rowAt(1, 1, 7)], known)).toEqual([]);
    expect(projected([rowAt(1, 1, 11)], known)).toHaveLength(1);
  });

  test("[6.2] a site cannot speak for another: the rows carry the sender's name", () => {
    const elsewhere = { ...rowAt(1, 1, 1), site: "brno" as typeof SITE };
    expect(projected([elsewhere], new Map())).toMatchObject([{ site: "prague" }]);
  });

  test("[6.2] a change of the reason alone has the time it was heard, and leaves the rest", () => {
    const former = { ...rowAt(1, 1, 3), nativeValue: "6", sinceMs: 5 };
    const known = new Map([[former.device, { rows: [former], devices: [] }]]);
    const same = projected([rowAt(1, 1, 3)], known, 10_000_000_000_000);
    expect(same).toMatchObject([{ sinceMs: 5, nativeValue: "6" }]);
    const waiting = { ...rowAt(1, 1, 3), reason: "content" as const };
    const changed = projected([waiting], known, 10_000_000_000_000);
    expect(changed).toMatchObject([{ sinceMs: 10_000_000_000_000, reason: "content" }]);
    // Two moves of one moment: the second holds since then too, whenever it was heard.
    const before = { ...former, status: "installing" as const, state: "App is being installed" };
    const atHub = new Map([[before.device, { rows: [before], devices: [] }]]);
    const moved = projected([rowAt(1, 1, 3)], atHub, 10_000_000_000_000);
    expect(moved).toMatchObject([{ sinceMs: before.observedAtMs }]);
  });

  test("[6.3] a stamp far ahead is clamped and the row says so; at the limit it is not", () => {
    const row = rowAt(1, 1, 1);
    const receivedAtMs = millisecondsOf(row.hlc) - HLC_AHEAD_MS_MAX;
    const [taken] = projected([row], new Map(), receivedAtMs);
    expect(taken).toMatchObject({ hlc: row.hlc, reasonDetail: "" });
    const [clamped] = projected([row], new Map(), receivedAtMs - 1);
    expect(millisecondsOf(clamped?.hlc ?? HLC_ZERO)).toBe(receivedAtMs - 1 + HLC_AHEAD_MS_MAX);
    expect(clamped?.reasonDetail).toContain("clock was ahead");
    expect(clamped?.observedAtMs).toBe(row.observedAtMs);
  });

  test("[6.3] a site three years ahead is heard all the same, and beats nobody by its clock", async () => {
    const world = await World.start(630);
    const [ahead, right] = [
      await world.addSite("ahead", 3 * 365 * 86_400_000),
      await world.addSite("right"),
    ];
    const wanderer: Wanderer = { name: "scanner", isAgent: true, enrolments: 0, sequence: 0 };
    report(ahead, wanderer, () => 0);
    await world.converge();
    report(right, wanderer, () => 0);
    await world.converge();
    expectConverged(world);
    const winner = [...world.hub.disk.rows.values()].find((row) => row.winner);
    expect(String(winner?.site)).toBe("right");
    expect(world.hub.disk.sites.get("ahead")?.clockOffsetMs).toBe(3 * 365 * 86_400_000);
  });

  test("[6.5] late news of a removed device changes no row, but is kept as facts", async () => {
    const world = await World.start(650);
    const [prague, brno] = [await world.addSite("prague"), await world.addSite("brno")];
    const wanderer: Wanderer = { name: "scanner", isAgent: true, enrolments: 0, sequence: 0 };
    prague.link.cut();
    report(prague, wanderer, () => 0); // Life 1, not yet heard at the hub.
    report(brno, wanderer, () => 0); // Life 2.
    await world.runUntil(world.nowMs + 60_000);
    removeAt(brno, "scanner");
    await world.runUntil(world.nowMs + 60_000);
    prague.link.heal();
    await world.converge();
    const rows = [...world.hub.disk.rows.values()];
    expect(rows.map(({ site }) => String(site))).toEqual(["brno"]);
    expect([...world.hub.disk.facts.values()].filter(({ site }) => site === "prague")).toHaveLength(
      prague.disk.facts.length,
    );
  });

  test("[6.5] after it was enrolled again, its new life counts", async () => {
    const world = await World.start(651);
    const [prague, brno] = [await world.addSite("prague"), await world.addSite("brno")];
    const wanderer: Wanderer = { name: "scanner", isAgent: true, enrolments: 0, sequence: 0 };
    report(brno, wanderer, () => 0);
    removeAt(brno, "scanner");
    await world.converge();
    report(prague, wanderer, () => 0);
    await world.converge();
    const winner = [...world.hub.disk.rows.values()].find((row) => row.winner);
    expect(winner).toMatchObject({ site: "prague", incarnation: 2 * INCARNATION_STEP });
  });

  test("[6.7] the hub issues the next incarnation; without it a provisional one sorts in between", async () => {
    const world = await World.start(670);
    const site = await world.addSite("prague");
    await world.converge();
    const never = () => new Promise<void>(() => undefined);
    const device = deviceIdFrom("org-1", "till");
    const first = await site.link.issueIncarnation(device, undefined, never);
    const second = await site.link.issueIncarnation(device, first, never);
    expect([first, second]).toEqual([INCARNATION_STEP, 2 * INCARNATION_STEP]);
    site.link.cut();
    const offline = await site.link.issueIncarnation(device, second, never);
    expect(offline).toBe(second + 1);
    site.link.heal();
    await world.converge();
    expect(await site.link.issueIncarnation(device, offline, never)).toBe(3 * INCARNATION_STEP);

    world.intercept = () => new Promise(() => undefined);
    expect(await site.link.issueIncarnation(device, offline, async () => undefined)).toBe(
      offline + 1,
    );
  });

  test("[6.8] rows are ranked over all sites, and only those that changed are written", () => {
    const here = { ...rowAt(1, 1, 1), winner: true, current: false };
    const there = { ...rowAt(1, 1, 1), site: "brno" as typeof SITE, sequence: 1 };
    const known = new Map([[here.device, { rows: [here, there], devices: [] }]]);
    const won = { ...there, sequence: 90 };
    const written = rankChanged(known, [won], () => HLC_ZERO);
    expect(written.map(({ site, winner }) => `${site} ${winner}`)).toEqual([
      "prague false",
      "brno true",
    ]);
    expect(rankChanged(known, [here], () => HLC_ZERO)).toEqual([]);
  });
});

function removeAt(site: Awaited<ReturnType<World["addSite"]>>, name: string): void {
  const device = site.disk.devices.get(deviceIdFrom("org-1", name));
  if (!device) throw new Error("no device");
  const removed = { ...device, removedAtMs: site.now() };
  const [fact] = site.disk.facts.filter(({ kind }) => kind === "device");
  if (!fact) throw new Error("no fact");
  const { site: _, siteIncarnation: __, seq: ___, ...told } = fact;
  const value = JSON.stringify(removed);
  commitDevice(site.disk, { device: removed, rows: [], facts: [{ ...told, value }] });
}

function projected(
  rows: Parameters<StatusDocument["flush"]>[0],
  known: Parameters<typeof projectEntries>[2],
  receivedAtMs = 10_000_000_000_000,
) {
  const update = new StatusDocument().flush(rows);
  if (!update) throw new Error("no update");
  const { entries, lines } = readStatusUpdate(update, new Map());
  const directories = emptyDirectories();
  addLines(directories, lines);
  return projectEntries(SITE, resolveEntries(entries, directories), known, receivedAtMs);
}
