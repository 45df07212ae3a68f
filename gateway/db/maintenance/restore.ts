import { existsSync } from "node:fs";
import { copyFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { syncFile, syncFolder } from "../../../devices/durable/sync-to-disk.ts";
import { BlobFolder } from "../../content/blob-folder.ts";
import { Connection } from "../driver/connection.ts";
import { lockPathOf } from "../lock-file.ts";
import { migrationState } from "../migrate.ts";
import { MIGRATIONS } from "../migrations/index.ts";
import { NEXT_CATALOGUE_NUMBER } from "../stores/ddi-catalogue-store.ts";
import { RESTORED_AT } from "../stores/value-store.ts";
import { checkDatabaseFile } from "./check-file.ts";
import { checkText } from "./check-text.ts";
import { contentFolderIn, databasePathIn } from "./data-folder.ts";
import { restoringPathOf } from "./half-restored.ts";
import {
  BackupError,
  type DatabaseInBackup,
  type ListedFile,
  type Manifest,
  readManifest,
} from "./manifest.ts";
import { sha256OfFile } from "./sha256-of-file.ts";

export interface RestoreOptions {
  /** The folder that `backUp` made. */
  readonly backup: string;
  /** Where the gateway will look for it; made when it is missing. */
  readonly dataDir: string;
  /** The key the backup was made with. */
  readonly key?: string | undefined;
  /** Take the place of databases that are there; they are kept beside, under another name. */
  readonly force: boolean;
  readonly now: () => number;
  readonly checkCommand?: readonly string[];
}

export interface RestoreResult {
  readonly manifest: Manifest;
  /** Databases that were there before and were put aside. */
  readonly putAside: readonly string[];
  /** Files that the backup lists and that are not in the data folder: fetch or upload them again. */
  readonly missingFiles: readonly ListedFile[];
}

/**
 * Puts a backup in the place of a gateway's databases. Everything is verified before anything is
 * touched. The restored database knows that it was restored: a site goes on under a new incarnation,
 * because the hub may have seen numbers that the backup has not.
 *
 * @throws BackupError with what is wrong and what to do
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const manifest = await readManifest(options.backup);
  for (const database of manifest.databases) await verify(database, options);
  const present = manifest.databases
    .map(({ name }) => databasePathIn(options.dataDir, name))
    .filter((path) => existsSync(path));
  if (present.length > 0 && !options.force) {
    throw new BackupError(
      `${resolve(options.dataDir)} has a database already. Use an empty folder, or --force to put the ` +
        "present one aside.",
    );
  }
  for (const path of present) await refuseWhenInUse(path, options);
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  await makeAllReady(manifest, options);
  const putAside: string[] = [];
  for (const { name } of manifest.databases) {
    const path = databasePathIn(options.dataDir, name);
    putAside.push(...(await moveAside(path, manifest.madeAtMs)));
    await rename(restoringPathOf(path), path);
  }
  await syncFolder(options.dataDir);
  return { manifest, putAside, missingFiles: await missingFiles(manifest, options.dataDir) };
}

async function verify(database: DatabaseInBackup, options: RestoreOptions): Promise<void> {
  const path = databasePathIn(options.backup, database.name);
  const isComplete = existsSync(path) && (await stat(path)).size === database.bytes;
  if (!isComplete || (await sha256OfFile(path)) !== database.sha256) {
    throw new BackupError(
      `${path} is not the file the backup was made with (its checksum differs). Use another backup.`,
    );
  }
  const request = { path, key: options.key, depth: "full" } as const;
  const check = await checkDatabaseFile(request, options.checkCommand);
  if (check.kind !== "ok") throw new BackupError(checkText(path, check));
}

async function refuseWhenInUse(path: string, options: RestoreOptions): Promise<void> {
  const request = { path, key: options.key, depth: "quick" } as const;
  const check = await checkDatabaseFile(request, options.checkCommand);
  // Damaged or of another key: that may be just why it is replaced.
  if (check.kind === "busy") throw new BackupError(checkText(path, check));
}

/**
 * Copies of all databases beside their final places: while one of them is there, nobody starts with
 * what is at its place (`refuseHalfRestored`), so that a restore may be interrupted anywhere.
 */
async function makeAllReady(manifest: Manifest, options: RestoreOptions): Promise<void> {
  const paths = manifest.databases.map(({ name }) => databasePathIn(options.dataDir, name));
  try {
    for (const { name } of manifest.databases) {
      const path = databasePathIn(options.dataDir, name);
      await makeReady(databasePathIn(options.backup, name), path, options);
    }
    await syncFolder(options.dataDir);
  } catch (error) {
    for (const path of paths) await discardReady(path);
    throw error;
  }
}

async function discardReady(path: string): Promise<void> {
  const partial = restoringPathOf(path);
  for (const suffix of ["", "-wal", "-shm"]) await rm(`${partial}${suffix}`, { force: true });
}

/** A copy, marked as restored. */
async function makeReady(from: string, path: string, options: RestoreOptions): Promise<void> {
  const partial = restoringPathOf(path);
  await discardReady(path);
  await copyFile(from, partial);
  const connection = new Connection(partial, { encryptionKey: options.key });
  try {
    migrationState(connection, MIGRATIONS); // Throws when a newer version made the backup.
    connection
      .prepare(
        'INSERT INTO "values" (name, value) VALUES (?, ?) ' +
          "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      )
      .run(RESTORED_AT, String(options.now()));
    skipNumbers(connection);
  } finally {
    connection.close();
  }
  await syncFile(partial);
}

/** How many numbers are left out that may have been given since the backup was made. */
export const NUMBERS_SKIPPED = 1_000_000;

/**
 * Devices, and tools, hold numbers that were given after the backup was made: none of them may come to mean
 * something else.
 */
function skipNumbers(connection: Connection): void {
  const hasJobs = connection
    .prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'device_jobs'")
    .rows();
  if (hasJobs.length > 0) {
    connection
      .prepare(
        "INSERT INTO sqlite_sequence (name, seq) SELECT 'device_jobs', 0 WHERE NOT EXISTS " +
          "(SELECT 1 FROM sqlite_sequence WHERE name = 'device_jobs')",
      )
      .run();
    connection
      .prepare("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'device_jobs'")
      .run(NUMBERS_SKIPPED);
  }
  connection
    .prepare(
      'INSERT INTO "values" (name, value) VALUES (?, ?) ' +
        "ON CONFLICT (name) DO UPDATE SET value = CAST(value + excluded.value AS TEXT)",
    )
    .run(NEXT_CATALOGUE_NUMBER, String(NUMBERS_SKIPPED + 1));
}

/** The log goes with its database: read into another one it would damage it. */
async function moveAside(path: string, madeAtMs: number): Promise<string[]> {
  await rm(lockPathOf(path), { force: true });
  if (!existsSync(path)) {
    for (const suffix of ["-wal", "-shm"]) await rm(`${path}${suffix}`, { force: true });
    return [];
  }
  const aside = unusedName(`${path}.before-restore-${madeAtMs}`);
  for (const suffix of ["-wal", "-shm", ""]) {
    if (existsSync(`${path}${suffix}`)) await rename(`${path}${suffix}`, `${aside}${suffix}`);
  }
  return [aside];
}

function unusedName(wanted: string): string {
  let name = wanted;
  for (let count = 2; existsSync(name); count++) name = `${wanted}-${count}`;
  return name;
}

async function missingFiles(manifest: Manifest, dataDir: string): Promise<ListedFile[]> {
  const missing: ListedFile[] = [];
  for (const { name, files } of manifest.databases) {
    const folder = new BlobFolder(contentFolderIn(dataDir, name));
    for (const file of files) {
      if ((await folder.lengthOf(file.sha256)) !== file.bytes) missing.push(file);
    }
  }
  return missing;
}
