import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Log } from "../../../devices/ports/log.ts";
import {
  type DatabaseOptions,
  type OutpostDatabase,
  openDatabase,
} from "../../../gateway/db/database.ts";
import { Connection } from "../../../gateway/db/driver/connection.ts";
import { type Migration, migrate } from "../../../gateway/db/migrate.ts";
import { MIGRATIONS } from "../../../gateway/db/migrations/index.ts";

export const silentLog: Log = { info() {}, warn() {}, error() {} };

export const TEST_NOW_MS = 1_795_000_000_000;

/** A database in memory, with the schema that all migrations lead to. */
export function openMemory(options: Partial<DatabaseOptions> = {}): Promise<OutpostDatabase> {
  schema ??= schemaInOneStep();
  return openDatabase({
    path: ":memory:",
    log: silentLog,
    now: () => TEST_NOW_MS,
    migrations: [schema],
    ...options,
  });
}

let schema: Migration | undefined;

/**
 * What the migrations make, without their detours: tests open thousands of databases, and each ALTER TABLE
 * reads the whole schema again.
 */
function schemaInOneStep(): Migration {
  const connection = new Connection(":memory:");
  try {
    migrate(connection, MIGRATIONS, silentLog);
    const statements = connection
      .prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '__drizzle*' ORDER BY rowid",
      )
      .rows()
      .map(([sql]) => String(sql));
    return { tag: "whole", whenMs: MIGRATIONS.at(-1)?.whenMs ?? 0, sql: statements.join(";\n") };
  } finally {
    connection.close();
  }
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
