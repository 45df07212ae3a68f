import { describe, expect, test } from "bun:test";
import { XMLParser } from "fast-xml-parser";
import { alertXml, loginAlert, type PcState, pc, shortly } from "../../harness/pc.ts";
import { ask, contact, pcAtSite } from "../../harness/pc-at-site.ts";
import type { RawCommand } from "../../harness/raw-device.ts";
import { MSI_V1, MSI_V2, SiteCore, UPGRADE_CODE } from "../../harness/site-core.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
const NODE = `./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/${encodeURIComponent(MSI_V1)}`;
const INSTALL_ALERT = "Reversed-Domain-Name:com.microsoft.mdm.win32csp_install";

const start = (core: SiteCore, change: Partial<PcState> = {}) =>
  pcAtSite(core, { msi: {}, ...change }, () => core.distributeMsi("1.0.0"));

const pushes = (commands: readonly RawCommand[]) =>
  shortly(commands).filter((one) => one.includes("DownloadInstall") && !one.startsWith("Get"));

describe("an MSI on a Windows 11 PC", () => {
  test("E-006 the PC is asked what it is, and never hears of EnterpriseAppManagement", async () => {
    await using core = await SiteCore.open();
    const { raw, state } = await start(core);
    await raw.session(pc(state));
    const heard = JSON.stringify(state.seen);
    expect(shortly(state.seen).slice(0, 2)).toEqual([
      "Get ./DevDetail/SwV",
      "Get ./DevDetail/Ext/Microsoft/OSPlatform",
    ]);
    expect(heard).not.toContain("EnterpriseAppManagement");
    expect(heard).toContain("EnterpriseModernAppManagement");
  });

  test("is sent as one Atomic: Add, then Exec with a job that names the site first", async () => {
    await using core = await SiteCore.open();
    const { raw, state } = await start(core);
    const commands = await raw.session(pc(state));
    expect(pushes(commands)).toEqual([
      `Atomic(Add ./Device/MSI/${MSI_V1}/DownloadInstall, Exec ./Device/MSI/${MSI_V1}/DownloadInstall)`,
    ]);
    const exec = commands.find(({ name }) => name === "Atomic")?.children[1]?.items[0];
    expect(exec).toMatchObject({ uri: `${NODE}/DownloadInstall`, format: "xml" });
    const parser = new XMLParser({
      ignoreAttributes: false,
      attributeNamePrefix: "",
      parseTagValue: false,
    });
    const job = parser.parse(exec?.data ?? "").MsiInstallJob;
    expect(job).toMatchObject({ id: MSI_V1, Product: { Version: "1.0.0" } });
    const { Download, Validation, Enforcement } = job.Product;
    expect(Download.ContentURLList.ContentURL).toEqual([
      expect.stringMatching(/^http:\/\/site\.test\/content\/[0-9a-f]{64}\/tools\.msi\?device=/),
      "https://vendor.test/tools.msi",
    ]);
    expect(Validation.FileHash).toBe("1".padStart(64, "0"));
    expect(Enforcement).toEqual({
      CommandLine: "/quiet",
      TimeOut: "60",
      RetryCount: "3",
      RetryInterval: "5",
    });
  });

  test("is followed by its Status, and Installed once the inventory shows the version", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    expect((await core.row(id, distribution)).status).toBe("pending_install");
    const history: string[] = [];
    for (const status of [10, 20, 40, 50, 70]) {
      state.msi = { [MSI_V1]: { status } };
      if (status === 70) state.msi = { [MSI_V1]: { status, version: "1.0.0", name: "Tools" } };
      const row = await contact(core, raw, state, id, distribution);
      history.push(`${status} ${row.status}/${row.state}/${row.reason}`);
    }
    expect(history).toEqual([
      "10 pending_install/Command Scheduled/contact",
      "20 installing/App is being installed/contact",
      "40 installing/App is being installed/contact",
      "50 installing/App is being installed/contact",
      "70 installed/App is installed/null",
    ]);
    expect(await core.row(id, distribution)).toMatchObject({
      version: "1.0.0",
      source: "windows-msi",
      anomaly: false,
    });
  });

  test.each([
    [
      25,
      "pending_install",
      "retry-backoff",
      "the download failed; the device tries it again by itself",
    ],
    [48, "pending_install", "user", "it goes on once its user signs in"],
    [
      55,
      "installing",
      "retry-backoff",
      "the installation failed; the device tries it again by itself",
    ],
  ] as const)("Status %d says why it is not done yet", async (status, expected, reason, detail) => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    state.msi = { [MSI_V1]: { status, lastError: 0x80072ee2 | 0 } };
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: expected,
      reason,
      reasonDetail: detail,
      lastError: 0x80072ee2 | 0,
    });
  });

  test.each([
    [30, 0x80190194, "Failed download"],
    [30, 0x80091007, "Failed checksum validation"],
    [60, 0x80070643, "Installation failed"],
    [60, 1633, "Relevance criteria not met"],
    [60, 0x8abcdef0, "Installation failed"],
  ] as const)("Status %d with %d is %s", async (status, code, expected) => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    state.msi = { [MSI_V1]: { status, lastError: code | 0 } };
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "failed",
      state: expected,
      lastError: code | 0,
      nativeValue: String(status),
    });
  });

  test("a done that the inventory does not show is no install: sent again, then failed", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    state.msi = { [MSI_V1]: { status: 70 } };
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "installing",
      attempt: 1,
      reason: "contact",
      reasonDetail: "the device says that it is done: its inventory has to show the app",
    });
    for (const attempt of [2, 3]) {
      state.seen.length = 0;
      const row = await contact(core, raw, state, id, distribution, 20 * MINUTE_MS);
      expect(row).toMatchObject({ attempt, reason: "contact" });
      expect(pushes(state.seen)).toEqual([`Exec ./Device/MSI/${MSI_V1}/DownloadInstall`]);
      await contact(core, raw, state, id, distribution);
    }
    expect(await contact(core, raw, state, id, distribution, 20 * MINUTE_MS)).toMatchObject({
      status: "failed",
      state: "Installation failed",
      lastErrorText:
        "the device said that it was done, and the app is not in its inventory; it was sent 3 times",
    });
  });

  test("a 200 with a job that stays Ready is told as parked, and sent again", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    state.msi = { [MSI_V1]: { job: "Ready" } };
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "pending_install",
      attempt: 1,
      reason: "retry-backoff",
      reasonDetail:
        "the device took the work and has not begun it: it is sent again if that stays so",
    });
    const again = await contact(core, raw, state, id, distribution, 20 * MINUTE_MS);
    expect(again).toMatchObject({ attempt: 2, reason: "contact" });
    expect(pushes(raw.transcript)).toHaveLength(1);
  });

  test("a node that is gone is decided by the inventory", async () => {
    for (const [version, expected] of [
      ["1.0.0", { status: "installed", version: "1.0.0", attempt: 1 }],
      [undefined, { status: "pending_install", attempt: 2 }],
    ] as const) {
      await using core = await SiteCore.open();
      const { id, raw, state, distribution } = await start(core);
      await raw.session(pc(state));
      state.msi = version === undefined ? {} : { [MSI_V1]: { version } };
      expect(await contact(core, raw, state, id, distribution)).toMatchObject(expected);
    }
  });

  test("418 leads to an Exec alone, 404 back to the Add, and then it is tried another time", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    state.say = (command) => {
      if (command.name === "Atomic") return { code: 507, members: [{ code: 418 }, { code: 215 }] };
      return command.name === "Exec" ? { code: 404 } : undefined;
    };
    const commands = await raw.session(pc(state));
    const node = `./Device/MSI/${MSI_V1}/DownloadInstall`;
    expect(pushes(commands)).toEqual([
      `Atomic(Add ${node}, Exec ${node})`,
      `Exec ${node}`,
      `Atomic(Add ${node}, Exec ${node})`,
    ]);
    expect(await core.row(id, distribution)).toMatchObject({
      status: "failed",
      lastErrorText: "the device refused the command with status 418, then 404, then 418",
    });
  });

  test("404 to the Exec means that the device forgot it: said, and sent again", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    state.say = ({ name }) =>
      name === "Atomic" ? { code: 507, members: [{ code: 216 }, { code: 404 }] } : undefined;
    await raw.session(pc(state));
    expect(await core.row(id, distribution)).toMatchObject({
      attempt: 2,
      status: "pending_install",
    });
    const facts = await core.facts(id);
    expect(facts.map(({ text }) => text)).toContain(
      "the device has no node for the work it was sent (status 404)",
    );
    await contact(core, raw, state, id, distribution);
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "failed",
      attempt: 3,
    });
  });
});

