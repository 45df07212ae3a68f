/** The reference agent on real folder trees, over days and nights of a started site. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { AgentAtSite } from "../harness/agent-at-site.ts";
import { AgentScenario } from "../harness/agent-scenario.ts";

const TOOL = "12345";
const FILES = { files: [["tool.bin", TOOL]] as const };
const DOWNLOAD = { kind: "Download", source: "tool.bin", target: "\\app\\tool.bin" };
const HASH = { kind: "FileHash", file: "\\app\\tool.bin", source: { file: "tool.bin" } };
const NOTHING = { done: 0, failed: 0 };
const DONE = { done: 1, failed: 0 };

const tool = (agent: AgentAtSite) => join(agent.device, "app", "tool.bin");
const hasTool = (agent: AgentAtSite) =>
  existsSync(tool(agent)) && readFileSync(tool(agent), "utf8") === TOOL;
const linesOf = (agent: AgentAtSite, path: string) =>
  readFileSync(join(agent.device, path), "utf8").trim().split("\n");
/** Writes a line each time that it is run; `work` is done before. */
const program = (text: string, work = "") =>
  `#!/bin/sh\ncd "$(dirname "$0")"\necho "${text}" >> log\n${work}\n`;

test("S-26, S-27, S-29, S-30 automatic work waits for its window, is done once, and repaired once", async () => {
  await using scenario = await AgentScenario.start();
  const night = await scenario.agent("night");
  const away = await scenario.agent("away");
  const there = await scenario.agent("there");
  there.put({ "app/tool.bin": TOOL });
  const automatic = await scenario.distribute(
    "automatic",
    { actions: [DOWNLOAD], metrics: [HASH] },
    { mode: "automatic", ...FILES },
  );
  const made = { kind: "CreateFolder", path: "\\asked for" };
  const wanted = await scenario.distribute("wanted", { actions: [made] });

  // S-27: two days without any window.
  for (const hours of [12, 12, 12, 12]) {
    await scenario.passHours(hours);
    expect(await night.run()).toEqual(NOTHING);
  }
  expect(await scenario.row(night, automatic)).toMatchObject({
    statusLabel: "Pending Install",
    state: "Command Scheduled",
    reason: "no-window",
    nextAttempt: null,
  });
  await scenario.addWindow();
  expect(await scenario.row(night, automatic)).toMatchObject({ reason: "window" });
  // S-26: what is asked for is done at once, the other one waits.
  await scenario.site.request(night.store?.state.device ?? "", wanted);
  expect(await night.run()).toEqual(DONE);
  expect(existsSync(join(night.device, "asked for"))).toBe(true);
  expect(hasTool(night)).toBe(false);

  const before = await scenario.servedBytes();
  await scenario.toEndOfNight();
  expect(await night.run()).toEqual(DONE);
  expect(hasTool(night)).toBe(true);
  expect(await scenario.servedBytes()).toBe(before + TOOL.length);
  // S-30: who has everything is given nothing.
  expect(await there.run()).toEqual(NOTHING);
  expect(await scenario.words(there, automatic)).not.toContain("downloading");
  for (const agent of [night, there]) {
    expect(await scenario.row(agent, automatic)).toMatchObject({ statusLabel: "Installed" });
    expect(await scenario.row(agent, wanted)).toMatchObject({
      statusLabel: agent === night ? "Installed" : "Pending Install",
    });
    expect(await agent.run()).toEqual(NOTHING);
  }
  expect(await scenario.servedBytes()).toBe(before + TOOL.length);

  // S-29: away for the whole window. S-27: deleted at ten in the morning.
  await scenario.passHours(10);
  expect(await away.run()).toEqual(NOTHING);
  expect(await scenario.row(away, automatic)).toMatchObject({
    reason: "window",
    missedOccurrences: 1,
  });
  rmSync(tool(night));
  expect(await night.run()).toEqual(NOTHING);
  await scenario.toEndOfNight();
  expect(await away.run()).toEqual(DONE);
  expect(await night.run()).toEqual(DONE);
  expect([hasTool(away), hasTool(night)]).toEqual([true, true]);
  expect(await scenario.row(night, automatic)).toMatchObject({
    statusLabel: "Installed",
    operation: "repair",
  });
  // Again in the same window: not again before the next.
  writeFileSync(tool(night), "drifted");
  expect(await night.run()).toEqual(NOTHING);
  await scenario.toEndOfNight();
  expect(await night.run()).toEqual(DONE);
  await scenario.toEndOfNight();
  expect(await night.run()).toEqual(NOTHING);
  const words = await scenario.words(night, automatic);
  expect(words.filter((word) => word === "repaired")).toHaveLength(2);
});

