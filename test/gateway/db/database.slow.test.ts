import { describe, expect, test } from "bun:test";
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readFileSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { Connection } from "../../../gateway/db/driver/connection.ts";
import { DatabaseDamagedError } from "../../../gateway/db/driver/database-error.ts";
import { CRASH_LOOP_MS, lockPathOf, readLock, writeLock } from "../../../gateway/db/lock-file.ts";
import { checkDatabaseFile } from "../../../gateway/db/maintenance/check-file.ts";
import { SqlSiteStore } from "../../../gateway/db/stores/site-store.ts";
import { deviceNamed, factOf, idOf, rowOf, SITE } from "../../contracts/site-rows.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { openFile, withFolder } from "./temporary.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());
const DAMAGED_FILES = 24;

describe("openDatabase()", () => {
  test("a second process is refused and told who has it", () =>
    withFolder(async (folder) => {
      const path = join(folder, "site.db");
      const database = await openFile(path);
      expect(readLock(path)).toEqual({ pid: process.pid, afterUncleanEnd: false });
      const child = Bun.spawnSync([process.execPath, join(import.meta.dir, "open-once.ts"), path]);
      expect(child.stdout.toString()).toContain(`in use by process ${process.pid}`);
      await expect(openFile(path)).rejects.toMatchObject({ code: "unavailable" });
      // The refused ones took nothing from us: neither lock nor file.
      expect(readLock(path)?.pid).toBe(process.pid);
      expect(await checkDatabaseFile({ path, depth: "quick" })).toEqual({ kind: "busy" });
      await database.close();
      expect(existsSync(lockPathOf(path))).toBe(false);
    }));

  test("a lock file of a dead process does not block the start", () =>
    withFolder(async (folder) => {
      const path = join(folder, "site.db");
      await (await openFile(path)).close();
      writeLock(path, { pid: 1, afterUncleanEnd: false });
      const database = await openFile(path);
      expect(readLock(path)).toEqual({ pid: process.pid, afterUncleanEnd: true });
      await database.close();
    }));

  test("what was committed is there after closing and opening", () =>
    withFolder(async (folder) => {
      const path = join(folder, "site.db");
      await fill(path, undefined, 3);
      await using database = await openFile(path);
      const store = new SqlSiteStore(database, SITE);
      expect(await store.deviceIds()).toHaveLength(3);
    }));
});

describe("encryption", () => {
  const key = "0123456789abcdef";

  test("the file tells nothing without the key", () =>
    withFolder(async (folder) => {
      const path = join(folder, "site.db");
      await fill(path, key, 3);
      const bytes = readFileSync(path).toString("latin1");
      expect(bytes).not.toContain("SQLite format");
      expect(bytes).not.toContain("Contoso");
      await using database = await openFile(path, { key });
      expect(await new SqlSiteStore(database, SITE).deviceIds()).toHaveLength(3);
    }));

  test.each([
    ["a wrong key", "another key", /key does not open the database/],
    ["no key", undefined, /is encrypted.*OUTPOST_DATABASE_KEY/],
  ])("%s is refused in words, and harms nothing", (_, wrong, message) =>
    withFolder(async (folder) => {
      const path = join(folder, "site.db");
      await fill(path, key, 1);
      await expect(openFile(path, { key: wrong })).rejects.toThrow(message);
      writeLock(path, { pid: 1, afterUncleanEnd: true });
      await expect(openFile(path, { key: wrong })).rejects.toThrow(message);
      await (await openFile(path, { key })).close();
    }),
  );

  test("a key for a plain database is refused", () =>
    withFolder(async (folder) => {
      const path = join(folder, "site.db");
      await fill(path, undefined, 1);
      await expect(openFile(path, { key })).rejects.toThrow("is not encrypted");
    }));
});

