import { existsSync } from "node:fs";
import { join } from "node:path";

/** The databases that one data folder can hold; a process with both roles has both. [D20] */
export const DATABASE_NAMES = ["site", "hub"] as const;
export type DatabaseName = (typeof DATABASE_NAMES)[number];

const CONTENT_FOLDERS: Readonly<Record<DatabaseName, string>> = {
  site: "content",
  hub: "hub-content",
};

export function databasePathIn(dataDir: string, name: DatabaseName): string {
  return join(dataDir, `${name}.db`);
}

/** Recorded sessions of a site's devices: no fact, and in no backup. */
export function sessionsPathIn(dataDir: string): string {
  return join(dataDir, "site-sessions.db");
}

export function contentFolderIn(dataDir: string, name: DatabaseName): string {
  return join(dataDir, CONTENT_FOLDERS[name]);
}

/** Those that are there. */
export function databasesIn(dataDir: string): DatabaseName[] {
  return DATABASE_NAMES.filter((name) => existsSync(databasePathIn(dataDir, name)));
}
