import { describe, expect, test } from "bun:test";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { parse } from "smol-toml";
import { exampleFile } from "../../../gateway/config/example.ts";
import { CONFIG_BYTES_MAX, readConfigFile } from "../../../gateway/config/load.ts";
import {
  ConfigError,
  type ConfigSources,
  isLoopback,
  readConfig,
} from "../../../gateway/config/read.ts";
import { namesOf, type Role, SETTING_KEYS, SETTINGS } from "../../../gateway/config/settings.ts";

const NOTHING: ConfigSources = {
  env: {},
  file: undefined,
  flags: {},
  machine: { hostname: "branch-12", timeZone: "Europe/Vienna" },
  readSecretFile: (path) => {
    throw new Error(`no file ${path}`);
  },
};

const file = (values: Record<string, unknown>) => ({ path: "/etc/outpost.toml", values });

function problemsOf(role: Role, sources: Partial<ConfigSources>): readonly string[] {
  try {
    readConfig(role, { ...NOTHING, ...sources });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe("readConfig()", () => {
  test("works with nothing given", () => {
    const { config, warnings } = readConfig("both", NOTHING);
    expect(config).toMatchObject({
      role: "both",
      dataDir: "data",
      port: 8080,
      siteName: "branch-12",
      timeZone: "Europe/Vienna",
      testClock: false,
      trustedProxies: [],
    });
    expect(config.hubUrl).toBeUndefined();
    expect(warnings).toEqual([]);
  });

  test("takes defaults < file < environment < flags", () => {
    const sources = (count: number): ConfigSources => ({
      ...NOTHING,
      ...(count > 0 && { file: file({ port: 1001 }) }),
      ...(count > 1 && { env: { OUTPOST_PORT: "1002" } }),
      ...(count > 2 && { flags: { port: "1003" } }),
    });
    const read = [0, 1, 2, 3].map((count) => {
      const { config, shown } = readConfig("site", sources(count));
      return [config.port, shown.find(({ key }) => key === "port")?.origin];
    });
    expect(read).toEqual([
      [8080, "default"],
      [1001, "file"],
      [1002, "environment"],
      [1003, "flag"],
    ]);
  });

  test("gives a role only its own settings", () => {
    const { config, shown } = readConfig("hub", { ...NOTHING, env: { OUTPOST_SITE_NAME: "x" } });
    expect(Object.keys(config)).not.toContain("siteName");
    expect(shown.find(({ key }) => key === "siteName")).toMatchObject({ value: "x", used: false });
  });

  test("treats an empty variable as not set", () => {
    const { config } = readConfig("site", { ...NOTHING, env: { OUTPOST_HUB_URL: "" } });
    expect(config.hubUrl).toBeUndefined();
  });

  test("reads values of the file in their TOML types", () => {
    const values = parse(
      'port = 0\ntest_clock = true\nhost = "127.0.0.1"\ntrusted_proxies = ["10.0.0.5", "10.1.0.0/16"]\ntest_now = 2026-03-01T22:00:00Z',
    );
    expect(readConfig("site", { ...NOTHING, file: file(values) }).config).toMatchObject({
      port: 0,
      testClock: true,
      testNow: Date.UTC(2026, 2, 1, 22),
      trustedProxies: ["10.0.0.5", "10.1.0.0/16"],
    });
  });

  test.each([
    ["OUTPOST_PORT", "65536", "whole number of the port from 0 to 65535"],
    ["OUTPOST_PORT", "tcp://10.0.0.1:80", "whole number"],
    ["OUTPOST_TIME_ZONE", "Mars/Olympus", "IANA name"],
    ["OUTPOST_HUB_URL", "hub.example.com", "such as https://hub.example.com"],
    ["OUTPOST_HUB_URL", "file:///etc/passwd", "such as https://hub.example.com"],
    ["OUTPOST_HUB_URL", "https://me:secret@hub.example.com", "must not hold a user"],
    ["OUTPOST_FREE_DISK_BYTES_MIN", "1GB", "such as 512MiB"],
    ["OUTPOST_LOG_LEVEL", "verbose", "one of silent, error, warn, info"],
    ["OUTPOST_TRUSTED_PROXIES", "10.0.0.5,10.0.0.0/33", '"10.0.0.0/33"'],
    ["OUTPOST_TRUSTED_PROXIES", "proxy.example.com", "addresses or networks"],
    ["OUTPOST_ADMIN_PASSWORD", "short", "at least 12 characters"],
    ["OUTPOST_DATABASE_KEY", "short", "at least 16 characters"],
    ["OUTPOST_FLUSH_INTERVAL_MS", "99", "from 100"],
    ["OUTPOST_TEST_CLOCK", "maybe", "write 1 or 0"],
    ["OUTPOST_SITE_NAME", " ", "is empty"],
    ["OUTPOST_NOTIFY_BY", "sms", "one of none, udp, command"],
    ["OUTPOST_NOTIFY_COMMAND", "wake {phone}", "has {phone}"],
  ])("refuses %s=%s, naming it and what would be right", (variable, value, advice) => {
    const [problem = "", ...others] = problemsOf("site", { env: { [variable]: value } });
    expect(others).toEqual([]);
    expect(problem).toStartWith(`${variable} `);
    expect(problem).toContain(advice);
  });

  test.each([
    [
      "test clock on an open address",
      { OUTPOST_TEST_CLOCK: "1", OUTPOST_HOST: "0.0.0.0" },
      "OUTPOST_HOST=127.0.0.1",
    ],
    ["test time without clock", { OUTPOST_TEST_NOW: "2026-01-01T00:00:00Z" }, "set both or none"],
    ["join code without hub", { OUTPOST_JOIN_CODE: "abcd-efgh" }, "OUTPOST_HUB_URL"],
    [
      "certificate header without proxy",
      { OUTPOST_CERTIFICATE_SUBJECT_HEADER: "X-Subject" },
      "OUTPOST_TRUSTED_PROXIES",
    ],
    ["way to notify without its program", { OUTPOST_NOTIFY_BY: "command" }, "set both"],
    ["program without the way", { OUTPOST_NOTIFY_COMMAND: "wake {address}" }, "set both"],
    [
      "secret given twice",
      { OUTPOST_DATABASE_KEY: "k".repeat(16), OUTPOST_DATABASE_KEY_FILE: "/k" },
      "keep one of them",
    ],
    [
      "secret file that is missing",
      { OUTPOST_DATABASE_KEY_FILE: "/k" },
      "/k, which cannot be read",
    ],
  ])("refuses a %s", (_name, env, advice) => {
    expect(problemsOf("site", { env }).join()).toContain(advice);
  });

  test("a test clock listens on loopback unless an address was chosen", () => {
    const { config } = readConfig("site", { ...NOTHING, env: { OUTPOST_TEST_CLOCK: "1" } });
    expect(config.host).toBe("127.0.0.1");
  });

  test("reports every problem at once", () => {
    const env = { OUTPOST_PORT: "x", OUTPOST_TIME_ZONE: "y", OUTPOST_LOG_LEVEL: "z" };
    expect(problemsOf("both", { env })).toHaveLength(3);
  });

  test("refuses unknown names in the file and hints at the right one", () => {
    expect(problemsOf("site", { file: file({ dataDir: "x" }) })).toEqual([
      "dataDir in /etc/outpost.toml is not a setting. Did you mean data_dir?",
    ]);
  });

  test("refuses a flag that the role has no use for", () => {
    expect(problemsOf("hub", { flags: { "site-name": "x" } })).toEqual([
      '--site-name has no use for "outpost hub": remove it.',
    ]);
  });

  test("warns of an unknown variable without failing", () => {
    const { warnings } = readConfig("site", { ...NOTHING, env: { OUTPOST_DATADIR: "x" } });
    expect(warnings).toEqual([
      "OUTPOST_DATADIR is not a setting of Outpost and was ignored. Did you mean OUTPOST_DATA_DIR?",
    ]);
  });

  test("reads a secret from a file and shows it nowhere", () => {
    const password = "correct horse battery";
    const { config, shown } = readConfig("site", {
      ...NOTHING,
      env: { OUTPOST_ADMIN_PASSWORD_FILE: "/run/password" },
      readSecretFile: () => `${password}\n`,
    });
    expect(config.adminPassword?.reveal()).toBe(password);
    for (const text of [
      JSON.stringify({ config, shown }),
      inspect(config),
      `${config.adminPassword}`,
    ]) {
      expect(text).not.toContain(password);
      expect(text).toContain("redacted");
    }
  });

  test("does not quote a wrong secret in its message", () => {
    expect(problemsOf("site", { env: { OUTPOST_DATABASE_KEY: "hunter2" } }).join()).not.toContain(
      "hunter2",
    );
  });
});

describe("readConfigFile()", () => {
  const write = (content: string): string => {
    const path = join(mkdtempSync(join(tmpdir(), "outpost-")), "outpost.toml");
    writeFileSync(path, content);
    return path;
  };

  test("names the line of a mistake", () => {
    const path = write('port = 1\nhost = "unfinished\n');
    expect(() => readConfigFile(path)).toThrow(`${path}, line 2`);
  });

  test("names a file that is missing", () => {
    expect(() => readConfigFile("/nowhere/outpost.toml")).toThrow("/nowhere/outpost.toml cannot");
  });

  test("takes a file of CONFIG_BYTES_MAX bytes and refuses one more", () => {
    const largest = "#".repeat(CONFIG_BYTES_MAX);
    expect(readConfigFile(write(largest))?.values).toEqual({});
    expect(() => readConfigFile(write(`${largest}#`))).toThrow("larger than");
  });
});

describe("settings", () => {
  test("the three names follow from the key", () => {
    expect(namesOf("freeDiskBytesMin")).toEqual({
      variable: "OUTPOST_FREE_DISK_BYTES_MIN",
      file: "free_disk_bytes_min",
      flag: "free-disk-bytes-min",
    });
  });

  test("the example file names every setting but the test ones, and its defaults are right", () => {
    const uncommented = exampleFile()
      .split("\n")
      .filter((line) => / = /.test(line) && !line.includes('= ""'))
      .map((line) => line.slice(2))
      .join("\n");
    expect(problemsOf("both", { file: file(parse(uncommented)) })).toEqual([]);
    for (const key of SETTING_KEYS.filter((name) => !name.startsWith("test"))) {
      expect(exampleFile()).toContain(`# ${namesOf(key).file} = `);
    }
  });

  test("every setting says what it does in a sentence", () => {
    for (const key of SETTING_KEYS) expect(SETTINGS[key].about).toMatch(/^[A-Z].{15,}\.$/);
  });

  test.each([
    ["127.0.0.1", true],
    ["127.8.8.8", true],
    ["::1", true],
    ["localhost", true],
    ["0.0.0.0", false],
    ["::", false],
    ["127.example.com", false],
  ])("isLoopback(%s) is %p", (host, expected) => {
    expect(isLoopback(host)).toBe(expected);
  });
});
