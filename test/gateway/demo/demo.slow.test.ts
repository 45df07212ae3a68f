import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

const MAIN = join(import.meta.dir, "..", "..", "..", "gateway", "main.ts");

test("outpost demo --once ends with equal reports and code 0", async () => {
  const demo = Bun.spawn([process.execPath, MAIN, "demo", "--once"], {
    stdout: "pipe",
    stderr: "pipe",
  });
  const out = await new Response(demo.stdout).text();
  const code = await demo.exited;
  expect({ code, out, err: await new Response(demo.stderr).text() }).toMatchObject({ code: 0 });
  expect(out).toContain("The hub's 40 rows equal the sites' 40 rows.");
  expect(out).toContain("marks it as stale");
}, 120_000);

test("outpost demo leaves the consoles up, and nothing behind when it is killed", async () => {
  const demo = Bun.spawn([process.execPath, MAIN, "demo"], { stdout: "pipe", stderr: "ignore" });
  let out = "";
  const decoder = new TextDecoder();
  for await (const chunk of demo.stdout) {
    out += decoder.decode(chunk, { stream: true });
    if (out.includes(", password ")) break;
  }
  const hub = /Hub +(http:\S+)/.exec(out)?.[1] ?? "";
  expect((await fetch(hub)).status).toBe(200);
  const children = childrenOf(demo.pid);
  expect(children.length).toBeGreaterThanOrEqual(3);

  demo.kill("SIGKILL");
  await demo.exited;
  for (let waitedMs = 0; waitedMs < 10_000 && children.some(isRunning); waitedMs += 100) {
    await wait(100);
  }
  expect(children.filter(isRunning)).toEqual([]);
}, 120_000);

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
