import {
  type AgentPlan,
  type PlanStep,
  type PlanWork,
  readPlan,
  readTaken,
} from "../../../protocols/agent/answers.ts";
import type { AgentResult } from "../../../protocols/agent/requests.ts";
import type { ResultWord } from "../../../protocols/agent/words.ts";
import type { DeviceIdentity } from "../fleet.ts";
import { type Job, type JobEvent, Puller, type PullerOptions } from "./puller.ts";

/** Polls of one contact: a site that always has more is asked again at the next. */
const POLLS_MAX = 4;

/** A device that runs Outpost's agent, as seen from the network: it carries no action out. */
export class AgentDevice extends Puller {
  readonly #device: string;
  readonly #token: string;
  #etag: string | undefined;
  #sequence = 0;
  #isStale = false;
  #tell: AgentPlan["tell"] = ["facts", "inventory"];
  readonly #works = new Map<string, PlanWork>();
  /** Ends by their work, told again for whoever did not hear them. [PROTOCOL.md 4.11] */
  readonly #ends = new Map<string, JobEvent>();

  /** @param account as it was given when the device was registered */
  constructor(
    plan: DeviceIdentity,
    account: { readonly device: string; readonly token: string },
    options: PullerOptions,
  ) {
    super(plan, options);
    this.#device = account.device;
    this.#token = account.token;
  }

  protected override headers() {
    return { authorization: `Bearer ${this.#token}`, "user-agent": "outpost-agent/1 (simulated)" };
  }

  get #base(): string {
    return `${this.serverUrl}/agent/v1/${this.#device}`;
  }

  /** What it reports may have changed its plan: then it asks again at once, as an agent does. [PROTOCOL.md 5.2] */
  protected override async poll(nowMs: number): Promise<void> {
    for (let n = 0; n < POLLS_MAX; n++) {
      this.#isStale = false;
      await this.#pollOnce(nowMs);
      if (!this.#isStale) return;
    }
  }

  async #pollOnce(nowMs: number): Promise<void> {
    const said = this.#said();
    const answer = await this.line.send(`${this.#base}/poll`, "POST", said, {
      ...(said !== "" && { "content-type": "application/json" }),
      ...(this.#etag !== undefined && { "if-none-match": this.#etag }),
    });
    if (answer.status !== 200) return;
    this.#etag = answer.headers.get("etag") ?? undefined;
    const plan = readPlan(answer.body);
    this.#sequence = Math.max(this.#sequence, plan.sequence);
    this.#tell = plan.tell;
    await this.#cancel(plan);
    for (const work of plan.work) await this.#take(work, nowMs);
  }

  /** What the site does not know or wants anew; empty when there is nothing. */
  #said(): string {
    const { manufacturer, model } = this.plan;
    const facts = {
      manufacturer,
      model,
      osPlatform: "Linux",
      osVersion: "12",
      osMajor: 12,
      cpu: "x86",
    };
    const inventory = [...this.installed].map(([name, version]) => ({ name, version }));
    const said = {
      ...(this.#tell.includes("facts") && { facts }),
      ...(this.#tell.includes("inventory") && { inventory }),
    };
    return Object.keys(said).length === 0 ? "" : JSON.stringify(said);
  }

  async #cancel({ cancel }: AgentPlan): Promise<void> {
    for (const { distribution, attempt } of cancel) {
      const isDropped = this.drop(keyOf({ distribution, attempt }));
      const result = isDropped ? "cancelled" : "cancel-refused";
      await this.#report([this.#result({ distribution, attempt }, result)]);
    }
  }

  async #take(work: PlanWork, nowMs: number): Promise<void> {
    const key = keyOf(work);
    const { name, version } = work.package;
    const holds = this.installed.get(name) === version;
    if (work.do !== "apply") {
      const word = holds ? "up-to-date" : work.do === "check" ? "drifted" : "provision-needed";
      return this.#report([this.#result(work, word, holds ? { version } : {})]);
    }
    this.#works.set(key, work);
    const end = this.#ends.get(key);
    if (end !== undefined) return this.#tellWork(work, end);
    this.begin({ key, product: name, version, files: work.files }, nowMs);
  }

  protected override async tell({ key }: Job, event: JobEvent): Promise<void> {
    const work = this.#works.get(key);
    if (event.kind === "installed" || event.kind === "failed") this.#ends.set(key, event);
    if (work !== undefined) await this.#tellWork(work, event);
  }

  async #tellWork(work: PlanWork, event: JobEvent): Promise<void> {
    const { steps } = work;
    const isUninstall = work.operation === "uninstall";
    switch (event.kind) {
      case "began":
        return this.#report([this.#result(work, isUninstall ? "uninstalling" : "downloading")]);
      case "installing":
        return isUninstall ? undefined : this.#report([this.#result(work, "installing")]);
      case "installed": {
        if (isUninstall) this.installed.delete(work.package.name);
        const done = steps.map((step) => this.#stepResult(work, step, "step-succeeded"));
        const end = isUninstall
          ? this.#result(work, "uninstalled")
          : this.#result(work, "succeeded", { version: work.package.version });
        return this.#report([...done, end]);
      }
      case "failed": {
        const [first] = steps.filter(({ skip }) => skip === undefined);
        const { text, lastError: error } = event.failure;
        const failed = first ? [this.#stepResult(work, first, "step-failed")] : [];
        const word = isUninstall
          ? "uninstall-failed"
          : event.isDownload
            ? "download-failed"
            : "action-failed";
        return this.#report([...failed, this.#result(work, word, { text, error })]);
      }
      case "downloaded":
      case "restarting":
        return;
    }
  }

  #stepResult(work: PlanWork, { index, kind, skip }: PlanStep, word: ResultWord): AgentResult {
    return this.#result(work, skip === undefined ? word : "step-skipped", {
      step: { index, kind },
    });
  }

  #result(
    { distribution, attempt }: { readonly distribution: string; readonly attempt: number },
    result: ResultWord,
    more: Partial<AgentResult> = {},
  ): AgentResult {
    this.#sequence += 1;
    return { distribution, attempt, sequence: this.#sequence, result, ...more };
  }

  async #report(results: readonly AgentResult[]): Promise<void> {
    const answer = await this.line.sendJson(`${this.#base}/results`, "POST", { results });
    if (answer.status !== 200) return;
    const { sequence, poll } = readTaken(answer.body);
    this.#isStale ||= poll;
    this.#sequence = Math.max(this.#sequence, sequence);
    this.#etag = undefined;
  }
}

function keyOf({
  distribution,
  attempt,
}: {
  readonly distribution: string;
  readonly attempt: number;
}) {
  return `${distribution}/${attempt}`;
}
