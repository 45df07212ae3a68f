import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { freePort } from "../../gateway/demo/child-gateway.ts";
import { AutoPhone } from "../harness/auto-phone.ts";
import { contentIsHere, SETTLE_MS } from "../harness/branch.ts";
import { outpost } from "../harness/outpost.ts";
import { ADMIN, startGateway } from "../harness/process.ts";
import { Scenario } from "../harness/scenario.ts";
import { settled } from "../harness/settled.ts";

const Who = z.looseObject({ csrfToken: z.string() });

describe("a gateway's process", () => {
  test("keeps what it writes to itself: keys and hashes of passwords are in its databases", async () => {
    await using gateway = await startGateway({ role: "both" });
    const { dataDir } = gateway.process;
    const written = readdirSync(dataDir, { recursive: true }).map((name) =>
      join(dataDir, String(name)),
    );
    expect(written.some((path) => path.endsWith("site.db"))).toBe(true);
    const open = [dataDir, ...written].filter((path) => (statSync(path).mode & 0o077) !== 0);
    expect(open).toEqual([]);
  }, 30_000);

  test("ends with code 0 at SIGTERM while pages are open and keep listening", async () => {
    await using gateway = await startGateway({ role: "both" });
    const login = await fetch(`${gateway.url}/api/v1/session`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(ADMIN),
    });
    Who.parse(await login.json());
    const cookie = login.headers.getSetCookie()[0]?.split(";")[0] ?? "";
    const pages = await Promise.all(
      [1, 2, 3].map(() => fetch(`${gateway.url}/console/events`, { headers: { cookie } })),
    );
    for (const page of pages) {
      expect([page.status, page.headers.get("content-type")]).toEqual([
        200,
        "text/event-stream; charset=utf-8",
      ]);
    }
    expect(await gateway.process.stop()).toBe(0);
    await Promise.all(pages.map((page) => page.text())); // Each stream has ended.
  }, 30_000);

  test("that `npm start` made ends when only npm is told to", async () => {
    const folder = mkdtempSync(join(tmpdir(), "outpost-npm-"));
    const port = await freePort();
    const npm = Bun.spawn(["npm", "start"], {
      cwd: join(import.meta.dir, "..", ".."),
      env: { ...process.env, OUTPOST_DATA_DIR: join(folder, "data"), OUTPOST_PORT: String(port) },
      stdout: "ignore",
      stderr: "ignore",
    });
    /** The files that a process has while it holds its databases. */
    const locks = () =>
      readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith(".lock"));
    const answers = () =>
      fetch(`http://127.0.0.1:${port}/livez`).then(
        ({ ok }) => ok,
        () => false,
      );
    await settled("the gateway answers", SETTLE_MS, async () => (await answers()) || undefined);
    expect(locks()).toHaveLength(2);
    npm.kill("SIGTERM");
    await npm.exited;
    await settled("it is gone", SETTLE_MS, async () => (locks().length === 0 ? true : undefined));
    expect(await answers()).toBe(false);
    rmSync(folder, { recursive: true });
  }, 60_000);

  test.each([
    ["a port that is taken", "port", "Port", 1],
    ["a folder that is a file", "file", "cannot be made", 1],
    ["a folder that another gateway uses", "folder", "is in use by process", 1],
    ["an address that it has not", "host", "no address of this machine", 1],
    ["a test clock that others could reach", "clock", "loopback", 2],
  ])(
    "refuses %s with a sentence",
    async (_, kind, words, code) => {
      await using site = await startGateway({ role: "site" });
      const folder = mkdtempSync(join(tmpdir(), "outpost-refused-"));
      const file = join(folder, "file");
      writeFileSync(file, "");
      const taken = new URL(site.url).port;
      const settings: Record<string, string> = {
        OUTPOST_HOST: kind === "host" ? "203.0.113.9" : kind === "clock" ? "0.0.0.0" : "127.0.0.1",
        OUTPOST_PORT: kind === "port" ? taken : String(await freePort()),
        OUTPOST_DATA_DIR: { file, folder: site.dataDir }[kind] ?? join(folder, "data"),
        OUTPOST_TEST_CLOCK: kind === "clock" ? "1" : "0",
      };
      const ran = await outpost(["site"], settings);
      rmSync(folder, { recursive: true });
      expect(ran.code).toBe(code);
      expect(ran.err).toContain(words);
      expect(ran.err).not.toContain("    at ");
    },
    30_000,
  );

  test("that is its own hub serves the hub's files to its devices", async () => {
    await using site = await Scenario.start({ role: "both" });
    const hub = site.at(await site.gateway.signIn("/hub"));
    await hub.prepare();
    const { id, raw } = await site.device("phone");
    const distribution = await hub.distribute("1.0.0.0");
    await settled("the site knows the distribution", SETTLE_MS, async () =>
      (await site.rows(`distribution:${distribution}`)).length === 1 ? true : undefined,
    );
    await contentIsHere(site);
    await site.request(id, distribution);
    await site.gateway.advance(60_000);
    expect(await new AutoPhone(id, raw).contact()).toEqual(["1.0.0.0"]);
  }, 30_000);
});
