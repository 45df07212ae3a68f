import { describe, expect, test } from "bun:test";
import { XMLParser } from "fast-xml-parser";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import { alertXml, loginAlert, type PcState, pc, shortly } from "../../harness/pc.ts";
import { ask, contact, pcAtSite } from "../../harness/pc-at-site.ts";
import type { RawCommand } from "../../harness/raw-device.ts";
import { FAMILY, MSI_V1, SiteCore } from "../../harness/site-core.ts";

const MINUTE_MS = 60_000;
const fullName = (version: string) => `Contoso.App_${version}_x64__8wekyb3d8bbwe`;
const NODE = `./Device/Vendor/MSFT/EnterpriseModernAppManagement/AppInstallation/${FAMILY}`;
const ENDED = "Reversed-Domain-Name:com.microsoft.mdm.EnterpriseHostedAppInstall.result";
const REMOVED = "Reversed-Domain-Name:com.microsoft.mdm.EnterpriseAppUninstall.result";

const start = (core: SiteCore, change: Partial<PcState> = {}, version = "1.0.0.0") =>
  pcAtSite(core, { packages: {}, ...change }, () => core.distributeMsix(version));

const execs = (commands: readonly RawCommand[]) =>
  shortly(commands).filter((one) => one.startsWith("Exec"));

