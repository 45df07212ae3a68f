import { existsSync } from "node:fs";
import { stat, statfs } from "node:fs/promises";
import { eq } from "drizzle-orm";
import { parseSha256, type Sha256 } from "../../../devices/model/ids.ts";
import { BlobFolder } from "../../content/blob-folder.ts";
import { Connection } from "../driver/connection.ts";
import { drizzleOver } from "../drizzle.ts";
import { readLock } from "../lock-file.ts";
import { MigrationError, migrationState } from "../migrate.ts";
import { MIGRATIONS } from "../migrations/index.ts";
import { blobs } from "../schema/content.ts";
import { checkDatabaseFile } from "./check-file.ts";
import { checkText } from "./check-text.ts";
import {
  contentFolderIn,
  DATABASE_NAMES,
  type DatabaseName,
  databasePathIn,
  databasesIn,
  sessionsPathIn,
} from "./data-folder.ts";
import { halfRestoredText, restoringPathOf } from "./half-restored.ts";

export interface Finding {
  /** `ok`: nothing to do. `warning`: it works, look at it soon. `problem`: it will not work. */
  readonly level: "ok" | "warning" | "problem";
  /** A constant word, such as `database`, `lock`, `schema`, `disk`, `content`. */
  readonly about: string;
  /** What was found and what to do, in whole sentences. */
  readonly text: string;
}

export interface DoctorOptions {
  readonly dataDir: string;
  readonly key?: string | undefined;
  /** Below this the gateway takes no uploads. */
  readonly freeDiskBytesMin: number;
  readonly checkCommand?: readonly string[];
}

/** Files named at most; the first few say enough. */
const FILES_NAMED_MAX = 5;

/**
 * Looks at a data folder and says what is well and what is not; repairs nothing. A database that a
 * running gateway has open cannot be looked into; that is a finding, not an error.
 */
export async function examine(options: DoctorOptions): Promise<readonly Finding[]> {
  if (!existsSync(options.dataDir)) {
    const text = `There is no folder ${options.dataDir}. Start the gateway once, or name its data folder.`;
    return [{ level: "problem", about: "folder", text }];
  }
  const findings = [await diskFinding(options)];
  const names = databasesIn(options.dataDir);
  if (names.length === 0) {
    const text = `There is no database in ${options.dataDir}. The first start makes one.`;
    findings.push({ level: "warning", about: "database", text });
  }
  for (const name of DATABASE_NAMES) {
    const path = databasePathIn(options.dataDir, name);
    if (!existsSync(restoringPathOf(path))) continue;
    findings.push({ level: "problem", about: "restore", text: halfRestoredText(path) });
  }
  for (const name of names) findings.push(...(await databaseFindings(name, options)));
  const sessions = await sessionsFinding(options);
  return sessions === undefined ? findings : [...findings, sessions];
}

/** Recorded sessions are no facts: the worst that can be wrong with them is an empty list. */
async function sessionsFinding(options: DoctorOptions): Promise<Finding | undefined> {
  const path = sessionsPathIn(options.dataDir);
  const request = { path, key: options.key, depth: "quick" } as const;
  const check = await checkDatabaseFile(request, options.checkCommand);
  if (check.kind === "missing" || check.kind === "busy") return undefined;
  const about = "sessions";
  if (check.kind === "ok") {
    const { size } = await stat(path);
    const text = `Recorded sessions take ${megabytes(size)}; they are in no backup.`;
    return { level: "ok", about, text };
  }
  const text = `The recorded sessions in ${path} cannot be read. Delete the file, or let the next start begin it anew: nothing else depends on it.`;
  return { level: "warning", about, text };
}

async function diskFinding({ dataDir, freeDiskBytesMin }: DoctorOptions): Promise<Finding> {
  const { bavail, bsize } = await statfs(dataDir);
  const free = `${megabytes(bavail * bsize)} of disk are free`;
  if (bavail * bsize >= freeDiskBytesMin) return { level: "ok", about: "disk", text: `${free}.` };
  return {
    level: "problem",
    about: "disk",
    text: `${free}, less than the ${megabytes(freeDiskBytesMin)} that are kept free. Free some space: uploads are refused until then.`,
  };
}

async function databaseFindings(name: DatabaseName, options: DoctorOptions): Promise<Finding[]> {
  const path = databasePathIn(options.dataDir, name);
  const request = { path, key: options.key, depth: "full" } as const;
  const check = await checkDatabaseFile(request, options.checkCommand);
  const lock = readLock(path);
  if (check.kind === "busy") {
    const text = `The ${name} is running as process ${lock?.pid ?? "?"}: its database is not looked into. Stop it for the whole examination.`;
    return [{ level: "ok", about: "lock", text }];
  }
  if (check.kind !== "ok") {
    return [{ level: "problem", about: "database", text: checkText(path, check) }];
  }
  const findings: Finding[] = [
    { level: "ok", about: "database", text: `The database ${path} is whole.` },
  ];
  if (lock) {
    const text = `The ${name} was not stopped in an orderly way the last time (process ${lock.pid}). Nothing is lost; the next start checks the database first.`;
    findings.push({ level: "warning", about: "lock", text });
  }
  const connection = new Connection(path, { encryptionKey: options.key, fileMustExist: true });
  try {
    const schema = schemaFinding(connection);
    findings.push(schema);
    if (schema.level !== "problem") {
      findings.push(await contentFinding(connection, contentFolderIn(options.dataDir, name)));
    }
  } finally {
    connection.close();
  }
  return findings;
}

function schemaFinding(connection: Connection): Finding {
  try {
    const { pending } = migrationState(connection, MIGRATIONS);
    if (pending.length === 0) return { level: "ok", about: "schema", text: "It is up to date." };
    const text = `It is ${pending.length} steps behind this version; the next start copies and upgrades it.`;
    return { level: "warning", about: "schema", text };
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    return { level: "problem", about: "schema", text: error.message };
  }
}

async function contentFinding(connection: Connection, root: string): Promise<Finding> {
  const folder = new BlobFolder(root);
  const rows = drizzleOver(connection)
    .select({ sha256: blobs.sha256, name: blobs.name, bytes: blobs.bytes })
    .from(blobs)
    .where(eq(blobs.state, "complete"))
    .all();
  const wrong: string[] = [];
  const known = new Set<Sha256>();
  for (const { sha256, name, bytes } of rows) {
    const digest = parseSha256(sha256);
    if (digest) known.add(digest);
    if (!digest || (await folder.lengthOf(digest)) !== bytes) wrong.push(name);
  }
  const stray = existsSync(root) ? (await folder.digests()).filter((one) => !known.has(one)) : [];
  if (wrong.length > 0) {
    const text = `${wrong.length} files are missing or cut off: ${list(wrong)}. They are fetched from the hub again; upload those that only this gateway had.`;
    return { level: "warning", about: "content", text };
  }
  if (stray.length > 0) {
    const text = `${stray.length} files in ${root} are in no list: ${list(stray)}. They do no harm and can be deleted.`;
    return { level: "warning", about: "content", text };
  }
  return { level: "ok", about: "content", text: `All ${rows.length} files are there.` };
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, FILES_NAMED_MAX).join(", ");
  return names.length > FILES_NAMED_MAX ? `${shown}, …` : shown;
}

function megabytes(bytes: number): string {
  return `${Math.floor(bytes / 1e6).toLocaleString("en-US")} MB`;
}
