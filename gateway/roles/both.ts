import { parseSiteId } from "../../devices/model/ids.ts";
import type { BothConfig } from "../config/settings.ts";
import { createApp } from "../http/app.ts";
import { trustedProxies } from "../http/client-address.ts";
import { testClockRoutes } from "../http/routes/test-clock.ts";
import { TestClock } from "../jobs/clock.ts";
import { shelfOf } from "./backups.ts";
import { answerNotFound } from "./doors.ts";
import { clockFor, type RoleOptions } from "./foundation.ts";
import { type RunningHub, runHub } from "./hub.ts";
import { type Listening, serve } from "./server.ts";
import { type RunningSite, runSite } from "./site.ts";

/** The site of a process that is its own hub. */
const SITE = "home";
const CODE_MS = 60 * 60 * 1000;

/**
 * `outpost both`, what `npm start` runs: the site at the root and its hub under `/hub`, two databases,
 * one port, one health. The site joins the hub of its own process at the first start. [D20]
 */
export async function startBoth(config: BothConfig, options: RoleOptions): Promise<Listening> {
  const clock = clockFor(config);
  const shelf = shelfOf(config);
  await using stack = new AsyncDisposableStack();
  const hub = stack.use(await runHub(config, clock, { ...options, shelf }));
  const site = stack.use(await runSite(config, clock, { ...options, shelf }));
  stack.use(shelf);
  const app = createApp({
    log: options.log,
    metrics: options.metrics,
    proxies: trustedProxies(config.trustedProxies),
    elapsed: () => performance.now(),
  });
  const common = { checks: [...site.checks, ...hub.checks], parts: [...site.parts, ...hub.parts] };
  site.mountCommon(app, common);
  hub.mountCommon(app, common);
  if (clock instanceof TestClock) {
    const runDueJobs = async () => {
      await hub.scheduler.runDue();
      await site.scheduler.runDue();
    };
    app.route("/", testClockRoutes({ clock, runDueJobs }));
  }
  hub.mount(app);
  site.mount(app);
  answerNotFound(app, { site: site.console, hub: hub.console });
  const listening = stack.use(serve(app, { ...config, log: options.log }));
  stack.defer(() => {
    // Before the port: open pages would hold it.
    site.console.close();
    hub.console.close();
    site.core.bell.close();
  });
  if (!site.core.uplink.identity && !config.hubUrl) {
    await joinOwnHub(site, hub, listening.url, clock.now());
  }
  site.core.uplink.start();
  hub.scheduler.start();
  site.scheduler.start();
  const running = stack.move();
  return { url: listening.url, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function joinOwnHub(
  site: RunningSite,
  hub: RunningHub,
  url: string,
  nowMs: number,
): Promise<void> {
  const id = parseSiteId(SITE);
  if (!id) throw new Error(`invariant broken: ${SITE} is no site id`);
  const { code } = await hub.core.directory.createJoinCode(
    { site: id, name: site.core.settings.read().siteName, expiresAtMs: nowMs + CODE_MS },
    "system",
  );
  await site.core.uplink.joinAt(url, code);
}
