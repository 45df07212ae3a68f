import { getTableColumns, getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Connection } from "../driver/connection.ts";

/**
 * A prepared "insert, or replace what is there" for a table: a third of the cost of drizzle's, and
 * null stays null in a boolean column (drizzle's placeholders make it 0).
 *
 * @param key names of the fields that identify a row
 * @param kept names of the fields that stay as they are when the row is there already
 */
export function upsertInto<Table extends SQLiteTable>(
  connection: Connection,
  table: Table,
  key: readonly (keyof Table["$inferSelect"] & string)[],
  kept: readonly (keyof Table["$inferSelect"] & string)[] = [],
): (row: Table["$inferSelect"]) => void {
  const columns = Object.entries(getTableColumns(table));
  const isKey = new Set<string>(key);
  const isKept = new Set<string>([...key, ...kept]);
  const keys = columns.filter(([field]) => isKey.has(field)).map(([, { name }]) => `"${name}"`);
  const sets = columns
    .filter(([field]) => !isKept.has(field))
    .map(([, { name }]) => `"${name}" = excluded."${name}"`);
  const action = sets.length > 0 ? `UPDATE SET ${sets.join(", ")}` : "NOTHING";
  return prepareInsert(connection, table, ` ON CONFLICT (${keys.join(", ")}) DO ${action}`);
}

/** A prepared insert; a row that is there already makes it throw. */
export function insertInto<Table extends SQLiteTable>(
  connection: Connection,
  table: Table,
): (row: Table["$inferSelect"]) => void {
  return prepareInsert(connection, table, "");
}

function prepareInsert<Table extends SQLiteTable>(
  connection: Connection,
  table: Table,
  onConflict: string,
): (row: Table["$inferSelect"]) => void {
  const columns = Object.entries(getTableColumns(table));
  const names = columns.map(([, { name }]) => `"${name}"`).join(", ");
  const marks = columns.map(() => "?").join(", ");
  const statement = connection.prepare(
    `INSERT INTO "${getTableName(table)}" (${names}) VALUES (${marks})${onConflict}`,
  );
  const fields = columns.map(([field]) => field as keyof Table["$inferSelect"]);
  return (row) => {
    statement.run(...fields.map((field) => row[field]));
  };
}
