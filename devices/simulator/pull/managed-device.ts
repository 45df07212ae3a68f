import { z } from "zod";
import type { DeviceIdentity } from "../fleet.ts";
import { jsonOf } from "./line.ts";
import { type Job, type JobEvent, Puller, type PullerOptions } from "./puller.ts";

const Answer = z.object({
  devices: z
    .tuple([
      z.object({
        wanted: z.array(
          z.object({
            distribution: z.string(),
            package: z.string(),
            operation: z.string(),
            version: z.string(),
            attempt: z.int(),
          }),
        ),
      }),
    ])
    .readonly(),
});
type Wanted = z.infer<typeof Answer>["devices"][0]["wanted"][number];

/** What the two kinds of MDM say of one thing. [PROTOCOL.md 11.2] */
const WORDS = {
  apple: {
    began: "Queued",
    installing: "Installing",
    installed: "Managed",
    failed: "Failed",
    removed: "ManagedButUninstalled",
  },
  android: {
    began: "Installing/Downloading app",
    installing: "Installing/Waiting for user action",
    installed: "Installed",
    failed: "Failed/Unexpected error occurred",
    removed: "Removed After Installation/App uninstalled by MDM",
  },
} as const;
export type MdmWords = keyof typeof WORDS;

interface Status {
  readonly distribution: string;
  readonly status: string;
  readonly at: string;
  readonly version?: string;
  readonly text?: string;
}

/**
 * A phone or tablet together with the MDM that installs its apps: the MDM asks the site what is wanted, and
 * forwards the whole list that it reads on the device as often as it reads it. [PROTOCOL.md 11]
 */
export class ManagedDevice extends Puller {
  readonly #source: MdmWords;
  readonly #token: string;
  readonly #list = new Map<string, Status>();

  /** @param account the MDM's API token, with the scope `facts:write` */
  constructor(
    plan: DeviceIdentity,
    account: { readonly source: MdmWords; readonly token: string },
    options: PullerOptions,
  ) {
    super(plan, options);
    this.#source = account.source;
    this.#token = account.token;
  }

  protected override headers() {
    return { authorization: `Bearer ${this.#token}` };
  }

  protected override async poll(nowMs: number): Promise<void> {
    const { manufacturer, model } = this.plan;
    for (const one of await this.#forward([...this.#list.values()], { manufacturer, model })) {
      if (one.operation === "uninstall") await this.#takeOff(one, nowMs);
      else this.begin({ ...nameOf(one), version: one.version, files: [] }, nowMs);
    }
  }

  /** Its command is answered when the app is gone. */
  async #takeOff(wanted: Wanted, nowMs: number): Promise<void> {
    this.installed.delete(wanted.package);
    await this.#say(wanted.distribution, "removed", nowMs);
  }

  protected override async tell({ key, version }: Job, event: JobEvent, nowMs: number) {
    const [distribution = ""] = key.split("/");
    switch (event.kind) {
      case "began":
      case "installing":
        return this.#say(distribution, event.kind, nowMs);
      case "installed":
        return this.#say(distribution, "installed", nowMs, { version });
      case "failed":
        return this.#say(distribution, "failed", nowMs, { text: event.failure.text });
      case "downloaded":
      case "restarting":
        return; // There are no words for these.
    }
  }

  async #say(
    distribution: string,
    word: keyof (typeof WORDS)[MdmWords],
    nowMs: number,
    more: Pick<Status, "version" | "text"> = {},
  ): Promise<void> {
    const at = new Date(nowMs).toISOString();
    const status = { distribution, status: WORDS[this.#source][word], at, ...more };
    this.#list.set(distribution, status);
    await this.#forward([status], {});
  }

  async #forward(apps: readonly Status[], facts: object): Promise<readonly Wanted[]> {
    const device = { device: this.plan.stableId, facts, apps };
    const answer = await this.line.sendJson(`${this.serverUrl}/api/v1/status-feed`, "POST", {
      source: this.#source,
      devices: [device],
    });
    if (answer.status !== 200) return [];
    const [{ wanted }] = Answer.parse(jsonOf(answer)).devices;
    return wanted;
  }
}

function nameOf({ distribution, attempt, package: product }: Wanted) {
  return { key: `${distribution}/${attempt}`, product };
}
