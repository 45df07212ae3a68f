/**
 * Every setting of a gateway, one row each. Its three names follow from the key: `dataDir` is the
 * variable OUTPOST_DATA_DIR, `data_dir` in the file and the flag --data-dir. A secret may also be given
 * as a file that holds it: OUTPOST_DATABASE_KEY_FILE, and so on.
 *
 * Reader, `config show`, `--help` and the tests iterate over this table: adding a setting is adding a
 * row.
 */
import { CommandTemplate } from "./command-template.ts";
import type { Secret } from "./secret.ts";
import {
  bytes,
  flag,
  headerName,
  instant,
  networks,
  oneOf,
  type Parse,
  secret,
  text,
  timeZone,
  webAddress,
  wholeNumber,
} from "./values.ts";

export const ROLES = ["site", "hub", "both"] as const;
/** What a process is: a branch's gateway, the central hub, or both in one process. [D20] */
export type Role = (typeof ROLES)[number];

/** What defaults may depend on. */
export interface Machine {
  readonly hostname: string;
  /** IANA name of the system's time zone. */
  readonly timeZone: string;
}

export interface Setting<Value, Default extends Value | undefined, For extends "site" | "hub"> {
  readonly parse: Parse<Value>;
  readonly default: (machine: Machine) => Default;
  /** Which of the two roles uses it; `both` uses every setting. */
  readonly roles: readonly For[];
  /** What it does, as `--help` and the example file say it. */
  readonly about: string;
}

/** The shortest password and key that are taken. */
export const PASSWORD_LENGTH_MIN = 12;
export const DATABASE_KEY_LENGTH_MIN = 16;
/** How a site reaches devices that have not come by themselves. */
export const NOTIFY_WAYS = ["none", "udp", "command"] as const;
export type NotifyWay = (typeof NOTIFY_WAYS)[number];
export const LOG_LEVELS = ["silent", "error", "warn", "info"] as const;

const GiB = 1024 ** 3;
const HOUR_MS = 3_600_000;
const EVERY = ["site", "hub"] as const;
const SITE = ["site"] as const;
const HUB = ["hub"] as const;
const none = (): undefined => undefined;

function row<Value, Default extends Value | undefined, For extends "site" | "hub">(
  setting: Setting<Value, Default, For>,
): Setting<Value, Default, For> {
  return setting;
}

