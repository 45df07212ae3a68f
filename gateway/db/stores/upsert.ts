import { getTableColumns, getTableName } from "drizzle-orm";
import type { SQLiteTable } from "drizzle-orm/sqlite-core";
import type { Connection } from "../driver/connection.ts";

type Row<Table extends SQLiteTable> = Table["$inferSelect"];
type Field<Table extends SQLiteTable> = keyof Row<Table> & string;

/** A value that SQL finds out itself, from fields of the row in the order of its `?`. */
export interface Computed {
  readonly sql: string;
  readonly from: readonly string[];
}

/**
 * A prepared "insert, or replace what is there" for a table: a third of the cost of drizzle's, and
 * null stays null in a boolean column (drizzle's placeholders make it 0).
 *
 * @param key names of the fields that identify a row
 * @param options.kept names of the fields that stay as they are when the row is there already
 */
export function upsertInto<Table extends SQLiteTable, Found extends Field<Table> = never>(
  connection: Connection,
  table: Table,
  key: readonly Field<Table>[],
  options: {
    readonly kept?: readonly Field<Table>[];
    readonly computed?: Readonly<Record<Found, Computed>>;
  } = {},
): (row: Omit<Row<Table>, Found>) => void {
  const { kept = [], computed = {} } = options;
  const columns = Object.entries(getTableColumns(table));
  const isKey = new Set<string>(key);
  const isKept = new Set<string>([...key, ...kept]);
  const keys = columns.filter(([field]) => isKey.has(field)).map(([, { name }]) => `"${name}"`);
  const sets = columns
    .filter(([field]) => !isKept.has(field))
    .map(([, { name }]) => `"${name}" = excluded."${name}"`);
  const action = sets.length > 0 ? `UPDATE SET ${sets.join(", ")}` : "NOTHING";
  const onConflict = ` ON CONFLICT (${keys.join(", ")}) DO ${action}`;
  return prepareInsert(connection, table, onConflict, computed);
}

/** A prepared insert; a row that is there already makes it throw. */
export function insertInto<Table extends SQLiteTable, Found extends Field<Table> = never>(
  connection: Connection,
  table: Table,
  computed?: Readonly<Record<Found, Computed>>,
): (row: Omit<Row<Table>, Found>) => void {
  return prepareInsert(connection, table, "", computed ?? {});
}

function prepareInsert<Table extends SQLiteTable>(
  connection: Connection,
  table: Table,
  onConflict: string,
  computed: Readonly<Record<string, Computed>>,
): (row: Readonly<Record<string, unknown>>) => void {
  const columns = Object.entries(getTableColumns(table)).map(([field, { name }]) => ({
    name: `"${name}"`,
    ...(computed[field] ?? { sql: "?", from: [field] }),
  }));
  const names = columns.map(({ name }) => name).join(", ");
  const values = columns.map(({ sql }) => sql).join(", ");
  const statement = connection.prepare(
    `INSERT INTO "${getTableName(table)}" (${names}) VALUES (${values})${onConflict}`,
  );
  const fields = columns.flatMap(({ from }) => from);
  return (row) => {
    const bound = new Array<unknown>(fields.length);
    for (let index = 0; index < fields.length; index++) bound[index] = row[fields[index] ?? ""];
    statement.runWith(bound);
  };
}
