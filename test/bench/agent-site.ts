import { z } from "zod";
import { Scenario } from "../harness/scenario.ts";
import type { PullDevice } from "./pull-client.ts";

const DAY_MS = 24 * 60 * 60_000;
/** Registrations under way at the same time. */
const AT_ONCE = 20;
const FILE_BYTES = 1024;
const FACTS = JSON.stringify({
  facts: {
    manufacturer: "Contoso",
    model: "Kiosk",
    osVersion: "12",
    osMajor: 12,
    osPlatform: "Linux",
    cpu: "x86",
  },
  inventory: [],
});

const Registered = z.object({ device: z.object({ id: z.string() }), token: z.string().nullable() });
const Created = z.object({ id: z.string() });

/**
 * A site with agents and clients of DDI, a nightly window, and one app that all agents get in a new
 * version round after round, each on the night after the last.
 */
export class AgentSite implements AsyncDisposable {
  readonly scenario: Scenario;
  readonly agents: readonly PullDevice[];
  readonly ddi: readonly PullDevice[];
  readonly #ids: readonly string[];
  #round = 0;

  private constructor(
    scenario: Scenario,
    agents: readonly { readonly id: string; readonly device: PullDevice }[],
    ddi: readonly { readonly device: PullDevice }[],
  ) {
    this.scenario = scenario;
    this.agents = agents.map(({ device }) => device);
    this.#ids = agents.map(({ id }) => id);
    this.ddi = ddi.map(({ device }) => device);
  }

  /** @param otherApps on-demand apps that nobody asks for: a row each per device */
  static async start(devices: number, otherApps: number): Promise<AgentSite> {
    const scenario = await Scenario.start({ role: "site", settings: { timeZone: "UTC" } });
    await scenario.addWindow("2026-03-07T22:00", 120);
    for (let app = 0; app < otherApps; app++) {
      await addVersion(scenario, `other-${app}`, "1.0");
      await distribute(scenario, `other-${app}`, "1.0", { mode: "on-demand" });
    }
    const agents = await many(devices, async (at) => {
      const { device, token } = await register(scenario, "agent", at);
      const base = `/agent/v1/${device.id}`;
      return {
        id: device.id,
        device: {
          poll: `POST ${base}/poll`,
          results: `${base}/results`,
          authorization: `Bearer ${token}`,
          facts: FACTS,
        },
      };
    });
    const ddi = await many(devices, async (at) => {
      const { token } = await register(scenario, "ddi", at);
      const poll = `GET /DEFAULT/controller/v1/${stableId("ddi", at)}`;
      const authorization = `TargetToken ${token}`;
      return { device: { poll, results: null, authorization, facts: "" } };
    });
    return new AgentSite(scenario, agents, ddi);
  }

  get port(): number {
    return Number(new URL(this.scenario.url).port);
  }

  get pid(): number {
    const { pid } = this.scenario.gateway.process;
    if (pid === undefined) throw new Error("the site is not running");
    return pid;
  }

  /** The next version for all agents; the clock stands at the last moment of the next window. */
  async nextUpdate(): Promise<void> {
    this.#round += 1;
    const version = `${this.#round}.0`;
    await addVersion(this.scenario, "updated", version);
    await distribute(this.scenario, "updated", version, {
      mode: "automatic",
      target: { kind: "devices", devices: this.#ids },
    });
    const nightEndsMs = Date.parse("2026-03-08T00:00:00Z") + this.#round * DAY_MS;
    await this.scenario.gateway.setClock(new Date(nightEndsMs - 1).toISOString());
  }

  /** @throws when the last version is not installed on every agent */
  async checkInstalled(): Promise<void> {
    const rows = await this.scenario.rows(`distribution:updated-${this.#round}-0`);
    const installed = rows.filter((row) => row.status === "installed").length;
    if (installed === this.agents.length) return;
    throw new Error(`${installed} of ${this.agents.length} agents installed the update`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scenario[Symbol.asyncDispose]();
  }
}

function stableId(protocol: string, at: number): string {
  return `bench-${protocol}-${String(at).padStart(4, "0")}`;
}

function register({ api }: Scenario, protocol: "agent" | "ddi", at: number) {
  const id = stableId(protocol, at);
  return api.request("/api/v1/devices", Registered, {
    method: "POST",
    json: { stableId: id, name: id, protocol, platform: "Windows", osPlatform: "Linux" },
  });
}

async function many<T>(count: number, make: (at: number) => Promise<T>): Promise<T[]> {
  const made: T[] = [];
  while (made.length < count) {
    const next = Array.from(
      { length: Math.min(AT_ONCE, count - made.length) },
      (_, n) => made.length + n,
    );
    made.push(...(await Promise.all(next.map(make))));
  }
  return made;
}

/** A package, with the version: it fetches one file and runs it. */
async function addVersion(scenario: Scenario, id: string, version: string): Promise<void> {
  const { api } = scenario;
  const isFirst = version === "1.0";
  if (isFirst) {
    await api.send("/api/v1/packages", {
      method: "POST",
      json: { id, name: id, platform: "Windows" },
    });
  }
  const { sha256 } = await scenario.upload(`${id} ${version} `.padEnd(FILE_BYTES, "."), "app.bin");
  const path = "\\app\\app.bin";
  await api.send(`/api/v1/packages/${id}/revisions`, {
    method: "POST",
    json: {
      id: revisionId(id, version),
      version,
      agent: {
        files: [{ sha256, name: "app.bin" }],
        actions: [
          { kind: "Download", source: "app.bin", target: path },
          { kind: "Run", command: path },
        ],
      },
    },
  });
}

async function distribute(scenario: Scenario, id: string, version: string, more: object) {
  const revision = revisionId(id, version);
  await scenario.api.request("/api/v1/distributions", Created, {
    method: "POST",
    json: { id: revision, package: id, revision, ...more },
  });
}

function revisionId(id: string, version: string): string {
  return `${id}-${version.replaceAll(".", "-")}`;
}
