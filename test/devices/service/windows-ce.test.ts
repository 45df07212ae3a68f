import { describe, expect, test } from "bun:test";
import { Hono } from "hono";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { Action, Critical } from "../../../devices/model/install-action.ts";
import type { AgentInstall } from "../../../devices/model/package.ts";
import { answerDevice } from "../../../devices/service/ce/answer.ts";
import type { CeContext } from "../../../devices/service/ce/ce-context.ts";
import { codePageOf } from "../../../devices/service/ce/hear-inventory.ts";
import { findScript } from "../../../devices/service/ce/locate.ts";
import { packageIdOf } from "../../../devices/service/ce/package-id.ts";
import { CE_DEFAULT, type CeSettings } from "../../../devices/service/ce/settings.ts";
import { patchDevice, removeDevice } from "../../../devices/service/change-device.ts";
import { rotateToken } from "../../../devices/service/contact/device-token.ts";
import { requestInstallation, retryInstallation } from "../../../devices/service/installations.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { DeviceUrls } from "../../../gateway/content/device-urls.ts";
import type { AppEnv } from "../../../gateway/http/environment.ts";
import { onError } from "../../../gateway/http/on-error.ts";
import { windowsCeRoutes } from "../../../gateway/http/routes/windows-ce.ts";
import { Metrics } from "../../../gateway/telemetry/metrics.ts";
import { CeClient } from "../../harness/ce-client.ts";
import { QUIET, SiteCore } from "../../harness/site-core.ts";

const UUID = "0A1B0000-1807-1211-1502-0123456789AB";
const HOUR_MS = 3_600_000;
const ANY = { cpu: null, osMajor: null, osPlatform: null };
const settings = { critical: "continue only on success", targeting: ANY } as const;
const CAB: Partial<AgentInstall> = {
  metrics: [],
  actions: [
    { kind: "Download", source: "tool.bin", target: "\\Temp\\tool.cab", ...settings },
    { kind: "Install", file: "\\Temp\\tool.cab", command: null, ...settings },
  ],
};

/** A site's door for the clients of Windows CE, and one client. */
class CeSite implements AsyncDisposable {
  readonly core: SiteCore;
  readonly client: CeClient;
  readonly #app = new Hono<AppEnv>();
  settings: CeSettings = CE_DEFAULT;
  isPolicyKnown = true;

  static async open(): Promise<CeSite> {
    return new CeSite(await SiteCore.open());
  }

  private constructor(core: SiteCore) {
    this.core = core;
    const key = new Uint8Array(32).fill(7);
    const urls = new DeviceUrls({ current: key, accepted: [key] }, () => core.nowMs);
    const context: CeContext = {
      site: core.context,
      settings: () => this.settings,
      isPolicyKnown: () => this.isPolicyKnown,
      urls,
    };
    this.#app.route(
      "/",
      windowsCeRoutes({
        answer: (headers, request, origin) => answerDevice(context, headers, request, origin),
        codePageOf: (uuid) => codePageOf(core.context.store, uuid),
        scriptOf: async (id, sha256) => {
          const device = await core.context.store.find(id);
          if (!device) throw new Error("no device");
          return findScript(context, device, sha256);
        },
        urls,
        certificate: {
          criteria: () => null,
          header: undefined,
          proxies: { includes: () => false },
          ownSubject: async () => undefined,
        },
        baseUrlOf: () => "http://site.test",
        log: QUIET,
        metrics: new Metrics(),
      }),
    );
    this.#app.onError(onError(QUIET) as never);
    this.client = this.another(UUID);
  }

  another(uuid: string): CeClient {
    return new CeClient(uuid, async (path, init) => this.#app.request(path, init));
  }

  get(url: string, headers: Readonly<Record<string, string>> = {}) {
    return this.#app.request(url.replace("http://site.test", ""), { headers });
  }

  /** Approves the client, as an administrator does. */
  async approve(): Promise<DeviceId> {
    const { device } = await registerDevice(
      this.core.context,
      { stableId: UUID, protocol: "ce", platform: "Windows" },
      "test",
    );
    return device.id;
  }

  /** An approved device that has polled, and on-demand work that was asked for. */
  async withWork(agent: Partial<AgentInstall> = CAB, version = "1.0") {
    const id = await this.approve();
    await this.client.poll();
    return { id, distribution: await this.asked(id, agent, version) };
  }

  async asked(id: DeviceId, agent: Partial<AgentInstall> = CAB, version = "1.0") {
    const distribution = await this.core.distributeAgent(version, { mode: "on-demand" }, agent);
    const key = { site: this.core.context.site, device: id, distribution };
    await requestInstallation(this.core.context, key, "test");
    return distribution;
  }

  /** Polls and asks for what is new. */
  async fetchWork() {
    const { packages } = await this.client.poll();
    const wanted = packages.filter((one) => !this.client.known.has(one));
    return this.client.instructions(wanted);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.core[Symbol.asyncDispose]();
  }
}