describe("a damaged file", () => {
  test("text that is not UTF-8 ends no second start", () =>
    withFolder(async (folder) => {
      const path = join(folder, "site.db");
      await fill(path, undefined, 3);
      damageText(path, "Contoso");
      // It would end the process that reads it: the structure is whole.
      expect(await checkDatabaseFile({ path, depth: "quick" })).toEqual({ kind: "ok" });
      expect(await checkDatabaseFile({ path, depth: "full" })).toEqual({
        kind: "damaged",
        problems: ["the table devices holds text that is not readable"],
      });
      writeLock(path, { pid: 1, afterUncleanEnd: true });
      await expect(openFile(path)).rejects.toThrow(/is damaged.*outpost restore/);
      await expect(openFile(path)).rejects.toBeInstanceOf(DatabaseDamagedError);
    }));

  test("a process that lived long before it was killed does not call for the full check", () =>
    withFolder(async (folder) => {
      const path = join(folder, "site.db");
      await fill(path, undefined, 3);
      damageText(path, "Contoso");
      writeLock(path, { pid: 1, afterUncleanEnd: true });
      const longAgo = new Date(Date.now() - 2 * CRASH_LOOP_MS);
      utimesSync(lockPathOf(path), longAgo, longAgo);
      await (await openFile(path)).close();
    }));

  test("a file that is no database is refused in words", () =>
    withFolder(async (folder) => {
      const path = join(folder, "site.db");
      writeFileSync(path, "SQLite format 3\0 but nothing else");
      await expect(openFile(path)).rejects.toBeInstanceOf(DatabaseDamagedError);
      writeFileSync(path, "hello");
      await expect(openFile(path)).rejects.toThrow("is encrypted (or not a database)");
    }));

  test(`${DAMAGED_FILES} files with random damage: found, or harmless to read (TEST_SEED=${SEED})`, () =>
    withFolder(async (folder) => {
      const random = seededRandom(SEED);
      const good = join(folder, "good.db");
      await fill(good, undefined, 60);
      for (let index = 0; index < DAMAGED_FILES; index++) {
        const path = join(folder, `damaged-${index}.db`);
        copyFileSync(good, path);
        damage(path, random);
        const check = await checkDatabaseFile({ path, depth: "full" });
        if (check.kind === "ok") readEverything(path);
        else expect(["damaged", "wrong-key"]).toContain(check.kind);
      }
    }));
});

async function fill(path: string, key: string | undefined, devices: number): Promise<void> {
  await using database = await openFile(path, { key });
  const store = new SqlSiteStore(database, SITE);
  for (let index = 0; index < devices; index++) {
    const name = `device-${index}`;
    await store.commit([
      {
        device: idOf(name),
        put: deviceNamed(name),
        alias: { device: idOf(name), protocol: "oma-dm", externalId: name },
        installations: [rowOf(name, "d1"), rowOf(name, "d2")],
        facts: [factOf(name, "6"), factOf(name, "Installation ‘läuft’")],
      },
    ]);
  }
}

function damageText(path: string, text: string): void {
  const at = readFileSync(path).indexOf(text);
  expect(at).toBeGreaterThan(0);
  overwrite(path, at + 1, new Uint8Array([0xff]));
}

/** Some bytes changed, a page zeroed, or the end cut off. */
function damage(path: string, random: () => number): void {
  const { length } = readFileSync(path);
  const kind = random();
  if (kind < 0.7) {
    for (let change = 0; change < 20; change++) {
      const byte = Math.floor(random() * 256);
      overwrite(path, Math.floor(random() * length), new Uint8Array([byte]));
    }
  } else if (kind < 0.85) {
    overwrite(path, Math.floor((random() * length) / 4096) * 4096, new Uint8Array(4096));
  } else {
    writeFileSync(path, readFileSync(path).subarray(0, Math.floor(random() * length)));
  }
}

function overwrite(path: string, at: number, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

/** Ends this whole test process if the check has overlooked something. */
function readEverything(path: string): void {
  const connection = new Connection(path);
  const tables = connection
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    .rows();
  for (const [table] of tables) connection.prepare(`SELECT * FROM "${table}"`).rows();
  connection.close();
}
