import type { SiteConfig } from "../config/settings.ts";
import { readVersion } from "../config/version.ts";
import type { Console } from "../console/console-routes.ts";
import { trustedProxies } from "../http/client-address.ts";
import type { DocumentedPart } from "../http/docs.ts";
import type { Api } from "../http/environment.ts";
import { agentDocument } from "../http/routes/agent-document.ts";
import type { ReadinessCheck } from "../http/use-cases.ts";
import type { GatewayClock } from "../jobs/clock.ts";
import { Scheduler } from "../jobs/scheduler.ts";
import { type CommonDoors, mountCommon, readinessChecks, SITE_COOKIE } from "./doors.ts";
import { openFoundation, type RunOptions } from "./foundation.ts";
import { siteGauges } from "./gauges.ts";
import { siteJobs } from "./jobs.ts";
import { Replanner } from "./replanner.ts";
import { buildSite, type SiteCore } from "./site-core.ts";
import { siteDoors } from "./site-doors.ts";

/** A site that works, with its doors not yet mounted. */
export interface RunningSite extends AsyncDisposable {
  readonly core: SiteCore;
  readonly scheduler: Scheduler;
  readonly checks: readonly ReadinessCheck[];
  /** Its APIs and where they are mounted, for the document of all. */
  readonly parts: readonly DocumentedPart[];
  readonly console: Console;
  readonly mount: (app: Api) => void;
  /** Health and documentation, open to this role's sessions and tokens. */
  readonly mountCommon: (app: Api, common: CommonDoors) => void;
}

/** Opens everything of a site but its port. */
export async function runSite(
  config: SiteConfig,
  clock: GatewayClock,
  options: RunOptions,
): Promise<RunningSite> {
  await using stack = new AsyncDisposableStack();
  const foundation = stack.use(await openFoundation("site", config, clock, options));
  const core = await buildSite(config, foundation, options);
  stack.defer(async () => {
    await foundation.served.flush(foundation.blobIndex, clock.now());
  });
  stack.defer(() => core.bell.close());
  stack.defer(() => core.puller.close());
  stack.use(core.vendors);
  stack.use(core.sessions);
  stack.use(core.uplink);
  const replanner = new Replanner(core.context, core.content);
  const scheduler = stack.use(
    new Scheduler(siteJobs(core, foundation, replanner, options.log), clock, options),
  );
  stack.defer(
    core.holder.onChange(() => {
      replanner.run().catch((error) => options.log.error("replan-failed", error));
    }),
  );
  const proxies = trustedProxies(config.trustedProxies);
  const doors = siteDoors(config, foundation, core, replanner, proxies, options);
  stack.defer(() => doors.console.close());
  siteGauges(options.metrics, foundation, doors.reports, core.uplink);
  await replanner.run();
  const version = await readVersion();
  const running = stack.move();

  return {
    core,
    scheduler,
    checks: readinessChecks("site", foundation),
    mount: (app) => {
      doors.mountDevices(app);
      app.route("/api/v1", doors.api);
      app.route("/", doors.console.routes);
    },
    parts: [
      { base: "/api/v1", api: doors.api },
      { base: "", api: agentDocument(), forDevices: true },
    ],
    console: doors.console,
    mountCommon: (app, common) => {
      const { accounts, tokens } = foundation;
      mountCommon(app, "/", common, options, { accounts, tokens, cookie: SITE_COOKIE }, version);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
