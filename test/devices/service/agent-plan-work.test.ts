import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Work } from "../../../devices/install/plan-types.ts";
import type { Device } from "../../../devices/model/device.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import type { AgentInstall } from "../../../devices/model/package.ts";
import { planWork, taskFor } from "../../../devices/service/agent/plan-work.ts";
import { SiteCore } from "../../harness/site-core.ts";
import { stepRevision } from "../../harness/step-revision.ts";
import { aDevice } from "../a-device.ts";

const ARM = aDevice({
  protocol: "agent",
  ...{ cpu: "ARM", osMajor: 6, osPlatform: "PocketPC", osVersion: "6.5.1", name: "Till 100%" },
});
const urlFor = ({ sha256 }: { readonly sha256: string }) => `http://site/content/${sha256}`;

let core: SiteCore;
let full: Work;
beforeAll(async () => {
  core = await SiteCore.open();
  const id = await core.distributeAgent("1.0");
  const distribution = core.policy.distributionsById.get(id);
  const revision = distribution && core.policy.revisions.get(distribution.revision);
  const app = distribution && core.policy.packages.get(distribution.package);
  if (!distribution || !revision || !app) throw new Error("nothing was distributed");
  const steps = stepRevision({ ...revision, file: revision.agent?.files[0] ?? null });
  const common = { distribution, package: app, installer: "agent", attempt: 2 } as const;
  full = { ...common, revision: steps, operation: "install" };
});
afterAll(() => core[Symbol.asyncDispose]());

/** The work of all steps, with another install. */
function workWith(change: Partial<AgentInstall>, more: Partial<Work> = {}): Work {
  const { agent } = full.revision;
  if (!agent) throw new Error("no steps");
  return { ...full, ...more, revision: { ...full.revision, agent: { ...agent, ...change } } };
}

function actionsFor(device: Device, change: Partial<AgentInstall> = {}) {
  return planWork(device, workWith(change), "apply", urlFor).steps;
}

