/** The reference agent against a started site: real requests, a real folder tree. */
import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import { AgentAtSite, type AgentOptions } from "../harness/agent-at-site.ts";
import { Scenario } from "../harness/scenario.ts";

const Code = z.looseObject({ code: z.string() });
const Created = z.looseObject({ id: z.string() });

const NOW = "2026-03-07T12:00:00.000Z";
/** The last millisecond of windows from 22:00 to 24:00 in Vienna: every instant has come. */
const NIGHTS = [7, 8, 9].map((day) => `2026-03-${String(day).padStart(2, "0")}T22:59:59.999Z`);
const TOOL = "tool ".repeat(1_000_000);

async function started() {
  const site = await Scenario.start({ role: "site", now: NOW });
  await site.api.send("/api/v1/packages", {
    method: "POST",
    json: { id: "tool", name: "Tool", platform: "Windows" },
  });
  return site;
}

async function distribute(
  site: Scenario,
  id: string,
  agent: Record<string, unknown>,
  more: Record<string, unknown> = {},
): Promise<string> {
  const { sha256 } = await site.upload(TOOL, "tool.bin");
  await site.api.send("/api/v1/packages/tool/revisions", {
    method: "POST",
    json: {
      id: `r-${id}`,
      version: "1.0",
      agent: { files: [{ sha256, name: "tool.bin" }], ...agent },
    },
  });
  const json = { id, package: "tool", revision: `r-${id}`, mode: "on-demand", ...more };
  return (await site.api.request("/api/v1/distributions", Created, { method: "POST", json })).id;
}

async function agentOf(site: Scenario, options: AgentOptions = {}): Promise<AgentAtSite> {
  const json = {};
  const { code } = await site.api.request("/api/v1/enrolment-codes", Code, {
    method: "POST",
    json,
  });
  return new AgentAtSite(site.url, { code, ...options });
}

const DOWNLOAD = { kind: "Download", source: "tool.bin", target: "\\app\\tool.bin" };
const HASH = { kind: "FileHash", file: "\\app\\tool.bin", source: { file: "tool.bin" } };

test("S-27, S-30: installs in its window, does nothing twice, and repairs drift once", async () => {
  await using site = await started();
  await site.addWindow("2026-03-01T22:00", 120);
  const id = await distribute(
    site,
    "nightly",
    { actions: [DOWNLOAD], metrics: [HASH] },
    { mode: "automatic" },
  );
  using agent = await agentOf(site);
  const file = join(agent.device, "app", "tool.bin");
  await agent.run();
  const device = agent.store?.state.device ?? "";
  expect(existsSync(file)).toBe(false);
  expect(await site.row(device, id)).toMatchObject({ statusLabel: "Pending Install" });

  await site.gateway.setClock(NIGHTS[0] ?? "");
  expect(await agent.run()).toEqual({ done: 1, failed: 0 });
  expect(readFileSync(file, "utf8")).toBe(TOOL);
  expect(await site.row(device, id)).toMatchObject({
    statusLabel: "Installed",
    operation: "install",
  });
  expect(await agent.run()).toEqual({ done: 0, failed: 0 });

  writeFileSync(file, "drifted");
  expect(await agent.run()).toEqual({ done: 0, failed: 0 });
  await site.gateway.setClock(NIGHTS[1] ?? "");
  expect(await agent.run()).toEqual({ done: 1, failed: 0 });
  expect(readFileSync(file, "utf8")).toBe(TOOL);
  expect(await site.row(device, id)).toMatchObject({
    statusLabel: "Installed",
    operation: "repair",
  });
  await site.gateway.setClock(NIGHTS[2] ?? "");
  expect(await agent.run()).toEqual({ done: 0, failed: 0 });
  const values = (await site.history(device, id)).map(({ value }) => value);
  expect(values.filter((value) => value === "drifted")).toHaveLength(1);
});

test("the site is killed in the middle of a download: it goes on, installs, and is taken off again", async () => {
  await using site = await started();
  const uninstall = [{ kind: "RemoveFolder", path: "\\app" }];
  const id = await distribute(site, "wanted", { actions: [DOWNLOAD], uninstall });
  const restarts: Promise<void>[] = [];
  using agent = await agentOf(site, {
    clock: {
      now: Date.now,
      sleep: async (ms, signal) => wait(Math.min(ms, 5_000), undefined, signal && { signal }),
    },
    progress: () => {
      if (restarts.length > 0) return;
      restarts.push(site.gateway.kill().then(() => site.gateway.restart()));
    },
  });
  await agent.run();
  const device = agent.store?.state.device ?? "";
  await site.request(device, id);
  expect(await agent.run()).toEqual({ done: 1, failed: 0 });
  await Promise.all(restarts);
  expect(restarts).toHaveLength(1);
  expect(readFileSync(join(agent.device, "app", "tool.bin"), "utf8")).toBe(TOOL);
  expect(await site.row(device, id)).toMatchObject({ statusLabel: "Installed" });

  const off = { id: "off", package: "tool", revision: "r-wanted", mode: "on-demand" };
  const json = { ...off, operation: "uninstall" };
  await site.api.send("/api/v1/distributions", { method: "POST", json });
  await agent.run();
  await site.request(device, "off");
  expect(await agent.run()).toEqual({ done: 1, failed: 0 });
  expect(existsSync(join(agent.device, "app"))).toBe(false);
  expect(await site.row(device, "off")).toMatchObject({
    statusLabel: "Removed After Installation",
  });
});

test("a failure is told; what is asked for reaches an agent that waits at once", async () => {
  await using site = await started();
  const bad = { actions: [{ kind: "DeleteFiles", path: "\\none\\*.txt" }] };
  const failing = await distribute(site, "failing", bad);
  using agent = await agentOf(site);
  await agent.run();
  const device = agent.store?.state.device ?? "";
  await site.request(device, failing);
  expect(await agent.run()).toEqual({ done: 1, failed: 1 });
  expect(await site.row(device, failing)).toMatchObject({
    statusLabel: "Failed",
    state: "Installation failed",
  });

  // It waits for on-demand work with a check-in that the site answers as soon as there is some.
  const folder = await distribute(site, "asked", {
    actions: [{ kind: "CreateFolder", path: "\\made" }],
  });
  const running = agent.run({ once: false });
  await site.request(device, folder);
  while (!existsSync(join(agent.device, "made"))) await wait(20);
  while ((await site.row(device, folder)).statusLabel !== "Installed") await wait(20);
  agent.stop.abort();
  await running;
});
