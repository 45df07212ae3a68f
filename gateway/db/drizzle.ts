import { BetterSQLiteSession } from "drizzle-orm/better-sqlite3/session";
import { BaseSQLiteDatabase, SQLiteSyncDialect } from "drizzle-orm/sqlite-core";
import type { Connection } from "./driver/connection.ts";
import type { RunResult } from "./driver/statement.ts";

/** What stores work with: drizzle, synchronous, over our own driver. */
export type Db = BaseSQLiteDatabase<"sync", RunResult, Record<string, never>>;

/**
 * drizzle over a connection. `drizzle-orm/better-sqlite3` itself cannot be imported without that
 * package, but its session only needs a client of the same shape, which `Connection` has.
 */
export function drizzleOver(connection: Connection): Db {
  const dialect = new SQLiteSyncDialect();
  const client = connection as unknown as ConstructorParameters<typeof BetterSQLiteSession>[0];
  const session = new BetterSQLiteSession(client, dialect, undefined);
  return new BaseSQLiteDatabase("sync", dialect, session, undefined) as unknown as Db;
}
