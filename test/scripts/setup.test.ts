import { describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { loadScripts } from "./scripts.ts";

const { isInstalled, withLock } = await loadScripts();

describe("isInstalled()", () => {
  const WANTED = { "": {}, "node_modules/a": { version: "1.0.0" } };

  test.each([
    ["nothing is there", undefined, false],
    ["everything is there", { "node_modules/a": { version: "1.0.0" } }, true],
    ["one version is another", { "node_modules/a": { version: "1.0.1" } }, false],
    ["one package is missing", {}, false],
  ])("when %s", (_name, present, expected) => {
    expect(isInstalled(folder(WANTED, present))).toBe(expected);
  });

  test("does not ask for optional packages: they are for other systems", () => {
    const wanted = { ...WANTED, "node_modules/b": { version: "1.0.0", optional: true } };
    expect(isInstalled(folder(wanted, { "node_modules/a": { version: "1.0.0" } }))).toBe(true);
  });

  test("says what to do when the lock file is missing", () => {
    expect(() => isInstalled(mkdtempSync(join(tmpdir(), "outpost-")))).toThrow("complete copy");
  });
});

describe("withLock()", () => {
  test("lets one in at a time and leaves nothing behind", async () => {
    const path = lockPath();
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await Promise.resolve();
      inside -= 1;
    };
    await Promise.all([withLock(path, work), withLock(path, work)]);
    expect(most).toBe(1);
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });

  test("is free again after the work failed", async () => {
    const path = lockPath();
    const failing = withLock(path, () => Promise.reject(new Error("no room")));
    expect(failing).rejects.toThrow("no room");
    await failing.catch(() => undefined);
    expect(await withLock(path, async () => "in")).toBe("in");
  });

  test("takes over from a holder that died", async () => {
    const path = lockPath();
    const dead = Bun.spawnSync(["true"]).pid;
    writeFileSync(path, JSON.stringify({ token: "old", pid: dead, host: hostname() }));
    expect(await withLock(path, async () => "in")).toBe("in");
    expect(readdirSync(join(path, ".."))).toEqual([]);
  });
});

function lockPath(): string {
  return join(mkdtempSync(join(tmpdir(), "outpost-")), "lock");
}

function folder(wanted: object, present: object | undefined): string {
  const root = mkdtempSync(join(tmpdir(), "outpost-"));
  writeFileSync(join(root, "package-lock.json"), JSON.stringify({ packages: wanted }));
  if (present !== undefined) {
    mkdirSync(join(root, "node_modules"));
    writeFileSync(
      join(root, "node_modules", ".package-lock.json"),
      JSON.stringify({ packages: present }),
    );
  }
  return root;
}