describe("alerts of an MSI", () => {
  test.each([1224, 1226])("%d with 0 is verified in the same session", async (code) => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    raw.alerts = alertXml(3, code, INSTALL_ALERT, `${NODE}/DownloadInstall`, "0");
    state.msi = { [MSI_V1]: { status: 70, version: "1.0.0" } };
    expect((await contact(core, raw, state, id, distribution)).status).toBe("installed");
    expect((await core.facts(id)).map(({ value }) => value)).toContain("alert 0");
  });

  test("0 alone is no install", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    raw.alerts = alertXml(3, 1224, INSTALL_ALERT, `${NODE}/DownloadInstall`, "0");
    state.msi = { [MSI_V1]: { status: 50 } };
    expect((await contact(core, raw, state, id, distribution)).status).toBe("installing");
  });

  test("a failure counts where the nodes say nothing any more", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    await raw.session(pc(state));
    raw.alerts = alertXml(3, 1224, INSTALL_ALERT, `${NODE}/DownloadInstall`, "-2147023293");
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "failed",
      state: "Installation failed",
      lastError: -2147023293,
    });
  });

  test("about an app that nobody sent changes nothing", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await start(core);
    raw.alerts = alertXml(3, 1224, INSTALL_ALERT, `${NODE}/DownloadInstall`, "0");
    const commands = await raw.session(pc(state));
    expect(pushes(commands)).toHaveLength(1);
    expect((await core.row(id, distribution)).nativeValue).toBe("accepted");
  });
});

