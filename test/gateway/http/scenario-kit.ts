import type { ApiHarness } from "./api-harness.ts";

// biome-ignore lint/suspicious/noExplicitAny: answers are looked at by what a test expects of them.
export type Json = any;

export function jsonOf(answer: Response): Promise<Json> {
  return answer.json();
}

/** Says what a scenario asks of the API in one line each; refuses answers that are not as wanted. */
export class ScenarioKit {
  readonly harness: ApiHarness;
  readonly headers: Record<string, string>;

  private constructor(harness: ApiHarness, headers: Record<string, string>) {
    this.harness = harness;
    this.headers = headers;
  }

  static async of(harness: ApiHarness): Promise<ScenarioKit> {
    return new ScenarioKit(harness, await harness.token("admin"));
  }

  async want(status: number, method: string, path: string, json?: unknown): Promise<Json> {
    const { headers } = this;
    const options = json === undefined ? { headers } : { headers, json };
    const answer = await this.harness.ask(method, path, options);
    const text = await answer.text();
    if (answer.status !== status) {
      throw new Error(`${method} ${path} answered ${answer.status}, not ${status}: ${text}`);
    }
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Follows a link that the API gave. */
  async follow(link: string): Promise<Json> {
    const separator = link.includes("?") ? "&" : "?";
    return this.want(200, "GET", `/${link}${separator}limit=500`);
  }

  async device(stableId: string, platform: string, facts: object = {}): Promise<string> {
    const made = await this.want(201, "POST", "/devices", { stableId, platform, ...facts });
    return made.device.id;
  }

  /** A package with one revision and one distribution; the distribution's id is answered. */
  async distribute(
    name: string,
    platform: string,
    options: { readonly revision?: object; readonly distribution?: object } = {},
  ): Promise<string> {
    await this.want(201, "POST", "/packages", { id: name, name, platform });
    await this.want(201, "POST", `/packages/${name}/revisions`, {
      version: "2.0",
      ...options.revision,
    });
    const made = await this.want(201, "POST", "/distributions", {
      package: name,
      ...options.distribution,
    });
    return made.id;
  }

  async fact(
    device: string,
    distribution: string,
    source: string,
    value: string,
    more = {},
  ): Promise<Json> {
    const facts = [{ distribution, source, value, ...more }];
    const [recorded] = await this.want(200, "POST", `/devices/${device}/facts`, facts);
    return recorded;
  }

  rowId(distribution: string, device: string): string {
    return `prague.${distribution}.${device}`;
  }
}
