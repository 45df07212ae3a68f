import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Hono } from "hono";
import { z } from "zod";
import type { DeviceId, DistributionId, Sha256 } from "../../devices/model/ids.ts";
import type { Installation } from "../../devices/model/installation.ts";
import type { PackageFile } from "../../devices/model/package.ts";
import { DDI_DEFAULT, type DdiSettings } from "../../devices/service/ddi/ddi-settings.ts";
import { requestInstallation } from "../../devices/service/installations.ts";
import { type NewDevice, registerDevice } from "../../devices/service/register-device.ts";
import { FileDigests } from "../../gateway/content/file-digests.ts";
import { ServedCounter } from "../../gateway/content/served-counter.ts";
import { SqlReportReader } from "../../gateway/db/stores/report-reader.ts";
import type { AppEnv } from "../../gateway/http/environment.ts";
import { onError } from "../../gateway/http/on-error.ts";
import { ddiRoutes } from "../../gateway/http/routes/ddi.ts";
import { QUIET, SiteCore } from "./site-core.ts";

export const BASE = "http://site.test/DEFAULT/controller/v1";
export const CONTENT = "0123456789".repeat(10);

const href = z.object({ href: z.string() });
export const Poll = z.object({
  config: z.object({ polling: z.object({ sleep: z.string() }) }),
  _links: z.record(z.string(), href).optional(),
});

/** A site's DDI without its shell: the door over the domain, with policy, time and proxies in the test's hands. */
export class DdiSite implements AsyncDisposable {
  readonly core: SiteCore;
  readonly file: PackageFile;
  settings: DdiSettings = DDI_DEFAULT;
  readonly #app: Hono<AppEnv>;
  readonly #folder: string;

  static async open(): Promise<DdiSite> {
    return new DdiSite(await SiteCore.open());
  }

  private constructor(core: SiteCore) {
    this.core = core;
    this.#folder = mkdtempSync(join(tmpdir(), "outpost-ddi-"));
    const path = join(this.#folder, "app.swu");
    const sha256 = createHash("sha256").update(CONTENT).digest("hex") as Sha256;
    this.file = { sha256, name: "app.swu", bytes: CONTENT.length };
    const written = Bun.write(path, CONTENT);
    const openFile = async () => {
      await written;
      return { path, bytes: CONTENT.length, sha256 };
    };
    const digests = new FileDigests({ open: openFile });
    const reports = new SqlReportReader({
      database: core.database,
      policy: core.context.policy,
      siteOf: () => ({ name: "site", asOfMs: core.nowMs, stale: false }),
      isAtSite: true,
    });
    this.#app = new Hono<AppEnv>();
    this.#app.onError(onError(QUIET));
    this.#app.route(
      "/",
      ddiRoutes({
        ddi: {
          site: core.context,
          settings: () => this.settings,
          digests: (one) => digests.of(one),
          history: ({ id }, distribution) =>
            reports.history({ site: core.context.site, distribution, device: id }),
        },
        openFile,
        served: new ServedCounter(() => {}),
        baseUrlOf: () => "http://site.test",
        proxies: { includes: (address) => core.proxies.includes(address) },
        now: () => core.nowMs,
      }),
    );
  }

  async device(name: string, options: Partial<NewDevice> = {}): Promise<DdiDevice> {
    const { device, token } = await registerDevice(
      this.core.context,
      { stableId: name, platform: "Windows", protocol: "ddi", osPlatform: "Linux", ...options },
      "test",
    );
    return new DdiDevice(this, name, device.id, token ?? "");
  }

  distribute(
    version: string,
    options: Parameters<SiteCore["distributeDdi"]>[1] = {},
    ddi: Parameters<SiteCore["distributeDdi"]>[2] = {},
  ): Promise<DistributionId> {
    return this.core.distributeDdi(version, options, { file: this.file, ...ddi });
  }

  async request(url: string, init: RequestInit = {}): Promise<Response> {
    return this.#app.request(url, init);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.core[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export async function stop({ core }: DdiSite, id: DistributionId): Promise<void> {
  const distributions = core.policy.distributions.map((one) =>
    one.id === id ? { ...one, stoppedAtMs: core.nowMs } : one,
  );
  await core.change({ distributions });
}

/** A client of DDI, played by hand. */
export class DdiDevice {
  readonly site: DdiSite;
  readonly name: string;
  readonly id: DeviceId;
  readonly token: string;
  userAgent = "libcurl-agent/1.0";

  constructor(site: DdiSite, name: string, id: DeviceId, token: string) {
    this.site = site;
    this.name = name;
    this.id = id;
    this.token = token;
  }

  get base(): string {
    return `${BASE}/${this.name}`;
  }

  /** Somebody wants it on this device. */
  async request(distribution: DistributionId): Promise<void> {
    const { context } = this.site.core;
    await requestInstallation(context, { site: context.site, distribution, device: this.id }, "me");
  }

  ask(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = {
      authorization: `TargetToken ${this.token}`,
      "user-agent": this.userAgent,
      ...Object.fromEntries(new Headers(init.headers)),
    };
    const url = path.startsWith("http") ? path : `${this.base}${path}`;
    return this.site.request(url, { ...init, headers });
  }

  send(method: "POST" | "PUT", path: string, json: unknown): Promise<Response> {
    const headers = { "content-type": "application/json" };
    return this.ask(path, { method, headers, body: JSON.stringify(json) });
  }

  /** The names of the links that it is given, and their addresses. */
  async poll(): Promise<Readonly<Record<string, string>>> {
    const answer = await this.ask("");
    if (answer.status !== 200) throw new Error(`a poll was answered ${answer.status}`);
    const { _links = {} } = Poll.parse(await answer.json());
    return Object.fromEntries(Object.entries(_links).map(([name, link]) => [name, link.href]));
  }

  /** The number of the job of a link such as `…/deploymentBase/7?c=3`. */
  async jobOf(link: "deploymentBase" | "cancelAction" | "confirmationBase"): Promise<number> {
    const url = (await this.poll())[link] ?? "";
    const [, number] = /\/(\d+)(?:\?|$)/.exec(url) ?? [];
    if (number === undefined) throw new Error(`no ${link} is given`);
    return Number(number);
  }

  async report(
    path: string,
    execution: string,
    finished = "none",
    details: readonly string[] = [],
  ): Promise<number> {
    const status = { execution, result: { finished }, details };
    return (await this.send("POST", `${path}/feedback`, { id: 1, status })).status;
  }

  async row(distribution: DistributionId): Promise<Installation> {
    const view = await this.site.core.context.store.view(this.id);
    const row = view?.installations.find((one) => one.distribution === distribution);
    if (!row) throw new Error(`no row of ${distribution}`);
    return row;
  }
}
