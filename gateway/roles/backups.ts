import { resolve } from "node:path";
import type { HubConfig, SiteConfig } from "../config/settings.ts";
import { DiskFloor, diskSpaceOf } from "../content/disk-floor.ts";
import { type BackupOnShelf, BackupShelf } from "../db/maintenance/shelf.ts";
import type { BackupSummary, Backups } from "../http/use-cases.ts";

/** Below the data folder, unless the configuration names another one. */
const FOLDER = "backups";

/** Where the process of these settings keeps backups of itself: one shelf, whatever its roles. */
export function shelfOf(config: SiteConfig | HubConfig): BackupShelf {
  return new BackupShelf({
    folder: backupFolderOf(config),
    kept: config.backupsKept,
    key: config.databaseKey?.reveal(),
    diskFloor: new DiskFloor(diskSpaceOf(backupFolderOf(config)), config.freeDiskBytesMin),
    now: Date.now, // By real time: a test clock would give two backups one name.
  });
}

export function backupFolderOf({
  backupDir,
  dataDir,
}: Pick<SiteConfig, "backupDir" | "dataDir">): string {
  return backupDir === undefined ? resolve(dataDir, FOLDER) : resolve(backupDir);
}

/** The shelf as pages and the API see it. */
export function backupsOf(shelf: BackupShelf, kept: number): Backups {
  return {
    kept,
    list: async () => (await shelf.list()).map(summaryOf),
    make: async (name) => summaryOf(await shelf.make(name)),
    remove: (name) => shelf.remove(name),
  };
}

function summaryOf({ folder, manifest, name }: BackupOnShelf): BackupSummary {
  return {
    name,
    folder,
    madeAtMs: manifest.madeAtMs,
    databases: manifest.databases.map((database) => ({
      name: database.name,
      bytes: database.bytes,
      isEncrypted: database.isEncrypted,
      files: database.files.length,
    })),
  };
}
