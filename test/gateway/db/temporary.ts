import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../../../devices/ports/log.ts";
import {
  type DatabaseOptions,
  type OutpostDatabase,
  openDatabase,
} from "../../../gateway/db/database.ts";

export const silentLog: Log = { info() {}, warn() {}, error() {} };

export const TEST_NOW_MS = 1_795_000_000_000;

/** A database in memory, with all migrations applied. */
export function openMemory(options: Partial<DatabaseOptions> = {}): Promise<OutpostDatabase> {
  return openDatabase({ path: ":memory:", log: silentLog, now: () => TEST_NOW_MS, ...options });
}

export function openFile(
  path: string,
  options: Partial<DatabaseOptions> = {},
): Promise<OutpostDatabase> {
  return openDatabase({ path, log: silentLog, now: () => TEST_NOW_MS, ...options });
}

/** A folder of its own, gone after `body`. */
export async function withFolder(body: (folder: string) => Promise<void> | void): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "outpost-db-"));
  try {
    await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
