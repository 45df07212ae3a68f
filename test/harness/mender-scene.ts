import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { freePort } from "../../gateway/demo/child-gateway.ts";
import { ContentLine, MenderClient } from "./mender-client.ts";
import { Scenario } from "./scenario.ts";
import { settled } from "./settled.ts";

/** A client comes within a second, and makes its key first. */
const WAIT_MS = 30_000;
const MAC = "02:00:00:00:00:07";
const Knocks = z.array(z.looseObject({ externalId: z.string() }));
const Approved = z.looseObject({ device: z.looseObject({ id: z.string() }) });
const Uploaded = z.looseObject({ sha256: z.string() });
const Fact = z.looseObject({ value: z.string(), text: z.string().nullable() });

/** A started site, the real client of Mender, and the line between them. */
export class MenderScene implements AsyncDisposable {
  readonly scenario: Scenario;
  readonly client: MenderClient;
  readonly line: ContentLine;

  private constructor(scenario: Scenario, client: MenderClient, line: ContentLine) {
    this.scenario = scenario;
    this.client = client;
    this.line = line;
  }

  static async open(): Promise<MenderScene> {
    const scenario = await Scenario.start({ role: "site" });
    const line = await ContentLine.open(scenario.url, await freePort());
    return new MenderScene(scenario, new MenderClient(MAC), line);
  }

  /** The client knocks until somebody approves it. @returns its id */
  async approve(): Promise<string> {
    const { api } = this.scenario;
    const externalId = JSON.stringify({ mac: MAC });
    await settled("the client knocks", WAIT_MS, async () =>
      (await api.request("/api/v1/knocks", Knocks)).find((one) => one.externalId === externalId),
    );
    const json = { protocol: "mender", externalId };
    const made = await api.request("/api/v1/knocks/approve", Approved, { method: "POST", json });
    return made.device.id;
  }

  /** Uploads an artifact, and distributes it on demand. @returns the distribution */
  async distribute(
    path: string,
    artifactName: string,
    deviceTypes = ["edge-test"],
  ): Promise<string> {
    const { api } = this.scenario;
    const name = basename(path);
    const { sha256 } = await api.request(`/api/v1/files?name=${name}`, Uploaded, {
      method: "POST",
      bytes: readFileSync(path),
      headers: { "content-type": "application/octet-stream" },
    });
    const app = `app-of-${artifactName}`;
    const post = (to: string, json: object) => api.send(to, { method: "POST", json });
    await post("/api/v1/packages", { id: app, name: app, platform: "Windows" });
    await post(`/api/v1/packages/${app}/revisions`, {
      id: `revision-of-${artifactName}`,
      version: "1.0",
      file: { sha256, name },
      mender: { artifactName, deviceTypes },
    });
    await post("/api/v1/distributions", {
      id: artifactName,
      package: app,
      revision: `revision-of-${artifactName}`,
      mode: "on-demand",
    });
    return artifactName;
  }

  /** What the row's history says, oldest first, once it has this value. */
  async historyWith(device: string, distribution: string, value: string, withinMs = WAIT_MS) {
    const { scenario } = this;
    const { id } = await scenario.row(device, distribution);
    let facts: z.infer<typeof Fact>[] = [];
    try {
      return await settled(`${distribution}: ${value}`, withinMs, async () => {
        const path = `/api/v1/installations/${id}/history`;
        facts = await scenario.api.request(path, z.array(Fact));
        return facts.some((fact) => fact.value === value) ? facts : undefined;
      });
    } catch (cause) {
      const said = facts.map((fact) => `${fact.value} ${fact.text ?? ""}`).join("\n");
      throw new Error(`no ${value}:\n${said}\n${this.client.log.slice(-4_000)}`, { cause });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.line[Symbol.asyncDispose]();
    await this.scenario[Symbol.asyncDispose]();
  }
}