const known = (core: SiteCore) =>
  core.database.connection.prepare("SELECT external_id, details FROM knocks").rows();

describe("a client of Windows CE", () => {
  test("knocks, is approved, and is given its token, again until it has used it", async () => {
    await using site = await CeSite.open();
    const { client, core } = site;
    expect((await client.poll()).status).toBe(401);
    expect(known(core)).toEqual([[UUID, expect.stringContaining('"name":"till-7"')]]);
    await site.approve();
    expect((await client.poll()).status).toBe(200);
    const first = client.auth;
    expect(first).toHaveLength(32);
    // The answer was lost: it comes with nothing again.
    client.auth = "";
    expect((await client.poll()).status).toBe(200);
    expect(client.auth).not.toBe(first);
    expect((await client.poll()).status).toBe(200);

    const token = client.auth;
    for (const wrong of ["", "0", first, "wrong"]) {
      client.auth = wrong;
      expect((await client.poll()).status).toBe(401);
    }
    const other = site.another(`${UUID}-2`);
    other.auth = token;
    expect((await other.poll()).status).toBe(401);
  });

  test("is not taken for a new device when it is known", async () => {
    await using site = await CeSite.open();
    await site.approve();
    site.settings = { ...CE_DEFAULT, plugAndPlay: true };
    await site.client.poll();
    await site.client.poll();
    site.client.auth = "wrong";
    expect((await site.client.poll()).status).toBe(401);
    expect((await site.core.context.store.deviceIds()).length).toBe(1);
    expect(known(site.core)).toEqual([]);
  });

  test("gets the next token after an administrator renewed it, with the former or with none", async () => {
    await using site = await CeSite.open();
    const id = await site.approve();
    await site.client.poll();
    await site.client.poll();
    const former = site.client.auth;
    await rotateToken(site.core.context, id);
    expect((await site.client.poll()).status).toBe(200);
    expect(site.client.auth).not.toBe(former);
    await site.client.poll();
    // Its memory was wiped.
    await rotateToken(site.core.context, id);
    site.client.auth = "";
    expect((await site.client.poll()).status).toBe(200);
  });

  test("is registered by itself where that is switched on, and knocks anew when it was removed", async () => {
    await using site = await CeSite.open();
    site.settings = { ...CE_DEFAULT, plugAndPlay: true };
    expect((await site.client.poll()).status).toBe(200);
    const [id] = await site.core.context.store.deviceIds();
    if (!id) throw new Error("not registered");
    expect(await site.core.context.store.find(id)).toMatchObject({
      name: "till-7",
      protocol: "ce",
      cpu: "ARM",
      osPlatform: "WinCE",
    });
    site.settings = CE_DEFAULT;
    await removeDevice(site.core.context, id);
    expect((await site.client.poll()).status).toBe(401);
    expect(known(site.core).length).toBe(1);
  });

  test("is refused, and nothing is lost, when what it says cannot be read", async () => {
    await using site = await CeSite.open();
    const { distribution, id } = await site.withWork();
    const { client } = site;
    const refused = async (body: string, headers = {}) =>
      (await client.send("Anything", body, headers)).response.status;
    expect(await refused("<DevicePoll>")).toBe(400);
    expect(await refused('<!DOCTYPE a [<!ENTITY b "c">]><Status>&b;</Status>')).toBe(400);
    expect(await refused(client.pollDocument("FFFF"))).toBe(400);
    expect(await refused("<Status/>", { "X-Device-UUID": "../../etc" })).toBe(400);
    expect(await refused(`<Status>${" ".repeat(300_000)}</Status>`)).toBe(413);
    expect(await rowOf(site, id, distribution)).toMatchObject({ status: "pending_install" });
    expect((await client.poll()).packages.length).toBe(1);
  });
});

