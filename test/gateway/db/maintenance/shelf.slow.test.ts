/** Backups that a running gateway makes of itself: the copies are checked in a process of their own. */
import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DiskFloor } from "../../../../gateway/content/disk-floor.ts";
import type { OutpostDatabase } from "../../../../gateway/db/database.ts";
import { holderOf } from "../../../../gateway/db/maintenance/backup.ts";
import { copyBackup } from "../../../../gateway/db/maintenance/copy.ts";
import { restore } from "../../../../gateway/db/maintenance/restore.ts";
import { BackupShelf } from "../../../../gateway/db/maintenance/shelf.ts";
import { SqlSiteStore } from "../../../../gateway/db/stores/site-store.ts";
import { deviceNamed, idOf, SITE } from "../../../contracts/site-rows.ts";
import { openFile, TEST_NOW_MS, withFolder } from "../temporary.ts";

const KEY = "a key of the test";
const PLENTY = { totalBytes: 1e12, freeBytes: 1e12 };

interface Bench {
  readonly folder: string;
  readonly dataDir: string;
  readonly shelf: BackupShelf;
  readonly clock: { nowMs: number };
  readonly database: OutpostDatabase;
  addDevice(name: string): Promise<void>;
}

/** A gateway's databases, open, and a shelf for them. */
function withShelf(
  body: (bench: Bench) => Promise<void>,
  options: { readonly key?: string; readonly kept?: number; readonly freeBytes?: number } = {},
): Promise<void> {
  return withFolder(async (folder) => {
    const { key, kept = 3, freeBytes = PLENTY.freeBytes } = options;
    const dataDir = join(folder, "data");
    mkdirSync(dataDir);
    await using database = await openFile(join(dataDir, "site.db"), { key });
    await using hub = await openFile(join(dataDir, "hub.db"), { key });
    const clock = { nowMs: TEST_NOW_MS };
    const shelf = new BackupShelf({
      folder: join(dataDir, "backups"),
      kept,
      key,
      diskFloor: new DiskFloor(async () => ({ ...PLENTY, freeBytes }), 1000),
      now: () => clock.nowMs,
    });
    shelf.add("site", database.connection);
    shelf.add("hub", hub.connection);
    const store = new SqlSiteStore(database, SITE);
    const addDevice = (name: string) =>
      store.commit([{ device: idOf(name), put: deviceNamed(name) }]);
    await body({ folder, dataDir, shelf, clock, database, addDevice });
  });
}

describe.each([
  ["plain", undefined],
  ["encrypted", KEY],
])("a running gateway's backup, %s", (_, key) => {
  test("holds all databases of the process, and comes back as one that was restored", () =>
    withShelf(
      async ({ addDevice, folder, shelf }) => {
        await addDevice("before");
        const making = shelf.make(undefined);
        const made = await making;
        await addDevice("after");
        expect(made.name).toBe(
          new Date(TEST_NOW_MS)
            .toISOString()
            .slice(0, 19)
            .replaceAll(":", "-")
            .toLowerCase()
            .concat("z"),
        );
        expect(made.manifest.databases.map(({ isEncrypted, name }) => [name, isEncrypted])).toEqual(
          [
            ["site", key !== undefined],
            ["hub", key !== undefined],
          ],
        );
        const dataDir = join(folder, "new");
        const now = () => TEST_NOW_MS;
        await restore({ backup: made.folder, dataDir, key, force: false, now });
        await using restored = await openFile(join(dataDir, "site.db"), { key });
        expect(await new SqlSiteStore(restored, SITE).deviceIds()).toEqual([idOf("before")]);
        expect(existsSync(join(dataDir, "hub.db"))).toBe(true);
      },
      { ...(key === undefined ? {} : { key }) },
    ));

  test("is made by the process that holds the folder, which can be told from outside", () =>
    withShelf(
      async ({ dataDir }) => {
        expect(await holderOf(dataDir, { key })).toBe(process.pid);
        // Whoever has not the key can still tell.
        expect(await holderOf(dataDir, {})).toBe(process.pid);
      },
      { ...(key === undefined ? {} : { key }) },
    ));
});

