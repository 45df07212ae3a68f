import { describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { ApiClient } from "../../gateway/client/api-client.ts";
import { signIn } from "../../gateway/client/sign-in.ts";
import type { SettingKey } from "../../gateway/config/settings.ts";
import { ChildGateway, freePort } from "../../gateway/demo/child-gateway.ts";
import { Line } from "../../gateway/demo/line.ts";
import { AutoPhone } from "../harness/auto-phone.ts";
import {
  contentIsHere,
  joinCode,
  phones,
  report,
  SETTLE_MS,
  startBranch,
  untilEqual,
} from "../harness/branch.ts";
import { outpost } from "../harness/outpost.ts";
import { ADMIN } from "../harness/process.ts";
import { Rows, Scenario } from "../harness/scenario.ts";
import { settled } from "../harness/settled.ts";

const NOW = "2026-03-07T12:00:00.000Z";
const MINUTE_MS = 60_000;

const Link = z.looseObject({
  phase: z.string(),
  incarnation: z.number().nullable(),
  lastError: z.string().nullable(),
  clockOffsetMs: z.number().nullable().optional(),
});
const Site = z.looseObject({ alarm: z.string().nullable(), clockOffsetMs: z.number().nullable() });

const Distributions = z.array(z.looseObject({ stoppedAt: z.string().nullable() }));

/** What a job needs that makes backups, and no more. */
async function backupToken(api: ApiClient): Promise<string> {
  const json = { name: "backup", role: "admin", scopes: ["backups:write"], expiresAt: null };
  const made = z.object({ token: z.string() });
  return (await api.request("/api/v1/tokens", made, { method: "POST", json })).token;
}

const linkOf = (api: ApiClient) => api.request("/api/v1/link", Link);

/** A box beside those of the harness, on a folder that the test prepares. */
class Box implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "outpost-box-"));
  readonly dataDir = join(this.folder, "data");
  #child: ChildGateway | undefined;

  async start(settings: Partial<Record<SettingKey, string>>): Promise<ApiClient> {
    const child = new ChildGateway({
      role: "site",
      dataDir: this.dataDir,
      port: await freePort(),
      settings: {
        testClock: "1",
        testNow: NOW,
        adminPassword: ADMIN.password,
        freeDiskBytesMin: "16MiB",
        flushIntervalMs: "100",
        logLevel: "warn",
        timeZone: "Europe/Vienna",
        ...settings,
      },
    });
    this.#child = child;
    await child.start();
    const expiresAt = new Date(Date.parse(NOW) + 365 * 24 * 60 * MINUTE_MS).toISOString();
    return signIn(child.url, ADMIN, { name: "box", expiresAt });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#child?.[Symbol.asyncDispose]();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

describe("a box that fails", () => {
  test("restored from a backup made while it worked it goes on under a new incarnation, and nothing is lost or counted twice", async () => {
    const branch = await startBranch(NOW);
    await using hub = branch.hub;
    await using _line = branch.line;
    await using site = branch.site;
    await using box = new Box();
    const devices = await phones(site, 4);
    const distribution = await hub.distribute("1.0.0.0");
    await settled("the site knows the distribution", SETTLE_MS, async () =>
      (await site.rows(`distribution:${distribution}`)).length === 4 ? true : undefined,
    );
    await contentIsHere(site);
    const [before, after] = [devices.slice(0, 2), devices.slice(2)];
    const install = async (phone: (typeof devices)[number]) => {
      await site.request(phone.id, distribution);
      for (let contact = 0; contact < 5; contact++) {
        await site.gateway.advance(MINUTE_MS);
        await phone.contact();
      }
    };
    for (const phone of before) await install(phone);
    await untilEqual(branch);

    const backup = join(box.folder, "backup");
    const words = ["backup", "--data-dir", site.gateway.dataDir, "--url", site.gateway.url];
    const nobody = await outpost([...words, "--to", backup], { OUTPOST_TOKEN: "" });
    expect(nobody).toMatchObject({ code: 2, out: "" });
    const OUTPOST_TOKEN = await backupToken(site.api);
    const backedUp = await outpost([...words, "--to", backup, "--json"], { OUTPOST_TOKEN });
    expect(backedUp).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(backedUp.out)).toMatchObject({ folder: backup });
    // Without a place of one's own it stays where the gateway keeps them.
    const kept = await outpost(words, { OUTPOST_TOKEN });
    expect(kept.out).toContain(join(site.gateway.dataDir, "backups"));
    expect(readdirSync(join(site.gateway.dataDir, "backups"))).toHaveLength(1);
    for (const phone of after) await install(phone);
    const told = await untilEqual(branch);
    const nowMs = site.gateway.nowMs;
    await site.gateway.kill();

    const restored = await outpost(["restore", backup, "--data-dir", box.dataDir]);
    expect(restored).toMatchObject({ code: 0 });
    const testNow = new Date(nowMs).toISOString();
    const api = await box.start({ hubUrl: branch.line.url, testNow });
    await settled("the new box is live", SETTLE_MS, async () =>
      (await linkOf(api)).phase === "live" ? true : undefined,
    );
    expect((await linkOf(api)).incarnation).toBeGreaterThan(1);
    const states = (rows: readonly string[]) => rows.map((row) => row.split(" ").slice(0, 4));
    await settled("hub and new box agree, with all that was told", SETTLE_MS, async () => {
      const [theirs, mine] = await Promise.all([report(hub.api, ""), report(api, "")]);
      return Bun.deepEquals(theirs, mine) && Bun.deepEquals(states(mine), states(told))
        ? true
        : undefined;
    });
  }, 120_000);

  test("replaced without a backup, its devices register again and go on where they were", async () => {
    const branch = await startBranch(NOW);
    await using hub = branch.hub;
    await using line = branch.line;
    await using site = branch.site;
    const [phone] = await phones(site, 1);
    if (!phone) throw new Error("no phone");
    const distribution = await hub.distribute("1.0.0.0");
    await settled("the site knows the distribution", SETTLE_MS, async () =>
      (await site.rows(`distribution:${distribution}`)).length === 1 ? true : undefined,
    );
    await contentIsHere(site);
    await site.request(phone.id, distribution);
    for (let contact = 0; contact < 4; contact++) {
      await site.gateway.advance(MINUTE_MS);
      await phone.contact();
    }
    const told = await untilEqual(branch);
    expect(told[0]).toContain(" installed ");
    await site.gateway.kill();

    await using next = await Scenario.start({
      role: "site",
      now: new Date(site.gateway.nowMs).toISOString(),
      settings: { hubUrl: line.url, joinCode: await joinCode(hub, "graz") },
    });
    await settled("the new box is live, with what the hub knew", SETTLE_MS, async () =>
      Bun.deepEquals(await report(next.api, ""), told) ? true : undefined,
    );
    const again = await next.device("phone-0");
    expect(again.id).toBe(phone.id);
    const same = new AutoPhone(again.id, again.raw, "1.0.0.0");
    const second = await hub.distribute("2.0.0.0");
    await settled("the new box knows the next version", SETTLE_MS, async () =>
      (await next.rows(`distribution:${second}`)).length === 1 ? true : undefined,
    );
    await contentIsHere(next);
    await next.request(same.id, second);
    const pushed: string[] = [];
    for (let contact = 0; contact < 4; contact++) {
      await next.gateway.advance(MINUTE_MS);
      pushed.push(...(await same.contact()));
    }
    expect(pushed).toEqual(["2.0.0.0"]);
    const rows = await untilEqual({ hub, site: next, line });
    expect(rows).toEqual([expect.stringContaining(" installed App is installed 2.0.0.0 ")]);
  }, 60_000);

  test("a copy of it that runs too is refused, and the alarm names both", async () => {
    const branch = await startBranch(NOW);
    await using hub = branch.hub;
    await using line = branch.line;
    await using site = branch.site;
    await using copy = new Box();
    await untilEqual(branch);
    await site.gateway.process.stop();
    cpSync(site.gateway.dataDir, copy.dataDir, { recursive: true });
    await site.gateway.restart();
    await settled("the site is live again", SETTLE_MS, async () =>
      (await linkOf(site.api)).phase === "live" ? true : undefined,
    );
    const api = await copy.start({ hubUrl: line.url });
    const alarm = await settled("the hub raises an alarm", SETTLE_MS, async () => {
      const { alarm } = await hub.api.request("/api/v1/sites/graz", Site);
      return alarm ?? undefined;
    });
    // The hub knows it before whom it refuses has read its answer.
    await settled("one of them is live and the other refused", SETTLE_MS, async () => {
      const links = await Promise.all([linkOf(site.api), linkOf(api)]);
      const phases = links.map(({ phase }) => phase).sort();
      return phases.join() === "live,refused" ? true : undefined;
    });
    expect(alarm.split(hostname())).toHaveLength(3);
  }, 60_000);

  test("a site that is revoked is told so, and goes on for itself", async () => {
    const branch = await startBranch(NOW);
    await using hub = branch.hub;
    await using _line = branch.line;
    await using site = branch.site;
    await untilEqual(branch);
    await hub.api.send("/api/v1/sites/graz/revoke", { method: "POST" });
    const link = await settled("the site is refused", SETTLE_MS, async () => {
      const link = await linkOf(site.api);
      return link.phase === "refused" ? link : undefined;
    });
    expect(link.lastError).toContain("revoked");
    const { raw } = await site.device("alone");
    expect((await raw.open()).statuses[0]?.code).toBe(212);
  }, 60_000);
});

