import { existsSync } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { asc, eq } from "drizzle-orm";
import { syncFile, syncFolder } from "../../../devices/durable/sync-to-disk.ts";
import { Connection } from "../driver/connection.ts";
import { drizzleOver } from "../drizzle.ts";
import { readLock } from "../lock-file.ts";
import { migrationState } from "../migrate.ts";
import { MIGRATIONS } from "../migrations/index.ts";
import { blobs } from "../schema/content.ts";
import { checkDatabaseFile } from "./check-file.ts";
import { checkText } from "./check-text.ts";
import { type DatabaseName, databasePathIn, databasesIn } from "./data-folder.ts";
import {
  BackupError,
  type DatabaseInBackup,
  type ListedFile,
  MANIFEST_FILE,
  MANIFEST_FORMAT,
  type Manifest,
} from "./manifest.ts";
import { sha256OfFile } from "./sha256-of-file.ts";

export interface BackupOptions {
  /** The folder to make; it must not exist yet. */
  readonly target: string;
  /** The key of the databases; their copies are encrypted with it as well. */
  readonly key?: string | undefined;
  readonly now: () => number;
  readonly checkCommand?: readonly string[];
}

export interface BackupResult {
  /** Absolute path of the folder. */
  readonly folder: string;
  readonly manifest: Manifest;
}

export interface OpenedDatabase {
  readonly name: DatabaseName;
  readonly connection: Connection;
}

/**
 * Backs up the databases of a stopped gateway.
 *
 * @throws AppError "unavailable" when the gateway is running
 * @throws BackupError when there is nothing to back up, the target exists, or a database is damaged
 */
export async function backUp(dataDir: string, options: BackupOptions): Promise<BackupResult> {
  const names = databasesIn(dataDir);
  if (names.length === 0) throw new BackupError(`There is no database in ${dataDir}.`);
  const opened: OpenedDatabase[] = [];
  try {
    for (const name of names) {
      const path = databasePathIn(dataDir, name);
      await refuseUnlessOk(path, options);
      const connection = new Connection(path, {
        encryptionKey: options.key,
        fileMustExist: true,
      });
      opened.push({ name, connection });
    }
    return await backUpOpen(opened, options);
  } finally {
    for (const { connection } of opened) connection.close();
  }
}

/**
 * Does a process have a database of this folder open?
 *
 * @returns its number, 0 when that is not known; undefined when nobody has
 */
export async function holderOf(
  dataDir: string,
  options: Pick<BackupOptions, "key" | "checkCommand">,
): Promise<number | undefined> {
  for (const name of databasesIn(dataDir)) {
    const path = databasePathIn(dataDir, name);
    const lock = readLock(path);
    if (lock === undefined) continue; // Whoever has it open writes one.
    const request = { path, key: options.key, depth: "quick" } as const;
    const check = await checkDatabaseFile(request, options.checkCommand);
    if (check.kind === "busy") return lock.pid;
  }
  return undefined;
}

/**
 * Backs up databases that this process has open, as they are at one moment each. Reads and writes go
 * on afterwards; while a copy is made, everything waits (about a second per 100 MB).
 *
 * @throws BackupError when the target exists, or a copy turns out to be damaged
 * @throws AppError "no-room" when the disk is full
 */
export async function backUpOpen(
  databases: readonly OpenedDatabase[],
  options: BackupOptions,
): Promise<BackupResult> {
  const folder = resolve(options.target);
  if (existsSync(folder)) throw new BackupError(`${folder} exists already; name another folder.`);
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o700 });
  try {
    const copies: DatabaseInBackup[] = [];
    for (const database of databases) copies.push(await copyInto(partial, database, options));
    const manifest: Manifest = {
      format: MANIFEST_FORMAT,
      madeAtMs: options.now(),
      databases: copies,
    };
    const manifestPath = join(partial, MANIFEST_FILE);
    await Bun.write(manifestPath, `${JSON.stringify(manifest, null, 2)}\n`);
    await syncFile(manifestPath);
    await syncFolder(partial);
    await rename(partial, folder);
    await syncFolder(dirname(folder));
    return { folder, manifest };
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}

async function copyInto(
  folder: string,
  { name, connection }: OpenedDatabase,
  options: BackupOptions,
): Promise<DatabaseInBackup> {
  const path = databasePathIn(folder, name);
  connection.prepare("VACUUM INTO ?").run(path);
  await syncFile(path);
  // A backup that cannot be read is found out now, not on the day it is needed.
  await refuseUnlessOk(path, options);
  return {
    name,
    bytes: (await stat(path)).size,
    sha256: await sha256OfFile(path),
    isEncrypted: options.key !== undefined,
    migrations: migrationState(connection, MIGRATIONS).applied.length,
    files: filesOf(connection),
  };
}

function filesOf(connection: Connection): ListedFile[] {
  return drizzleOver(connection)
    .select({ sha256: blobs.sha256, name: blobs.name, bytes: blobs.bytes })
    .from(blobs)
    .where(eq(blobs.state, "complete"))
    .orderBy(asc(blobs.sha256))
    .all() as ListedFile[];
}

async function refuseUnlessOk(path: string, options: BackupOptions): Promise<void> {
  const request = { path, key: options.key, depth: "full" } as const;
  const check = await checkDatabaseFile(request, options.checkCommand);
  if (check.kind !== "ok") throw new BackupError(checkText(path, check));
}
