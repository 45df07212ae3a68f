import { isIPv4 } from "node:net";
import { REDACTED, Secret } from "./secret.ts";
import {
  type ConfigOf,
  isFor,
  type Machine,
  namesOf,
  ROLES,
  type Role,
  SECRET_KEYS,
  SETTING_KEYS,
  SETTINGS,
  type SettingKey,
} from "./settings.ts";

/** Where values come from, as values: nothing here reads the environment or the disk by itself. */
export interface ConfigSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The parsed configuration file, and its name for messages; undefined when there is none. */
  readonly file:
    | { readonly path: string; readonly values: Readonly<Record<string, unknown>> }
    | undefined;
  /** Flags as they were typed, by their name without the dashes, such as `data-dir`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly machine: Machine;
  /** Reads the file of a `…_FILE` setting; throws when it cannot. */
  readonly readSecretFile: (path: string) => string;
}

/** Variables that are ours but no settings: the file's name, and the token of the command line. */
const OTHER_VARIABLES = ["OUTPOST_CONFIG", "OUTPOST_TOKEN"];

export type Origin = "default" | "file" | "environment" | "flag";

/** One line of `outpost config show`. */
export interface ShownSetting {
  readonly key: SettingKey;
  readonly variable: string;
  /** As text; secrets redacted; null when unset. */
  readonly value: string | null;
  readonly origin: Origin;
  /** False when this role has no use for it. */
  readonly used: boolean;
}

/** A configuration that cannot be used, with every problem found and not only the first. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The configuration is wrong:\n${problems.map((problem) => `- ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

export interface Loaded<R extends Role> {
  readonly config: ConfigOf[R];
  readonly shown: readonly ShownSetting[];
  /** Things that are not wrong but probably not meant, such as an unknown variable. */
  readonly warnings: readonly string[];
}

interface Given {
  readonly text: string;
  readonly origin: Exclude<Origin, "default">;
  /** How the person wrote it: `OUTPOST_PORT`, `port in /etc/outpost.toml`, `--port`. */
  readonly name: string;
}

const LOOPBACK = "127.0.0.1";

/**
 * The checked configuration of one role. Precedence: defaults < file < environment < flags.
 * Throws ConfigError with all problems; each names the setting and says what would be right.
 */
