import { Hono } from "hono";
import type { AgentSettings } from "../../devices/service/agent/enrol.ts";
import { LoginBackoff } from "../../gateway/access/login-backoff.ts";
import { SqlKnockList } from "../../gateway/db/stores/access-store-knocks.ts";
import { DeviceBell } from "../../gateway/http/device-bell.ts";
import type { AppEnv } from "../../gateway/http/environment.ts";
import { onError } from "../../gateway/http/on-error.ts";
import { agentRoutes } from "../../gateway/http/routes/agent.ts";
import { agentUseCases } from "../../gateway/roles/agent-use-cases.ts";
import { Metrics } from "../../gateway/telemetry/metrics.ts";
import { RawAgent } from "./raw-agent.ts";
import { QUIET, SiteCore } from "./site-core.ts";

/** A site core behind the agents' door, in this process. */
export class AgentDoor implements AsyncDisposable {
  readonly core: SiteCore;
  settings: AgentSettings = { plugAndPlay: false };
  /** Where requests come from. */
  address = "192.168.1.20";
  readonly routes: Hono<AppEnv>;
  readonly #app = new Hono<AppEnv>();

  private constructor(core: SiteCore) {
    this.core = core;
    this.routes = agentRoutes({
      agents: agentUseCases(core.context, () => this.settings),
      bell: new DeviceBell(),
      backoff: new LoginBackoff(),
      baseUrlOf: () => "http://site.test",
      now: () => core.nowMs,
      elapsed: () => core.nowMs,
      realNow: () => core.nowMs,
      metrics: new Metrics(),
    });
    this.#app.use(async (c, next) => {
      c.set("address", this.address);
      await next();
    });
    this.#app.route("/", this.routes);
    this.#app.onError(onError(QUIET) as never);
  }

  static async open(): Promise<AgentDoor> {
    return new AgentDoor(await SiteCore.open());
  }

  agent(stableId: string, token?: string): RawAgent {
    return new RawAgent("", stableId, {
      fetch: (path, init) => this.#app.request(path, init),
      ...(token === undefined ? {} : { token }),
    });
  }

  async knocks() {
    return (await new SqlKnockList(this.core.database).list()).map(({ details, ...knock }) => ({
      ...knock,
      ...(JSON.parse(details) as { readonly note?: string; readonly tokenDigest?: string }),
    }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.core[Symbol.asyncDispose]();
  }
}
