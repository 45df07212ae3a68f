import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { planFleet } from "../../../devices/simulator/fleet-plan.ts";
import { CALM_PC, type PcBehaviour } from "../../../devices/simulator/pc/course.ts";
import { SimulatedPc } from "../../../devices/simulator/pc/simulated-pc.ts";
import { withMsi } from "../../../devices/simulator/pc/state.ts";
import {
  addDownloadInstall,
  deleteProduct,
  executeDownloadInstall,
  getProductLeaf,
  getProducts,
  getUpgradeCode,
} from "../../../protocols/csp/enterprise-desktop-app-management/commands.ts";
import { readMsiInventory } from "../../../protocols/csp/enterprise-desktop-app-management/inventory.ts";
import {
  type MsiInstallJob,
  printMsiInstallJob,
  readMsiInstallJob,
} from "../../../protocols/csp/enterprise-desktop-app-management/msi-install-job.ts";
import {
  addInstallation,
  deleteFamily,
  executeHostedInstall,
  getFamilies,
  getInstallationLeaf,
  getInventoryResults,
  queryInventory,
  removePackage,
} from "../../../protocols/csp/enterprise-modern-app-management/commands.ts";
import { printHostedInstall } from "../../../protocols/csp/enterprise-modern-app-management/documents.ts";
import { readPackageInventory } from "../../../protocols/csp/enterprise-modern-app-management/inventory.ts";
import type { NodeContext } from "../../../protocols/csp/node-table.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import { userAlert } from "../../../protocols/oma-dm/user-alert.ts";
import { sampleMsix } from "../../harness/sample-msix.ts";
import { FAMILY, MSI_V1, MSI_V2, UPGRADE_CODE } from "../../harness/site-core.ts";
import { ACCOUNT, ScriptServer } from "./script-server.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const FIRST = "http://site.test/tools.msi";
const SECOND = "http://vendor.test/tools.msi";
const APP = "http://site.test/app.msix";
const FRAMEWORK = "http://site.test/framework.msix";
const MSI_BYTES = Uint8Array.from([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, 1, 2, 3]);
const SHA256 = createHash("sha256").update(MSI_BYTES).digest("hex");

const JOB: MsiInstallJob = {
  productId: MSI_V1,
  version: "1.0.0",
  contentUrls: [FIRST, SECOND],
  sha256: SHA256,
  commandLine: "/quiet",
  timeoutMinutes: 60,
  retryCount: 2,
  retryIntervalMinutes: 5,
  downloadFromAad: false,
};

class Desk {
  readonly server = new ScriptServer();
  readonly pc: SimulatedPc;

  constructor(
    behaviour: Partial<PcBehaviour> = {},
    options: { kind?: "windows11" | "windows10"; upgradeCodes?: [string, string][] } = {},
  ) {
    const [plan] = planFleet(1, SEED, { mix: { [options.kind ?? "windows11"]: 1 } });
    if (plan === undefined) throw new Error("no plan");
    this.server.files.set(FIRST, MSI_BYTES);
    this.pc = new SimulatedPc(plan, ACCOUNT, {
      fetch: this.server.fetch,
      behaviour: { ...CALM_PC, pollIntervalMs: 1_000 * HOUR_MS, ...behaviour },
      startMs: 0,
      providerId: "outpost",
      upgradeCodes: new Map(options.upgradeCodes ?? []),
    });
  }

  /** One session in which these are asked; their statuses by tag. */
  async ask(nowMs: number, ...commands: OutgoingCommand[]) {
    this.server.events.length = 0;
    this.server.packages = [commands];
    const outcome = await this.pc.contact(nowMs);
    return { outcome, ...this.server.statuses };
  }

  async value(nowMs: number, command: OutgoingCommand): Promise<string | undefined> {
    await this.ask(nowMs, command);
    return this.results()[0]?.data;
  }

  results() {
    return this.server.events.flatMap((event) => (event.kind === "results" ? event.items : []));
  }

  /** Types and data of the alerts of the last session. */
  alerts() {
    return this.server.events.flatMap((event) =>
      event.kind === "alert"
        ? event.items.map(({ meta, data }) => `${event.code} ${meta?.type} ${data}`)
        : [],
    );
  }
}

const push = (job: Partial<MsiInstallJob> = {}, context: NodeContext = "device") => {
  const whole = { ...JOB, ...job };
  return [
    addDownloadInstall("add", context, whole.productId),
    executeDownloadInstall("exec", context, whole.productId, printMsiInstallJob(whole)),
  ];
};
const atomic = (commands: OutgoingCommand[]): OutgoingCommand => ({
  name: "Atomic",
  tag: "atomic",
  commands,
});
const msi = (leaf: "Status" | "LastError" | "Version" | "DownloadInstall") =>
  getProductLeaf(leaf, "device", MSI_V1, leaf);

