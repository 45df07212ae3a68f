import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { Agent } from "../../devices/agent/agent.ts";
import { type AgentStore, createStore } from "../../devices/agent/agent-store.ts";
import { DeviceRoot } from "../../devices/agent/device-root.ts";
import type { Fetch } from "../../devices/agent/download.ts";
import { linuxMachine } from "../../devices/agent/linux-machine.ts";
import { lookAt } from "../../devices/agent/look.ts";
import { SiteClient } from "../../devices/agent/site-client.ts";
import { newToken } from "../../devices/agent/token.ts";
import type { Behaviour } from "../../devices/simulator/behaviour.ts";
import type {
  DeviceIdentity,
  FleetDevice,
  Progress,
  SessionLike,
} from "../../devices/simulator/fleet.ts";
import { Polls } from "../../devices/simulator/polls.ts";
import { PULL_KINDS } from "../../devices/simulator/pull/kinds.ts";
import { Random } from "../../devices/simulator/random.ts";
import { KIOSK_APP } from "./families.ts";

/** Waiting is not seen on a virtual clock: whoever waits for the site asks again soon. */
const SLEEP_MS_MAX = 50;

export interface KioskOptions {
  /** Its own: `device` in it is the kiosk, `state` what its agent remembers. */
  readonly folder: string;
  readonly serverUrl: string;
  /** One-time. */
  readonly code: string;
  readonly startMs: number;
  readonly behaviour: Behaviour;
}

/**
 * A kiosk with the reference agent: the same that `outpost agent --once --root` runs, on a folder that plays
 * the machine. What it installs is really there afterwards.
 */
export class Kiosk implements FleetDevice {
  readonly plan: DeviceIdentity;
  /** Where `\` of the device is on this machine. */
  readonly root: string;
  readonly #options: KioskOptions;
  readonly #store: AgentStore;
  readonly #polls: Polls;
  #nowMs: number;

  private constructor(plan: DeviceIdentity, options: KioskOptions, store: AgentStore) {
    this.plan = plan;
    this.root = join(options.folder, "device");
    this.#options = options;
    this.#store = store;
    this.#polls = new Polls(options.behaviour, new Random(plan.seed), options.startMs);
    this.#nowMs = options.startMs;
  }

  /** A new kiosk that nothing is installed on. */
  static async make(plan: DeviceIdentity, options: KioskOptions): Promise<Kiosk> {
    const { folder, serverUrl } = options;
    await mkdir(join(folder, "device"), { recursive: true });
    await mkdir(join(folder, "state"), { recursive: true });
    const store = await createStore(join(folder, "state", "state.json"), {
      format: 1,
      server: serverUrl,
      stableId: plan.stableId,
      token: newToken(),
      nextToken: null,
      device: null,
      life: null,
      sequence: 0,
      run: null,
      outbox: [],
      ended: [],
      toldFacts: null,
    });
    return new Kiosk(plan, options, store);
  }

  get dueMs(): number {
    return this.#polls.nextMs;
  }

  get busy(): boolean {
    return this.#store.state.run !== null;
  }

  progress(): readonly Progress[] {
    const { run, ended } = this.#store.state;
    if (run !== null) return ["installing"];
    const last = ended.at(-1);
    if (last === undefined) return [];
    return [last.last.result.startsWith("succeeded") ? "installed" : "failed"];
  }

  async step(nowMs: number): Promise<{ readonly session: SessionLike | undefined }> {
    return { session: this.#polls.take(nowMs) ? await this.contact(nowMs) : undefined };
  }

  /** What is in a file of its app; undefined: there is none. */
  async textOf(name: string): Promise<string | undefined> {
    const file = Bun.file(join(this.root, KIOSK_APP.folder.slice(1), name));
    return (await file.exists()) ? file.text() : undefined;
  }

  /** Runs the agent until it has nothing left to do. */
  async contact(nowMs: number): Promise<SessionLike> {
    this.#nowMs = nowMs;
    let messages = 0;
    const counted: Fetch = (url, init) => {
      messages += 1;
      return fetch(url, init);
    };
    await this.#agent(counted).run({ once: true, stop: new AbortController().signal });
    return { messages, end: "done" };
  }

  #agent(fetchCounted: Fetch): Agent {
    const store = this.#store;
    const { folder, serverUrl, code } = this.#options;
    const clock = {
      now: () => this.#nowMs,
      sleep: async (ms: number, signal?: AbortSignal) => {
        await wait(Math.min(ms, SLEEP_MS_MAX), undefined, signal && { signal });
      },
    };
    const { name, manufacturer, model } = this.plan;
    const { osPlatform, osVersion, cpu } = PULL_KINDS.agent;
    const facts = { manufacturer, model, osPlatform, osVersion, osMajor: Number(osVersion), cpu };
    const machine = {
      ...linuxMachine(clock),
      facts: async () => ({ name, ...facts }),
      inventory: async () => [],
    };
    const root = new DeviceRoot(this.root);
    return new Agent({
      store,
      client: new SiteClient(serverUrl, fetchCounted, () => ({
        device: store.state.device ?? "",
        token: store.state.token,
      })),
      around: {
        ...{ root, machine, clock, folder: join(folder, "state"), fetch: fetchCounted },
        random: Math.random,
        progress: () => undefined,
      },
      look: lookAt(root, machine),
      restarting: { hook: async () => undefined, isAllowed: false },
      facts: async () => facts,
      code,
      say: () => undefined,
    });
  }
}
