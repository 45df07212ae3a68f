import { configCommands } from "./commands/config.ts";
import { demoCommand } from "./commands/demo.ts";
import { serveCommand } from "./commands/serve.ts";
import { versionCommand } from "./commands/version.ts";
import type { CommandTree } from "./run.ts";

/** Every command of `outpost`, in the order of the help. */
export const COMMANDS: CommandTree = {
  both: serveCommand("both"),
  site: serveCommand("site"),
  hub: serveCommand("hub"),
  demo: demoCommand,
  config: configCommands,
  version: versionCommand,
};
