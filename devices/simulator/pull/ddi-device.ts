import { z } from "zod";
import type { DeviceIdentity } from "../fleet.ts";
import { jsonOf } from "./line.ts";
import { type Job, type JobEvent, Puller, type PullerOptions } from "./puller.ts";

const Href = z.object({ href: z.string() });
const Root = z.object({
  /** Missing where there is nothing to be linked to. */
  _links: z
    .object({
      deploymentBase: Href.optional(),
      cancelAction: Href.optional(),
      configData: Href.optional(),
    })
    .default({}),
});
const Artifact = z.object({
  filename: z.string(),
  hashes: z.object({ sha1: z.string(), sha256: z.string().optional() }),
  _links: z.object({ download: Href.optional(), "download-http": Href.optional() }),
});
const Base = z.object({
  id: z.string(),
  deployment: z.object({
    download: z.enum(["skip", "attempt", "forced"]),
    update: z.enum(["skip", "attempt", "forced"]),
    maintenanceWindow: z.enum(["available", "unavailable"]).optional(),
    chunks: z.array(
      z.object({ name: z.string(), version: z.string(), artifacts: z.array(Artifact) }),
    ),
  }),
});
type Base = z.infer<typeof Base>;
const Cancel = z.object({ cancelAction: z.object({ stopId: z.string() }) });

/** How two clients of the field differ. [agents 1.8] */
export const DDI_CLIENTS = {
  /** Knows no windows, says `proceeding` at the end, and closes behind a restart only. */
  swupdate: { userAgent: "libcurl-agent/1.0", knowsWindows: false, restarts: true },
  /** Knows windows: fetches ahead and waits; one chunk with one artifact, or it is a failure. */
  rauc: { userAgent: "rauc-hawkbit-c-agent/1.0", knowsWindows: true, restarts: false },
} as const;
export type DdiClientName = keyof typeof DDI_CLIENTS;

const BEGINS = "Installing Update Chunk Artifacts.";

type Execution = "closed" | "proceeding" | "downloaded" | "rejected" | "canceled";
type Finished = "success" | "failure" | "none";

/** A device that is served by hawkBit's Direct Device Integration API. */
export class DdiDevice extends Puller {
  readonly #client: DdiClientName;
  readonly #token: string;
  readonly #etags = new Map<string, string>();
  /** Jobs that are to be fetched only, never installed. */
  readonly #onlyFetched = new Set<string>();

  constructor(
    plan: DeviceIdentity,
    account: { readonly client: DdiClientName; readonly token: string },
    options: PullerOptions,
  ) {
    super(plan, options);
    this.#client = account.client;
    this.#token = account.token;
  }

  protected override headers() {
    const { userAgent } = DDI_CLIENTS[this.#client];
    return { authorization: `TargetToken ${this.#token}`, "user-agent": userAgent };
  }

  protected override get restarts(): boolean {
    return DDI_CLIENTS[this.#client].restarts;
  }

  get #root(): string {
    return `${this.serverUrl}/DEFAULT/controller/v1/${encodeURIComponent(this.plan.stableId)}`;
  }

  protected override async poll(nowMs: number): Promise<void> {
    const known = this.#etags.get(this.#root);
    const answer = await this.line.send(this.#root, "GET", undefined, {
      accept: "application/hal+json",
      ...(known !== undefined && { "if-none-match": known }),
    });
    // Nothing has changed since, so there is nothing new to do; else only 200 is an answer to them.
    if (answer.status !== 200) return;
    const { _links: links } = Root.parse(jsonOf(answer));
    if (links.cancelAction) await this.#cancel(links.cancelAction.href);
    // swupdate looks at the job before it tells of itself.
    if (links.deploymentBase) await this.#take(links.deploymentBase.href, nowMs);
    if (links.configData) await this.#configure(links.configData.href);
    const etag = answer.headers.get("etag");
    const isSettled = !links.deploymentBase && !links.cancelAction && !links.configData;
    if (etag !== null && isSettled) this.#etags.set(this.#root, etag);
    else this.#etags.delete(this.#root);
  }

