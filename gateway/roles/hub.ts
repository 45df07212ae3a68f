import type { Revision } from "../../devices/model/package.ts";
import type { HubConfig } from "../config/settings.ts";
import { readVersion } from "../config/version.ts";
import { type Console, consoleRoutes } from "../console/console-routes.ts";
import { metricMaker } from "../content/metric-maker.ts";
import { SqlReportReader } from "../db/stores/report-reader.ts";
import { createApi } from "../http/api.ts";
import { siteDownloadRoutes } from "../http/content/site-downloads.ts";
import type { DocumentedPart } from "../http/docs.ts";
import type { Api } from "../http/environment.ts";
import { authoriseSite, linkRoutes } from "../http/link/link-routes.ts";
import { MetricEditor } from "../http/metric-editor.ts";
import type { ReadinessCheck } from "../http/use-cases.ts";
import type { GatewayClock } from "../jobs/clock.ts";
import { Scheduler } from "../jobs/scheduler.ts";
import {
  type CommonDoors,
  consoleFiles,
  every,
  HUB_COOKIE,
  listFiles,
  mountCommon,
  readinessChecks,
} from "./doors.ts";
import {
  type Foundation,
  openFoundation,
  type RoleOptions,
  type RunOptions,
} from "./foundation.ts";
import { hubGauges } from "./gauges.ts";
import { buildHub, type HubCore } from "./hub-core.ts";
import { hubOversight } from "./hub-oversight.ts";
import { hubJobs } from "./jobs.ts";

/** A hub that works, with its doors not yet mounted. */
export interface RunningHub extends AsyncDisposable {
  readonly core: HubCore;
  readonly scheduler: Scheduler;
  readonly checks: readonly ReadinessCheck[];
  readonly parts: readonly DocumentedPart[];
  readonly console: Console;
  readonly mount: (app: Api) => void;
  readonly mountCommon: (app: Api, common: CommonDoors) => void;
}

/** Opens everything of a hub but its port. */
export async function runHub(
  config: HubConfig,
  clock: GatewayClock,
  options: RunOptions,
): Promise<RunningHub> {
  await using stack = new AsyncDisposableStack();
  const foundation = stack.use(await openFoundation("hub", config, clock, options));
  const core = await buildHub(config, foundation, options);
  stack.use(core.vendors);
  const scheduler = stack.use(
    new Scheduler(hubJobs(core, foundation, options.log), clock, options),
  );
  const doors = hubDoors(foundation, core, options);
  stack.defer(() => doors.console.close());
  hubGauges(options.metrics, foundation, core.directory);
  const version = await readVersion();
  const running = stack.move();
  return {
    core,
    scheduler,
    checks: readinessChecks("hub", foundation),
    mount: (app) => {
      app.route(
        "/hub/sync/v1/content",
        siteDownloadRoutes({
          store: foundation.blobs,
          served: foundation.served,
          describeMissing: () => "The hub does not have this file: upload it there.",
          now: () => clock.now(),
          authorise: authoriseSite(core.link),
        }),
      );
      app.route("/hub/sync/v1", linkRoutes(core.link));
      app.route("/hub/api/v1", doors.api);
      app.route("/hub", doors.console.routes);
      app.get("/hub/", (c) => c.redirect("/hub"));
    },
    parts: [{ base: "/hub/api/v1", api: doors.api }],
    console: doors.console,
    mountCommon: (app, common) => {
      const { accounts, tokens } = foundation;
      mountCommon(app, "/hub", common, options, { accounts, tokens, cookie: HUB_COOKIE }, version);
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function hubDoors(foundation: Foundation, core: HubCore, options: RoleOptions) {
  const { database, accounts, tokens, audit, accessStore, blobs, blobIndex, clock } = foundation;
  const now = () => clock.now();
  const reports = new SqlReportReader({
    database,
    policy: core.holder,
    siteOf: (site) => core.directory.siteOf(site),
    isAtSite: false,
  });
  const oversight = hubOversight({
    book: core.book,
    policy: core.holder,
    database,
    siteOf: (site) => core.directory.siteOf(site),
    takeAgain: (frame) => core.link.takeAgain(frame),
  });
  const shared = {
    describeSource: ({ id, source }: Revision) =>
      source?.fetchedBy === "hub"
        ? core.vendors.files.describe(id)
        : "Its site has not fetched it yet.",
    accounts,
    tokens,
    audit,
    reports,
    policy: core.holder,
    author: core.book,
    metrics: new MetricEditor({
      policy: core.holder,
      author: core.book,
      maker: metricMaker(blobs),
      aliases: () => core.settings.read().tokenAliases,
    }),
    settings: core.settings,
    backups: foundation.backups,
    link: async () => ({ kind: "hub" as const, sites: (await core.directory.sites()).length }),
    now,
    cookie: HUB_COOKIE,
  };
  const api = createApi({
    ...shared,
    base: "/hub/api/v1",
    answers: accessStore,
    files: blobs,
    listFiles: () => listFiles(blobIndex),
    role: { kind: "hub", directory: core.directory, oversight },
  });
  const console = consoleRoutes({
    ...shared,
    base: "/hub",
    role: "hub",
    files: consoleFiles(blobIndex, blobs),
    instants: async () => [], // Instants belong to the sites.
    log: options.log,
    every,
    site: undefined,
    hub: core.directory,
    oversight,
  });
  return { api, console };
}
