/** An agent in this process, on a folder tree of its own. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Agent, type AgentSummary } from "../../devices/agent/agent.ts";
import type { AgentClock } from "../../devices/agent/agent-clock.ts";
import { AgentStore, createStore, readState } from "../../devices/agent/agent-store.ts";
import { DeviceRoot } from "../../devices/agent/device-root.ts";
import type { Fetch } from "../../devices/agent/download.ts";
import { linuxMachine } from "../../devices/agent/linux-machine.ts";
import { lookAt } from "../../devices/agent/look.ts";
import type { Machine } from "../../devices/agent/machine.ts";
import { SiteClient } from "../../devices/agent/site-client.ts";
import type { AgentFacts } from "../../protocols/agent/requests.ts";

/** Time that never passes, but for who waits. */
export const HASTY_CLOCK: AgentClock = {
  now: () => Date.parse("2026-03-07T12:00:00.000Z"),
  sleep: async (_, signal) => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    signal?.throwIfAborted();
  },
};

export interface AgentOptions {
  readonly clock?: AgentClock;
  readonly machine?: Partial<Machine>;
  /** Instead of one of its own: what is there is taken up again. */
  readonly folder?: string;
  /** Of the enrolment. */
  readonly code?: string;
  readonly hook?: string;
  readonly isAllowed?: boolean;
  readonly progress?: (name: string, done: number) => void;
  /** The device's own name. */
  readonly stableId?: string;
  readonly facts?: AgentFacts;
  /** The line to the site. */
  readonly fetch?: Fetch;
}

export class AgentAtSite implements Disposable {
  readonly folder: string;
  readonly device: string;
  readonly stop = new AbortController();
  readonly said: string[] = [];
  readonly #url: string;
  readonly #options: AgentOptions;
  store: AgentStore | undefined;

  constructor(url: string, options: AgentOptions = {}) {
    this.#url = url;
    this.#options = options;
    this.folder = options.folder ?? mkdtempSync(join(tmpdir(), "outpost-agent-"));
    this.device = join(this.folder, "device");
    mkdirSync(this.device, { recursive: true });
  }

  /** Files by path and content, on the device. */
  put(files: Readonly<Record<string, string>>, mode = 0o644): void {
    for (const [path, text] of Object.entries(files)) {
      const place = join(this.device, path);
      mkdirSync(dirname(place), { recursive: true });
      writeFileSync(place, text, { mode });
    }
  }

  async run({ once = true }: { once?: boolean } = {}): Promise<AgentSummary> {
    const { clock = HASTY_CLOCK, hook, isAllowed = false, progress } = this.#options;
    const { stableId = "agent-1", facts, code, fetch: line = fetch } = this.#options;
    const machine = { ...linuxMachine(clock), ...this.#options.machine };
    const state = join(this.folder, "state", "state.json");
    mkdirSync(dirname(state), { recursive: true });
    const known = this.store === undefined ? await readState(state) : undefined;
    if (known) this.store = new AgentStore(state, known);
    this.store ??= await createStore(state, {
      format: 1,
      server: this.#url,
      stableId,
      token: `${stableId}.`.padEnd(43, "t"),
      nextToken: null,
      device: null,
      life: null,
      sequence: 0,
      run: null,
      outbox: [],
      ended: [],
      toldFacts: null,
    });
    const { store } = this;
    const root = new DeviceRoot(this.device);
    const client = new SiteClient(this.#url, line, () => ({
      device: store.state.device ?? "",
      token: store.state.token,
    }));
    const agent = new Agent({
      store,
      client,
      around: {
        root,
        machine,
        clock,
        folder: dirname(state),
        fetch: line,
        random: () => 0,
        progress: (name, done) => progress?.(name, done),
      },
      look: lookAt(root, machine),
      restarting: { hook: async () => hook, isAllowed },
      facts: async () => facts ?? { osPlatform: "Linux", osMajor: 12, cpu: "x64" },
      // None: it knocks.
      code: code === undefined ? "code" : code || undefined,
      say: (text) => this.said.push(text),
    });
    return agent.run({ once, stop: this.stop.signal });
  }

  [Symbol.dispose](): void {
    this.stop.abort();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