/** A site that has a hub to join and no line to it. */
async function lone(name: string, hub: Scenario, line: Line): Promise<Scenario> {
  const settings = { hubUrl: line.url, joinCode: await joinCode(hub, name), siteName: "Alone" };
  return Scenario.start({ role: "site", now: NOW, settings });
}

const Device = z.looseObject({ id: z.string(), aliases: z.array(z.string()) });
const Devices = z.looseObject({ rows: z.array(Device) });

async function theDevice(api: ApiClient) {
  const { rows } = await api.request("/api/v1/devices", Devices);
  const [device, ...more] = rows;
  if (!device || more.length > 0) throw new Error(`not one device but ${rows.length}`);
  return device;
}

/** One device, with an app by a distribution for it alone, in a group and a window that name it and the site. */
async function metApart(
  site: Scenario,
  own: string,
): Promise<{ phone: AutoPhone; former: string }> {
  await site.prepare();
  const [phone] = await phones(site, 1);
  if (!phone) throw new Error("no phone");
  await site.api.send("/api/v1/groups/Chosen", {
    method: "PUT",
    json: { members: { kind: "list", devices: [phone.id] } },
  });
  const { site: name } = await site.api.request(`/api/v1/devices/${phone.id}`, Named);
  await site.api.send("/api/v1/windows", {
    method: "POST",
    json: {
      id: `nightly-${own}`,
      name: "nightly",
      start: "2026-03-01T22:00",
      recurrence: "FREQ=DAILY",
      durationMinutes: 60,
      timeZone: "UTC",
      scope: { kind: "site", site: name },
    },
  });
  const target = { kind: "device", device: phone.id };
  const distribution = await site.distribute("1.0.0.0", { id: `first-${own}`, target });
  await site.request(phone.id, distribution);
  for (let contact = 0; contact < 4; contact++) {
    await site.gateway.advance(MINUTE_MS);
    await phone.contact();
  }
  expect((await site.row(phone.id, distribution)).status).toBe("installed");
  return { phone, former: phone.id };
}

