import { z } from "zod";
import type { DdiContext } from "../../devices/service/ddi/ddi-context.ts";
import type { ManagementContext } from "../../devices/service/ddi/management/management-context.ts";
import { DeviceLock } from "../../devices/service/device-lock.ts";
import { FileDigests } from "../../gateway/content/file-digests.ts";
import { ServedCounter } from "../../gateway/content/served-counter.ts";
import { SqlDdiCatalogueStore } from "../../gateway/db/stores/ddi-catalogue-store.ts";
import { ValueStore } from "../../gateway/db/stores/value-store.ts";
import { BasicLogin } from "../../gateway/http/basic-login.ts";
import { ddiRoutes } from "../../gateway/http/routes/ddi.ts";
import { ddiManagementRoutes } from "../../gateway/http/routes/ddi-management.ts";
import { ApiHarness, PASSWORD, SITE } from "../gateway/http/api-harness.ts";

const URL_BASE = "http://site.test";
const Id = z.looseObject({
  id: z
    .int()
    .positive()
    .max(2 ** 31 - 1),
});
const Made = z.array(Id).min(1);
const Assigned = z.looseObject({
  assignedActions: z.array(Id),
  assigned: z.int(),
  alreadyAssigned: z.int(),
  total: z.int(),
});
const Poll = z.looseObject({
  _links: z.record(z.string(), z.object({ href: z.string() })).optional(),
});
const Status = z.object({
  content: z.array(z.looseObject({ type: z.string(), messages: z.array(z.string()) })),
  total: z.int(),
  size: z.int(),
});

/** A gateway's doors for clients of DDI and for tools of hawkBit, over real stores in memory. */
export class ManagementSite implements AsyncDisposable {
  readonly harness: ApiHarness;
  readonly catalogue: SqlDdiCatalogueStore;
  readonly management: ManagementContext;
  user = "admin";
  password = PASSWORD;

  static async open(): Promise<ManagementSite> {
    return new ManagementSite(await ApiHarness.open());
  }

  private constructor(harness: ApiHarness) {
    this.harness = harness;
    const { context, database, deps } = harness;
    const digests = new FileDigests(deps.files);
    const ddi: DdiContext = {
      site: context,
      settings: () => deps.settings.read().ddi,
      digests: (sha256) => digests.of(sha256),
      history: ({ id }, distribution) =>
        deps.reports.history({ site: SITE, distribution, device: id }),
    };
    this.catalogue = new SqlDdiCatalogueStore(new ValueStore(database), database);
    this.management = {
      ...ddi,
      catalogue: this.catalogue,
      policy: deps.author,
      lock: new DeviceLock(),
      aliasesOf: async (id) => (await deps.reports.device(id))?.aliases ?? [],
    };
    const common = {
      baseUrlOf: () => URL_BASE,
      now: () => harness.nowMs,
      served: new ServedCounter(() => {}),
    };
    harness.app.route(
      "/",
      ddiRoutes({
        ...common,
        ddi,
        openFile: (sha256) => deps.files.open(sha256),
        proxies: { includes: () => false },
      }),
    );
    harness.app.route(
      "/",
      ddiManagementRoutes({
        ...common,
        management: this.management,
        login: new BasicLogin(deps),
        audit: deps.audit,
        store: deps.files,
        settings: deps.settings,
      }),
    );
  }

  /** What a tool asks for, below `/rest/v1`. */
  ask(
    method: string,
    path: string,
    options: {
      readonly json?: unknown;
      readonly body?: FormData;
      readonly headers?: Readonly<Record<string, string>>;
    } = {},
  ): Promise<Response> {
    const basic = Buffer.from(`${this.user}:${this.password}`).toString("base64");
    return this.harness.ask(method, `//rest/v1/${path}`, {
      ...options,
      headers: { Authorization: `Basic ${basic}`, ...options.headers },
    });
  }