describe("an MSI that is there already", () => {
  test("is updated by another ProductCode, whichever was known by its UpgradeCode", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("pc");
    const byHand = "{0F000000-0000-0000-0000-000000000000}";
    const state: PcState = {
      seen: [],
      msi: { [byHand]: { version: "0.9" } },
      upgradeCodes: { [UPGRADE_CODE]: byHand },
    };
    raw.alerts = loginAlert("user");
    const distribution = await core.distributeMsi("1.0.0");
    await raw.session(pc(state));
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_update",
      version: "0.9",
      operation: "update",
    });
    await ask(core, id, distribution);
    await contact(core, raw, state, id, distribution);
    state.msi = { [byHand]: { version: "0.9" }, [MSI_V1]: { status: 50 } };
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "updating",
      version: "0.9",
    });
    state.msi = { [MSI_V1]: { status: 70, version: "1.0.0" } };
    expect(await contact(core, raw, state, id, distribution)).toMatchObject({
      status: "installed",
      version: "1.0.0",
      anomaly: false,
    });
  });

  test("at the wanted version needs nothing", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("pc");
    raw.alerts = loginAlert("user");
    const state: PcState = { seen: [], msi: { [MSI_V1]: { version: "1.0.0.0" } } };
    const distribution = await core.distributeMsi("1.0.0");
    await raw.session(pc(state));
    expect((await core.row(id, distribution)).status).toBe("installed");
    expect(pushes(state.seen)).toEqual([]);
  });

  test("D5 is Removed when its list no longer has it, and repaired at the next instant", async () => {
    await using core = await SiteCore.open({ nowMs: Date.parse("2026-11-21T12:00:00Z") });
    const { id, raw } = await core.device("pc");
    raw.alerts = loginAlert("user");
    const state: PcState = { seen: [], msi: { [MSI_V1]: { version: "1.0.0" } } };
    const distribution = await core.distributeMsi("1.0.0", { mode: "automatic" });
    await core.addWindow("2026-11-22T22:00", 60);
    await raw.session(pc(state));
    state.msi = {};
    expect(await contact(core, raw, state, id, distribution, 25 * 60 * MINUTE_MS)).toMatchObject({
      status: "removed_after_installation",
      actor: "user",
    });
    // The window's hour, local time: by its end the device's instant has come.
    core.nowMs = Date.parse("2026-11-22T21:59:00Z");
    expect(await contact(core, raw, state, id, distribution, 0)).toMatchObject({
      operation: "repair",
      attempt: 2,
    });
    expect(pushes(raw.transcript)).toHaveLength(1);
  });

  test("is uninstalled by Delete of the product that is there, and Removed once its list says so", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("pc");
    raw.alerts = loginAlert("user");
    const state: PcState = { seen: [], msi: { [MSI_V1]: { version: "1.0.0" } } };
    const install = await core.distributeMsi("1.0.0");
    await raw.session(pc(state));
    await core.advance(MINUTE_MS);
    const removal = await core.distributeMsi("2.0.0", { operation: "uninstall" }, MSI_V2);
    await ask(core, id, removal);
    state.say = ({ name }) => {
      if (name === "Delete") state.msi = {};
      return undefined;
    };
    const commands = shortly(await raw.session(pc(state)));
    expect(commands).toContain(`Delete ./Device/MSI/${MSI_V1}`);
    expect(commands.at(-2)).toBe("Get ./Device/MSI?list=StructData");
    const gone = { status: "removed_after_installation", actor: "mdm", anomaly: false };
    expect(await core.row(id, removal)).toMatchObject(gone);
    expect(await core.row(id, install)).toMatchObject(gone);
  });

  test("a Delete that is only answered removes nothing: sent again, then failed", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("pc");
    raw.alerts = loginAlert("user");
    const state: PcState = { seen: [], msi: { [MSI_V1]: { version: "1.0.0" } } };
    await core.distributeMsi("1.0.0");
    await raw.session(pc(state));
    await core.advance(MINUTE_MS);
    const removal = await core.distributeMsi("1.0.0", { operation: "uninstall" });
    await ask(core, id, removal);
    const deletes = () => shortly(state.seen).filter((one) => one.startsWith("Delete")).length;
    await raw.session(pc(state));
    expect(await core.row(id, removal)).toMatchObject({ status: "installed", reason: "contact" });
    await contact(core, raw, state, id, removal);
    expect(deletes()).toBe(1);
    await contact(core, raw, state, id, removal, 20 * MINUTE_MS);
    await contact(core, raw, state, id, removal, 20 * MINUTE_MS);
    expect(deletes()).toBe(3);
    expect(await contact(core, raw, state, id, removal, 20 * MINUTE_MS)).toMatchObject({
      status: "failed",
      lastErrorText: "the device took the removal 3 times, and the app is still there",
    });
  });
});