export function readConfig<R extends Role>(role: R, sources: ConfigSources): Loaded<R> {
  const problems = unknownNames(role, sources);
  const shown: ShownSetting[] = [];
  const values: Partial<Record<SettingKey, unknown>> = {};
  for (const key of SETTING_KEYS) {
    const used = isFor(key, role);
    try {
      const { value, origin } = readSetting(key, sources);
      if (used) values[key] = value;
      shown.push({ key, variable: namesOf(key).variable, value: show(value), origin, used });
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  keepTestsLocal(values, shown);
  problems.push(...contradictions(values));
  if (problems.length > 0) throw new ConfigError(problems);
  // Every key of the role is set above, each by its own parser: the table is the proof.
  const config = { role, ...values } as unknown as ConfigOf[R];
  return { config, shown, warnings: unknownVariables(sources.env) };
}

function readSetting(key: SettingKey, sources: ConfigSources): { value: unknown; origin: Origin } {
  const given = findGiven(key, sources);
  if (given === undefined) {
    return { value: SETTINGS[key].default(sources.machine), origin: "default" };
  }
  try {
    return { value: SETTINGS[key].parse(given.text), origin: given.origin };
  } catch (error) {
    // A wrong secret must not be quoted back.
    const reason = error instanceof Error ? error.message : "cannot be read";
    throw new Error(`${given.name} ${reason}.`);
  }
}

/** The text of the strongest source that has one. */
function findGiven(key: SettingKey, sources: ConfigSources): Given | undefined {
  const direct = strongest(key, sources);
  if (!SECRET_KEYS.has(key)) return direct;
  const viaFile = strongest(`${key}File`, sources);
  if (viaFile === undefined) return direct;
  if (direct !== undefined) {
    throw new Error(`${direct.name} and ${viaFile.name} are both set: keep one of them.`);
  }
  try {
    return { ...viaFile, text: sources.readSecretFile(viaFile.text) };
  } catch {
    throw new Error(
      `${viaFile.name} names ${viaFile.text}, which cannot be read: check the path and who may read it.`,
    );
  }
}

function strongest(key: string, { env, file, flags }: ConfigSources): Given | undefined {
  const names = namesOf(key);
  const flagText = flags[names.flag];
  if (flagText !== undefined) return { text: flagText, origin: "flag", name: `--${names.flag}` };
  const variable = env[names.variable];
  // An empty variable is what `VAR= command` and many a container template leave: not set.
  if (variable !== undefined && variable !== "") {
    return { text: variable, origin: "environment", name: names.variable };
  }
  const value = file?.values[names.file];
  if (file === undefined || value === undefined) return undefined;
  const name = `${names.file} in ${file.path}`;
  if (Array.isArray(value)) return { text: value.join(","), origin: "file", name };
  if (typeof value === "object" && !(value instanceof Date)) {
    throw new Error(`${name} is a table: write a plain value.`);
  }
  const fileText = value instanceof Date ? value.toISOString() : String(value);
  return { text: fileText, origin: "file", name };
}

/** A test clock is for this machine only: unless an address was chosen, it listens on loopback. */
function keepTestsLocal(values: Partial<Record<SettingKey, unknown>>, shown: ShownSetting[]): void {
  const index = shown.findIndex(({ key, origin }) => key === "host" && origin === "default");
  const host = shown[index];
  if (values.testClock !== true || host === undefined) return;
  values.host = LOOPBACK;
  shown[index] = { ...host, value: LOOPBACK };
}

/** Rules between settings. Only what was read without a problem is compared. */
function contradictions(values: Partial<Record<SettingKey, unknown>>): string[] {
  const found: string[] = [];
  if (values.testClock === true && typeof values.host === "string" && !isLoopback(values.host)) {
    found.push(
      `OUTPOST_TEST_CLOCK works only on a loopback address, but OUTPOST_HOST is ${values.host}: set OUTPOST_HOST=127.0.0.1, or remove OUTPOST_TEST_CLOCK.`,
    );
  }
  if (values.testNow !== undefined && values.testClock === false) {
    found.push("OUTPOST_TEST_NOW needs OUTPOST_TEST_CLOCK=1: set both or none.");
  }
  if (values.joinCode !== undefined && values.hubUrl === undefined) {
    found.push("OUTPOST_JOIN_CODE needs OUTPOST_HUB_URL: say which hub the code is from.");
  }
  const proxies = values.trustedProxies;
  if (values.certificateSubjectHeader !== undefined && Array.isArray(proxies) && !proxies.length) {
    found.push(
      "OUTPOST_CERTIFICATE_SUBJECT_HEADER needs OUTPOST_TRUSTED_PROXIES: anybody could send that header otherwise.",
    );
  }
  if ((values.notifyBy === "command") !== (values.notifyCommand !== undefined)) {
    found.push("OUTPOST_NOTIFY_BY=command and OUTPOST_NOTIFY_COMMAND need each other: set both.");
  }
  return found;
}

function unknownNames(role: Role, { file, flags }: ConfigSources): string[] {
  const found: string[] = [];
  const fileNames = allNames().map((names) => names.file);
  for (const name of Object.keys(file?.values ?? {})) {
    if (!fileNames.includes(name)) {
      found.push(`${name} in ${file?.path} is not a setting.${hint(name, fileNames)}`);
    }
  }
  for (const key of SETTING_KEYS) {
    const { flag } = namesOf(key);
    if (flags[flag] !== undefined && !isFor(key, role)) {
      found.push(`--${flag} has no use for "outpost ${role}": remove it.`);
    }
  }
  return found;
}

/** Only warned about: container platforms put variables of their own making into the environment. */
function unknownVariables(env: ConfigSources["env"]): string[] {
  const known = [...allNames().map((names) => names.variable), ...OTHER_VARIABLES];
  return Object.keys(env)
    .filter((name) => name.startsWith("OUTPOST_") && !known.includes(name))
    .map((name) => `${name} is not a setting of Outpost and was ignored.${hint(name, known)}`);
}

function allNames(): ReturnType<typeof namesOf>[] {
  const keys: readonly string[] = SETTING_KEYS;
  return [...keys, ...[...SECRET_KEYS].map((key) => `${key}File`)].map(namesOf);
}

/** The known name with the same letters, when only separators and case differ. */
function hint(name: string, known: readonly string[]): string {
  const letters = (word: string) => word.toLowerCase().replace(/[^a-z]/g, "");
  const meant = known.find((other) => letters(other) === letters(name));
  return meant === undefined ? "" : ` Did you mean ${meant}?`;
}

function show(value: unknown): string | null {
  if (value === undefined) return null;
  if (value instanceof Secret) return REDACTED;
  return Array.isArray(value) ? value.join(",") : String(value);
}

export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIPv4(host) && host.startsWith("127.");
}

export function parseRole(text: string): Role | undefined {
  return ROLES.find((role) => role === text);
}
