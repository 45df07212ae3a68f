import { describe, expect, test } from "bun:test";
import { jsonLog } from "../../../gateway/telemetry/log.ts";
import { isSecretName, scrub, TEXT_LENGTH_MAX } from "../../../gateway/telemetry/redact.ts";

function capture(level: "silent" | "error" | "warn" | "info" = "info") {
  const lines: Record<string, unknown>[] = [];
  const stream = {
    write(line: string): void {
      lines.push(JSON.parse(line));
    },
  };
  const log = jsonLog({ level, now: () => Date.UTC(2026, 0, 2), stream, fields: { role: "site" } });
  return { log, lines };
}

describe("jsonLog()", () => {
  test("writes an event with its fields on one line of JSON", () => {
    const { log, lines } = capture();
    log.info("install-finished", { device: "till-1", attempt: 2, late: false, note: null });
    expect(lines).toEqual([
      {
        level: "info",
        time: "2026-01-02T00:00:00.000Z",
        event: "install-finished",
        role: "site",
        device: "till-1",
        attempt: 2,
        late: false,
        note: null,
      },
    ]);
  });

  test.each([
    ["silent", 0],
    ["error", 1],
    ["warn", 2],
    ["info", 3],
  ] as const)("writes at level %s %d of three lines", (level, expected) => {
    const { log, lines } = capture(level);
    log.info("a");
    log.warn("b");
    log.error("c", new Error("d"));
    expect(lines).toHaveLength(expected);
  });

  test("writes an error with its causes", () => {
    const { log, lines } = capture();
    log.error("sync-failed", new TypeError("outer", { cause: new Error("inner") }), { site: "a" });
    expect(lines[0]).toMatchObject({
      event: "sync-failed",
      site: "a",
      error: { type: "TypeError", message: "outer", cause: { type: "Error", message: "inner" } },
    });
  });

  test("stops at an error that is its own cause", () => {
    const { log, lines } = capture();
    const error = new Error("round");
    error.cause = error;
    log.error("loop", error);
    expect(lines).toHaveLength(1);
  });

  test("writes what was thrown even when it is no error", () => {
    const { log, lines } = capture();
    log.error("odd", "just text");
    expect(lines[0]).toMatchObject({ error: { type: "string", message: "just text" } });
  });

  test("never writes a planted secret, wherever it is", () => {
    const { log, lines } = capture();
    const secret = "s3cr3t-s3cr3t";
    log.info("a", { password: secret, token: secret, joinCode: secret, "x-nonce": secret });
    log.warn("b", {
      url: `https://me:${secret}@hub/x?a=1&sig=${secret}`,
      header: `Bearer ${secret}`,
    });
    log.error("c", new Error(`GET /content?sig=${secret} failed`, { cause: `Basic ${secret}` }));
    expect(JSON.stringify(lines)).not.toContain(secret);
    expect(lines).toHaveLength(3);
  });
});

describe("redaction", () => {
  test.each([
    "password",
    "adminPassword",
    "databaseKey",
    "authorization",
    "Set-Cookie",
    "enrolmentCode",
    "sig",
    "nextNonce",
  ])("%s is a secret's name", (name) => expect(isSecretName(name)).toBe(true));

  test.each(["productId", "code", "key", "status", "device", "passed", "signal"])(
    "%s is not",
    (name) => expect(isSecretName(name)).toBe(false),
  );

  test("keeps a text of TEXT_LENGTH_MAX and cuts a longer one", () => {
    expect(scrub("x".repeat(TEXT_LENGTH_MAX))).toHaveLength(TEXT_LENGTH_MAX);
    expect(scrub("x".repeat(TEXT_LENGTH_MAX + 1))).toBe(`${"x".repeat(TEXT_LENGTH_MAX)}…`);
  });
});
