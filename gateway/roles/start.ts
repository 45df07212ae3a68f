import { parseSiteId } from "../../devices/model/ids.ts";
import type { ConfigOf, HubConfig, Role, SiteConfig } from "../config/settings.ts";
import { createApp } from "../http/app.ts";
import { trustedProxies } from "../http/client-address.ts";
import { testClockRoutes } from "../http/routes/test-clock.ts";
import { TestClock } from "../jobs/clock.ts";
import { shelfOf } from "./backups.ts";
import { answerNotFound } from "./doors.ts";
import { clockFor, type RoleOptions } from "./foundation.ts";
import type { RunningHub } from "./hub.ts";
import { type Listening, serve } from "./server.ts";
import type { RunningSite } from "./site.ts";

/** The site of a process that is its own hub. */
const OWN_SITE = "home";
const CODE_MS = 60 * 60 * 1000;

/**
 * `outpost site`, `outpost hub`, and `outpost both`, what `npm start` runs: a branch gateway at the root, the
 * central hub under `/hub`, a database each, on one port with one health. With both, the site joins the hub
 * of its own process at the first start. [D20]
 */
export async function startGateway(
  config: ConfigOf[Role],
  options: RoleOptions,
): Promise<Listening> {
  const clock = clockFor(config);
  const shelf = shelfOf(config);
  await using stack = new AsyncDisposableStack();
  let hub: RunningHub | undefined;
  let site: RunningSite | undefined;
  // A role that does not run is not loaded.
  if (hasHub(config)) {
    const { runHub } = await import("./hub.ts");
    hub = stack.use(await runHub(config, clock, { ...options, shelf }));
  }
  if (hasSite(config)) {
    const { runSite } = await import("./site.ts");
    site = stack.use(await runSite(config, clock, { ...options, shelf }));
  }
  stack.use(shelf);
  const app = createApp({
    log: options.log,
    metrics: options.metrics,
    proxies: trustedProxies(config.trustedProxies),
    elapsed: () => performance.now(),
  });
  const roles = [site, hub].filter((role) => role !== undefined);
  const common = {
    checks: roles.flatMap(({ checks }) => checks),
    parts: roles.flatMap(({ parts }) => parts),
  };
  for (const role of roles) role.mountCommon(app, common);
  if (clock instanceof TestClock) {
    const runDueJobs = async () => {
      await hub?.scheduler.runDue();
      await site?.scheduler.runDue();
    };
    app.route("/", testClockRoutes({ clock, runDueJobs }));
  }
  hub?.mount(app);
  site?.mount(app);
  answerNotFound(app, { site: site?.console, hub: hub?.console });
  if (!site) app.get("/", (c) => c.redirect("/hub"));
  const listening = stack.use(serve(app, { ...config, log: options.log }));
  stack.defer(() => {
    // Before the port: open pages would hold it, and so would agents that wait.
    for (const role of roles) role.console.close();
    site?.core.bell.close();
  });
  if (site && hub && hasSite(config) && !site.core.uplink.identity && !config.hubUrl) {
    await joinOwnHub(site, hub, listening.url, clock.now());
  }
  site?.core.uplink.start();
  hub?.scheduler.start();
  site?.scheduler.start();
  const running = stack.move();
  return { url: listening.url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function hasSite(config: ConfigOf[Role]): config is SiteConfig {
  return config.role !== "hub";
}

function hasHub(config: ConfigOf[Role]): config is HubConfig {
  return config.role !== "site";
}

async function joinOwnHub(
  site: RunningSite,
  hub: RunningHub,
  url: string,
  nowMs: number,
): Promise<void> {
  const id = parseSiteId(OWN_SITE);
  if (!id) throw new Error(`invariant broken: ${OWN_SITE} is no site id`);
  const { code } = await hub.core.directory.createJoinCode(
    { site: id, name: site.core.settings.read().siteName, expiresAtMs: nowMs + CODE_MS },
    "system",
  );
  await site.core.uplink.joinAt(url, code);
}