describe("an MSI for a user", () => {
  async function forUser(core: SiteCore, who: "user" | "none" | undefined) {
    const { id, raw } = await core.device("pc", { osPlatform: "Windows 11 Pro" });
    const state: PcState = { seen: [], msi: {}, userMsi: {} };
    raw.alerts = who === undefined ? "" : loginAlert(who);
    const distribution = await core.distributeMsi("1.0.0", {}, MSI_V1, { context: "user" });
    await raw.session(pc(state));
    await ask(core, id, distribution);
    await core.advance(MINUTE_MS);
    await raw.session(pc(state));
    return { id, raw, state, distribution };
  }

  test("is sent into the user's tree, and read there", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await forUser(core, "user");
    expect(pushes(raw.transcript)[0]).toContain(`Exec ./User/MSI/${MSI_V1}/DownloadInstall`);
    state.userMsi = { [MSI_V1]: { status: 70, version: "1.0.0" } };
    expect((await contact(core, raw, state, id, distribution)).status).toBe("installed");
  });

  test("waits while nobody is signed in, without a word to the device", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await forUser(core, "none");
    expect(pushes(raw.transcript)).toEqual([]);
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      reason: "user",
      reasonDetail: "it goes on once its user signs in",
      attempt: 1,
    });
    const facts = (await core.facts(id)).length;
    await contact(core, raw, state, id, distribution);
    expect((await core.facts(id)).length).toBe(facts);
    raw.alerts = loginAlert("user");
    await contact(core, raw, state, id, distribution);
    expect(pushes(raw.transcript)).toHaveLength(1);
  });

  test("405 says the same where the device does not tell who is signed in", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await forUser(core, undefined);
    await core.row(id, distribution);
    state.say = ({ name }) =>
      name === "Atomic" ? { code: 507, members: [{ code: 405 }, { code: 215 }] } : undefined;
    await core.advance(DAY_MS);
    const again = await core.distributeMsi("1.1.0", {}, MSI_V2, { context: "user" });
    await raw.session(pc(state));
    await ask(core, id, again);
    await contact(core, raw, state, id, again);
    expect(await core.row(id, again)).toMatchObject({
      status: "pending_install",
      reason: "user",
      attempt: 1,
      offeredAtMs: null,
    });
  });
});

describe("a session about an MSI that breaks", () => {
  async function broken(core: SiteCore) {
    const started = await start(core);
    const { raw, state } = started;
    let answer = await raw.open();
    while (!answer.commands.some(({ name }) => name === "Atomic")) {
      answer = await raw.reply(answer, pc(state));
    }
    return started;
  }

  test("before the job came: it is sent again", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await broken(core);
    await contact(core, raw, state, id, distribution);
    expect(pushes(raw.transcript)).toHaveLength(1);
    expect(await core.row(id, distribution)).toMatchObject({ attempt: 1, nativeValue: "accepted" });
  });

  test("after the job came: it is followed, not sent again", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await broken(core);
    state.msi = { [MSI_V1]: { status: 20 } };
    expect((await contact(core, raw, state, id, distribution)).status).toBe("installing");
    expect(pushes(raw.transcript)).toEqual([]);
  });

  test("an older job's failure is not taken for ours", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await broken(core);
    state.msi = { [MSI_V1]: { status: 60, lastError: 1603 } };
    const row = await contact(core, raw, state, id, distribution);
    expect(row).toMatchObject({ status: "pending_install", attempt: 1, lastError: null });
    expect(pushes(raw.transcript)).toHaveLength(1);
  });

  test("a message that comes twice never gets the Exec twice", async () => {
    await using core = await SiteCore.open();
    const { raw, state } = await start(core);
    let answer = await raw.open();
    while (!answer.commands.some(({ name }) => name === "Atomic")) {
      answer = await raw.reply(answer, pc(state));
    }
    // A session's first message, and nothing in it that is new: the device may have begun again after
    // it carried the Exec out. So it is asked.
    const repeated = await (await raw.send(raw.lastSent)).text();
    expect(repeated).not.toContain("<Exec>");
    expect(repeated).toContain("<Get>");
  });
});