const rowOf = (site: CeSite, id: DeviceId, distribution: Parameters<SiteCore["row"]>[1]) =>
  site.core.row(id, distribution);

describe("a package on Windows CE", () => {
  test("is installed when the device says so, and not before", async () => {
    await using site = await CeSite.open();
    const { id, distribution } = await site.withWork();
    const { client } = site;
    const [told] = await site.fetchWork();
    if (!told) throw new Error("no instructions");
    expect(told).toMatchObject({
      name: "agent-tool",
      folder: "\\Temp",
      commandLine: 'wceload.exe "\\Temp\\tool.cab"',
      bytes: 100,
      startTime: "2026-11-21 12:00:00",
    });
    expect(await client.locate(told.id)).toMatch(
      new RegExp(`^http://site\\.test/content/[0-9a-f]{64}/tool\\.cab\\?device=${id}&exp=`),
    );
    const status = async () => (await rowOf(site, id, distribution))?.status;
    expect(await status()).toBe("pending_install");
    await client.status(told.id, 11030);
    expect(await status()).toBe("installing");
    await client.status(told.id, 11031);
    expect(await status()).toBe("installing");
    await client.status(told.id, 11035);
    expect(await rowOf(site, id, distribution)).toMatchObject({
      status: "installed",
      version: "1.0",
      source: "agent",
      lastErrorText: expect.stringContaining("message 11035"),
    });
    // It stays listed, and is not done again.
    expect((await client.poll()).packages).toEqual([told.id]);
    expect(await client.instructions([told.id])).toEqual([]);
  });

  test("is in hand from its instructions on: a lost answer costs nothing, also over a restart", async () => {
    await using site = await CeSite.open();
    await site.withWork();
    const { packages } = await site.client.poll();
    const [first] = await site.client.instructions(packages);
    site.core.restart();
    expect((await site.client.poll()).packages).toEqual(packages);
    expect(await site.client.instructions(packages)).toEqual([first as never]);
  });

  test.each([
    [11032, "Failed download"],
    [11036, "Installation failed"],
    [99999, "Installation failed"],
  ])("fails by message %i, which is kept", async (messageId, state) => {
    await using site = await CeSite.open();
    const { id, distribution } = await site.withWork();
    const [told] = await site.fetchWork();
    await site.client.status(told?.id ?? "", 11030, messageId);
    expect(await rowOf(site, id, distribution)).toMatchObject({
      status: "failed",
      state,
      lastErrorText: expect.stringContaining(`message ${messageId}`),
    });
    // A retry is another package; the former one is listed until then.
    const key = { site: site.core.context.site, device: id, distribution };
    expect((await site.client.poll()).packages).toEqual([told?.id ?? ""]);
    await retryInstallation(site.core.context, key, "test");
    const { packages } = await site.client.poll();
    expect(packages.length).toBe(2);
    const [again] = await site.fetchWork();
    expect(again?.id).not.toBe(told?.id);
    expect((await site.client.poll()).packages).toEqual([again?.id ?? ""]);
    await site.client.status(again?.id ?? "", 11030, 11031, 11035);
    expect(await rowOf(site, id, distribution)).toMatchObject({ status: "installed", attempt: 2 });
    // News of the first attempt is history.
    await site.client.status(told?.id ?? "", 11036);
    expect(await rowOf(site, id, distribution)).toMatchObject({ status: "installed", attempt: 2 });
  });

  test("messages that come twice or late change nothing; strangers' are refused by themselves", async () => {
    await using site = await CeSite.open();
    const { id, distribution } = await site.withWork();
    const [told] = await site.fetchWork();
    await site.client.status(told?.id ?? "", 11030, 11031, 11035);
    const done = await rowOf(site, id, distribution);
    await site.client.status(told?.id ?? "", 11035);
    await site.client.status(told?.id ?? "", 11030, 11031);
    await site.client.status(told?.id ?? "", 11032);
    const after = await rowOf(site, id, distribution);
    expect(after).toMatchObject({
      status: "installed",
      state: done?.state ?? "",
      sequence: done?.sequence ?? 0,
    });
    const values = (await site.core.facts(id)).filter(({ text }) => text?.startsWith("message"));
    expect(values.length).toBe(7);
    const response = await site.client.status("00000000-0000-8000-A000-000000000000", 11035);
    expect(response.status).toBe(200);
    expect(response.headers.get("x-outpost-refused-messages")).toBe("1");
  });

  test("what it has not in hand it cannot fetch", async () => {
    await using site = await CeSite.open();
    await site.withWork();
    const { packages } = await site.client.poll();
    expect(await site.client.locate(packages[0] ?? "")).toBe("");
  });

  test("an uninstall runs the revision's own steps as a script", async () => {
    await using site = await CeSite.open();
    const { id } = await site.withWork();
    const [app] = await site.fetchWork();
    await site.client.status(app?.id ?? "", 11030, 11031, 11035);
    const { core } = site;
    const [installed] = core.policy.distributions;
    if (!installed) throw new Error("no distribution");
    const removal = {
      ...installed,
      id: "removal" as typeof installed.id,
      operation: "uninstall" as const,
      hlc: core.context.hlc.next(),
    };
    await core.change({ distributions: [removal, ...core.policy.distributions] });
    await requestInstallation(
      core.context,
      { site: core.context.site, device: id, distribution: removal.id },
      "test",
    );
    const { packages } = await site.client.poll();
    expect(packages).toContain(app?.id ?? "");
    const [told] = await site.fetchWork();
    const path = `\\Temp\\${told?.id}.dms`;
    expect(told).toMatchObject({ folder: "\\Temp", commandLine: path });
    const url = await site.client.locate(told?.id ?? "");
    const script = await site.get(url);
    const bytes = Buffer.from(await script.arrayBuffer());
    expect(bytes.length).toBe(told?.bytes ?? 0);
    expect(bytes.toString("utf16le")).toContain("delete \\tool.bin");
    const rest = await site.get(url, { range: "bytes=10-" });
    expect(rest.status).toBe(206);
    expect(Buffer.from(await rest.arrayBuffer())).toEqual(bytes.subarray(10));
    expect((await site.get(url.replace("sig=", "sig=x"))).status).toBe(403);
    await site.client.status(told?.id ?? "", 11030, 11031, 11035);
    expect(await rowOf(site, id, removal.id)).toMatchObject({
      status: "removed_after_installation",
    });
    // What was taken off is listed no more.
    expect((await site.client.poll()).packages).toEqual([told?.id ?? ""]);
  });

  const cab = (critical: Critical): readonly Action[] => [
    { kind: "Download", source: "tool.bin", target: "\\tool.cab", ...settings },
    { kind: "Install", file: "\\tool.cab", command: null, ...settings, critical },
    { kind: "WarmBoot", ...settings },
  ];
  test.each([
    ["continue only on success", 11035, "next", "installed"],
    ["continue only on success", 11036, "end", "failed"],
    ["continue", 11036, "next", "installed"],
    ["continue", 11035, "next", "installed"],
    ["continue only on error", 11036, "next", "installed"],
    ["continue only on error", 11035, "end", "installed"],
    ["continue only on error", 11032, "end", "failed"],
  ] as const)("with several parts, %s and message %i: %s", async (critical, id, course, end) => {
    await using site = await CeSite.open();
    const work = await site.withWork({ metrics: [], actions: cab(critical) });
    const [first] = await site.fetchWork();
    expect((await site.client.poll()).pollInterval).toBe("0000-00-00 00:01:00");
    await site.client.status(first?.id ?? "", 11030, id);
    const status = async () => (await rowOf(site, work.id, work.distribution))?.status;
    const [second, ...more] = await site.fetchWork();
    expect(more).toEqual([]);
    if (course === "end") {
      expect(second).toBeUndefined();
    } else {
      expect(await status()).toBe("installing");
      expect(second?.commandLine).toEndWith(".dms");
      // Of the second part it was told; of a third it cannot tell.
      const third = packageIdOf(await deviceIn(site, work.id), { ...work, attempt: 1, part: 2 });
      const strange = await site.client.status(third, 11035);
      expect(strange.headers.get("x-outpost-refused-messages")).toBe("1");
      // A message about the part that is done comes late.
      await site.client.status(first?.id ?? "", 11030);
      site.core.restart();
      await site.client.status(second?.id ?? "", 11030, 11031, 11035);
    }
    expect(await status()).toBe(end);
  });

  test("what the client cannot do is not relevant for it, in words", async () => {
    await using site = await CeSite.open();
    const id = await site.approve();
    const distribution = await site.core.distributeAgent(
      "1.0",
      {},
      {
        actions: [{ kind: "Terminate", modules: "a.exe", ...settings }],
      },
    );
    expect(await rowOf(site, id, distribution)).toMatchObject({
      status: "not_relevant",
      state: "Device Criteria",
    });
    expect((await site.core.facts(id)).some(({ text }) => text?.includes("Terminate"))).toBe(true);
  });
});

