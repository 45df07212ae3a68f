import { adminCommands } from "./commands/admin.ts";
import { agentCommand } from "./commands/agent.ts";
import { backupCommand } from "./commands/backup.ts";
import { configCommands } from "./commands/config.ts";
import { decodeCommand } from "./commands/decode.ts";
import { demoCommand } from "./commands/demo.ts";
import { deviceCommands } from "./commands/devices.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { keyCommands } from "./commands/keys.ts";
import { packageCommands } from "./commands/package.ts";
import { restoreCommand } from "./commands/restore.ts";
import { serveCommand } from "./commands/serve.ts";
import { sessionsCommand } from "./commands/sessions.ts";
import { simulateCommand } from "./commands/simulate.ts";
import { statusCommand } from "./commands/status.ts";
import { tokenCommands } from "./commands/token.ts";
import { versionCommand } from "./commands/version.ts";
import type { CommandTree } from "./run.ts";

/** Every command of `outpost`, in the order of the help. */
export const COMMANDS: CommandTree = {
  both: serveCommand("both"),
  site: serveCommand("site"),
  hub: serveCommand("hub"),
  agent: agentCommand,
  simulate: simulateCommand,
  demo: demoCommand,
  decode: decodeCommand,
  sessions: sessionsCommand,
  status: statusCommand,
  devices: deviceCommands,
  package: packageCommands,
  doctor: doctorCommand,
  backup: backupCommand,
  restore: restoreCommand,
  admin: adminCommands,
  token: tokenCommands,
  keys: keyCommands,
  config: configCommands,
  version: versionCommand,
};