  /** The same, where only this status will do; gives the JSON of the answer, null where there is none. */
  async want(status: number, method: string, path: string, json?: unknown): Promise<unknown> {
    const answer = await this.ask(method, path, json === undefined ? {} : { json });
    const text = await answer.text();
    if (answer.status !== status) {
      throw new Error(`${method} ${path}: ${answer.status}, not ${status}: ${text}`);
    }
    return text === "" ? null : JSON.parse(text);
  }

  async makeTarget(controllerId: string, more: object = {}): Promise<string> {
    const made = await this.want(201, "POST", "targets", [
      { controllerId, name: controllerId, ...more },
    ]);
    return (
      z.array(z.looseObject({ securityToken: z.string() })).parse(made)[0]?.securityToken ?? ""
    );
  }

  async makeModule(name: string, version = "1.0", type = "os"): Promise<number> {
    return first(await this.want(201, "POST", "softwaremodules", [{ name, version, type }]));
  }

  async addArtifact(module: number, name: string, bytes: string, query = ""): Promise<Response> {
    const body = new FormData();
    body.set("file", new File([bytes], name));
    return this.ask("POST", `softwaremodules/${module}/artifacts${query}`, { body });
  }

  async makeSet(
    name: string,
    modules: readonly number[],
    version = "1.0",
    type = "os",
  ): Promise<number> {
    const wanted = { name, version, type, modules: modules.map((id) => ({ id })) };
    return first(await this.want(201, "POST", "distributionsets", [wanted]));
  }

  /** A set of one module with one file. */
  async makeImage(name: string, version = "1.0"): Promise<number> {
    const module = await this.makeModule(name, version);
    const answer = await this.addArtifact(module, "app.swu", `${name} ${version}`);
    if (answer.status !== 201) throw new Error(`no artifact: ${await answer.text()}`);
    return this.makeSet(name, [module], version);
  }

  /** The number of the action. */
  async assign(set: number, target: string, more: object = {}): Promise<number> {
    const path = `distributionsets/${set}/assignedTargets`;
    const { assignedActions } = Assigned.parse(
      await this.want(200, "POST", path, [{ id: target, ...more }]),
    );
    const [action] = assignedActions;
    if (!action) throw new Error("nothing was assigned");
    return action.id;
  }

  async statuses(target: string, action: number, query = "?sort=id:DESC") {
    const path = `targets/${target}/actions/${action}/status${query}`;
    return Status.parse(await this.want(200, "GET", path));
  }

  device(name: string, token: string, userAgent = "libcurl-agent/1.0"): ToolDevice {
    return new ToolDevice(this, name, token, userAgent);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.harness[Symbol.asyncDispose]();
  }
}

/** A client of DDI, played by hand. */
export class ToolDevice {
  readonly #site: ManagementSite;
  readonly #name: string;
  readonly #token: string;
  readonly #userAgent: string;

  constructor(site: ManagementSite, name: string, token: string, userAgent: string) {
    this.#site = site;
    this.#name = name;
    this.#token = token;
    this.#userAgent = userAgent;
  }

  ask(path: string, method = "GET", json?: unknown): Promise<Response> {
    return this.#site.harness.ask(method, `//DEFAULT/controller/v1/${this.#name}${path}`, {
      ...(json === undefined ? {} : { json }),
      headers: { Authorization: `TargetToken ${this.#token}`, "User-Agent": this.#userAgent },
    });
  }

  /** The links that it is given, without the device's own address. */
  async poll(): Promise<Readonly<Record<string, string>>> {
    const answer = await this.ask("");
    if (answer.status !== 200) throw new Error(`a poll was answered ${answer.status}`);
    const { _links = {} } = Poll.parse(await answer.json());
    return Object.fromEntries(
      Object.entries(_links).map(([name, { href }]) => [name, pathOf(href, this.#name)]),
    );
  }

  async report(
    path: string,
    execution: string,
    finished = "none",
    details: readonly string[] = [],
  ): Promise<number> {
    const status = { execution, result: { finished }, details };
    return (await this.ask(`${path}/feedback`, "POST", { status })).status;
  }
}

function pathOf(href: string, device: string): string {
  return href.slice(href.indexOf(device) + device.length);
}

function first(made: unknown): number {
  return Made.parse(made)[0]?.id ?? 0;
}
