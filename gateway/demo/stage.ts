import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Fleet } from "../../devices/simulator/fleet.ts";
import type { ProfileMix } from "../../devices/simulator/profiles.ts";
import { type PullKind, planPullers } from "../../devices/simulator/pull/kinds.ts";
import { ApiClient } from "../client/api-client.ts";
import { signIn } from "../client/sign-in.ts";
import { Clock, EnrolmentCode, JoinCode } from "./answers.ts";
import { DEMO_BEHAVIOUR, enrolFleet } from "./branch.ts";
import { ChildGateway, freePort } from "./child-gateway.ts";
import { Kiosk } from "./kiosk.ts";
import { Line } from "./line.ts";

/** Short, so that the hub is told soon; the real default spares the line. */
const FLUSH_INTERVAL_MS = "200";
const SETTLE_POLL_MS = 50;
/** Long enough for some devices to be in the middle of something. */
const KILL_AFTER_MS = 15;
const ADMINISTRATOR = "admin";

export interface BranchPlan {
  /** The site's id. */
  readonly site: string;
  readonly name: string;
  readonly timeZone: string;
  /** How many there are of each kind that speaks OMA DM. */
  readonly mix: ProfileMix;
  /** The same of others that are played. */
  readonly pullers: ReadonlyMap<PullKind, number>;
  /** With the reference agent, each on a folder of its own. */
  readonly kiosks: number;
}

/** A site with its line to the hub and its devices. */
export interface Branch {
  readonly plan: BranchPlan;
  readonly gateway: ChildGateway;
  readonly line: Line;
  readonly client: ApiClient;
  readonly fleet: Fleet;
  /** Those of the fleet that are real. */
  readonly kiosks: readonly Kiosk[];
}

/** Everything that runs in the demo: processes, lines, devices, and one virtual time for all. */
export class Stage implements AsyncDisposable {
  readonly administrator = ADMINISTRATOR;
  readonly password = randomBytes(12).toString("base64url");
  readonly hub: ChildGateway;
  readonly branches: Branch[] = [];
  #hubClient: ApiClient | undefined;
  #nowMs: number;
  readonly #folder: string;
  readonly #open: AsyncDisposable[] = [];

  private constructor(folder: string, hub: ChildGateway, startMs: number) {
    this.#folder = folder;
    this.hub = hub;
    this.#nowMs = startMs;
    this.#open.push(hub);
  }