async function deviceIn(site: CeSite, id: DeviceId) {
  const device = await site.core.context.store.find(id);
  if (!device) throw new Error("no device");
  return device;
}

describe("what a device of Windows CE is to have", () => {
  test("waits for its instant, which is its StartTime, and is withdrawn if it does not begin", async () => {
    await using site = await CeSite.open();
    const { core, client } = site;
    const id = await site.approve();
    await client.poll();
    await core.addWindow("2026-11-01T22:00", 120);
    const distribution = await core.distributeAgent("1.0", { mode: "automatic" }, CAB);
    const row = await rowOf(site, id, distribution);
    const instantMs = row?.nextAttemptMs ?? 0;
    expect((await client.poll()).packages).toEqual([]);
    await core.advance(instantMs - 1_800_000 - core.nowMs);
    // It is asked to come back at its instant.
    expect((await client.poll()).pollInterval).toBe("0000-00-00 00:30:00");
    await core.advance(instantMs + 60_000 - core.nowMs);
    const { packages } = await client.poll();
    expect(packages.length).toBe(1);
    const [told] = await client.instructions(packages);
    expect(told?.startTime).toBe(new Date(instantMs).toISOString().slice(0, 19).replace("T", " "));
    await core.advance(3 * HOUR_MS);
    expect((await client.poll()).packages).toEqual([]);
    expect(await client.instructions(packages)).toEqual([]);
    // It had begun all the same, and says so: then it is so.
    await client.status(told?.id ?? "", 11030);
    expect(await rowOf(site, id, distribution)).toMatchObject({ status: "installing" });
    expect((await client.poll()).packages).toEqual(packages);
    await client.status(told?.id ?? "", 11031, 11035);
    expect(await rowOf(site, id, distribution)).toMatchObject({ status: "installed" });
  });

  test("is held while the device is out of compliance, and comes when it is not any more", async () => {
    await using site = await CeSite.open();
    const { id } = await site.withWork();
    const [told] = await site.fetchWork();
    await patchDevice(site.core.context, id, { compliance: "out-of-compliance" });
    expect((await site.client.poll()).packages).toEqual([]);
    expect(await site.client.instructions([told?.id ?? ""])).toEqual([]);
    await patchDevice(site.core.context, id, { compliance: "compliant" });
    expect((await site.client.poll()).packages).toEqual([told?.id ?? ""]);
  });

  test("goes when its distribution is stopped, and when a newer one is done in its place", async () => {
    await using site = await CeSite.open();
    const { id, distribution } = await site.withWork();
    const [old] = await site.fetchWork();
    await site.client.status(old?.id ?? "", 11030, 11031, 11035);
    await site.asked(id, CAB, "2.0");
    expect((await site.client.poll()).packages.length).toBe(2);
    const [next] = await site.fetchWork();
    await site.client.status(next?.id ?? "", 11030);
    expect((await site.client.poll()).packages).toContain(old?.id ?? "");
    await site.client.status(next?.id ?? "", 11031, 11035);
    expect((await site.client.poll()).packages).toEqual([next?.id ?? ""]);
    const { core } = site;
    await core.change({
      distributions: core.policy.distributions.map((one) => ({ ...one, stoppedAtMs: core.nowMs })),
    });
    expect((await site.client.poll()).packages).toEqual([]);
    expect(distribution).toBe("distribution-1" as never);
  });

  test("is the last known list while nothing is known of policy, and never an empty one", async () => {
    await using site = await CeSite.open();
    const { core, client } = site;
    await site.withWork();
    const [told] = await site.fetchWork();
    await client.status(told?.id ?? "", 11030, 11031, 11035);
    // As on a site whose hub has not sent its policy: nothing is in it.
    site.isPolicyKnown = false;
    await core.change({ packages: new Map(), revisions: new Map(), distributions: [] });
    core.restart();
    expect((await client.poll()).packages).toEqual([told?.id ?? ""]);

    const other = site.another(`${UUID}-2`);
    await registerDevice(
      core.context,
      { stableId: other.uuid, protocol: "ce", platform: "Windows" },
      "test",
    );
    // It had packages of another site: an empty list would drop them.
    other.timestamp = "2026-01-01 00:00:00";
    other.known.add("A");
    expect((await other.poll()).status).toBe(503);
    expect([...other.known]).toEqual(["A"]);
    other.timestamp = "";
    expect((await other.poll()).packages).toEqual([]);
    expect(other.timestamp).toBe("");
    site.isPolicyKnown = true;
    expect((await other.poll()).status).toBe(200);
    expect(other.timestamp).not.toBe("");
  });
});