describe("a packaged app on a Windows 11 PC", () => {
  test("is sent as Add of its family and Exec, with its dependencies from the site", async () => {
    await using core = await SiteCore.open();
    const { raw, state } = await start(core);
    const commands = await raw.session(pc(state));
    expect(shortly(commands).slice(-2)).toEqual([
      `Add ./Device/AppInstallation/${FAMILY}`,
      `Exec ./Device/AppInstallation/${FAMILY}/HostedInstall`,
    ]);
    expect(commands.at(-2)?.items[0]).toMatchObject({ uri: NODE, format: "node", data: "" });
    const parser = new XMLParser({ ignoreAttributes: false, attributeNamePrefix: "" });
    const { Application } = parser.parse(commands.at(-1)?.items[0]?.data ?? "");
    expect(Application.PackageUri).toMatch(
      /^http:\/\/site\.test\/content\/[0-9a-f]{64}\/app\.msix/,
    );
    expect(Application.DeploymentOptions).toBeUndefined();
    expect(Application.Dependencies.Dependency.PackageUri).toMatch(/\/vclibs\.appx/);
  });

  test("waits for every file, and says which is missing", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    core.content.delete("d".repeat(64));
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "pending_install",
      reason: "content",
    });
    expect(execs(raw.transcript)).toEqual([]);
  });

  test("vanishes when it is done: the inventory says that it is installed", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    state.installs = { [FAMILY]: { status: 1 } };
    expect((await contact(core, raw, state, id, distribution)).status).toBe("installing");
    state.installs = {};
    state.packages = { [FAMILY]: fullName("1.0.0.0") };
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "installed",
      version: "1.0.0.0",
      source: "windows-msix",
      reason: null,
      anomaly: false,
    });
  });

  test("vanished and not in the inventory it is lost: sent again, and failed in the end", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    for (const attempt of [2, 3]) {
      const row = await contact(core, raw, state, id, distribution);
      expect(row).toMatchObject({ attempt, status: "pending_install" });
      expect(execs(raw.transcript)).toHaveLength(1);
    }
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "failed",
      state: "Installation failed",
      lastErrorText:
        "the device no longer knows of the work, and the app is not in its inventory; it was sent 3 times",
    });
  });

  test("INSTALLED, which may show for a moment, is proven by the inventory", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    state.installs = { [FAMILY]: { status: 3 } };
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "installing",
      reasonDetail: "the device says that it is done: its inventory has to show the app",
    });
    state.packages = { [FAMILY]: fullName("1.0.0.0") };
    expect((await contact(core, raw, state, id, distribution)).status).toBe("installed");
  });

  test.each([
    [0x80073cf3, "failed", "Installation failed"],
    [0x800b0109, "failed", "Installation failed"],
    [0x80190194, "failed", "Failed download"],
    [0x80073cfd, "failed", "Relevance criteria not met"],
  ] as const)("FAILED with %d", async (code, status, expected) => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    state.installs = { [FAMILY]: { status: 2, lastError: code | 0 } };
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status,
      state: expected,
      lastError: code | 0,
      nativeValue: "2",
    });
  });

  test("a node that was added and never executed is said to be idle, and sent again", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    state.installs = { [FAMILY]: { status: 0 } };
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "pending_install",
      reason: "retry-backoff",
    });
    const row = await contact(core, raw, state, id, distribution, 20 * MINUTE_MS);
    expect(row).toMatchObject({ attempt: 2 });
    expect(execs(raw.transcript)).toHaveLength(1);
  });

  test("418 to the Add is as good; the Exec decides", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    state.say = ({ name }) => (name === "Add" ? { code: 418 } : undefined);
    await raw.session(pc(state));
    expect(await core.row(id, distribution)).toMatchObject({ nativeValue: "accepted", attempt: 1 });
  });

  test("404 to the Exec is sent again another time, any other refusal is a failure", async () => {
    for (const [code, expected] of [
      [404, { status: "pending_install", attempt: 2 }],
      [
        425,
        {
          status: "failed",
          attempt: 1,
          lastErrorText: "the device refused the command with status 425",
        },
      ],
    ] as const) {
      await using core = await SiteCore.open();
      const { id, raw, state, distribution } = await start(core);
      state.say = ({ name }) => (name === "Exec" ? { code } : undefined);
      await raw.session(pc(state));
      expect(await core.row(id, distribution)).toMatchObject(expected);
    }
  });

  test("is updated from what is there, to the new version only", async () => {
    await using core = await SiteCore.open();
    const packages = { [FAMILY]: fullName("1.0.0.0") };
    const { id, raw, state, distribution } = await start(core, { packages }, "2.0.0.0");
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_update",
      version: "1.0.0.0",
    });
    await raw.session(pc(state));
    // The node is gone, and the former version is still what is listed.
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({ attempt: 2 });
    state.packages = { [FAMILY]: fullName("2.0.0.0") };
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "installed",
      version: "2.0.0.0",
    });
  });

  test("is taken off the device and from its users, and Removed once its list says so", async () => {
    await using core = await SiteCore.open();
    const packages = { [FAMILY]: fullName("1.0.0.0") };
    const { id, raw, state, distribution: install } = await start(core, { packages });
    await core.advance(MINUTE_MS);
    const removal = await core.distributeMsix("1.0.0.0", { operation: "uninstall" });
    await ask(core, id, removal);
    await raw.session(pc(state));
    const sent = raw.transcript.filter(({ name }) => name === "Delete" || name === "Exec");
    expect(shortly(sent)).toEqual([
      `Delete ./Device/AppManagement/nonStore/${FAMILY}`,
      "Exec ./Device/AppManagement/RemovePackage",
    ]);
    expect(sent[1]?.items[0]?.data).toContain(`Name="${fullName("1.0.0.0")}"`);
    expect((await core.row(id, removal)).status).toBe("installed");
    state.packages = {};
    raw.alerts = alertXml(
      3,
      1226,
      REMOVED,
      `./Device/Vendor/MSFT/EnterpriseModernAppManagement/AppManagement/${FAMILY}`,
      "0",
    );
    const gone = { status: "removed_after_installation", actor: "mdm" };
    expect(await contact(core, raw, state, id, removal)).toMatchObject(gone);
    expect(await core.row(id, install)).toMatchObject(gone);
  });

  test("an alert that it ended badly counts when the nodes are gone", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    raw.alerts = alertXml(3, 1226, ENDED, `${NODE}/HostedInstall`, String(0x80073cf3 | 0));
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "failed",
      lastError: 0x80073cf3 | 0,
    });
  });

  test("an alert is about the work that was sent last, where it overtook another", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    state.installs = { [FAMILY]: { status: 1 } };
    await contact(core, raw, state, id, distribution);
    const newer = await core.distributeMsix("2.0.0.0");
    await ask(core, id, newer);
    await contact(core, raw, state, id, newer);
    expect(execs(raw.transcript)).toHaveLength(1);
    state.installs = {};
    raw.alerts = alertXml(3, 1226, ENDED, `${NODE}/HostedInstall`, String(0x80073cf3 | 0));
    expect(await contact(core, raw, state, id, newer)).toMatchObject({
      status: "failed",
      lastError: 0x80073cf3 | 0,
    });
    const overtaken = await core.row(id, distribution);
    expect([overtaken.status, overtaken.lastError]).toEqual(["installing", null]);
  });

  test("an alert that it ended well is verified by the inventory", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    raw.alerts = alertXml(3, 1226, ENDED, `${NODE}/HostedInstall`, "0");
    state.packages = { [FAMILY]: fullName("1.0.0.0") };
    expect((await contact(core, raw, state, id, distribution)).status).toBe("installed");
  });

  test("a device without inventory queries is walked", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("pc");
    raw.alerts = loginAlert("user");
    const root = "./Device/Vendor/MSFT/EnterpriseModernAppManagement/AppManagement/nonStore";
    const state: PcState = {
      seen: [],
      say: ({ name, items }) => {
        const uri = items[0]?.uri ?? "";
        if (uri.includes("AppInventory")) return { code: 404 };
        const answer = (data: string) => ({ code: 200, results: [{ uri, format: "node", data }] });
        if (name === "Get" && uri === root) return answer(FAMILY);
        if (name === "Get" && uri === `${root}/${FAMILY}`) return answer(fullName("1.0.0.0"));
        return undefined;
      },
    };
    const distribution = await core.distributeMsix("1.0.0.0");
    await raw.session(pc(state));
    expect(await core.row(id, distribution)).toMatchObject({
      status: "installed",
      version: "1.0.0.0",
    });
  });

  test("a list that cannot be told says nothing about what is installed", async () => {
    await using core = await SiteCore.open();
    const packages = { [FAMILY]: fullName("1.0.0.0") };
    const { id, raw, state, distribution } = await start(core, { packages });
    expect((await core.row(id, distribution)).status).toBe("installed");
    state.packages = {};
    state.say = ({ items }) =>
      items[0]?.uri.includes("AppManagement") ? { code: 403 } : undefined;
    const row = await contact(core, raw, state, id, distribution, 25 * 60 * MINUTE_MS);
    expect(row.status).toBe("installed");
  });

  test("a session that breaks after the Exec is settled by the inventory", async () => {
    for (const [installed, expected, sent] of [
      [true, "installed", 0],
      [false, "pending_install", 1],
    ] as const) {
      await using core = await SiteCore.open();
      const { id, raw, state, distribution } = await start(core);
      let answer = await raw.open();
      while (!answer.commands.some(({ name }) => name === "Exec")) {
        answer = await raw.reply(answer, pc(state));
      }
      if (installed) state.packages = { [FAMILY]: fullName("1.0.0.0") };
      const row = await contact(core, raw, state, id, distribution);
      expect(row).toMatchObject({ status: expected, attempt: 1 });
      expect(execs(raw.transcript)).toHaveLength(sent);
    }
  });
});