  /** Starts the hub in `folder`, at the virtual time `startMs`. */
  static async open(folder: string, startMs: number): Promise<Stage> {
    const hub = new ChildGateway({
      role: "hub",
      dataDir: join(folder, "hub"),
      port: await freePort(),
      settings: {},
    });
    const stage = new Stage(folder, hub, startMs);
    try {
      await hub.start(stage.#settings());
      stage.#hubClient = await stage.#signIn(`${hub.url}/hub`);
      return stage;
    } catch (error) {
      await stage[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The virtual time. */
  get nowMs(): number {
    return this.#nowMs;
  }

  get hubClient(): ApiClient {
    if (this.#hubClient === undefined) throw new Error("the hub is not started");
    return this.#hubClient;
  }

  /** Starts a site behind a line of its own, lets it join the hub, and enrols its devices. */
  async addBranch(plan: BranchPlan, seed: number): Promise<Branch> {
    const { code } = await this.hubClient.request("/api/v1/join-codes", JoinCode, {
      method: "POST",
      json: { site: plan.site, name: plan.name },
    });
    const line = await Line.open(Number(new URL(this.hub.url).port));
    this.#open.push(line);
    const gateway = new ChildGateway({
      role: "site",
      dataDir: join(this.#folder, plan.site),
      port: await freePort(),
      settings: {
        siteName: plan.name,
        timeZone: plan.timeZone,
        hubUrl: line.url,
        joinCode: code,
        flushIntervalMs: FLUSH_INTERVAL_MS,
      },
    });
    this.#open.push(gateway);
    await gateway.start(this.#settings());
    const client = await this.#signIn(gateway.url);
    const { mix, pullers } = plan;
    const played = await enrolFleet(
      { client, url: gateway.url },
      {
        ...{ count: Object.values(mix).reduce((sum, count) => sum + count, 0), mix, pullers, seed },
        prefix: plan.site,
        startMs: this.#nowMs,
        behaviour: DEMO_BEHAVIOUR,
        fetch: globalThis.fetch,
      },
    );
    const kiosks = await this.#kiosks(plan, seed, { client, url: gateway.url });
    const fleet = new Fleet([...played.devices, ...kiosks]);
    const branch = { plan, gateway, line, client, fleet, kiosks };
    this.branches.push(branch);
    return branch;
  }

  async #kiosks(
    plan: BranchPlan,
    seed: number,
    site: { readonly client: ApiClient; readonly url: string },
  ): Promise<Kiosk[]> {
    const kiosks: Kiosk[] = [];
    for (const one of planPullers("agent", plan.kiosks, seed, `${plan.site}-kiosk`)) {
      const { code } = await site.client.request("/api/v1/enrolment-codes", EnrolmentCode, {
        method: "POST",
        json: {},
      });
      const options = { serverUrl: site.url, code, startMs: this.#nowMs };
      const folder = join(this.#folder, "kiosks", one.name);
      kiosks.push(await Kiosk.make(one, { ...options, folder, behaviour: DEMO_BEHAVIOUR }));
    }
    return kiosks;
  }

  /** Moves the virtual time everywhere, then lets the devices do what is due. */
  async moveTo(nowMs: number): Promise<void> {
    await this.#setClocks(nowMs);
    await this.#stepFleets();
  }

  /** The same, and a site is killed while its devices speak to it, and started again. */
  async moveWithKill(nowMs: number, { gateway }: Branch): Promise<void> {
    await this.#setClocks(nowMs);
    const stepping = this.#stepFleets();
    await wait(KILL_AFTER_MS);
    await gateway.kill();
    await gateway.start(this.#settings());
    await stepping;
  }

  async #setClocks(nowMs: number): Promise<void> {
    this.#nowMs = nowMs;
    const running = [this.hub, ...this.branches.map(({ gateway }) => gateway)].filter(
      ({ pid }) => pid !== undefined,
    );
    const json = { set: new Date(nowMs).toISOString() };
    await Promise.all(
      running.map(({ url }) =>
        new ApiClient(url, undefined).request("/test/clock", Clock, { method: "POST", json }),
      ),
    );
  }

  async #stepFleets(): Promise<void> {
    await Promise.all(this.branches.map(({ fleet }) => fleet.step(this.#nowMs)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const resource of [...this.#open].reverse()) await resource[Symbol.asyncDispose]();
  }

  #signIn(baseUrl: string): Promise<ApiClient> {
    const administrator = { name: this.administrator, password: this.password };
    const expiresAt = new Date(Date.now() + 24 * 3_600_000).toISOString();
    return signIn(baseUrl, administrator, { name: "demo", expiresAt });
  }

  #settings(): Readonly<Record<string, string>> {
    return {
      testClock: "1",
      testNow: new Date(this.#nowMs).toISOString(),
      adminPassword: this.password,
      freeDiskBytesMin: "64MiB",
      logLevel: "warn",
    };
  }
}

/**
 * Asks `probe` until it answers something, in real time: for what crosses a line. Throws with `what`
 * when it has not after `limitMs`.
 */
export async function settled<Value>(
  what: string,
  limitMs: number,
  probe: () => Promise<Value | undefined>,
): Promise<Value> {
  const untilMs = performance.now() + limitMs;
  while (performance.now() < untilMs) {
    const value = await probe();
    if (value !== undefined) return value;
    await wait(SETTLE_POLL_MS);
  }
  throw new Error(`waited ${limitMs / 1000} s in vain for ${what}`);
}