test("what a device tells before policy is known is not judged: a part of three is no package", async () => {
  await using site = await CeSite.open();
  const { core, client } = site;
  const actions = (CAB.actions ?? []).slice(0, 1);
  const three = { actions: [...actions, ...actions, ...actions] };
  const { id, distribution } = await site.withWork(three);
  const [first] = await site.fetchWork();
  const { packages, revisions, distributions } = core.policy;
  site.isPolicyKnown = false;
  await core.change({ packages: new Map(), revisions: new Map(), distributions: [] });
  expect((await client.status(first?.id ?? "", 11030, 11031)).status).toBe(503);
  expect((await core.row(id, distribution)).status).toBe("pending_install");
  site.isPolicyKnown = true;
  await core.change({ packages, revisions, distributions });
  expect((await client.status(first?.id ?? "", 11030, 11031)).status).toBe(200);
  expect((await core.row(id, distribution)).status).toBe("installing");
});

describe("an inventory of Windows CE", () => {
  test("tells the facts that packages are targeted by, and is kept by name", async () => {
    await using site = await CeSite.open();
    const id = await site.approve();
    await site.client.poll();
    const { response } = await site.client.inventory({
      Device_System: { ProcessorType: "4000", PlatformType: "PocketPC", OEMInfo: "Scanner 9" },
      Device_OS: { MajorVersion: "5", MinorVersion: "2", BuildNumber: "1235" },
      Device_Power: { BatteryPercent: "80" },
    });
    expect(response.status).toBe(200);
    const { store } = site.core.context;
    expect(await store.find(id)).toMatchObject({
      cpu: "MIPS",
      osMajor: 5,
      osVersion: "5.2.1235",
      osPlatform: "PocketPC",
      model: "Scanner 9",
    });
    const names = async () =>
      Object.fromEntries((await store.attributes(id)).map(({ name, value }) => [name, value]));
    expect(await names()).toMatchObject({
      "Device_Power.BatteryPercent": "80",
      UserName: "clerk",
      IPAddress: "10.0.0.7",
      ClientVersion: "5.0",
    });
    // The next inventory takes the place of this one, and what a poll said stays.
    await site.client.inventory({ Device_Power: { BatteryPercent: "79" } });
    expect(await names()).toMatchObject({ "Device_Power.BatteryPercent": "79", UserName: "clerk" });
    expect(await names()).not.toHaveProperty("Device_OS.MajorVersion");
    // A poll says less exactly what an inventory has told.
    await site.client.poll();
    expect(await store.find(id)).toMatchObject({ cpu: "MIPS", osPlatform: "PocketPC" });
  });

  test("is read in the code page that the device has named", async () => {
    await using site = await CeSite.open();
    const id = await site.approve();
    await site.client.poll();
    const body = Buffer.concat([
      Buffer.from(
        '<Inventory type="machine"><InventoryItem name="Device_System"><Property name="OEMInfo">',
      ),
      Buffer.from([0x8a, 0xa0, 0xe1, 0xe1, 0xa0]),
      Buffer.from("</Property></InventoryItem></Inventory>"),
    ]);
    expect((await site.client.send("Report", new Uint8Array(body))).response.status).toBe(200);
    expect((await site.core.context.store.find(id))?.model).toBe("Касса");
  });
});