describe("which provider serves which device", () => {
  test("a PC gets MSI and packaged apps in one session, a phone neither", async () => {
    await using core = await SiteCore.open();
    const tools = await core.distributeMsi("1.0.0");
    const shop = await core.distributeMsix("1.0.0.0");
    const scanner = await core.distribute("3.0.0.0");
    const pcDevice = await core.device("pc", { osPlatform: "Windows 11 Pro" });
    const phone = await core.device("phone", { osPlatform: "Windows 10 Mobile" });
    await ask(core, pcDevice.id, tools);
    await ask(core, pcDevice.id, shop);
    const sent = shortly(await pcDevice.raw.session(pc({ seen: [] })));
    const work = sent.filter((one) => !one.startsWith("Get") && !one.startsWith("Replace"));
    expect(work.toSorted()).toEqual([
      `Add ./Device/AppInstallation/${FAMILY}`,
      `Atomic(Add ./Device/MSI/${MSI_V1}/DownloadInstall, Exec ./Device/MSI/${MSI_V1}/DownloadInstall)`,
      `Exec ./Device/AppInstallation/${FAMILY}/HostedInstall`,
    ]);
    const why = async (id: DeviceId, distribution: DistributionId) => {
      const row = await core.row(id, distribution);
      return `${row.status}/${row.state}`;
    };
    const facts = await core.facts(phone.id);
    expect(await why(pcDevice.id, scanner)).toBe("not_relevant/OS Criteria");
    expect(await why(phone.id, tools)).toBe("not_relevant/OS Criteria");
    expect(await why(phone.id, shop)).toBe("not_relevant/OS Criteria");
    expect(facts.map(({ text }) => text)).toContain(
      "Windows 10 Mobile has no EnterpriseDesktopAppManagement",
    );
    expect(await why(phone.id, scanner)).toBe("pending_install/null");
  });

  test("an APPX that both know by name goes to either", async () => {
    await using core = await SiteCore.open();
    const both = await core.distributeAppxForBoth("1.0.0.0");
    const pcDevice = await core.device("pc", { osPlatform: "Windows 11 Pro" });
    const phone = await core.device("phone", { osPlatform: "Windows 10 Mobile" });
    await ask(core, pcDevice.id, both);
    await ask(core, phone.id, both);
    const onPc = shortly(await pcDevice.raw.session(pc({ seen: [] })));
    expect(onPc).toContain(`Exec ./Device/AppInstallation/${FAMILY}/HostedInstall`);
    expect(JSON.stringify(onPc)).not.toContain("EnterpriseAppManagement");
    const onPhone = await phone.raw.session(({ name, items }) => {
      const uri = items[0]?.uri ?? "";
      if (name !== "Get") return { code: 200 };
      return uri.endsWith("/Status") ? { code: 200, results: [{ uri, data: "0" }] } : { code: 404 };
    });
    expect(onPhone.map(({ name }) => name)).toContain("Atomic");
    expect(JSON.stringify(onPhone)).not.toContain("EnterpriseModernAppManagement");
  });
});
