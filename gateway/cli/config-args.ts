import type { ArgsDef } from "citty";
import { loadConfig } from "../config/load.ts";
import type { Loaded } from "../config/read.ts";
import {
  isFor,
  namesOf,
  type Role,
  SECRET_KEYS,
  SETTING_KEYS,
  SETTINGS,
} from "../config/settings.ts";
import type { Terminal } from "./terminal.ts";

/**
 * The settings of a role as flags, and `--config FILE`. Secrets are files or variables, not flags: a
 * command line can be read by every user of the machine.
 */
export function configArgs(role: Role): ArgsDef {
  const args: Record<string, ArgsDef[string]> = {
    config: { type: "string", description: "Configuration file.", valueHint: "FILE" },
  };
  for (const key of SETTING_KEYS.filter((name) => isFor(name, role))) {
    const secret = SECRET_KEYS.has(key);
    const { flag } = namesOf(secret ? `${key}File` : key);
    const about = SETTINGS[key].about;
    args[flag] = {
      type: "string",
      description: secret ? `File that holds: ${about}` : about,
      valueHint: "VALUE",
    };
  }
  return args;
}

/** Reads the configuration of a role for a command that was typed with `configArgs(role)`. */
export function loadRoleConfig<R extends Role>(
  role: R,
  args: Readonly<Record<string, unknown>>,
  terminal: Terminal,
): Loaded<R> {
  const flags: Record<string, string> = {};
  for (const name of Object.keys(configArgs(role))) {
    const value = args[name];
    if (typeof value === "string") flags[name] = value;
  }
  return loadConfig(role, terminal.env, flags);
}
