import { describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import type { DistributionId, Sha256 } from "../../../../devices/model/ids.ts";
import { BlobFolder } from "../../../../gateway/content/blob-folder.ts";
import { writeLock } from "../../../../gateway/db/lock-file.ts";
import { backUp, backUpOpen } from "../../../../gateway/db/maintenance/backup.ts";
import { sessionsPathIn } from "../../../../gateway/db/maintenance/data-folder.ts";
import { examine, type Finding } from "../../../../gateway/db/maintenance/doctor.ts";
import { BackupError } from "../../../../gateway/db/maintenance/manifest.ts";
import { NUMBERS_SKIPPED, restore } from "../../../../gateway/db/maintenance/restore.ts";
import { newSessionFile } from "../../../../gateway/db/sessions/session-file.ts";
import { SqlBlobIndex } from "../../../../gateway/db/stores/blob-index.ts";
import { SqlDdiCatalogueStore } from "../../../../gateway/db/stores/ddi-catalogue-store.ts";
import { SqlSiteLinkStore } from "../../../../gateway/db/stores/site-link-store.ts";
import { SqlSiteStore } from "../../../../gateway/db/stores/site-store.ts";
import { ValueStore } from "../../../../gateway/db/stores/value-store.ts";
import { deviceNamed, factOf, idOf, SITE } from "../../../contracts/site-rows.ts";
import { openFile, TEST_NOW_MS, withFolder } from "../temporary.ts";

const KEY = "a key of the test";
const now = () => TEST_NOW_MS;
const DIGEST = "ab".repeat(32) as Sha256;

describe.each([
  ["plain", undefined],
  ["encrypted", KEY],
])("backup and restore, %s", (_, key) => {
  test("what comes back is what went in, and it knows that it was restored", () =>
    withFolder(async (folder) => {
      const { dataDir, backup } = await backedUp(folder, key);
      const empty = join(folder, "new");
      const result = await restore({ backup, dataDir: empty, key, force: false, now });
      expect(result.putAside).toEqual([]);
      expect(result.missingFiles).toEqual([{ sha256: DIGEST, name: "app.cab", bytes: 3 }]);
      await using database = await openFile(join(empty, "site.db"), { key });
      expect(await new SqlSiteStore(database, SITE).deviceIds()).toEqual([idOf("a")]);
      expect(await new SqlSiteLinkStore(database, SITE).restored()).toBe(true);
      await using original = await openFile(join(dataDir, "site.db"), { key });
      expect(await new SqlSiteLinkStore(original, SITE).restored()).toBe(false);
    }));

  test("no number of a job or a module is given again that was given after the backup", () =>
    withFolder(async (folder) => {
      const dataDir = join(folder, "data");
      mkdirSync(dataDir);
      await addDevice(dataDir, key, "a");
      const before = await nextNumbers(join(dataDir, "site.db"), key);
      const backup = join(folder, "backup");
      await backUp(dataDir, { target: backup, key, now });
      const lost = await nextNumbers(join(dataDir, "site.db"), key);
      expect(lost.job).toBeGreaterThan(before.job);
      await restore({ backup, dataDir, key, force: true, now });
      const after = await nextNumbers(join(dataDir, "site.db"), key);
      expect(after.job).toBeGreaterThanOrEqual(before.job + NUMBERS_SKIPPED);
      expect(after.module).toBeGreaterThanOrEqual(before.module + NUMBERS_SKIPPED);
      expect(Math.max(after.job, after.module)).toBeLessThan(2 ** 31);
      // Also where nothing was numbered when the backup was made.
      const empty = join(folder, "empty");
      mkdirSync(empty);
      await addDevice(empty, key, "b");
      await backUp(empty, { target: join(folder, "early"), key, now });
      const fresh = join(folder, "fresh");
      await restore({ backup: join(folder, "early"), dataDir: fresh, key, force: false, now });
      const first = await nextNumbers(join(fresh, "site.db"), key);
      expect(first.job).toBeGreaterThan(NUMBERS_SKIPPED);
      expect(first.module).toBeGreaterThan(NUMBERS_SKIPPED);
    }));

  test("a present database is only replaced by force, and kept", () =>
    withFolder(async (folder) => {
      const { dataDir, backup } = await backedUp(folder, key);
      await addDevice(dataDir, key, "b");
      const options = { backup, dataDir, key, now };
      await expect(restore({ ...options, force: false })).rejects.toThrow("has a database already");
      const { putAside } = await restore({ ...options, force: true });
      expect(await deviceCount(join(dataDir, "site.db"), key)).toBe(1);
      expect(await deviceCount(putAside[0] ?? "", key)).toBe(2);
      await restore({ ...options, force: true });
      expect(readdirSync(dataDir).filter((name) => name.includes("before-restore"))).toHaveLength(
        2,
      );
    }));
});

describe("backup", () => {
  test("works on a database that is open, while writes go on", () =>
    withFolder(async (folder) => {
      await using database = await openFile(join(folder, "site.db"));
      const store = new SqlSiteStore(database, SITE);
      const before = Array.from({ length: 50 }, (_, index) => addTo(store, `device-${index}`));
      const target = join(folder, "backup");
      const backup = backUpOpen([{ name: "site", connection: database.connection }], {
        target,
        now,
      });
      const during = Array.from({ length: 50 }, (_, index) => addTo(store, `later-${index}`));
      await Promise.all([...before, ...during]);
      const { manifest } = await backup;
      expect(manifest.databases.map(({ name }) => name)).toEqual(["site"]);
      expect(await store.deviceIds()).toHaveLength(100);
      const dataDir = join(folder, "new");
      await restore({ backup: target, dataDir, force: false, now });
      // Whatever moment it caught, it caught whole commits: each is a device and a fact.
      await using restored = await openFile(join(dataDir, "site.db"));
      const [counts] = restored.connection
        .prepare("SELECT (SELECT count(*) FROM devices), (SELECT count(*) FROM facts)")
        .rows();
      expect(counts?.[0]).toBe(counts?.[1]);
    }));

  test("refuses a running gateway, an empty folder, a target that exists, a wrong key", () =>
    withFolder(async (folder) => {
      const { dataDir, backup } = await backedUp(folder, KEY);
      const target = join(folder, "other");
      const options = { target, key: KEY, now };
      await expect(backUp(dataDir, { ...options, target: backup })).rejects.toThrow("exists");
      await expect(backUp(dataDir, { ...options, key: "wrong" })).rejects.toThrow("key does not");
      await expect(backUp(join(folder, "none"), options)).rejects.toThrow("no database in");
      await using _ = await openFile(join(dataDir, "site.db"), { key: KEY });
      await expect(backUp(dataDir, options)).rejects.toThrow("running gateway");
      expect(existsSync(target)).toBe(false);
      expect(existsSync(`${target}.partial`)).toBe(false);
    }));
});

describe("restore", () => {
  test("refuses what is not whole before it touches anything", () =>
    withFolder(async (folder) => {
      const { dataDir, backup } = await backedUp(folder, undefined);
      const present = readFileSync(join(dataDir, "site.db"));
      const options = { backup, dataDir, force: true, now };
      const copy = join(backup, "site.db");
      const bytes = readFileSync(copy);
      for (const damaged of [bytes.subarray(0, -1), Buffer.concat([bytes.subarray(1), bytes])]) {
        writeFileSync(copy, damaged);
        await expect(restore(options)).rejects.toThrow("checksum differs");
      }
      writeFileSync(copy, bytes);
      await expect(restore({ ...options, key: KEY })).rejects.toThrow("is not encrypted");
      writeFileSync(join(backup, "manifest.json"), '{"format": 2}');
      await expect(restore(options)).rejects.toThrow("newer version");
      rmSync(join(backup, "manifest.json"));
      await expect(restore(options)).rejects.toBeInstanceOf(BackupError);
      expect(readFileSync(join(dataDir, "site.db"))).toEqual(present);
    }));

  test.each([
    ["encrypted", KEY, undefined],
    ["not encrypted", undefined, KEY],
  ])(
    "refuses a data folder in use that is %s, also for a backup that is not alike",
    (_, key, backupKey) =>
      withFolder(async (folder) => {
        const { backup } = await backedUp(folder, backupKey);
        const dataDir = join(folder, "running");
        mkdirSync(dataDir);
        await using database = await openFile(join(dataDir, "site.db"), { key });
        await new SqlSiteStore(database, SITE).commit([{ device: idOf("x") }]);
        const options = { backup, dataDir, key: backupKey, force: true, now };
        await expect(restore(options)).rejects.toThrow("in use by a running gateway");
        expect(readdirSync(dataDir).filter((name) => name.includes("restor"))).toEqual([]);
      }),
  );

  test("interrupted anywhere, it keeps everybody from starting until it is run again", () =>
    withFolder(async (folder) => {
      const { dataDir, backup } = await backedUp(folder, undefined);
      const path = join(dataDir, "site.db");
      await addDevice(dataDir, undefined, "b");
      // Killed when the database that was there is aside, and the copy not yet in its place.
      writeFileSync(`${path}.restoring`, readFileSync(join(backup, "site.db")));
      renameSync(path, join(folder, "aside.db"));
      await expect(openFile(path)).rejects.toThrow("was interrupted");
      expect(existsSync(path)).toBe(false);
      const findings = await examine({ dataDir, freeDiskBytesMin: 0 });
      expect(findings.some(({ about, level }) => about === "restore" && level === "problem")).toBe(
        true,
      );
      await restore({ backup, dataDir, force: true, now });
      expect(await deviceCount(path, undefined)).toBe(1);
    }));

  test("one that fails while it copies leaves everything as it was", () =>
    withFolder(async (folder) => {
      const { dataDir, backup } = await backedUp(folder, undefined);
      mkdirSync(join(dataDir, "site.db.restoring", "in the way"), { recursive: true });
      await expect(restore({ backup, dataDir, force: true, now })).rejects.toThrow();
      rmSync(join(dataDir, "site.db.restoring"), { recursive: true });
      expect(await deviceCount(join(dataDir, "site.db"), undefined)).toBe(1);
    }));

  test("refuses a data folder that is in use", () =>
    withFolder(async (folder) => {
      const { dataDir, backup } = await backedUp(folder, undefined);
      await using _ = await openFile(join(dataDir, "site.db"));
      const restoring = restore({ backup, dataDir, force: true, now });
      await expect(restoring).rejects.toThrow("running gateway");
    }));

  test("an old log is not read into the restored database", () =>
    withFolder(async (folder) => {
      const { dataDir, backup } = await backedUp(folder, undefined);
      writeFileSync(join(dataDir, "site.db-wal"), "left behind");
      writeLock(join(dataDir, "site.db"), { pid: 1, afterUncleanEnd: true });
      await restore({ backup, dataDir, force: true, now });
      expect(existsSync(join(dataDir, "site.db-wal"))).toBe(false);
      expect(existsSync(join(dataDir, "site.db.lock"))).toBe(false);
      expect(await deviceCount(join(dataDir, "site.db"), undefined)).toBe(1);
    }));
});

describe("doctor", () => {
  const words = (findings: readonly Finding[]) =>
    findings.map(({ level, about }) => `${level} ${about}`);
  const freeDiskBytesMin = 1;

  test("finds nothing wrong with a healthy folder", () =>
    withFolder(async (folder) => {
      const { dataDir } = await backedUp(folder, KEY);
      const findings = await examine({ dataDir, key: KEY, freeDiskBytesMin });
      expect(words(findings)).toEqual(["ok disk", "ok database", "ok schema", "ok content"]);
    }));

  test("names a missing file, a stray file, an unclean end and a full disk", () =>
    withFolder(async (folder) => {
      const { dataDir } = await backedUp(folder, undefined);
      const blob = new BlobFolder(join(dataDir, "content")).blobPath(DIGEST);
      writeLock(join(dataDir, "site.db"), { pid: 77, afterUncleanEnd: false });
      const stray = await examine({ dataDir: withStray(dataDir), freeDiskBytesMin });
      expect(words(stray)).toEqual([
        "ok disk",
        "ok database",
        "warning lock",
        "ok schema",
        "warning content",
      ]);
      expect(stray.at(-1)?.text).toContain("in no list");
      rmSync(blob);
      const missing = await examine({ dataDir, freeDiskBytesMin: 2 ** 60 });
      expect(words(missing)[0]).toBe("problem disk");
      expect(missing.at(-1)?.text).toContain("app.cab");
      expect(missing.find(({ about }) => about === "lock")?.text).toContain("process 77");
    }));

  test("says when there is no folder, no database, no key, a wrong one, or a running gateway", () =>
    withFolder(async (folder) => {
      const { dataDir } = await backedUp(folder, KEY);
      const look = async (change: { dataDir?: string; key?: string | undefined }) =>
        words(await examine({ dataDir, key: KEY, freeDiskBytesMin, ...change }));
      expect(await look({ dataDir: join(folder, "none") })).toEqual(["problem folder"]);
      mkdirSync(join(folder, "empty"));
      expect(await look({ dataDir: join(folder, "empty") })).toEqual([
        "ok disk",
        "warning database",
      ]);
      expect(await look({ key: undefined })).toEqual(["ok disk", "problem database"]);
      expect(await look({ key: "wrong" })).toEqual(["ok disk", "problem database"]);
      await using _ = await openFile(join(dataDir, "site.db"), { key: KEY });
      expect(await look({})).toEqual(["ok disk", "ok lock"]);
    }));

  test("says what recorded sessions take, and that nothing depends on them", () =>
    withFolder(async (folder) => {
      const { dataDir, backup } = await backedUp(folder, KEY);
      const path = sessionsPathIn(dataDir);
      newSessionFile(path, KEY).close();
      const [found] = (await examine({ dataDir, key: KEY, freeDiskBytesMin })).slice(-1);
      expect(found).toMatchObject({ level: "ok", about: "sessions" });
      writeFileSync(path, "damaged ".repeat(1_000));
      const [damaged] = (await examine({ dataDir, key: KEY, freeDiskBytesMin })).slice(-1);
      expect(damaged).toMatchObject({ level: "warning", about: "sessions" });
      expect(damaged?.text).toContain("nothing else depends on it");
      expect(readdirSync(backup).filter((name) => name.includes("sessions"))).toEqual([]);
    }));

  test("says when the database is of a newer version", () =>
    withFolder(async (folder) => {
      const { dataDir } = await backedUp(folder, undefined);
      const database = await openFile(join(dataDir, "site.db"));
      database.connection
        .prepare("INSERT INTO __drizzle_migrations (hash, created_at) VALUES (?, ?)")
        .run("later", 1);
      await database.close();
      const findings = await examine({ dataDir, freeDiskBytesMin });
      expect(words(findings)).toEqual(["ok disk", "ok database", "problem schema"]);
    }));
});

/** A data folder with one device and one file, and a backup of it. */
async function backedUp(folder: string, key: string | undefined) {
  const dataDir = join(folder, "data");
  mkdirSync(dataDir);
  await addDevice(dataDir, key, "a");
  const backup = join(folder, "backup");
  const { manifest } = await backUp(dataDir, { target: backup, key, now });
  expect(manifest).toMatchObject({
    madeAtMs: TEST_NOW_MS,
    databases: [{ name: "site", isEncrypted: key !== undefined, files: [{ name: "app.cab" }] }],
  });
  return { dataDir, backup };
}

/** Gives a number to a job, and to a module. */
async function nextNumbers(path: string, key: string | undefined) {
  await using database = await openFile(path, { key });
  const store = new SqlSiteStore(database, SITE);
  const [device] = await store.deviceIds();
  if (!device) throw new Error("no device");
  const attempt = (await store.jobs(device)).length + 1;
  const work = { device, distribution: "d-1" as DistributionId, attempt, protocol: "ddi" as const };
  await store.commit([{ device, jobs: [{ ...work, state: "{}", updatedAtMs: TEST_NOW_MS }] }]);
  const catalogue = new SqlDdiCatalogueStore(new ValueStore(database), database);
  const [module = 0] = await catalogue.numbers(1);
  return { job: (await store.jobs(device)).at(-1)?.id ?? 0, module };
}

async function addDevice(dataDir: string, key: string | undefined, name: string): Promise<void> {
  await using database = await openFile(join(dataDir, "site.db"), { key });
  await addTo(new SqlSiteStore(database, SITE), name);
  const record = {
    sha256: DIGEST,
    md5: null,
    name: "app.cab",
    bytes: 3,
    state: "complete" as const,
    filledBytes: 3,
    etag: null,
    problem: null,
    verifiedAtMs: null,
  };
  await new SqlBlobIndex(database).put(record, 1);
  const path = new BlobFolder(join(dataDir, "content")).blobPath(DIGEST);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "abc");
}

function addTo(store: SqlSiteStore, name: string): Promise<void> {
  return store.commit([
    { device: idOf(name), put: deviceNamed(name), facts: [factOf(name, "registered")] },
  ]);
}

function withStray(dataDir: string): string {
  const digest = "cd".repeat(32) as Sha256;
  const path = new BlobFolder(join(dataDir, "content")).blobPath(digest);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "stray");
  return dataDir;
}

async function deviceCount(path: string, key: string | undefined): Promise<number> {
  await using database = await openFile(path, { key });
  return (await new SqlSiteStore(database, SITE).deviceIds()).length;
}