describe("with a window every night", () => {
  let scenario: AgentScenario;
  beforeAll(async () => {
    scenario = await AgentScenario.start();
    await scenario.addWindow();
  });
  afterAll(() => scenario[Symbol.asyncDispose]());

  const forOnly = (...agents: readonly AgentAtSite[]) => ({
    target: { kind: "devices", devices: agents.map(({ store }) => store?.state.device) },
  });

  test("S-29, S-30 begun in the window and ended after it; without metrics once, and once more for a new revision", async () => {
    const agent = await scenario.agent("long");
    // It goes on until somebody says so.
    const script = program("first", "while [ ! -e go ]; do sleep 0.02; done");
    agent.put({ "first.exe": script, "second.exe": program("second") }, 0o755);
    const run = (command: string) => ({ actions: [{ kind: "Run", command }] });
    const automatic = { mode: "automatic", package: "long", ...forOnly(agent) };
    const first = await scenario.distribute("long", run("\\first.exe"), automatic);
    await scenario.toEndOfNight();
    const running = agent.run();
    while (!existsSync(join(agent.device, "log"))) await wait(10);
    await scenario.passHours(1 / 6);
    agent.put({ go: "" });
    expect(await running).toEqual(DONE);
    const row = await scenario.row(agent, first);
    expect(row.statusLabel).toBe("Installed");
    for (const _ of [1, 2]) {
      await scenario.toEndOfNight();
      expect(await agent.run()).toEqual(NOTHING);
    }
    await scenario.distribute("long", run("\\second.exe"), automatic);
    expect(await agent.run()).toEqual(NOTHING);
    await scenario.toEndOfNight();
    expect(await agent.run()).toEqual(DONE);
    await scenario.toEndOfNight();
    expect(await agent.run()).toEqual(NOTHING);
    expect(linesOf(agent, "log")).toEqual(["first", "second"]);
  });

  test("S-61 what failed is retried from the report, in the next window; stopping leaves what is installed", async () => {
    const { api } = scenario.site;
    const agents: AgentAtSite[] = [];
    for (let n = 0; n < 5; n++) agents.push(await scenario.agent(`s61-${n}`));
    const [good, away, ...bad] = agents;
    if (!good || !away) throw new Error("no agents");
    const source = "\\needed\\licence.txt";
    const actions = [{ kind: "CopyFiles", source, target: "\\" }];
    good.put({ "needed/licence.txt": "x" });
    const distribution = await scenario.distribute(
      "s61",
      { actions },
      { mode: "automatic", ...forOnly(...agents) },
    );
    await scenario.toEndOfNight();
    for (const agent of [good, ...bad]) await agent.run();
    const failed = await scenario.site.rows(`distribution:${distribution} status:failed`);
    expect(failed.map(({ deviceName }) => deviceName)).toHaveLength(3);
    // The last one is left as it is.
    const ids = failed.map(({ id }) => id).slice(0, 2);
    await api.send("/api/v1/installations/retry", { method: "POST", json: { ids } });
    const again = await scenario.site.rows(`distribution:${distribution} attempt:2`);
    expect(again.map(({ id, statusLabel }) => [id, statusLabel]).sort()).toEqual(
      ids.map((id) => [id, "Pending Install"]).sort(),
    );
    await scenario.passHours(12);
    for (const agent of bad) {
      agent.put({ "needed/licence.txt": "x" });
      expect(await agent.run()).toEqual(NOTHING);
    }
    await scenario.toEndOfNight();
    const summaries = [];
    for (const agent of bad) summaries.push((await agent.run()).done);
    expect(summaries.sort()).toEqual([0, 1, 1]);
    const counts = async () => {
      const rows = await scenario.site.rows(`distribution:${distribution}`);
      return rows.map(({ statusLabel, attempt }) => `${statusLabel} ${attempt}`).sort();
    };
    expect(await counts()).toEqual([
      "Failed 1",
      "Installed 1",
      "Installed 2",
      "Installed 2",
      "Pending Install 1",
    ]);
    await api.send(`/api/v1/distributions/${distribution}/stop`, { method: "POST" });
    expect(await counts()).toEqual(["Installed 1", "Installed 2", "Installed 2"]);
    await scenario.toEndOfNight();
    expect(await away.run()).toEqual(NOTHING);
    expect(readFileSync(join(good.device, "licence.txt"), "utf8")).toBe("x");
  });

  test("installed, taken off, and asked for by an agent that waits", async () => {
    const agent = await scenario.agent("waits");
    const uninstall = [{ kind: "RemoveFolder", path: "\\app" }];
    const install = { actions: [DOWNLOAD], uninstall };
    await scenario.order(agent, "tool", install, FILES);
    expect(await agent.run()).toEqual(DONE);
    expect(hasTool(agent)).toBe(true);
    const device = agent.store?.state.device ?? "";
    const json = { id: "off", package: "tool", revision: "tool-1", operation: "uninstall" };
    const { api } = scenario.site;
    await api.send("/api/v1/distributions", {
      method: "POST",
      json: { ...json, mode: "on-demand" },
    });
    await scenario.site.request(device, "off");
    expect(await agent.run()).toEqual(DONE);
    expect(existsSync(join(agent.device, "app"))).toBe(false);
    expect(await scenario.row(agent, "off")).toMatchObject({
      statusLabel: "Removed After Installation",
    });

    // It waits with a check-in that the site answers as soon as there is something.
    const target = { kind: "device", device };
    const folder = { actions: [{ kind: "CreateFolder", path: "\\made" }] };
    const made = await scenario.distribute("folder", folder, { target });
    const running = agent.run({ once: false });
    await scenario.site.request(device, made);
    while ((await scenario.row(agent, made)).statusLabel !== "Installed") await wait(20);
    expect(existsSync(join(agent.device, "made"))).toBe(true);
    agent.stop.abort();
    await running;
  });
});
