import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { allInstallations } from "../../../gateway/client/rows.ts";
import { signIn } from "../../../gateway/client/sign-in.ts";
import { FAMILIES, KIOSK_APP } from "../../../gateway/demo/families.ts";

const MAIN = join(import.meta.dir, "..", "..", "..", "gateway", "main.ts");
const DEVICES = 56;
const KIOSKS = 6;

/** Its end is looked at while the consoles are up: what they say, and what is really there. */
test("outpost demo: all families in one table, true on the devices; nothing is left when it is killed", async () => {
  const demo = Bun.spawn([process.execPath, MAIN, "demo"], { stdout: "pipe", stderr: "ignore" });
  let out = "";
  const decoder = new TextDecoder();
  for await (const chunk of demo.stdout) {
    out += decoder.decode(chunk, { stream: true });
    if (out.includes("npm start")) break;
  }
  expect(out).toContain(`The hub's ${DEVICES} rows equal the sites' ${DEVICES} rows. All`);
  expect(out).toContain("was killed (kill -9)");
  expect(out).toContain("marks it as stale");
  const titles = FAMILIES.map(({ label, app }) => `${label}: ${app.name} ${app.version}`);
  expect(out.split("\n").filter((line) => titles.includes(line))).toEqual(titles);

  const hub = /Hub +(http:\S+)/.exec(out)?.[1] ?? "";
  const [, name = "", password = ""] = /user (\S+), password (\S+)/.exec(out) ?? [];
  const expiresAt = new Date(Date.now() + 3_600_000).toISOString();
  const client = await signIn(hub, { name, password }, { name: "test", expiresAt });
  const rows = await allInstallations(client, "");
  expect(rows).toHaveLength(DEVICES);
  const unexplained = rows.filter(
    ({ nativeValue, reason }) => nativeValue === null && reason === null,
  );
  expect(unexplained).toEqual([]);
  // A night's windows are enough for most: few poll too late for theirs, few fail.
  const installed = rows.filter(({ status }) => status === "installed");
  expect(installed.length).toBeGreaterThan(DEVICES / 2);

  // Of `ls -R …/vienna-kiosk-001/device`.
  const kiosks = dirname(dirname(/ls -R (\S+)/.exec(out)?.[1] ?? ""));
  const kioskRows = rows.filter((row) => row.package === "kiosks");
  expect(kioskRows.map(({ deviceName }) => deviceName).sort()).toEqual(readdirSync(kiosks).sort());
  expect(kioskRows).toHaveLength(KIOSKS);
  for (const { deviceName, status, nativeValue, reason } of kioskRows) {
    const folder = join(kiosks, deviceName, "device", "kiosk");
    const isBlocked = existsSync(folder) && statSync(join(folder, "settings.json")).isDirectory();
    const said = [deviceName, status, nativeValue, reason];
    // Its instant came when it did not poll any more.
    if (status === "pending_install") expect(said).toEqual([deviceName, status, null, "window"]);
    else if (isBlocked) expect(said).toEqual([deviceName, "failed", "action-failed", null]);
    else expect(said).toEqual([deviceName, "installed", "succeeded", null]);
    const has = (file: string) => existsSync(join(folder, file));
    // Its last step runs a program, and only where all before it went well.
    expect([deviceName, has("set-up.txt")]).toEqual([deviceName, status === "installed"]);
    expect([deviceName, has("index.html")]).toEqual([deviceName, status !== "pending_install"]);
    if (status === "installed") {
      expect(readFileSync(join(folder, "settings.json"), "utf8")).toBe(KIOSK_APP.settings);
    }
  }

  const children = childrenOf(demo.pid);
  expect(children.length).toBeGreaterThanOrEqual(3);
  demo.kill("SIGKILL");
  await demo.exited;
  for (let waitedMs = 0; waitedMs < 10_000 && children.some(isRunning); waitedMs += 100) {
    await wait(100);
  }
  expect(children.filter(isRunning)).toEqual([]);
  rmSync(dirname(kiosks), { recursive: true }); // Who is killed cannot tidy up.
}, 300_000);

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && parentOf(pid) === parent);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  } catch {
    return undefined; // It ended while we looked.
  }
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}
