import type { BothConfig, ConfigOf, HubConfig, Role } from "../../config/settings.ts";
import type { RoleOptions } from "../../roles/foundation.ts";
import { jsonLog } from "../../telemetry/log.ts";
import { Metrics } from "../../telemetry/metrics.ts";
import { type Command, command } from "../command.ts";
import { configArgs, loadRoleConfig } from "../config-args.ts";
import { EXIT } from "../exit-codes.ts";
import { stopSignal } from "../stop-signal.ts";

/** What a running gateway is to whoever started it. */
interface Running extends AsyncDisposable {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
}

const ABOUT: Readonly<Record<Role, string>> = {
  site: "Run a branch gateway: devices, content, console, link to the hub.",
  hub: "Run the central hub: merged reports, authoring, sites.",
  both: "Run a hub and a site in one process on one port.",
};

/** `outpost site | hub | both`: runs until it is told to stop, then finishes what it has begun. */
export function serveCommand(role: Role): Command {
  return command({
    about: ABOUT[role],
    args: configArgs(role),
    run: async (args, terminal) => {
      const loaded = loadRoleConfig(role, args, terminal);
      const log = jsonLog({ level: loaded.config.logLevel, now: Date.now, fields: { role } });
      for (const warning of loaded.warnings) log.warn("configuration-warning", { text: warning });
      const metrics = new Metrics();
      metrics.collectProcess();
      const stop = stopSignal(Date.now);

      await using running = await start(loaded.config, { log, metrics, announce: terminal.err });
      log.info("started", { url: running.url });
      if (terminal.isTty) terminal.err(`Outpost is ready at ${running.url}`);
      await aborted(stop);
      log.info("stopping");
      return EXIT.ok;
    },
  });
}

/** The roles are loaded only when they run: `outpost --help` needs no database. */
async function start(config: ConfigOf[Role], options: RoleOptions): Promise<Running> {
  if (isBoth(config)) return (await import("../../roles/both.ts")).startBoth(config, options);
  if (isHub(config)) return (await import("../../roles/hub.ts")).startHub(config, options);
  return (await import("../../roles/site.ts")).startSite(config, options);
}

function isBoth(config: ConfigOf[Role]): config is BothConfig {
  return config.role === "both";
}

function isHub(config: ConfigOf[Role]): config is HubConfig {
  return config.role === "hub";
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
