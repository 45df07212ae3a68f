import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { RawAgent } from "../harness/raw-agent.ts";
import { Scenario } from "../harness/scenario.ts";

const Code = z.looseObject({ code: z.string() });
const Created = z.looseObject({ id: z.string() });
const History = z.array(z.looseObject({ value: z.string(), text: z.string().nullable() }));
const Told = z.looseObject({ attempt: z.int(), steps: z.array(z.looseObject({})) });
const Knocks = z.array(z.looseObject({ protocol: z.string(), externalId: z.string() }));

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** 13:00 in Vienna: a window at 22:00 there begins nine hours later. */
const NOW = "2026-03-07T12:00:00.000Z";
const OPENS_MS = Date.parse("2026-03-07T21:00:00.000Z");
const WINDOW_MS = 2 * HOUR_MS;
const DAY_MS = 24 * HOUR_MS;
/** In the window's last minute: every instant has come. */
const AT_LAST_MS = OPENS_MS + WINDOW_MS - 1;

class AgentSite implements AsyncDisposable {
  readonly scenario: Scenario;
  #count = 0;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
  }

  static async start(): Promise<AgentSite> {
    const settings = { timeZone: "Europe/Vienna" };
    const site = new AgentSite(await Scenario.start({ role: "site", now: NOW, settings }));
    await site.scenario.api.send("/api/v1/packages", {
      method: "POST",
      json: { id: "tool", name: "Tool", platform: "Windows" },
    });
    return site;
  }

  async agent(stableId: string, facts = {}): Promise<RawAgent> {
    const { code } = await this.scenario.api.request("/api/v1/enrolment-codes", Code, {
      method: "POST",
      json: {},
    });
    const agent = new RawAgent(this.scenario.url, stableId);
    expect(await agent.enrol(code, { agentVersion: "1.0", ...facts })).toBe(200);
    return agent;
  }

  async distribute(
    agent: Record<string, unknown>,
    { package: app = "tool", ...more }: Record<string, unknown> = {},
  ): Promise<string> {
    const number = ++this.#count;
    const { sha256 } = await this.scenario.upload("12345", "tool.bin");
    const files = [{ sha256, name: "tool.bin" }];
    const json = { id: `r${number}`, version: `${number}.0`, agent: { files, ...agent } };
    await this.scenario.api.send(`/api/v1/packages/${app}/revisions`, { method: "POST", json });
    const { id } = await this.scenario.api.request("/api/v1/distributions", Created, {
      method: "POST",
      json: { id: `d${number}`, package: app, revision: `r${number}`, mode: "on-demand", ...more },
    });
    return id;
  }

  to(ms: number): Promise<unknown> {
    return this.scenario.gateway.setClock(new Date(ms).toISOString());
  }

  async history(agent: RawAgent, distribution: string) {
    const { id } = await this.scenario.row(agent.id, distribution);
    return this.scenario.api.request(`/api/v1/installations/${id}/history`, History);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.scenario[Symbol.asyncDispose]();
  }
}

const DOWNLOAD = { kind: "Download", source: "tool.bin", target: "\\app\\tool.bin" };
const SIZE = { kind: "FileSize", file: "\\app\\tool.bin", source: { file: "tool.bin" } };