describe("what an agent is told of its work", () => {
  test("[4.3, 4.7] all kinds of steps, with what the site knows filled in and folders left", () => {
    const told = planWork(ARM, full, "apply", urlFor);
    expect(told).toMatchObject({ attempt: 2, operation: "install", do: "apply" });
    expect(told.steps.map(({ index }) => index)).toEqual(told.steps.map((_, n) => n));
    expect(told.steps).toMatchObject([
      { kind: "Download", source: "hello.txt", target: "%TEMP%\\My App\\hello.txt" },
      { kind: "Install", command: 'wceload.exe "\\Storage Card\\My App\\whatever.cab"' },
      { kind: "Uninstall", name: "Contoso My App" },
      { kind: "WarmBoot" },
      // Read a second time on the device: a percent sign is doubled until then.
      { kind: "Run", command: '\\Program Files\\My App\\run.exe /q "Till 100%%"', timeout: -1 },
      { kind: "Terminate", modules: "c*.*" },
      { kind: "CopyFiles", source: "%TEMP%\\My App\\*.*" },
      { kind: "MoveFiles", target: "\\Program Files\\My App" },
      { kind: "DeleteFiles", path: "%TEMP%\\My App\\*" },
      { kind: "RenameFile", source: "\\Program Files\\My App\\a.txt", target: "b.txt" },
      { kind: "CreateFolder", path: "\\Program Files\\My App\\data" },
      { kind: "RemoveFolder", path: "\\Program Files\\My App\\old" },
      { kind: "RenameFolder", target: "data-3.0.0.0" },
    ]);
    const [file] = told.files;
    expect(told.files).toHaveLength(1);
    expect(file).toMatchObject({ name: "hello.txt", url: `http://site/content/${file?.sha256}` });
  });

  test("[4.8] a step for others is left out with its file, one that cannot be filled in has a problem", () => {
    const [download, , , boot] = full.revision.agent?.actions ?? [];
    if (!download || !boot) throw new Error("no steps");
    const targeting = { cpu: "x86", osMajor: null, osPlatform: null };
    const nameless = { ...boot, kind: "DeleteFiles", path: "\\%OSMINOR%\\%CPU%" } as const;
    const actions = [{ ...download, targeting }, nameless, { ...nameless, targeting }];
    const [skipped, filled] = actionsFor(ARM, { actions });
    expect(skipped).toMatchObject({ index: 0, skip: "not-targeted" });
    expect(filled).toMatchObject({ path: "\\5\\ARM" });
    const { files } = planWork(ARM, workWith({ actions }), "apply", urlFor);
    expect(files).toEqual([]);
    const unknown = { ...ARM, osVersion: null, cpu: "MIPS" };
    const [, problem, skippedToo] = actionsFor(unknown, { actions });
    expect(problem?.problem).toContain("OSMINOR");
    // What is not carried out cannot fail.
    expect(skippedToo).toMatchObject({ skip: "not-targeted" });
    expect(skippedToo?.problem).toBeUndefined();
  });

  test("[4.7] a file that the system has no way to install is that step's problem", () => {
    const [, install] = full.revision.agent?.actions ?? [];
    if (install?.kind !== "Install") throw new Error("no install");
    const on = (osPlatform: string, file: string) =>
      actionsFor({ ...ARM, osPlatform }, { actions: [{ ...install, file, command: null }] })[0];
    expect(on("Linux", "/tmp/a.deb")).toMatchObject({ command: 'dpkg --install "/tmp/a.deb"' });
    expect(on("PocketPC", "\\a.deb")?.problem).toContain("Windows CE has no usual way");
    expect(on("Linux", "/a.msi")?.problem).toContain("Linux has no usual way");
  });

  test("[4.6] metrics that target it, with their numbers; to take something off needs none", () => {
    const { metrics } = planWork(ARM, full, "evaluate", urlFor);
    expect(metrics.map(({ number }) => number)).toEqual([1, 3, 4]);
    const other = planWork({ ...ARM, cpu: "MIPS" }, full, "evaluate", urlFor);
    expect(other.metrics.map(({ number }) => number)).toEqual([1, 4]);
    expect([other.steps, other.files]).toEqual([[], []]);
    const off = planWork(ARM, { ...full, operation: "uninstall" }, "apply", urlFor);
    expect(off.metrics).toEqual([]);
    expect(off.steps).toMatchObject([{ index: 0, kind: "Uninstall" }]);
  });
});

describe("[4.4, 4.5] what it is to do with it", () => {
  const row = (change: Partial<Installation>) =>
    ({
      status: "pending_install",
      operation: "install",
      source: null,
      nativeValue: null,
      ...change,
    }) as Installation;
  const waiting = row({});

  test.each<[string, Partial<Work>, Partial<Installation>, string]>([
    ["new", {}, {}, "evaluate"],
    ["accepted only", {}, { source: "agent", nativeValue: "accepted" }, "evaluate"],
    ["found to be needed", {}, { source: "agent", nativeValue: "provision-needed" }, "apply"],
    [
      "called so by somebody else",
      {},
      { source: "ddi", nativeValue: "provision-needed" },
      "evaluate",
    ],
    ["begun", {}, { status: "installing" }, "apply"],
    ["an update that was begun", { operation: "update" }, { status: "updating" }, "apply"],
    ["a repair", { operation: "repair" }, {}, "apply"],
    ["to be taken off", { operation: "uninstall" }, { operation: "uninstall" }, "apply"],
  ])("what is %s: %p", (_, work, change, task) => {
    expect(taskFor(ARM, { ...full, ...work }, row(change))).toBe(task as "apply");
  });

  test("without a metric for this device there is nothing to evaluate", () => {
    expect(taskFor(ARM, workWith({ metrics: [] }), waiting)).toBe("apply");
    const metrics = full.revision.agent?.metrics.filter(({ number }) => number === 3) ?? [];
    expect(taskFor(ARM, workWith({ metrics }), waiting)).toBe("evaluate");
    expect(taskFor({ ...ARM, cpu: "x86" }, workWith({ metrics }), waiting)).toBe("apply");
  });
});