/** The statuses that a job goes through within an hour. */
async function watch(desk: Desk, hours = 1): Promise<string[]> {
  const seen: string[] = [];
  const note = () => {
    const status = [...desk.pc.state.msi.values()][0]?.job?.status;
    if (status != null && seen.at(-1) !== status) seen.push(status);
  };
  note();
  while (desk.pc.dueMs <= hours * HOUR_MS) {
    await desk.pc.step(desk.pc.dueMs);
    note();
  }
  return seen;
}

describe(`an MSI on a simulated PC (TEST_SEED=${SEED})`, () => {
  test("is fetched, checked, installed, told by an alert and listed", async () => {
    const desk = new Desk();
    expect(await desk.ask(0, atomic(push()))).toMatchObject({ atomic: 200, add: 200, exec: 200 });
    expect(await watch(desk)).toEqual(["10", "20", "40", "50", "70"]);
    expect(desk.alerts()).toContain(
      "1224 Reversed-Domain-Name:com.microsoft.mdm.win32csp_install 0",
    );
    await desk.ask(HOUR_MS, getProducts("list", "device", "StructData"));
    expect(readMsiInventory(desk.results()).products).toMatchObject([
      { productId: MSI_V1, version: "1.0.0", title: "tools", installDate: "1970-01-01T00:00:00Z" },
    ]);
    expect(await desk.ask(HOUR_MS, deleteProduct("delete", "device", MSI_V1))).toMatchObject({
      delete: 200,
    });
    expect(await desk.ask(HOUR_MS, msi("Version"))).toMatchObject({ Version: 404 });
  });

  test("an Exec without the Add, a second Add, Get and Atomic inside an Atomic are refused", async () => {
    const desk = new Desk();
    const [add, exec] = push();
    if (!add || !exec) throw new Error("nothing to push");
    expect(await desk.ask(0, exec)).toMatchObject({ exec: 404 });
    expect(await desk.ask(0, add)).toMatchObject({ add: 200 });
    expect(await desk.ask(0, atomic([add, exec]))).toMatchObject({
      atomic: 507,
      add: 418,
      exec: 215,
    });
    expect(desk.pc.busy).toBe(false);
    const get = msi("DownloadInstall");
    expect(await desk.ask(0, atomic([exec, get]))).toMatchObject({ atomic: 507, exec: 216 });
    expect(desk.pc.busy).toBe(false);
    expect(await desk.value(0, get)).toBe("Ready");
    expect(await desk.ask(0, exec)).toMatchObject({ exec: 200 });
    expect(desk.pc.busy).toBe(true);
  });

  test("a job that was escaped twice is answered 200 and stays Ready for ever", async () => {
    const desk = new Desk();
    const twice = printMsiInstallJob(JOB).replaceAll("<", "&lt;");
    const exec = executeDownloadInstall("exec", "device", MSI_V1, twice);
    expect(await desk.ask(0, push()[0] as OutgoingCommand, exec)).toMatchObject({ exec: 200 });
    await desk.pc.step(HOUR_MS);
    expect(await desk.ask(HOUR_MS, msi("Status"), msi("DownloadInstall"))).toMatchObject({
      Status: 404,
    });
    expect(desk.results()[0]?.data).toBe("Ready");
  });

  test("the addresses are tried in their order, and a wrong hash is as good as none", async () => {
    const desk = new Desk();
    desk.server.files.set(FIRST, Uint8Array.from([...MSI_BYTES, 0]));
    desk.server.files.set(SECOND, MSI_BYTES);
    await desk.ask(0, ...push());
    expect(await watch(desk)).toEqual(["10", "20", "40", "50", "70"]);
    expect([...desk.pc.state.msi.values()][0]?.product?.version).toBe("1.0.0");
  });

  test("a hash that never fits ends in Download Failed after the retries of the job", async () => {
    const desk = new Desk();
    desk.server.files.set(FIRST, new Uint8Array(20));
    await desk.ask(0, ...push({ contentUrls: [FIRST] }));
    expect(await watch(desk)).toEqual(["10", "20", "25", "20", "25", "20", "30"]);
    expect(await desk.value(HOUR_MS, msi("LastError"))).toBe(String(0x80091007 | 0));
    expect(desk.pc.state.msi.size).toBe(1);
  });

  test("what msiexec ends with is the LastError, after retries", async () => {
    const desk = new Desk({ failureRate: 1 });
    await desk.ask(0, ...push({ retryCount: 0 }));
    expect((await watch(desk)).at(-1)).toBe("60");
    const code = Number(await desk.value(HOUR_MS, msi("LastError")));
    expect((code >>> 0).toString(16)).toStartWith("8007");
    expect([...desk.pc.state.msi.values()][0]?.product).toBeNull();
    const patient = new Desk({ failureRate: 1 });
    await patient.ask(0, ...push({ retryCount: 10, retryIntervalMinutes: 1 }));
    expect((await watch(patient)).at(-1)).toBe("70");
  });

  test("a file that is no installer, and an installer that takes too long, fail", async () => {
    const desk = new Desk();
    const bytes = new TextEncoder().encode("#!/bin/sh");
    desk.server.files.set(FIRST, bytes);
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    await desk.ask(0, ...push({ sha256, retryCount: 0 }));
    await watch(desk);
    expect(await desk.value(HOUR_MS, msi("LastError"))).toBe(String(0x80070654 | 0));
    const slow = new Desk({ slowness: 100 });
    await slow.ask(0, ...push({ timeoutMinutes: 1, retryCount: 0 }));
    await watch(slow, 20);
    expect(await slow.value(21 * HOUR_MS, msi("LastError"))).toBe(String(0x800705b4 | 0));
  });

  test("for a user it waits until somebody signs in, and the user's tree is 405 until then", async () => {
    const desk = new Desk();
    await desk.ask(0, ...push({}, "user"));
    desk.pc.signOut();
    expect(await watch(desk)).toEqual(["10", "20", "40", "48"]);
    const get = getProductLeaf("get", "user", MSI_V1, "Status");
    expect(await desk.ask(HOUR_MS, get)).toMatchObject({ get: 405 });
    expect(desk.alerts()).toContain("1224 com.microsoft/MDM/LoginStatus none");
    desk.pc.signIn();
    await desk.pc.step(2 * HOUR_MS);
    expect(await desk.value(2 * HOUR_MS, get)).toBe("70");
  });

  test("a restart that is needed, and an installer that leaves nothing, say 70", async () => {
    const desk = new Desk({ restartRate: 1 });
    await desk.ask(0, ...push());
    await watch(desk);
    expect(await desk.value(HOUR_MS, msi("LastError"))).toBe(String(0x80070bc2 | 0));
    expect(await desk.value(HOUR_MS, msi("Version"))).toBe("1.0.0");
    const empty = new Desk({ emptyRate: 1 });
    await empty.ask(0, ...push());
    expect((await watch(empty)).at(-1)).toBe("70");
    expect(await empty.ask(HOUR_MS, msi("Version"))).toMatchObject({ Version: 404 });
  });

  test("a new ProductCode with the same UpgradeCode takes the old one's place", async () => {
    const upgradeCodes: [string, string][] = [
      [MSI_V1, UPGRADE_CODE],
      [MSI_V2, UPGRADE_CODE],
    ];
    const desk = new Desk({}, { upgradeCodes });
    await desk.ask(0, ...push());
    await watch(desk);
    await desk.ask(HOUR_MS, ...push({ productId: MSI_V2, version: "2.0.0" }));
    await desk.pc.step(2 * HOUR_MS);
    const code = getUpgradeCode("code", "device", UPGRADE_CODE);
    expect(await desk.value(2 * HOUR_MS, code)).toBe(MSI_V2);
    await desk.ask(2 * HOUR_MS, getProducts("list", "device", "StructData"));
    expect(readMsiInventory(desk.results()).products).toMatchObject([{ version: "2.0.0" }]);
  });

  test("an older PC answers 406 to StructData and names its products", async () => {
    const desk = new Desk({}, { kind: "windows10" });
    await desk.ask(0, ...push());
    await desk.pc.step(HOUR_MS);
    const list = getProducts("list", "device", "StructData");
    expect(await desk.ask(HOUR_MS, list)).toMatchObject({ list: 406 });
    expect(await desk.value(HOUR_MS, getProducts("names", "device", "children"))).toBe(
      `${encodeURIComponent(MSI_V1)}/UpgradeCode`,
    );
  });

  test("a broken line goes on where it broke, and a second job waits for the first", async () => {
    const desk = new Desk({ brokenLineRate: 1 });
    await desk.ask(0, ...push());
    await desk.ask(1, push()[1] as OutgoingCommand);
    // The second begins in the moment in which the first has ended.
    expect(await watch(desk)).toEqual(["10", "20", "40", "50", "10", "20", "40", "50", "70"]);
  });

  test("jobs are read as they are printed; other texts are none", () => {
    expect(readMsiInstallJob(printMsiInstallJob(JOB))).toEqual(JOB);
    for (const text of ["", "<MsiInstallJob/>", "<Product/>", "&lt;MsiInstallJob&gt;"]) {
      expect(readMsiInstallJob(text)).toBeUndefined();
    }
  });
});