const Named = z.looseObject({ site: z.string() });

describe("joining", () => {
  test("a code works once: whoever comes second is refused with a sentence and works alone", async () => {
    const hub = await Scenario.start({ role: "hub", now: NOW });
    await using _hub = hub;
    const code = await joinCode(hub, "graz");
    const settings = { hubUrl: hub.url, joinCode: code };
    await using first = await Scenario.start({ role: "site", now: NOW, settings });
    await using second = await Scenario.start({ role: "site", now: NOW, settings });
    expect((await linkOf(first.api)).phase).not.toBe("joining");
    const link = await linkOf(second.api);
    expect(link).toMatchObject({ phase: "joining" });
    expect(link.lastError).toContain("used");
    const { raw } = await second.device("alone");
    expect((await raw.open()).statuses[0]?.code).toBe(212);
  }, 60_000);

  test("a site that worked alone brings its devices, packages, distributions and history along", async () => {
    await using hub = await Scenario.start({ role: "hub", now: NOW });
    await using site = await Scenario.start({ role: "site", now: NOW });
    await using box = new Box();
    await site.prepare();
    const [phone] = await phones(site, 1);
    if (!phone) throw new Error("no phone");
    const distribution = await site.distribute("1.0.0.0");
    await site.request(phone.id, distribution);
    for (let contact = 0; contact < 5; contact++) {
      await site.gateway.advance(MINUTE_MS);
      await phone.contact();
    }
    expect((await site.row(phone.id, distribution)).status).toBe("installed");
    const testNow = new Date(site.gateway.nowMs).toISOString();
    await site.gateway.process.stop();
    cpSync(site.gateway.dataDir, box.dataDir, { recursive: true });

    const code = await joinCode(hub, "linz");
    const api = await box.start({ hubUrl: hub.url, joinCode: code, testNow });
    await settled("the hub has the site's row", SETTLE_MS, async () => {
      const [theirs, mine] = await Promise.all([report(hub.api, ""), report(api, "")]);
      return mine.length === 1 && Bun.deepEquals(theirs, mine) ? true : undefined;
    });
    const { rows } = await api.request("/api/v1/installations", Rows);
    expect(rows.map(({ site: of, status }) => [of, status])).toEqual([["linz", "installed"]]);
    const there = await hub.api.request("/api/v1/installations", Rows);
    expect(there.rows[0]).toMatchObject({ distribution, status: "installed", site: "linz" });
  }, 60_000);

  test("two sites that met one device apart have one device at the hub, and all that was decided for it", async () => {
    await using hub = await Scenario.start({ role: "hub", now: NOW });
    await using line = await Line.open(Number(new URL(hub.url).port));
    line.cut();
    await using linz = await lone("linz", hub, line);
    await using graz = await lone("graz", hub, line);
    const alone = [await metApart(linz, "linz"), await metApart(graz, "graz")];
    expect(alone[0]?.phone.id).not.toBe(alone[1]?.phone.id);

    line.heal();
    const sites = [linz, graz] as const;
    await settled("both have joined", SETTLE_MS, async () => {
      const links = await Promise.all(sites.map((site) => linkOf(site.api)));
      return links.every(({ phase }) => phase === "live") ? true : undefined;
    });
    const ids = await Promise.all(sites.map(async (site) => (await theDevice(site.api)).id));
    expect(ids[0]).toBe(ids[1] ?? "");
    const every = "site:linz,graz current:true,false";
    await settled("the hub has the rows of both", SETTLE_MS, async () =>
      (await hub.rows(every)).length === 2 ? true : undefined,
    );
    const rows = await hub.rows(every);
    const id = ids[0] ?? "";
    expect(rows.map(({ site, device, status }) => [site, device, status]).sort()).toEqual([
      ["graz", id, "installed"],
      ["linz", id, "installed"],
    ]);

    for (const [index, site] of sites.entries()) {
      const { phone, former } = alone[index] ?? {};
      if (!phone || !former) throw new Error("nobody was met");
      // What was decided for the device, by its id of then, is decided for it still.
      await site.api.send(`/api/v1/devices/${former}`, { method: "PATCH", json: { cpu: "ARM" } });
      expect(await theDevice(site.api)).toMatchObject({
        cpu: "ARM",
        aliases: expect.arrayContaining([former]),
      });
      expect((await site.rows("group:Chosen")).length).toBe(1);
      const next = await site.distribute("2.0.0.0", {
        id: `second-${index}`,
        mode: "automatic",
        target: { kind: "group", group: "Chosen" },
      });
      const same = new AutoPhone(ids[index] ?? "", phone.raw, "1.0.0.0");
      await site.gateway.setClock("2026-03-07T22:59:00.000Z");
      for (let contact = 0; contact < 5; contact++) {
        await site.gateway.advance(10_000);
        await same.contact();
      }
      expect(await site.row(same.id, next)).toMatchObject({ status: "installed" });
      await untilEqual({ hub, site, line }, `site:${site === linz ? "linz" : "graz"}`);
    }
  }, 120_000);

  test("a site that joins while it works loses no step of what is under way", async () => {
    await using hub = await Scenario.start({ role: "hub", now: NOW });
    await using line = await Line.open(Number(new URL(hub.url).port));
    line.cut();
    await using site = await Scenario.start({
      role: "site",
      now: NOW,
      settings: { hubUrl: line.url, joinCode: await joinCode(hub, "linz"), siteName: "Alone" },
    });
    await site.prepare();
    await site.addWindow("2026-03-01T22:00", 120);
    const [phone] = await phones(site, 1);
    if (!phone) throw new Error("no phone");
    const distribution = await site.distribute("1.0.0.0");
    await site.request(phone.id, distribution);
    await site.gateway.advance(MINUTE_MS);
    expect(await phone.contact()).toEqual(["1.0.0.0"]);
    const before = await site.row(phone.id, distribution);
    const told = await site.history(phone.id, distribution);

    line.heal();
    await settled("the site has joined", SETTLE_MS, async () =>
      (await linkOf(site.api)).phase === "live" ? true : undefined,
    );
    // In the hub's organisation the device has another id.
    const { id } = await theDevice(site.api);
    expect(id).not.toBe(phone.id);
    const after = await site.row(id, distribution);
    expect(after).toMatchObject({ site: "linz", status: before.status, state: before.state });
    expect(await site.history(id, distribution)).toEqual(told);
    for (let contact = 0; contact < 3; contact++) {
      await site.gateway.advance(MINUTE_MS);
      expect(await phone.contact()).toEqual([]);
    }
    expect((await site.row(id, distribution)).status).toBe("installed");
    await untilEqual({ hub, site, line });

    await site.api.send("/api/v1/windows/nightly", { method: "DELETE" });
    expect(await (await site.api.send("/api/v1/windows")).json()).toEqual([]);
    await site.api.send(`/api/v1/distributions/${distribution}/stop`, { method: "POST" });
    const [stopped] = await site.api.request("/api/v1/distributions", Distributions);
    expect(stopped?.stoppedAt).toBeString();
  }, 60_000);

  test("a site whose clock is years off joins and reports; the hub shows by how much", async () => {
    await using hub = await Scenario.start({ role: "hub", now: NOW });
    await hub.prepare();
    const code = await joinCode(hub, "graz");
    await using site = await Scenario.start({
      role: "site",
      now: "2031-01-01T00:00:00.000Z",
      settings: { hubUrl: hub.url, joinCode: code },
    });
    const [phone] = await phones(site, 1);
    if (!phone) throw new Error("no phone");
    const distribution = await hub.distribute("1.0.0.0");
    await settled("the site knows the distribution", SETTLE_MS, async () =>
      (await site.rows(`distribution:${distribution}`)).length === 1 ? true : undefined,
    );
    await contentIsHere(site);
    await site.request(phone.id, distribution);
    for (let contact = 0; contact < 5; contact++) {
      await site.gateway.advance(MINUTE_MS);
      await phone.contact();
    }
    await settled("the hub says installed", SETTLE_MS, async () => {
      const [row] = await report(hub.api, `distribution:${distribution}`);
      return row?.includes(" installed ") ? true : undefined;
    });
    const { clockOffsetMs } = await hub.api.request("/api/v1/sites/graz", Site);
    expect(clockOffsetMs).toBeGreaterThan(4 * 365 * 24 * 60 * MINUTE_MS);
  }, 60_000);
});
