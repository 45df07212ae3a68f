/** Packages and metrics as the reference agent carries them out on a real folder tree, at a started site. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { CRITICAL } from "../../devices/model/install-action.ts";
import { OPERATORS } from "../../devices/model/metric.ts";
import { sampleCab } from "../../gateway/demo/packages/sample-cab.ts";
import { type AgentAtSite, HASTY_CLOCK } from "../harness/agent-at-site.ts";
import { AgentScenario } from "../harness/agent-scenario.ts";
import { samplePe } from "../harness/sample-pe.ts";

const Told = z.looseObject({ attempt: z.int(), steps: z.array(z.looseObject({})) });

let scenario: AgentScenario;
beforeAll(async () => {
  scenario = await AgentScenario.start();
}, 60_000);
afterAll(() => scenario[Symbol.asyncDispose]());

const folder = (path: string) => ({ kind: "CreateFolder", path });
const isThere = (agent: AgentAtSite, path: string) => existsSync(join(agent.device, path));
const linesOf = (agent: AgentAtSite, path: string) =>
  isThere(agent, path) ? readFileSync(join(agent.device, path), "utf8").trim().split("\n") : [];

test("S-14, S-16 what a package may not say is refused, and its field named", async () => {
  const post = (action: object) =>
    scenario.site.api.raw("/api/v1/packages/s14-refused/revisions", {
      method: "POST",
      json: { version: "1", agent: { actions: [{ kind: "WarmBoot" }, action] } },
    });
  await scenario.addPackage("s14-refused");
  for (const [action, field] of [
    [{ kind: "Reboot" }, "/kind"],
    [{ kind: "WarmBoot", critical: "maybe" }, "/critical"],
    [{ kind: "WarmBoot", targeting: { osMajor: "six" } }, "/targeting/osMajor"],
    [{ kind: "RenameFile", source: "\\a\\a.txt", target: "\\a\\b.txt" }, "/target"],
    [{ kind: "Run", command: "\\a.exe", timeout: "1.5" }, "/timeout"],
    [{ kind: "Install", file: "x.zip", command: "" }, "/command"],
  ] as const) {
    const refused = await post(action);
    const { errors } = (await refused.json()) as { errors: { pointer: string }[] };
    expect([refused.status, errors.map(({ pointer }) => pointer)]).toEqual([
      422,
      [`/agent/actions/1${field}`],
    ]);
  }
  const made = await post({ kind: "Run", command: "\\a.exe" });
  expect([made.status, await made.json()]).toMatchObject([
    201,
    {
      agent: {
        actions: [
          { critical: "continue only on success" },
          { critical: "continue only on success", timeout: -1 },
        ],
      },
    },
  ]);
});

test("S-15 Critical decides on the steps that follow, in all six cases", async () => {
  const agent = await scenario.agent("s15");
  const ran: Record<string, unknown> = {};
  const orders: [name: string, distribution: string][] = [];
  for (const [n, critical] of CRITICAL.entries()) {
    for (const first of ["fails", "succeeds"]) {
      const at = `\\s15-${n}-${first}`;
      const step =
        first === "fails" ? { kind: "DeleteFiles", path: "\\none.txt" } : folder(`${at}\\A`);
      const actions = [{ ...step, critical }, folder(`${at}\\B`), folder(`${at}\\C`)];
      orders.push([`${critical}, ${first}`, await scenario.order(agent, at.slice(1), { actions })]);
    }
  }
  expect(await agent.run()).toEqual({ done: 6, failed: 1 });
  for (const [name, distribution] of orders) {
    const at = distribution.replace(/-1$/, "");
    const { statusLabel } = await scenario.row(agent, distribution);
    const end = (await scenario.words(agent, distribution)).at(-1);
    ran[name] = [isThere(agent, `${at}/B`), isThere(agent, `${at}/C`), statusLabel, end];
  }
  const { id } = await scenario.row(agent, orders[0]?.[1] ?? "");
  expect(await scenario.site.api.request(`/api/v1/installations/${id}/work`, Told)).toMatchObject({
    attempt: 1,
    steps: [
      { outcome: "failed", text: "\\none.txt is not there", action: { kind: "DeleteFiles" } },
      { outcome: "not-run", at: null },
      { outcome: "not-run", at: null },
    ],
  });
  expect(ran).toEqual({
    "continue only on success, fails": [false, false, "Failed", "action-failed"],
    "continue only on success, succeeds": [true, true, "Installed", "succeeded"],
    "continue, fails": [true, true, "Installed", "succeeded-with-warning"],
    "continue, succeeds": [true, true, "Installed", "succeeded"],
    "continue only on error, fails": [true, true, "Installed", "succeeded"],
    "continue only on error, succeeds": [false, false, "Installed", "guard-satisfied"],
  });
});

describe("S-16, S-17: what is started", () => {
  test("S-16 a CAB goes to the device's own wceload, by its place on this machine", async () => {
    const agent = await scenario.agent("s16");
    agent.put({ "Windows/wceload.exe": '#!/bin/sh\necho "$#:$1" >> /proc/self/cwd/said\n' }, 0o755);
    agent.put({ "Storage Card/My App/whatever.cab": "MSCF" });
    const install = { kind: "Install", file: "\\Storage Card\\My App\\whatever.cab" };
    const actions = [install, { ...install, command: 'wceload.exe "%1"' }];
    const distribution = await scenario.order(agent, "s16", { actions });
    await agent.run();
    expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: "Installed" });
    const place = join(agent.device, "Storage Card", "My App", "whatever.cab");
    expect(linesOf(agent, "Storage Card/My App/said")).toEqual([`1:${place}`, `1:${place}`]);
  });

  test("S-17 Run waits for ever, not at all, or so long, and needs no quotes", async () => {
    const waits: number[] = [];
    const agent = await scenario.agent("s17", {
      clock: {
        ...HASTY_CLOCK,
        sleep: async (ms, signal) => {
          waits.push(ms);
          await HASTY_CLOCK.sleep(ms, signal);
        },
      },
    });
    // Without being waited for it would not have ended: it waits for what the next step makes.
    const program = (waitsFor: string) =>
      `#!/bin/sh\ncd "$(dirname "$0")"\n${waitsFor}\necho "$#:$1:$2" > done\n`;
    agent.put(
      {
        "Program Files/My App/run.exe": program("sleep 0.3"),
        "Program Files/Left/run.exe": program("while [ ! -e mark ]; do sleep 0.02; done"),
        "Program Files/Timed/run.exe": program("while [ ! -e mark ]; do sleep 0.02; done"),
      },
      0o755,
    );
    const run = (name: string, timeout?: number) => ({
      kind: "Run",
      command: `\\Program Files\\${name}\\run.exe /q "a b"`,
      ...(timeout !== undefined && { timeout }),
    });
    const after = (name: string) => folder(`\\Program Files\\${name}\\mark`);
    const renamed = { kind: "RenameFile", source: "\\Program Files\\My App\\done", target: "seen" };
    const waited = await scenario.order(agent, "s17-waits", { actions: [run("My App"), renamed] });
    const left = await scenario.order(agent, "s17-left", {
      actions: [run("Left", 0), after("Left")],
    });
    const timed = await scenario.order(agent, "s17-timed", {
      actions: [run("Timed", 1_000), after("Timed")],
    });
    expect(await agent.run()).toEqual({ done: 3, failed: 0 });
    expect(linesOf(agent, "Program Files/My App/seen")).toEqual(["2:/q:a b"]);
    for (const [distribution, word, text] of [
      [waited, "step-succeeded", "step 1, Run: exit code 0"],
      [left, "step-succeeded", "step 1, Run: launched_no_wait"],
      [timed, "step-timed-out", "step 1, Run: timed_out_continue"],
    ] as const) {
      const told = await scenario.told(agent, distribution);
      expect(told).toContainEqual(expect.objectContaining({ value: word, text }));
      expect(told.at(-1)?.value).toBe("succeeded");
    }
    expect(waits.filter((ms) => ms === 1_000)).toHaveLength(1);
    for (const name of ["Left", "Timed"]) {
      const done = `Program Files/${name}/done`;
      while (linesOf(agent, done).join("") === "") await wait(10);
      expect(linesOf(agent, done)).toEqual(["2:/q:a b"]);
    }
  });
});

test("S-20 a device does the steps that are for it, and fetches the files of no other", async () => {
  const facts = { cpu: "arm", osMajor: 6, osPlatform: "PocketPC" };
  const arm = await scenario.agent("s20-arm", { facts });
  const mips = await scenario.agent("s20-mips", { facts: { ...facts, cpu: "MIPS" } });
  const old = await scenario.agent("s20-old", { facts: { ...facts, osMajor: 5 } });
  const download = (cpu: string) => ({
    kind: "Download",
    source: `${cpu}.bin`,
    target: "\\app\\tool.bin",
    targeting: { cpu, osMajor: 6 },
  });
  const files = [
    ["ARM.bin", "for ARM"],
    ["x86.bin", "for x86, and longer"],
  ] as const;
  const actions = [download("ARM"), download("x86")];
  const distribution = await scenario.distribute("s20", { actions }, { files });
  for (const agent of [arm, mips, old]) await agent.run();
  await scenario.site.request(arm.store?.state.device ?? "", distribution);
  const before = await scenario.servedBytes();
  await arm.run();
  expect(linesOf(arm, "app/tool.bin")).toEqual(["for ARM"]);
  expect((await scenario.servedBytes()) - before).toBe("for ARM".length);
  const words = await scenario.words(arm, distribution);
  expect(words.filter((word) => /^step-|^succ/.test(word))).toEqual([
    "step-succeeded",
    "step-skipped",
    "succeeded",
  ]);
  for (const [agent, state] of [
    [mips, "Device Criteria"],
    [old, "OS Criteria"],
  ] as const) {
    const told = { statusLabel: "Not Relevant", state };
    expect(await scenario.row(agent, distribution)).toMatchObject(told);
    expect(readdirSync(agent.device)).toEqual([]);
  }
});

test("S-21 each operator against a smaller, the same and a larger size and version, and against nothing", async () => {
  const devices: readonly [AgentAtSite, size: number, version: string][] = [
    [await scenario.agent("s21-less"), 99, "2.8.9.9"],
    [await scenario.agent("s21-same"), 100, "2.9.0.0"],
    [await scenario.agent("s21-more"), 101, "2.10.0.0"],
  ];
  for (const [agent, size, fileVersion] of devices) {
    agent.put({ "a/data.bin": "x".repeat(size) });
    await Bun.write(join(agent.device, "a", "app.exe"), samplePe({ fileVersion }));
  }
  await scenario.addPackage("s21-everywhere");
  const files = [
    ["data.bin", "x".repeat(100)],
    ["app.exe", samplePe({ fileVersion: "2.9.0.0" })],
  ] as const;
  const target = { kind: "devices", devices: devices.map(([{ store }]) => store?.state.device) };
  const cases: [name: string, distribution: string][] = [];
  for (const [kind, source, file] of [
    ["FileSize", "data.bin", "\\A\\DATA.BIN"],
    ["FileVersion", "app.exe", "\\a\\app.exe"],
    ["FileSize", "data.bin", "\\gone"],
    ["FileVersion", "app.exe", "\\gone"],
  ] as const) {
    for (const operator of OPERATORS) {
      const metrics = [{ kind, file, source: { file: source }, operator }];
      // Whoever is to be provisioned fails at once, and tells so.
      const actions = [{ kind: "DeleteFiles", path: "\\none" }];
      const id = `s21-${kind}-${operator}-${file.length}`.toLowerCase();
      const name = `${kind} ${operator}${file === "\\gone" ? " of nothing" : ""}`;
      const options = { files, target };
      cases.push([name, await scenario.distribute(id, { actions, metrics }, options)]);
    }
  }
  for (const [agent] of devices) {
    await agent.run();
    const device = agent.store?.state.device ?? "";
    for (const [, distribution] of cases) await scenario.site.request(device, distribution);
    await agent.run();
  }
  const provisioned: Record<string, readonly boolean[]> = {};
  for (const [name, distribution] of cases) {
    const all = await Promise.all(devices.map(([agent]) => scenario.row(agent, distribution)));
    provisioned[name] = all.map(({ statusLabel }) => {
      expect(["Installed", "Failed"]).toContain(statusLabel);
      return statusLabel === "Failed";
    });
  }
  const table = {
    EQ: [true, false, true],
    NE: [false, true, false],
    GT: [true, true, false],
    GE: [true, false, false],
    LT: [false, true, true],
    LE: [false, false, true],
  };
  const expected: Record<string, readonly boolean[]> = {};
  for (const kind of ["FileSize", "FileVersion"]) {
    for (const operator of OPERATORS) {
      expected[`${kind} ${operator}`] = table[operator];
      expected[`${kind} ${operator} of nothing`] = [true, true, true];
    }
  }
  expect(provisioned).toEqual(expected);
});

const Generated = z.looseObject({
  metrics: z.array(z.looseObject({ number: z.number(), kind: z.string() })),
});

describe("S-22, S-23: metrics of real files, evaluated on the tree", () => {
  test("S-22 generated metrics hold where the files are, and else what is wrong is installed", async () => {
    const files = [
      ["hello.txt", "hello"],
      ["app.exe", samplePe({ fileVersion: "2.0.0.0" })],
    ] as const;
    const actions = files.map(([name]) => ({
      kind: "Download",
      source: name,
      target: `\\My App\\${name}`,
    }));
    const revision = await scenario.revision("s22", { actions }, files);
    const at = `/api/v1/packages/s22/revisions/${revision}/metrics`;
    const { api } = scenario.site;
    const generated = await api.request(`${at}/generate`, Generated, { method: "POST" });
    expect(generated.metrics).toMatchObject([
      { kind: "FileHash", hash: "5d41402abc4b2a76b9719d911017c592", file: "\\My App\\hello.txt" },
      { kind: "FileVersion", field: "File", operator: "EQ", value: "2.0.0.0" },
    ]);
    const agents = {
      right: await scenario.agent("s22-right"),
      old: await scenario.agent("s22-old"),
      damaged: await scenario.agent("s22-damaged"),
    };
    for (const [name, agent] of Object.entries(agents)) {
      const fileVersion = name === "old" ? "1.9.0.0" : "2.0.0.0";
      agent.put({ "My App/hello.txt": name === "damaged" ? "hallo" : "hello" });
      await Bun.write(join(agent.device, "My App", "app.exe"), samplePe({ fileVersion }));
    }
    const distribution = await scenario.distributeRevision("s22", revision);
    const ends: Record<string, unknown> = {};
    for (const [name, agent] of Object.entries(agents)) {
      await agent.run();
      await scenario.site.request(agent.store?.state.device ?? "", distribution);
      const before = await scenario.servedBytes();
      await agent.run();
      const isServed = (await scenario.servedBytes()) > before;
      ends[name] = [isServed, (await scenario.words(agent, distribution)).at(-1)];
      expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: "Installed" });
      const app = readFileSync(join(agent.device, "My App", "app.exe"));
      expect(app.equals(samplePe({ fileVersion: "2.0.0.0" }))).toBe(true);
      expect(linesOf(agent, "My App/hello.txt")).toEqual(["hello"]);
    }
    expect(ends).toEqual({
      right: [false, "up-to-date"],
      old: [true, "succeeded"],
      damaged: [true, "succeeded"],
    });
  });

  test("S-23 a file inside a CAB: installed once although the CAB is gone, put back when it is damaged", async () => {
    const agent = await scenario.agent("s23");
    // As wceload does it: what is inside goes to its place, and the CAB away.
    agent.put(
      {
        "Windows/wceload.exe":
          '#!/bin/sh\necho "$1" >> ../wceload.log\nmkdir -p ../App\nprintf inside > ../App/data.bin\nrm "$1"\n',
      },
      0o755,
    );
    const cab = sampleCab({ folders: [[{ path: "data.bin", content: "inside" }]] });
    const revision = await scenario.revision(
      "s23",
      {
        actions: [
          { kind: "Download", source: "a.cab", target: "\\Temp\\a.cab" },
          { kind: "Install", file: "\\Temp\\a.cab" },
        ],
        metrics: [
          {
            kind: "FileHash",
            file: "\\App\\data.bin",
            source: { file: "a.cab", virtualFile: "data.bin" },
          },
        ],
      },
      [["a.cab", cab]],
    );
    const { api } = scenario.site;
    const [metric] = await api.request(
      `/api/v1/packages/s23/revisions/${revision}/metrics`,
      z.array(z.looseObject({ hash: z.string() })),
    );
    expect(metric?.hash).toBe(createHash("md5").update("inside").digest("hex"));
    const refused = await api.raw("/api/v1/packages/s23/revisions", {
      method: "POST",
      json: {
        version: "9",
        agent: {
          actions: [folder("\\x")],
          metrics: [{ kind: "FileHash", file: "\\x", source: "\\\\server\\share\\a.txt" }],
        },
      },
    });
    expect(refused.status).toBe(422);
    expect(await refused.json()).toMatchObject({
      errors: [{ pointer: "/agent/metrics/0/source" }],
    });

    await scenario.addWindow();
    const device = agent.store?.state.device;
    const distribution = await scenario.distributeRevision("s23", revision, {
      mode: "automatic",
      target: { kind: "device", device },
    });
    await scenario.toEndOfNight();
    expect(await agent.run()).toEqual({ done: 1, failed: 0 });
    expect(isThere(agent, "Temp/a.cab")).toBe(false);
    expect(await scenario.row(agent, distribution)).toMatchObject({ statusLabel: "Installed" });
    const served = await scenario.servedBytes();
    for (const _ of [1, 2]) {
      await scenario.toEndOfNight();
      expect(await agent.run()).toEqual({ done: 0, failed: 0 });
    }
    expect(linesOf(agent, "wceload.log")).toHaveLength(1);
    expect(await scenario.servedBytes()).toBe(served);

    agent.put({ "App/data.bin": "outside" });
    await scenario.toEndOfNight();
    expect(await agent.run()).toEqual({ done: 1, failed: 0 });
    expect(linesOf(agent, "App/data.bin")).toEqual(["inside"]);
    expect(linesOf(agent, "wceload.log")).toHaveLength(2);
    expect(statSync(join(agent.device, "App", "data.bin")).size).toBe(6);
  });
});
