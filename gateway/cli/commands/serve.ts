import type { Role } from "../../config/settings.ts";
import { jsonLog } from "../../telemetry/log.ts";
import { Metrics } from "../../telemetry/metrics.ts";
import { type Command, command } from "../command.ts";
import { configArgs, loadRoleConfig } from "../config-args.ts";
import { EXIT } from "../exit-codes.ts";
import { stopSignal } from "../stop-signal.ts";

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

      // Loaded only when it runs: `outpost --help` needs no database.
      const { startGateway } = await import("../../roles/start.ts");
      const options = { log, metrics, announce: terminal.err };
      await using running = await startGateway(loaded.config, options);
      log.info("started", { url: running.url });
      if (terminal.isTty) terminal.err(`Outpost is ready at ${running.url}`);
      await aborted(stop);
      log.info("stopping");
      return EXIT.ok;
    },
  });
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