describe(`a packaged app on a simulated PC (TEST_SEED=${SEED})`, () => {
  const application = printHostedInstall({
    packageUri: APP,
    dependencyUris: [FRAMEWORK],
    deploymentOptions: null,
  });
  const install = (context: NodeContext = "device", xml = application) => [
    addInstallation("add", context, FAMILY),
    executeHostedInstall("exec", context, FAMILY, xml),
  ];
  const status = getInstallationLeaf("status", "device", FAMILY, "Status");

  async function desk(
    app: Parameters<typeof sampleMsix>[0] = {},
    behaviour: Partial<PcBehaviour> = {},
  ) {
    const made = new Desk(behaviour);
    const wanted = { dependencies: ["Contoso.VCLibs"], ...app };
    made.server.files.set(APP, await sampleMsix(wanted));
    made.server.files.set(
      FRAMEWORK,
      await sampleMsix({ name: "Contoso.VCLibs", version: "14.0.1.0", isFramework: true }),
    );
    return made;
  }

  async function inventory(made: Desk, nowMs: number) {
    await made.ask(
      nowMs,
      queryInventory("query", "device", ["nonStore"]),
      getInventoryResults("list", "device"),
    );
    return readPackageInventory(made.results()).products;
  }

  test("installs with its dependency, its nodes vanish, and an alert and the inventory tell", async () => {
    const made = await desk();
    expect(await made.ask(0, ...install())).toMatchObject({ add: 200, exec: 200 });
    const seen = new Set<string>();
    while (made.pc.dueMs < HOUR_MS) {
      await made.pc.step(made.pc.dueMs);
      const node = [...made.pc.state.installations.values()][0];
      seen.add(node === undefined ? "gone" : String(node.status));
    }
    expect([...seen]).toEqual(["1", "3", "gone"]);
    expect(made.alerts()).toContain(
      "1226 Reversed-Domain-Name:com.microsoft.mdm.EnterpriseHostedAppInstall.result 0",
    );
    expect(await made.ask(HOUR_MS, status)).toMatchObject({ status: 404 });
    expect(await inventory(made, HOUR_MS)).toMatchObject([
      { productId: FAMILY, version: "1.0.0.0", fullName: "Contoso.App_1.0.0.0_x64__8wekyb3d8bbwe" },
    ]);
    // Both ways of asking tell the same; the framework is in the tree and is no app.
    const families = await made.value(HOUR_MS, getFamilies("names", "device", "nonStore"));
    expect(families?.split("/").sort()).toEqual([FAMILY, "Contoso.VCLibs_8wekyb3d8bbwe"]);
  });

  test("an Exec on a family that was not added is 404, and what is no Application 400", async () => {
    const made = await desk();
    expect(await made.ask(0, install()[1] as OutgoingCommand)).toMatchObject({ exec: 404 });
    expect(await made.ask(0, ...install("device", "<App/>"))).toMatchObject({ exec: 400 });
    expect(await made.ask(0, install()[0] as OutgoingCommand)).toMatchObject({ add: 418 });
  });

  test.each([
    ["a missing dependency", { dependencies: ["Contoso.Missing"] }, 0x80073cf3],
    ["a package with no manifest", "not a package", 0x80080203],
  ] as const)("%s fails by its number", async (_, app, code) => {
    const made = await desk(typeof app === "string" ? {} : app);
    if (typeof app === "string") made.server.files.set(APP, new TextEncoder().encode(app));
    await made.ask(0, ...install());
    await made.pc.step(HOUR_MS);
    expect(await made.value(HOUR_MS, status)).toBe("2");
    const error = getInstallationLeaf("error", "device", FAMILY, "LastError");
    expect(await made.value(HOUR_MS, error)).toBe(String(code | 0));
  });

  test("a lower version is refused, and a higher one takes its place", async () => {
    const made = await desk({ version: "2.0.0.0" });
    await made.ask(0, ...install());
    await made.pc.step(HOUR_MS);
    made.server.files.set(APP, await sampleMsix({ version: "1.0.0.0" }));
    await made.ask(HOUR_MS, ...install());
    await made.pc.step(2 * HOUR_MS);
    expect([...made.pc.state.installations.values()]).toMatchObject([
      { status: 2, lastError: 0x80073d06 | 0 },
    ]);
    made.server.files.set(APP, await sampleMsix({ version: "3.0.0.0" }));
    await made.ask(2 * HOUR_MS, ...install());
    await made.pc.step(3 * HOUR_MS);
    expect(await inventory(made, 3 * HOUR_MS)).toMatchObject([{ version: "3.0.0.0" }]);
  });

  test("provisioned for everybody, it goes by both commands, and says so", async () => {
    const made = await desk();
    await made.ask(0, ...install());
    await made.pc.step(HOUR_MS);
    const full = "Contoso.App_1.0.0.0_x64__8wekyb3d8bbwe";
    const unprovision = deleteFamily("delete", "device", "nonStore", FAMILY);
    expect(await made.ask(HOUR_MS, unprovision)).toMatchObject({ delete: 200 });
    expect(await inventory(made, HOUR_MS)).toHaveLength(1);
    expect(await made.ask(HOUR_MS, removePackage("remove", full))).toMatchObject({ remove: 200 });
    expect(await inventory(made, HOUR_MS)).toEqual([]);
    expect(made.alerts()).toContain(
      "1226 Reversed-Domain-Name:com.microsoft.mdm.EnterpriseAppUninstall.result 0",
    );
  });

  test("chance failures are numbers that Windows has", async () => {
    const made = await desk({}, { failureRate: 1 });
    await made.ask(0, ...install());
    await made.pc.step(HOUR_MS);
    expect([...made.pc.state.installations.values()][0]?.status).toBe(2);
  });
});

