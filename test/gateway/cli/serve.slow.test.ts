import { describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import engine from "../../../gateway/config/engine.json" with { type: "json" };
import { freePort } from "../../../gateway/demo/child-gateway.ts";
import { startGateway } from "../../harness/process.ts";

const OUTPOST = ["node", join(import.meta.dir, "..", "..", "..", "bin", "outpost.mjs")];
const READY_MS_MAX = 20_000;

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function outpost(words: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const child = Bun.spawn([...OUTPOST, ...words], {
    env: { ...Bun.env, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { code: await child.exited, out, err };
}

/** What the engine of the only child of a process was started with. */
function settingsOfChild(pid: number): string[] {
  const child = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim();
  const variables = readFileSync(`/proc/${child}/environ`, "utf8").split("\0");
  return variables.filter((variable) => variable.startsWith("BUN_JSC_"));
}

describe("outpost both, as an operator runs it", () => {
  test("starts on an empty folder, shows a password once, answers, and stops with code 0", async () => {
    const port = String(await freePort());
    const cwd = mkdtempSync(join(tmpdir(), "outpost-"));
    // What lies in the folder where it is called is not Outpost's configuration.
    writeFileSync(join(cwd, ".env"), "OUTPOST_LOG_LEVEL=silent\n");
    writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./nothing.ts"]\n');
    const dataDir = join(cwd, "data");
    const env = { OUTPOST_PORT: port, OUTPOST_HOST: "127.0.0.1", OUTPOST_DATA_DIR: dataDir };
    const start = (own: Record<string, string> = {}) =>
      Bun.spawn([...OUTPOST, "both"], {
        cwd,
        env: { ...Bun.env, ...env, ...own },
        stdout: "pipe",
        stderr: "pipe",
      });

    const first = start();
    await untilReady(port);
    const settings = Object.entries(engine).map(([name, value]) => `${name}=${value}`);
    expect(settingsOfChild(first.pid)).toEqual(settings);
    const status = await outpost(["status", "--json"], env);
    expect(status.code).toBe(0);
    expect(JSON.parse(status.out)).toMatchObject({ ready: true });
    first.kill("SIGTERM");
    expect(await first.exited).toBe(0);
    const said = await new Response(first.stderr).text();
    expect(said).toContain("One-time password");
    const lines = (await new Response(first.stdout).text()).trim().split("\n");
    const events = lines.map((line) => (JSON.parse(line) as { event: string }).event);
    expect(events).toContain("started");
    expect(events).toContain("stopping");

    const own = settings.map((setting) => setting.replace(/=.*/, "=16000"));
    const second = start(Object.fromEntries(own.map((setting) => setting.split("="))));
    await untilReady(port);
    expect(settingsOfChild(second.pid)).toEqual(own);
    second.kill("SIGINT");
    expect(await second.exited).toBe(0);
    expect(await new Response(second.stderr).text()).not.toContain("One-time password");

    expect((await outpost(["status"], env)).code).toBe(1);
    const doctor = await outpost(["doctor"], env);
    expect(doctor.out).toContain("whole");
    expect(doctor.code).toBe(0);
  }, 90_000);

  test("refuses a second process on the same data with a sentence", async () => {
    await using site = await startGateway({ role: "site" });
    const port = String(await freePort());
    const dataDir = site.process.logPath.replace(/\.log$/, "");
    const second = await outpost(["site", "--data-dir", dataDir, "--port", port]);
    expect(second.code).toBe(1);
    expect(second.err).toContain("Error:");
    expect(second.err).not.toContain("    at ");
  }, 60_000);

  test("refuses a wrong configuration before it opens anything", async () => {
    const { code, err } = await outpost(["site"], { OUTPOST_PORT: "many" });
    expect(code).toBe(2);
    expect(err).toContain("OUTPOST_PORT");
  });
});

describe("outpost simulate", () => {
  test("registers devices, runs them in the encoding asked for, and ends with a table", async () => {
    await using site = await startGateway({ role: "site" });
    const client = await site.signIn();
    const words = [
      "simulate",
      "--site",
      site.url,
      "--devices",
      "6",
      "--interval",
      "1",
      "--for",
      "4",
      ...["--encoding", "wbxml", "--auth", "mac", "--server-auth", "mac"],
      ...["--message-size", "4000", "--listen", "127.0.0.1:0"],
    ];
    const issued = await client.send("/api/v1/tokens", {
      method: "POST",
      json: { name: "fleet", role: "operator" },
    });
    const { token } = (await issued.json()) as { token: string };
    const { code, out, err } = await outpost([...words, "--json"], { OUTPOST_TOKEN: token });
    expect(code).toBe(0);
    expect(err).toMatch(/listen for notifications at 127\.0\.0\.1:\d+/);
    const last = JSON.parse(out.trim().split("\n").at(-1) ?? "") as { sessions: number };
    expect(last).toMatchObject({ devices: 6, problems: {} });
    expect(last.sessions).toBeGreaterThan(5);

    const connection = ["--url", site.url, "--json"];
    const gone = await outpost(["devices", "unenrol", "simulated-001", ...connection], {
      OUTPOST_TOKEN: token,
    });
    expect(JSON.parse(gone.out)).toMatchObject({
      name: "simulated-001",
      enrolment: "unenrol-requested",
    });
    const nobody = await outpost(["devices", "unenrol", "nobody", ...connection], {
      OUTPOST_TOKEN: token,
    });
    expect([nobody.code, nobody.err.trim()]).toEqual([2, "Error: No device is called nobody."]);
  }, 60_000);

  test("enrols PCs with codes, each of which is good once", async () => {
    await using site = await startGateway({ role: "site" });
    const client = await site.signIn();
    const codes = await Promise.all(
      [1, 2].map(async (n) => {
        const made = await client.send("/api/v1/enrolment-codes", {
          method: "POST",
          json: { note: `pc ${n}`, device: {} },
        });
        return ((await made.json()) as { code: string }).code;
      }),
    );
    await Bun.write(join(site.dataDir, "codes.txt"), `# for two PCs\n${codes.join("\n")}\n`);
    const pcs = ["simulate", "--site", site.url, "--devices", "2", "--for", "2", "--interval", "1"];
    const enrolled = await outpost(
      [...pcs, "--profile", "windows11", "--codes", join(site.dataDir, "codes.txt"), "--json"],
      {},
    );
    expect([enrolled.code, enrolled.err]).toEqual([0, "2 devices are switched on.\n"]);
    const listed = await client.send("/api/v1/devices?filter=osPlatform:%22Windows%2011%22");
    expect(((await listed.json()) as { rows: unknown[] }).rows).toHaveLength(2);
    const again = await outpost(
      [...pcs, "--mix", "windows11=1", "--codes", join(site.dataDir, "codes.txt")],
      {},
    );
    expect([again.code, again.err]).toEqual([
      3,
      expect.stringContaining("was not enrolled: The enrolment code was used already."),
    ]);
  }, 60_000);
});

async function untilReady(port: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < READY_MS_MAX; waitedMs += 50) {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (response?.ok) return;
    await wait(50);
  }
  throw new Error("not ready in time");
}