  async #take(url: string, nowMs: number): Promise<void> {
    const answer = await this.line.send(url, "GET", undefined, { accept: "application/hal+json" });
    if (answer.status !== 200) return;
    const base = Base.parse(jsonOf(answer));
    const { id } = base;
    const { update } = base.deployment;
    if (this.knows(id)) {
      if (update !== "skip") this.release(id, nowMs);
      return;
    }
    if (DDI_CLIENTS[this.#client].knowsWindows) await this.#takeKnowing(base, nowMs);
    // It does not know what a window is, and takes a closed one for nothing to do.
    else if (update === "skip") {
      await this.#say(id, "closed", "success", ["Skipped Update."]);
    } else this.#start(base, false, nowMs);
  }

  async #takeKnowing(base: Base, nowMs: number): Promise<void> {
    const { chunks, update, maintenanceWindow } = base.deployment;
    if (chunks.length !== 1 || chunks[0]?.artifacts.length !== 1) {
      const problem = `${chunks.length} chunks: only one chunk with one artifact is supported.`;
      await this.#say(base.id, "closed", "failure", [problem]);
      return;
    }
    if (update === "skip" && maintenanceWindow === undefined) this.#onlyFetched.add(base.id);
    this.#start(base, update === "skip", nowMs);
  }

  #start({ id, deployment: { chunks } }: Base, waits: boolean, nowMs: number): void {
    const [first] = chunks;
    const artifacts = chunks.flatMap((chunk) => chunk.artifacts);
    this.begin(
      {
        key: id,
        product: first?.name ?? id,
        version: first?.version ?? "",
        waits,
        files: artifacts.map(({ hashes, _links }) => ({
          url: (_links.download ?? _links["download-http"])?.href ?? "",
          sha256: hashes.sha256 ?? null,
        })),
      },
      nowMs,
    );
  }

  async #cancel(url: string): Promise<void> {
    const answer = await this.line.send(url, "GET");
    if (answer.status !== 200) return;
    const { stopId } = Cancel.parse(jsonOf(answer)).cancelAction;
    const isDropped = this.drop(stopId);
    await this.line.sendJson(`${this.#root}/cancelAction/${stopId}/feedback`, "POST", {
      id: stopId,
      status: {
        execution: isDropped ? "closed" : "rejected",
        result: { finished: isDropped ? "success" : "none" },
        details: [isDropped ? "Update was cancelled." : "Cannot be cancelled any more."],
      },
    });
  }

  async #configure(url: string): Promise<void> {
    const { manufacturer, model } = this.plan;
    const data = { manufacturer, model, osPlatform: "Linux", client: this.#client };
    await this.line.sendJson(url, "PUT", { mode: "merge", data });
  }

  protected override async tell({ key, files }: Job, event: JobEvent): Promise<void> {
    const say = async (execution: Execution, finished: Finished, details: readonly string[]) => {
      await this.#say(key, execution, finished, details);
    };
    switch (event.kind) {
      case "began":
        if ((await this.#say(key, "proceeding", "none", [BEGINS])) !== 200 && this.restarts) {
          // swupdate begins only if it is heard.
          this.drop(key);
          return;
        }
        for (const { url } of files) await this.line.send(url, "HEAD");
        return;
      case "downloaded":
        if (this.#onlyFetched.has(key)) return say("downloaded", "success", ["Download complete."]);
        return say("proceeding", "none", ["File checksum OK."]);
      case "installing":
        return say("proceeding", "none", ["0% Installing", "50% Copying image"]);
      case "restarting":
        await say("proceeding", "none", ["Installed Chunk."]);
        return say("proceeding", "none", ["All Chunks Installed."]);
      case "installed":
        return say("closed", "success", ["Update Installed."]);
      case "failed":
        return say("closed", "failure", [event.failure.text]);
    }
  }

  async #say(
    id: string,
    execution: Execution,
    finished: Finished,
    details: readonly string[],
  ): Promise<number> {
    // 404 and 410: the job is no longer this device's, and there is nothing more to say of it.
    const { status } = await this.line.sendJson(
      `${this.#root}/deploymentBase/${id}/feedback`,
      "POST",
      {
        id,
        status: { execution, result: { finished }, details },
      },
    );
    return status;
  }
}
