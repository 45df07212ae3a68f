import { existsSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { parse, TomlError } from "smol-toml";
import { ConfigError, type ConfigSources, type Loaded, readConfig } from "./read.ts";
import type { Machine, Role } from "./settings.ts";

/** The configuration file that is read when nothing names another one. */
export const CONFIG_FILE_DEFAULT = "outpost.toml";
export const CONFIG_BYTES_MAX = 64 * 1024;

/**
 * Reads the environment, the configuration file and the flags of one process: the only place that
 * does. `flags` are the typed flags by name; `config` among them, or OUTPOST_CONFIG, names the file.
 * Throws ConfigError.
 */
export function loadConfig<R extends Role>(
  role: R,
  env: ConfigSources["env"],
  flags: ConfigSources["flags"],
): Loaded<R> {
  return readConfig(role, {
    env,
    flags,
    file: readConfigFile(flags.config ?? env.OUTPOST_CONFIG),
    machine: thisMachine(),
    readSecretFile: (path) => readFileSync(path, "utf8").trim(),
  });
}

/** The file at `path`, or the default one when it exists. Throws ConfigError when it is unreadable. */
export function readConfigFile(path: string | undefined): ConfigSources["file"] {
  if (path === undefined && !existsSync(CONFIG_FILE_DEFAULT)) return undefined;
  const name = path ?? CONFIG_FILE_DEFAULT;
  let content: string;
  try {
    content = readFileSync(name, "utf8");
  } catch {
    throw new ConfigError([`${name} cannot be read: check the path and who may read it.`]);
  }
  if (content.length > CONFIG_BYTES_MAX) {
    throw new ConfigError([
      `${name} is larger than ${CONFIG_BYTES_MAX} bytes: is it the right file?`,
    ]);
  }
  try {
    return { path: name, values: parse(content) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ""] = error.message.split("\n");
    throw new ConfigError([`${name}, line ${error.line}: ${reason}`]);
  }
}

function thisMachine(): Machine {
  return {
    hostname: hostname(),
    timeZone: new Intl.DateTimeFormat("en").resolvedOptions().timeZone,
  };
}