describe("the shelf", () => {
  test("keeps the newest, lets the oldest go, and touches nothing that is no backup", () =>
    withShelf(
      async ({ clock, dataDir, shelf }) => {
        const backups = join(dataDir, "backups");
        mkdirSync(join(backups, "photos"), { recursive: true });
        writeFileSync(join(backups, "readme.txt"), "mine");
        const names: string[] = [];
        for (let time = 0; time < 4; time++) {
          clock.nowMs += 60_000;
          names.unshift((await shelf.make(undefined)).name);
        }
        expect((await shelf.list()).map(({ name }) => name)).toEqual(names.slice(0, 2));
        expect(readdirSync(backups).sort()).toEqual(
          ["photos", "readme.txt", ...names.slice(0, 2)].sort(),
        );
        expect(await shelf.remove("photos")).toBe(false);
        expect(await shelf.remove(names[0] ?? "")).toBe(true);
        expect(await shelf.remove(names[0] ?? "")).toBe(false);
        expect(existsSync(join(backups, "photos"))).toBe(true);
      },
      { kept: 2 },
    ));

  test("a clock that stands still, or goes back, gives every backup a name; the one just made stays", () =>
    withShelf(
      async ({ clock, shelf }) => {
        const first = await shelf.make(undefined);
        const second = await shelf.make(undefined);
        expect(second.name).toBe(`${first.name}-2`);
        clock.nowMs -= 3_600_000;
        const third = await shelf.make(undefined);
        expect((await shelf.list()).map(({ name }) => name)).toContain(third.name);
      },
      { kept: 1 },
    ));

  test("one at a time, under its own name, which is no path", () =>
    withShelf(async ({ folder, shelf }) => {
      const first = shelf.make("monday");
      await expect(shelf.make("tuesday")).rejects.toMatchObject({ code: "conflict" });
      await first;
      await expect(shelf.make("monday")).rejects.toMatchObject({ code: "conflict" });
      for (const name of [
        "../out",
        "/tmp/x",
        "a/b",
        "",
        ".",
        "A",
        "a".repeat(64),
        "monday.partial",
      ]) {
        await expect(shelf.make(name)).rejects.toMatchObject({ code: "unprocessable" });
        expect(await shelf.remove(name)).toBe(false);
      }
      expect(existsSync(join(folder, "out"))).toBe(false);
      expect((await shelf.list()).map(({ name }) => name)).toEqual(["monday"]);
    }));

  test("no room is said before anything is written, and leaves room for the next attempt", () =>
    withShelf(
      async ({ dataDir, shelf }) => {
        await expect(shelf.make("monday")).rejects.toMatchObject({ code: "no-room" });
        expect(readdirSync(join(dataDir, "backups"))).toEqual([]);
        await expect(shelf.make("monday")).rejects.toMatchObject({ code: "no-room" });
      },
      { freeBytes: 2000 },
    ));

  test("a folder that cannot be made is said in words", () =>
    withShelf(async ({ dataDir, shelf }) => {
      writeFileSync(join(dataDir, "backups"), "a file in the way");
      await expect(shelf.make(undefined)).rejects.toMatchObject({
        code: "unavailable",
        message: expect.stringContaining("The backup folder"),
      });
    }));
});

describe("copying a backup elsewhere", () => {
  test("is verified, and whole or not there", () =>
    withShelf(async ({ folder, shelf }) => {
      const made = await shelf.make("monday");
      const copy = await copyBackup(made.folder, join(folder, "copy"));
      const now = () => TEST_NOW_MS;
      await restore({ backup: copy, dataDir: join(folder, "new"), force: false, now });
      await expect(copyBackup(made.folder, copy)).rejects.toThrow("exists already");
      rmSync(join(made.folder, "hub.db"));
      await expect(copyBackup(made.folder, join(folder, "half"))).rejects.toThrow();
      expect(readdirSync(folder).sort()).toEqual(["copy", "data", "new"]);
    }));
});
