import { z } from "zod";
import type { Scenario } from "./scenario.ts";

const Taken = z.looseObject({
  devices: z.array(
    z.looseObject({
      device: z.string(),
      refused: z.string().optional(),
      apps: z
        .array(z.looseObject({ effect: z.string().optional(), refused: z.string().optional() }))
        .optional(),
      commands: z.array(z.looseObject({ command: z.string() })).optional(),
      wanted: z.array(z.looseObject({ distribution: z.string() })).optional(),
    }),
  ),
});
export type TakenFeed = z.infer<typeof Taken>;

/** An on-site MDM: it forwards what it reads, with a token that may do nothing else. */
export class FeedingMdm {
  readonly #site: Scenario;
  readonly #token: string;
  readonly source: "apple" | "android";

  private constructor(site: Scenario, token: string, source: "apple" | "android") {
    this.#site = site;
    this.#token = token;
    this.source = source;
  }

  static async of(site: Scenario, source: "apple" | "android"): Promise<FeedingMdm> {
    const { token } = await site.api.request(
      "/api/v1/tokens",
      z.looseObject({ token: z.string() }),
      {
        method: "POST",
        json: {
          name: `MDM ${source} ${Math.floor(site.gateway.nowMs)}`,
          role: "operator",
          scopes: ["facts:write"],
        },
      },
    );
    return new FeedingMdm(site, token, source);
  }

  async post(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return fetch(`${this.#site.url}/api/v1/status-feed`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${this.#token}`,
        "content-type": "application/json",
        ...headers,
      },
      body: JSON.stringify(body),
    });
  }

  async feed(
    devices: readonly Readonly<Record<string, unknown>>[],
    headers: Readonly<Record<string, string>> = {},
  ): Promise<TakenFeed> {
    const response = await this.post({ source: this.source, devices }, headers);
    if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
    return Taken.parse(await response.json());
  }

  /** One status of one app. */
  async tell(
    device: string,
    app: string,
    status: string,
    more: Readonly<Record<string, unknown>> = {},
  ) {
    const { devices } = await this.feed([{ device, apps: [{ package: app, status, ...more }] }]);
    const [taken] = devices;
    if (taken === undefined || taken.refused !== undefined) throw new Error(taken?.refused);
    return taken;
  }
}

/** Another revision of the package, and its distribution to these devices (else to all); its id. */
export async function distributeReported(
  site: Scenario,
  app: string,
  version: string,
  more: {
    readonly revision?: Readonly<Record<string, unknown>>;
    readonly devices?: readonly string[];
  } = {},
): Promise<string> {
  const id = `${app}-${version.replaceAll(".", "-")}`;
  await site.api.send(`/api/v1/packages/${app}/revisions`, {
    method: "POST",
    json: { id, version, ...more.revision },
  });
  await site.api.send("/api/v1/distributions", {
    method: "POST",
    json: {
      id,
      package: app,
      revision: id,
      ...(more.devices && { target: { kind: "devices", devices: more.devices } }),
    },
  });
  return id;
}

/** What was told of the row, oldest first. */
export async function movesOf(site: Scenario, device: string, distribution: string) {
  const history = await site.history(device, distribution);
  return history.filter(({ kind }) => kind === "report");
}
