import { z } from "zod";
import type { ApiClient } from "../../gateway/client/api-client.ts";
import { type StartOptions, startGateway, type TestGateway } from "./process.ts";
import { RawDevice, type RawDeviceOptions } from "./raw-device.ts";
import { EID, P1 } from "./site-core.ts";

/** A row as the API shows it. */
const Row = z.looseObject({
  id: z.string(),
  site: z.string(),
  device: z.string(),
  deviceName: z.string(),
  distribution: z.string(),
  status: z.string(),
  statusLabel: z.string(),
  state: z.string().nullable(),
  bucket: z.string(),
  operation: z.string(),
  version: z.string().nullable(),
  attempt: z.number(),
  reason: z.string().nullable(),
  observed: z.string(),
  counted: z.boolean(),
});
export type Row = z.infer<typeof Row>;
export const Rows = z.looseObject({ rows: z.array(Row), next: z.string().nullable() });
export const FactRow = z.looseObject({
  kind: z.string(),
  value: z.string(),
  status: z.string().nullable(),
  state: z.string().nullable(),
  effect: z.string(),
  at: z.string(),
});
const Created = z.looseObject({ id: z.string() });
const Registered = z.looseObject({
  device: z.looseObject({ id: z.string() }),
  userName: z.string(),
  password: z.string(),
});
const Uploaded = z.looseObject({ sha256: z.string(), md5: z.string(), bytes: z.number() });
export const Loose = z.looseObject({});

/** Further fields of a distribution, and whose it is. */
type DistributeOptions = Readonly<Record<string, unknown>> & { readonly package?: string };

/** A started gateway with an administrator, and the steps that scenarios are told in. */
export class Scenario implements AsyncDisposable {
  readonly gateway: TestGateway;
  readonly api: ApiClient;
  #count = 0;

  private constructor(gateway: TestGateway, api: ApiClient) {
    this.gateway = gateway;
    this.api = api;
  }

  static async start(options: StartOptions): Promise<Scenario> {
    const gateway = await startGateway(options);
    return new Scenario(gateway, await gateway.signIn(options.role === "hub" ? "/hub" : ""));
  }

  get url(): string {
    return this.gateway.url;
  }

  /** The same process by another of its APIs: the hub of `both`. */
  at(api: ApiClient): Scenario {
    return new Scenario(this.gateway, api);
  }

  /** Enterprise settings and the package P1. */
  async prepare(): Promise<void> {
    await this.api.send("/api/v1/settings/enterprise", {
      method: "PATCH",
      json: {
        enterpriseId: EID,
        enrollmentToken: "VG9rZW4x",
        certificateSearchCriteria: "CN%3DDevice-42",
      },
    });
    await this.api.send("/api/v1/packages", {
      method: "POST",
      json: { id: "contoso-app", name: "ContosoApp1", platform: "Windows", productId: P1 },
    });
  }

  async upload(text: string, name = "ContosoApp1.xap"): Promise<z.infer<typeof Uploaded>> {
    return this.api.request(`/api/v1/files?name=${name}`, Uploaded, {
      method: "POST",
      bytes: new TextEncoder().encode(text),
      headers: { "content-type": "application/octet-stream" },
    });
  }

  /** A new revision of P1, or of the package named, and its distribution. */
  async distribute(
    version: string,
    { package: app = "contoso-app", ...options }: DistributeOptions = {},
  ): Promise<string> {
    this.#count += 1;
    const { sha256 } = await this.upload(`content of ${version} ${this.#count}`);
    const revision = await this.api.request(`/api/v1/packages/${app}/revisions`, Created, {
      method: "POST",
      json: {
        id: `${app}-${this.#count}`,
        version,
        file: { sha256, name: "ContosoApp1.xap" },
      },
    });
    const { id } = await this.api.request("/api/v1/distributions", Created, {
      method: "POST",
      json: {
        id: `distribution-${this.#count}`,
        package: app,
        revision: revision.id,
        mode: "on-demand",
        ...options,
      },
    });
    return id;
  }

  /** @param hand how the device is played */
  async device(
    name: string,
    options: Readonly<Record<string, unknown>> = {},
    hand: Partial<RawDeviceOptions> = {},
  ): Promise<{ id: string; raw: RawDevice }> {
    const stableId = `urn:uuid:${name}`;
    const { device, userName, password } = await this.api.request("/api/v1/devices", Registered, {
      method: "POST",
      json: { stableId, name, platform: "Windows", ...options },
    });
    const raw = new RawDevice({
      url: `${this.url}/syncml`,
      deviceId: stableId,
      user: userName,
      password,
      ...hand,
    });
    return { id: device.id, raw };
  }

  async rows(filter: string): Promise<readonly Row[]> {
    const query = new URLSearchParams({ filter, limit: "500" });
    const { rows } = await this.api.request(`/api/v1/installations?${query}`, Rows);
    return rows;
  }

  async row(device: string, distribution: string): Promise<Row> {
    const [row, ...more] = await this.rows(`device:${device} distribution:${distribution}`);
    if (!row || more.length > 0) throw new Error(`no single row of ${device} in ${distribution}`);
    return row;
  }

  async request(device: string, distribution: string): Promise<void> {
    const { id } = await this.row(device, distribution);
    await this.api.send(`/api/v1/installations/${id}/request`, { method: "POST" });
  }

  async history(device: string, distribution: string): Promise<z.infer<typeof FactRow>[]> {
    const { id } = await this.row(device, distribution);
    return this.api.request(`/api/v1/installations/${id}/history`, z.array(FactRow));
  }

  async addWindow(start: string, durationMinutes: number): Promise<void> {
    await this.api.send("/api/v1/windows", {
      method: "POST",
      json: { id: "nightly", name: "nightly", start, recurrence: "FREQ=DAILY", durationMinutes },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.gateway[Symbol.asyncDispose]();
  }
}
