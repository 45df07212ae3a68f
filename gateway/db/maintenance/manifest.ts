import { join } from "node:path";
import { parseSha256, type Sha256 } from "../../../devices/model/ids.ts";
import { DATABASE_NAMES, type DatabaseName } from "./data-folder.ts";

export const MANIFEST_FORMAT = 1;
export const MANIFEST_FILE = "manifest.json";

/** A file that the gateway had; a backup lists files, it does not carry them. */
export interface ListedFile {
  readonly sha256: Sha256;
  readonly name: string;
  readonly bytes: number;
}

export interface DatabaseInBackup {
  readonly name: DatabaseName;
  readonly bytes: number;
  /** Of the copy in the backup, encrypted as it is. */
  readonly sha256: Sha256;
  readonly isEncrypted: boolean;
  /** How many steps of the schema it has. */
  readonly migrations: number;
  readonly files: readonly ListedFile[];
}

/** What a backup says about itself: `manifest.json` beside the databases. */
export interface Manifest {
  readonly format: typeof MANIFEST_FORMAT;
  readonly madeAtMs: number;
  readonly databases: readonly DatabaseInBackup[];
}

/** What is wrong with a backup, in words for the person who restores it. */
export class BackupError extends Error {
  override readonly name = "BackupError";
}

/** @throws BackupError when the folder holds no backup that this version can read */
export async function readManifest(folder: string): Promise<Manifest> {
  const file = Bun.file(join(folder, MANIFEST_FILE));
  if (!(await file.exists())) throw new BackupError(`There is no backup in ${folder}.`);
  const manifest = parseManifest(await file.text());
  if (manifest) return manifest;
  throw new BackupError(
    `The ${MANIFEST_FILE} in ${folder} is damaged or of a newer version of Outpost. Use another backup.`,
  );
}

function parseManifest(text: string): Manifest | undefined {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isRecord(read) || read.format !== MANIFEST_FORMAT) return undefined;
  const { madeAtMs, databases } = read;
  if (typeof madeAtMs !== "number" || !Array.isArray(databases)) return undefined;
  if (databases.length === 0 || !databases.every(isDatabase)) return undefined;
  return { format: MANIFEST_FORMAT, madeAtMs, databases };
}

function isDatabase(value: unknown): value is DatabaseInBackup {
  return (
    isRecord(value) &&
    DATABASE_NAMES.some((name) => name === value.name) &&
    typeof value.bytes === "number" &&
    isDigest(value.sha256) &&
    typeof value.isEncrypted === "boolean" &&
    typeof value.migrations === "number" &&
    Array.isArray(value.files) &&
    value.files.every(isFile)
  );
}

function isFile(value: unknown): value is ListedFile {
  return (
    isRecord(value) &&
    isDigest(value.sha256) &&
    typeof value.name === "string" &&
    typeof value.bytes === "number"
  );
}

function isDigest(value: unknown): boolean {
  return typeof value === "string" && parseSha256(value) !== undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