describe("agents over HTTP", () => {
  test("S-16 default command, S-20 targeting, D6 on demand, results in the history", async () => {
    await using site = await AgentSite.start();
    const { scenario } = site;
    const arm = await site.agent("arm-6", { cpu: "arm", osMajor: 6, osPlatform: "PocketPC" });
    const mips = await site.agent("mips-6", { cpu: "MIPS", osMajor: 6 });
    const old = await site.agent("arm-5", { cpu: "ARM", osMajor: 5 });

    const file = "\\Storage Card\\My App\\whatever.cab";
    const install = (command: string | null) => ({ kind: "Install", file, command });
    const cab = await site.distribute({ actions: [install(null), install('wceload.exe "%1"')] });
    expect((await arm.poll()).work).toEqual([]);
    await scenario.request(arm.id, cab);
    const { steps } = await arm.work();
    const line = 'wceload.exe "\\Storage Card\\My App\\whatever.cab"';
    expect(steps.map((step) => step.kind === "Install" && step.command)).toEqual([line, line]);
    const zip = await scenario.api
      .send("/api/v1/packages/tool/revisions", {
        method: "POST",
        json: {
          id: "zip",
          version: "9",
          agent: { actions: [{ ...install(null), file: "x.zip" }] },
        },
      })
      .then(() => 201)
      .catch((error) => error.status ?? String(error));
    expect(String(zip)).toContain("422");
    const [work] = arm.plan?.work ?? [];
    if (!work) throw new Error("no work");
    await arm.say(work, "accepted", "installing");
    const failed = { ...arm.result(work, "step-failed"), step: { index: 0, kind: "Install" } };
    await arm.report(
      { ...failed, exitCode: 5, text: "no licence" },
      arm.result(work, "launch-failed"),
    );
    expect(await scenario.row(arm.id, cab)).toMatchObject({
      statusLabel: "Failed",
      state: "Failed to launch installer",
    });
    expect(await site.history(arm, cab)).toContainEqual(
      expect.objectContaining({
        value: "step-failed",
        text: "step 1, Install: exit code 5: no licence",
      }),
    );

    const { id: failedRow } = await scenario.row(arm.id, cab);
    const toldOf = await scenario.api.request(`/api/v1/installations/${failedRow}/work`, Told);
    expect(toldOf).toMatchObject({
      attempt: 1,
      steps: [
        { outcome: "failed", exitCode: 5, text: "no licence", action: { kind: "Install" } },
        { outcome: "not-run", exitCode: null, at: null },
      ],
    });

    const target = (cpu: string) => ({ ...DOWNLOAD, targeting: { cpu, osMajor: 6 } });
    const both = await site.distribute({ actions: [target("ARM"), target("x86")] });
    await scenario.request(arm.id, both);
    const told = await arm.work();
    expect(told.steps).toMatchObject([{ index: 0 }, { index: 1, skip: "not-targeted" }]);
    expect(told.steps[0]?.skip).toBeUndefined();
    expect(told.files).toHaveLength(1);
    const fetched = await fetch(told.files[0]?.url ?? "");
    expect(await fetched.text()).toBe("12345");
    await arm.say(told, "downloading", "step-succeeded", "step-skipped", "succeeded");
    expect(await scenario.row(arm.id, both)).toMatchObject({ statusLabel: "Installed" });
    for (const [agent, state] of [
      [mips, "Device Criteria"],
      [old, "OS Criteria"],
    ] as const) {
      expect((await agent.poll()).work).toEqual([]);
      expect(await scenario.row(agent.id, both)).toMatchObject({
        statusLabel: "Not Relevant",
        state,
      });
    }
  });

  test("S-26 Automatic only, S-27 health check and one repair, S-29 missed, S-30 nothing to do", async () => {
    await using site = await AgentSite.start();
    const { scenario } = site;
    await scenario.api.send("/api/v1/packages", {
      method: "POST",
      json: { id: "extra", name: "Extra", platform: "Windows" },
    });
    const [agent, done, away] = [
      await site.agent("night"),
      await site.agent("done"),
      await site.agent("away"),
    ];
    const night = await site.distribute(
      { actions: [DOWNLOAD], metrics: [SIZE] },
      { mode: "automatic" },
    );
    const wanted = await site.distribute({ actions: [DOWNLOAD] }, { package: "extra" });
    await site.to(Date.parse(NOW) + 48 * HOUR_MS - DAY_MS);
    expect((await agent.poll()).work).toEqual([]);
    expect(await scenario.row(agent.id, night)).toMatchObject({
      statusLabel: "Pending Install",
      state: "Command Scheduled",
      reason: "no-window",
    });
    await scenario.addWindow("2026-03-01T22:00", 120);
    // On demand: by the device's user, at once, outside of the window.
    const catalogue = await agent.get(`${agent.id}/catalogue`);
    expect(await catalogue.json()).toMatchObject({
      items: [{ distribution: wanted, state: "available" }],
    });
    const asked = await agent.send(`${agent.id}/catalogue/${wanted}/request`);
    expect(await asked.json()).toMatchObject({ state: "requested" });
    expect((await agent.send(`${agent.id}/catalogue/${night}/request`)).status).toBe(404);
    expect((await agent.work()).distribution).toBe(wanted);
    const [now] = agent.plan?.work ?? [];
    if (now) await agent.say(now, "installing", "succeeded");
    expect((await agent.poll()).work).toEqual([]);

    await site.to(AT_LAST_MS + DAY_MS);
    expect(await agent.work()).toMatchObject({ distribution: night, do: "evaluate", steps: [] });
    const [first] = agent.plan?.work ?? [];
    if (!first) throw new Error("no work");
    expect(await agent.say(first, "provision-needed")).toMatchObject({ poll: true });
    const apply = await agent.work();
    expect(apply).toMatchObject({ do: "apply", steps: [{ kind: "Download" }], attempt: 1 });
    // What was begun is done after the window's end.
    await agent.say(apply, "downloading");
    const there = await done.work();
    expect(there).toMatchObject({ do: "evaluate", steps: [], files: [] });
    await done.say(there, "up-to-date");
    expect(await scenario.row(done.id, night)).toMatchObject({ statusLabel: "Installed" });
    expect((await done.poll()).work).toEqual([]);
    await site.to(AT_LAST_MS + DAY_MS + 10 * MINUTE_MS);
    await agent.say(apply, "step-succeeded", "succeeded");
    expect(await scenario.row(agent.id, night)).toMatchObject({ statusLabel: "Installed" });
    // Away in that night: its turn comes in the next one.
    expect((await away.poll()).work).toEqual([]);
    expect(await scenario.row(away.id, night)).toMatchObject({ reason: "window" });

    // At ten in the morning the file is deleted: nothing happens before the night.
    await site.to(Date.parse("2026-03-09T09:00:00.000Z"));
    expect((await agent.poll()).work).toEqual([]);
    await site.to(AT_LAST_MS + 2 * DAY_MS);
    expect(await away.work()).toMatchObject({ do: "evaluate" });
    const check = await agent.work();
    expect(check).toMatchObject({ distribution: night, do: "check", steps: [] });
    await agent.say(check, "drifted");
    const repair = await agent.work();
    expect(repair).toMatchObject({ do: "apply", operation: "repair", attempt: 2 });
    await agent.say(repair, "downloading", "succeeded");
    expect((await agent.poll()).work).toEqual([]);
    expect(await scenario.row(agent.id, night)).toMatchObject({
      statusLabel: "Installed",
      operation: "repair",
    });
    const values = (await site.history(agent, night)).map(({ value }) => value);
    expect(values.filter((value) => value === "repaired")).toHaveLength(1);
  });

  test("identity, versions, knocks, malformed, duplicated and late results, cancel, kill -9", async () => {
    await using site = await AgentSite.start();
    const { scenario } = site;
    const { url } = scenario;
    const agent = await site.agent("one");
    const other = await site.agent("two");
    // The same enrolment again, without its code: the answer may have been lost.
    expect(await agent.enrol()).toBe(200);
    const stranger = new RawAgent(url, "three");
    expect(await stranger.enrol("wrong-code")).toBe(403);
    expect(await stranger.enrol()).toBe(202);
    expect(await scenario.api.request("/api/v1/knocks", Knocks)).toMatchObject([
      { protocol: "agent", externalId: "three" },
    ]);
    expect((await stranger.send(`${agent.id}/poll`)).status).toBe(401);
    await scenario.api.send("/api/v1/knocks/approve", {
      method: "POST",
      json: { protocol: "agent", externalId: "three" },
    });
    expect(await stranger.enrol()).toBe(200);
    expect((await stranger.poll()).tell).toContain("facts");
    await stranger.poll({ facts: { agentVersion: "1" }, inventory: [{ name: "vim" }] });
    expect((await stranger.poll()).tell).toEqual([]);

    expect((await other.send(`${agent.id}/poll`)).status).toBe(403);
    expect((await agent.send(`${agent.id}/poll`, "{")).status).toBe(400);
    expect((await agent.send(`${agent.id}/results`, { results: [] })).status).toBe(400);
    expect((await agent.send(`${agent.id}/poll`, " ".repeat(1024 * 1024 + 1))).status).toBe(413);
    for (const path of ["v2/enrol", `v0/${agent.id}/poll`]) {
      const refused = await fetch(`${url}/agent/${path}`, { method: "POST" });
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({ code: "unsupported-version", supported: [1] });
    }

    // An idle check-in is small.
    await agent.poll({ facts: { agentVersion: "1" }, inventory: [] });
    await agent.poll();
    const idle = await agent.send(`${agent.id}/poll`, undefined, {
      "if-none-match": agent.etag ?? "",
    });
    expect(idle.status).toBe(304);

    // Long polling: on-demand work is told at once.
    const distribution = await site.distribute({ actions: [DOWNLOAD] });
    await agent.poll();
    const waiting = agent.poll(undefined, { prefer: "wait=30" });
    await scenario.request(agent.id, distribution);
    const [work] = (await waiting).work;
    if (!work) throw new Error("no work");

    const begun = agent.result(work, "downloading");
    const step = { ...agent.result(work, "step-succeeded"), step: { index: 0, kind: "Download" } };
    const end = agent.result(work, "succeeded");
    await agent.report(begun);
    await scenario.gateway.kill();
    await scenario.gateway.restart();
    expect(await scenario.row(agent.id, distribution)).toMatchObject({ statusLabel: "Installing" });
    await agent.report(end, begun);
    await scenario.gateway.kill();
    await scenario.gateway.restart();
    expect(await agent.report(step, end)).toMatchObject({ refused: [] });
    expect(await scenario.row(agent.id, distribution)).toMatchObject({ statusLabel: "Installed" });
    const values = (await site.history(agent, distribution)).map(({ value }) => value);
    for (const word of ["downloading", "step-succeeded", "succeeded"]) {
      expect(values.filter((value) => value === word)).toEqual([word]);
    }
    expect(
      (await agent.report(agent.result({ distribution: "other", attempt: 1 }, "succeeded")))
        .refused,
    ).toMatchObject([{ index: 0 }]);

    // Stopped in hand: the agent is asked to drop it.
    const stopped = await site.distribute({ actions: [DOWNLOAD] });
    await scenario.request(other.id, stopped);
    const inHand = await other.work();
    await other.say(inHand, "installing");
    await scenario.api.send(`/api/v1/distributions/${stopped}/stop`, { method: "POST" });
    expect(await other.poll()).toMatchObject({
      work: [],
      cancel: [{ distribution: stopped, attempt: 1, reason: "stopped" }],
    });
    await other.say(inHand, "cancelled");
    expect((await other.poll()).cancel).toEqual([]);

    // A new token ends the former one once it was used.
    const former = other.token;
    const next = "n".repeat(40);
    expect((await other.send(`${other.id}/token`, { token: next })).status).toBe(204);
    expect((await other.send(`${other.id}/poll`)).status).toBe(200);
    other.token = next;
    expect((await other.send(`${other.id}/poll`)).status).toBe(200);
    other.token = former;
    expect((await other.send(`${other.id}/poll`)).status).toBe(401);
  });

  test("a device out of compliance is given nothing, and not begun work is held", async () => {
    await using site = await AgentSite.start();
    const { scenario } = site;
    const agent = await site.agent("held");
    const distribution = await site.distribute({ actions: [DOWNLOAD] });
    const comply = (compliance: string) =>
      scenario.api.send(`/api/v1/devices/${agent.id}`, { method: "PATCH", json: { compliance } });
    await scenario.request(agent.id, distribution);
    expect((await agent.work()).do).toBe("apply");
    await comply("out-of-compliance");
    expect((await agent.poll()).work).toEqual([]);
    expect(await scenario.row(agent.id, distribution)).toMatchObject({ reason: "compliance" });
    await comply("compliant");
    expect((await agent.work()).distribution).toBe(distribution);
  });
});