export const SETTINGS = {
  dataDir: row({
    parse: text,
    default: (): string => "data",
    roles: EVERY,
    about: "Folder of the database and the content. Made when it is missing.",
  }),
  host: row({
    parse: text,
    default: (): string => "0.0.0.0",
    roles: EVERY,
    about: "Address to listen on; 127.0.0.1 for this machine only.",
  }),
  port: row({
    parse: wholeNumber(0, 65535, "the port"),
    default: (): number => 8080,
    roles: EVERY,
    about: "TCP port; 0 takes any free one.",
  }),
  logLevel: row({
    parse: oneOf(LOG_LEVELS),
    default: (): (typeof LOG_LEVELS)[number] => "info",
    roles: EVERY,
    about: `How much goes to the log: ${LOG_LEVELS.join(", ")}.`,
  }),
  timeZone: row({
    parse: timeZone,
    default: (machine): string => machine.timeZone,
    roles: EVERY,
    about: "IANA time zone of maintenance windows that name none, and of the console.",
  }),
  databaseKey: row<Secret, undefined, "site" | "hub">({
    parse: secret(DATABASE_KEY_LENGTH_MIN),
    default: none,
    roles: EVERY,
    about: "Encrypts the database at rest. Keep a copy: without it the data is lost.",
  }),
  adminPassword: row<Secret, undefined, "site" | "hub">({
    parse: secret(PASSWORD_LENGTH_MIN),
    default: none,
    roles: EVERY,
    about:
      "Password of the first administrator, for automation; else one is made and printed once.",
  }),
  freeDiskBytesMin: row({
    parse: bytes,
    default: (): number => GiB,
    roles: EVERY,
    about: "Uploads and transfers stop when less disk than this would be left.",
  }),
  backupDir: row<string, undefined, "site" | "hub">({
    parse: text,
    default: none,
    roles: EVERY,
    about: "Folder of the backups that a running gateway makes; else `backups` in the data folder.",
  }),
  backupsKept: row({
    parse: wholeNumber(1, 1000, "backups"),
    default: (): number => 7,
    roles: EVERY,
    about: "So many backups are kept in that folder: the oldest go when a new one was made.",
  }),
  trustedProxies: row<readonly string[], readonly string[], "site" | "hub">({
    parse: networks,
    default: () => [],
    roles: EVERY,
    about: "Addresses of TLS proxies whose X-Forwarded-… headers are believed, with commas.",
  }),
  certificateSubjectHeader: row<string, undefined, "site" | "hub">({
    parse: headerName,
    default: none,
    roles: SITE,
    about: "Header in which a trusted proxy passes the subject of a device's verified certificate.",
  }),
  notifyBy: row({
    parse: oneOf(NOTIFY_WAYS),
    default: (): NotifyWay => "none",
    roles: SITE,
    about:
      "How devices are called when there is work: none, udp (a datagram), command (a program of yours).",
  }),
  notifyCommand: row<CommandTemplate, undefined, "site">({
    parse: CommandTemplate.read,
    default: none,
    roles: SITE,
    about:
      "That program with its arguments; {address}, {device}, {session}, {notification}, {push} are filled in.",
  }),
  siteName: row({
    parse: text,
    default: (machine): string => machine.hostname,
    roles: SITE,
    about:
      "What people call this site; used at the first start, changed in the console afterwards.",
  }),
  siteUrl: row<URL, undefined, "site">({
    parse: webAddress,
    default: none,
    roles: SITE,
    about: "Address under which devices reach this site, when it is not the one they connect to.",
  }),
  hubUrl: row<URL, undefined, "site">({
    parse: webAddress,
    default: none,
    roles: SITE,
    about: "Address of the hub; without it the site works for itself.",
  }),
  joinCode: row<Secret, undefined, "site">({
    parse: secret(8),
    default: none,
    roles: SITE,
    about:
      "One-time code from the hub that makes this site known there; used at the first contact.",
  }),
  flushIntervalMs: row({
    parse: wholeNumber(100, HOUR_MS, "milliseconds"),
    default: (): number => 5_000,
    roles: SITE,
    about: "How long changed states are gathered before they go to the hub.",
  }),
  staleAfterMs: row({
    parse: wholeNumber(1_000, 365 * 24 * HOUR_MS, "milliseconds"),
    default: (): number => 15 * 60_000,
    roles: HUB,
    about: "A site that was not heard for longer is shown as stale.",
  }),
  testClock: row({
    parse: flag,
    default: (): boolean => false,
    roles: EVERY,
    about: "For tests: time is set by POST /test/clock. Only on a loopback address.",
  }),
  testNow: row<number, undefined, "site" | "hub">({
    parse: instant,
    default: none,
    roles: EVERY,
    about: "For tests: the time at which the test clock starts.",
  }),
} as const;

export type Settings = typeof SETTINGS;
export type SettingKey = keyof Settings;

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];

/** `dataDir` in the three spellings. */
export function namesOf(key: string): { variable: string; file: string; flag: string } {
  const words = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return {
    variable: `OUTPOST_${words.toUpperCase()}`,
    file: words,
    flag: words.replaceAll("_", "-"),
  };
}

export function isFor(key: SettingKey, role: Role): boolean {
  const roles: readonly Role[] = SETTINGS[key].roles;
  return role === "both" || roles.includes(role);
}

/** Secrets are redacted when shown and may be given as a file. */
export const SECRET_KEYS: ReadonlySet<SettingKey> = new Set([
  "databaseKey",
  "adminPassword",
  "joinCode",
]);

type ValueOf<Key extends SettingKey> =
  | ReturnType<Settings[Key]["parse"]>
  | ReturnType<Settings[Key]["default"]>;
type KeysFor<R extends "site" | "hub"> = {
  [Key in SettingKey]: R extends Settings[Key]["roles"][number] ? Key : never;
}[SettingKey];

export type SiteConfig = { readonly role: "site" | "both" } & {
  readonly [Key in KeysFor<"site">]: ValueOf<Key>;
};
export type HubConfig = { readonly role: "hub" | "both" } & {
  readonly [Key in KeysFor<"hub">]: ValueOf<Key>;
};
/** One process with both roles; it is a SiteConfig and a HubConfig at once. */
export type BothConfig = { readonly role: "both" } & Omit<SiteConfig, "role"> &
  Omit<HubConfig, "role">;

export interface ConfigOf {
  readonly site: SiteConfig;
  readonly hub: HubConfig;
  readonly both: BothConfig;
}