describe(`the account of a simulated PC (TEST_SEED=${SEED})`, () => {
  const unenrol = (uri: string, data: string): OutgoingCommand => ({
    name: "Exec",
    tag: "unenrol",
    items: [{ target: uri, format: "chr", data }],
  });
  const PROVIDER = "./Vendor/MSFT/DMClient/Provider/outpost/Unenroll";

  test("goes when the server says so: no answer, a last session with an alert, and silence", async () => {
    const desk = new Desk();
    desk.pc.change((state) => withMsi(state, { context: "device", productCode: MSI_V1 }, {}));
    const { outcome, ...statuses } = await desk.ask(0, unenrol(PROVIDER, "outpost"));
    expect(statuses).toEqual({});
    expect(desk.alerts()).toContain("1226 com.microsoft:mdm.unenrollment.userrequest 1");
    expect(outcome).toMatchObject({ end: "done", state: { account: "gone" } });
    expect(desk.pc.dueMs).toBe(Number.POSITIVE_INFINITY);
    expect(desk.pc.contact(HOUR_MS)).rejects.toThrow("has no account");
  });

  test("another server's account is 404; the older node names it in its Data", async () => {
    const desk = new Desk();
    const other = unenrol("./Vendor/MSFT/DMClient/Provider/other/Unenroll", "other");
    expect(await desk.ask(0, other)).toMatchObject({ unenrol: 404 });
    const old = "./Device/Vendor/MSFT/DMClient/Unenroll";
    expect(await desk.ask(0, unenrol(old, "other"))).toMatchObject({ unenrol: 404 });
    expect(await desk.ask(0, unenrol(old, "outpost"))).toMatchObject({
      outcome: { state: { account: "gone" } },
    });
  });

  test.each(["windows11", "windows10"] as const)(
    "nobody is asked anything: %s answers 406, as its kind says",
    async (kind) => {
      const desk = new Desk({}, { kind });
      const question = {
        kind: "confirm",
        text: "Install it now?",
        choices: [],
        options: {},
      } as const;
      expect(await desk.ask(0, userAlert("ask", question))).toMatchObject({ ask: 406 });
      expect(desk.pc.profile.hasScreen).toBe(false);
    },
  );

  test("what is on the PC is told by DevDetail", async () => {
    const desk = new Desk();
    const platform = "./DevDetail/Ext/Microsoft/OSPlatform";
    const get = { name: "Get", tag: "get", items: [{ target: platform }] } as const;
    expect(await desk.value(0, get)).toBe("Windows 11 Pro");
    const replace = {
      name: "Replace",
      tag: "set",
      items: [{ target: platform, data: "x" }],
    } as const;
    expect(await desk.ask(0, replace)).toMatchObject({ set: 405 });
  });
});
