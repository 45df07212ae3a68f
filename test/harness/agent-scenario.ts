import { z } from "zod";
import { AgentAtSite, type AgentOptions } from "./agent-at-site.ts";
import { RawAgent } from "./raw-agent.ts";
import { Scenario } from "./scenario.ts";

const Code = z.looseObject({ code: z.string() });
const Created = z.looseObject({ id: z.string() });
const Told = z.array(z.looseObject({ value: z.string(), text: z.string().nullable() }));

/** 13:00 in Vienna: a window from 22:00 to 24:00 there ends at 23:00. */
const NOW = "2026-03-07T12:00:00.000Z";
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** A file of a revision: its name and what is in it. */
export type GivenFile = readonly [name: string, content: string | Uint8Array<ArrayBuffer>];

interface DistributeOptions extends Readonly<Record<string, unknown>> {
  readonly files?: readonly GivenFile[];
  /** A package that is there already; one of its own unless given. */
  readonly package?: string;
}

/** A started site in Vienna with agents, and the steps that their scenarios are told in. */
export class AgentScenario implements AsyncDisposable {
  readonly site: Scenario;
  readonly #agents: AgentAtSite[] = [];
  readonly #versions = new Map<string, number>();

  private constructor(site: Scenario) {
    this.site = site;
  }

  static async start(): Promise<AgentScenario> {
    const settings = { timeZone: "Europe/Vienna" };
    return new AgentScenario(await Scenario.start({ role: "site", now: NOW, settings }));
  }

  get url(): string {
    return this.site.url;
  }

  /** A one-time code; for any device unless it says otherwise. */
  async code(json: object = {}): Promise<string> {
    const path = "/api/v1/enrolment-codes";
    return (await this.site.api.request(path, Code, { method: "POST", json })).code;
  }

  /** The reference agent on a folder tree of its own; enrolled, and idle. */
  async agent(stableId: string, options: AgentOptions = {}): Promise<AgentAtSite> {
    const code = await this.code();
    const agent = this.keep(new AgentAtSite(this.url, { stableId, code, ...options }));
    await agent.run();
    return agent;
  }

  /** It is disposed of with the scenario. */
  keep(agent: AgentAtSite): AgentAtSite {
    this.#agents.push(agent);
    return agent;
  }

  /** An agent that says what it is told to; enrolled. */
  async raw(stableId: string, facts = {}): Promise<RawAgent> {
    const agent = new RawAgent(this.url, stableId);
    const status = await agent.enrol(await this.code(), { agentVersion: "1.0", ...facts });
    if (status !== 200) throw new Error(`the enrolment of ${stableId} was answered ${status}`);
    return agent;
  }

  async addPackage(id: string, platform = "Windows"): Promise<void> {
    const json = { id, name: id, platform };
    await this.site.api.send("/api/v1/packages", { method: "POST", json });
  }

  async upload([name, content]: GivenFile): Promise<{ sha256: string; name: string }> {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const { sha256 } = await this.site.api.request(
      `/api/v1/files?name=${name}`,
      z.looseObject({ sha256: z.string() }),
      { method: "POST", bytes, headers: { "content-type": "application/octet-stream" } },
    );
    return { sha256, name };
  }

  /** A revision `<package>-<n>` of a package; both are made where they are not there. @returns its id */
  async revision(app: string, agent: object, files: readonly GivenFile[] = []): Promise<string> {
    const number = (this.#versions.get(app) ?? 0) + 1;
    if (number === 1) await this.addPackage(app);
    this.#versions.set(app, number);
    const uploaded = [];
    for (const file of files) uploaded.push(await this.upload(file));
    const json = {
      id: `${app}-${number}`,
      version: `${number}.0`,
      agent: { files: uploaded, ...agent },
    };
    await this.site.api.send(`/api/v1/packages/${app}/revisions`, { method: "POST", json });
    return json.id;
  }

  /** A new revision and its distribution, both called by the package and their number; on demand unless it says otherwise. */
  async distribute(
    id: string,
    agent: object,
    { files = [], package: app = id, ...more }: DistributeOptions = {},
  ): Promise<string> {
    return await this.distributeRevision(app, await this.revision(app, agent, files), more);
  }

  async distributeRevision(app: string, revision: string, more: object = {}): Promise<string> {
    const json = { id: revision, package: app, revision, mode: "on-demand", ...more };
    const path = "/api/v1/distributions";
    return (await this.site.api.request(path, Created, { method: "POST", json })).id;
  }

  /** What is distributed so is for one device, and asked for at once. */
  async order(
    agent: AgentAtSite | RawAgent,
    id: string,
    install: object,
    options: DistributeOptions = {},
  ): Promise<string> {
    const device = idOf(agent);
    const target = { kind: "device", device };
    const distribution = await this.distribute(id, install, { target, ...options });
    await this.site.request(device, distribution);
    return distribution;
  }

  row(agent: AgentAtSite | RawAgent, distribution: string) {
    return this.site.row(idOf(agent), distribution);
  }

  /** What was told and decided about a row, the oldest first. */
  async told(agent: AgentAtSite | RawAgent, distribution: string) {
    const { id } = await this.row(agent, distribution);
    return this.site.api.request(`/api/v1/installations/${id}/history`, Told);
  }

  async words(agent: AgentAtSite | RawAgent, distribution: string): Promise<readonly string[]> {
    return (await this.told(agent, distribution)).map(({ value }) => value);
  }

  /** Every night from 22:00 to 24:00. */
  addWindow(): Promise<void> {
    return this.site.addWindow("2026-03-01T22:00", 120);
  }

  /** The last millisecond of the window that is open or comes next: every instant has come. */
  async toEndOfNight(): Promise<void> {
    const { gateway } = this.site;
    const endOfDayMs = Math.ceil((gateway.nowMs + HOUR_MS + 2) / DAY_MS) * DAY_MS;
    await gateway.setClock(new Date(endOfDayMs - HOUR_MS - 1).toISOString());
  }

  passHours(hours: number): Promise<void> {
    return this.site.gateway.advance(hours * HOUR_MS);
  }

  /** Bytes of content that devices were given since the site was started. */
  async servedBytes(): Promise<number> {
    const text = await (await this.site.api.raw("/metrics", {})).text();
    return Number(/^outpost_content_served_bytes_total (\d+)$/m.exec(text)?.[1] ?? "0");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const agent of this.#agents) agent[Symbol.dispose]();
    await this.site[Symbol.asyncDispose]();
  }
}

function idOf(agent: AgentAtSite | RawAgent): string {
  const id = agent instanceof AgentAtSite ? agent.store?.state.device : agent.id;
  if (!id) throw new Error("the agent is not enrolled");
  return id;
}
