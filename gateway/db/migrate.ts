import { existsSync, renameSync, rmSync } from "node:fs";
import { sha256Hex } from "../../devices/model/sha256.ts";
import type { Log } from "../../devices/ports/log.ts";
import type { Connection } from "./driver/connection.ts";

/** One step of the schema, as drizzle-kit wrote it. */
export interface Migration {
  readonly tag: string;
  /** When it was written, milliseconds since the epoch; rises from one to the next. */
  readonly whenMs: number;
  readonly sql: string;
}

/** The database does not fit this version of the program. The message says what to do. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

export interface MigrationState {
  readonly applied: readonly string[];
  readonly pending: readonly Migration[];
}

/** drizzle's own table, so that its tools read our databases. */
const TABLE = "__drizzle_migrations";

/**
 * Brings the schema up to date in one transaction: killed half-way, the next start begins it again.
 * A database with content is first copied to `<path>.before-migration`.
 *
 * @returns how many migrations were applied
 * @throws MigrationError when the database is newer than this program, or of another descent
 */
export function migrate(
  connection: Connection,
  migrations: readonly Migration[],
  log: Log,
): number {
  const { applied, pending } = migrationState(connection, migrations);
  if (pending.length === 0) return 0;
  const backup = applied.length > 0 ? backUpBefore(connection) : undefined;
  connection.atomically(() => {
    connection.exec(
      `CREATE TABLE IF NOT EXISTS ${TABLE} (id INTEGER PRIMARY KEY, hash TEXT NOT NULL, created_at NUMERIC)`,
    );
    const record = connection.prepare(`INSERT INTO ${TABLE} (hash, created_at) VALUES (?, ?)`);
    for (const migration of pending) {
      for (const statement of migration.sql.split("--> statement-breakpoint")) {
        connection.exec(statement);
      }
      record.run(hashOf(migration), migration.whenMs);
    }
  });
  log.info("database-migrated", {
    path: connection.path,
    applied: pending.length,
    newest: pending.at(-1)?.tag,
    backup,
  });
  return pending.length;
}

/**
 * What is applied and what is still to do. drizzle's own migrator looks at dates only: it takes a
 * downgrade, and leaves out a migration that is older than the newest applied, without a word. [D23]
 */
export function migrationState(
  connection: Connection,
  migrations: readonly Migration[],
): MigrationState {
  refuseDisorder(migrations);
  const hasTable = connection
    .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")
    .get(TABLE);
  const applied = hasTable
    ? connection
        .prepare(`SELECT hash FROM ${TABLE} ORDER BY id`)
        .rows()
        .map(([hash]) => String(hash))
    : [];
  const known = migrations.map(hashOf);
  const divergent = applied.findIndex(
    (hash, index) => index < known.length && hash !== known[index],
  );
  if (divergent >= 0) {
    throw new MigrationError(
      `The database ${connection.path} was changed by another version of Outpost ` +
        `(its step ${divergent + 1} is not ours). Start the version that was used before, or restore a backup.`,
    );
  }
  if (applied.length > known.length) {
    throw new MigrationError(
      `The database ${connection.path} was written by a newer version of Outpost ` +
        `(${applied.length} steps, this version knows ${known.length}). Start the newer version, or restore ` +
        "the backup from before the upgrade.",
    );
  }
  return { applied, pending: migrations.slice(applied.length) };
}

/** The name that a migration goes by in the database: SHA-256 of its SQL, as drizzle has it. */
export function hashOf(migration: Migration): string {
  return sha256Hex(migration.sql);
}

function refuseDisorder(migrations: readonly Migration[]): void {
  migrations.forEach((migration, index) => {
    const before = migrations[index - 1];
    if (before && before.whenMs >= migration.whenMs) {
      throw new MigrationError(
        `The migration ${migration.tag} is not later than ${before.tag}: generate it again.`,
      );
    }
  });
}

/** A whole copy, written beside the database and renamed when it is complete. */
function backUpBefore(connection: Connection): string | undefined {
  if (connection.path === ":memory:") return undefined;
  const target = `${connection.path}.before-migration`;
  const partial = `${target}.partial`;
  if (existsSync(partial)) rmSync(partial);
  try {
    connection.prepare("VACUUM INTO ?").run(partial);
    renameSync(partial, target);
  } catch (error) {
    rmSync(partial, { force: true }); // On a full disk half a copy would only be in the way.
    throw error;
  }
  return target;
}
