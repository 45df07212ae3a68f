import { type Bound, bindable } from "./bindable.ts";
import type { SqlText } from "./sql-text.ts";

export interface RunResult {
  readonly changes: number;
  readonly lastInsertRowid: number;
}

export type Row = Record<string, unknown>;

/** What a statement asks of its connection; `Connection` is the only one. */
export interface StatementHost {
  /** Runs to the end and returns all rows as arrays. */
  rowsOf(statement: Statement, values: Bound[]): unknown[][];
  /** Runs to the end; rows, if any, are dropped. */
  runOf(statement: Statement, values: Bound[]): RunResult;
  columnsOf(statement: Statement): readonly string[];
}

/**
 * A prepared statement. It is always run to its end: one that stands on a row blocks VACUUM, keeps
 * its snapshot, and what it wrote is not committed.
 */
export class Statement {
  readonly sql: string;
  readonly text: SqlText;
  readonly #host: StatementHost;
  #asArrays: ArrayStatement | undefined;

  constructor(host: StatementHost, sql: string, text: SqlText) {
    this.#host = host;
    this.sql = sql;
    this.text = text;
  }

  run(...values: readonly unknown[]): RunResult {
    return this.runWith(values);
  }

  /** The same with the values as a list: the quick way for many. */
  runWith(values: readonly unknown[]): RunResult {
    return this.#host.runOf(this, this.#bind(values));
  }

  all(...values: readonly unknown[]): Row[] {
    const rows = this.rows(...values);
    if (rows.length === 0) return [];
    const columns = this.#host.columnsOf(this);
    return rows.map((row) => rowFrom(columns, row));
  }

  /** The first row. Say LIMIT 1: the others are read and dropped. */
  get(...values: readonly unknown[]): Row | undefined {
    const [row] = this.rows(...values);
    return row && rowFrom(this.#host.columnsOf(this), row);
  }

  /** All rows as arrays, in the order of the columns: the quick way. */
  rows(...values: readonly unknown[]): unknown[][] {
    return this.#host.rowsOf(this, this.#bind(values));
  }

  /** The same statement with rows as arrays, as drizzle asks for it. */
  raw(): ArrayStatement {
    this.#asArrays ??= new ArrayStatement(this);
    return this.#asArrays;
  }

  #bind(values: readonly unknown[]): Bound[] {
    return bindable(values, this.text.parameters, this.sql);
  }
}

export class ArrayStatement {
  readonly #statement: Statement;

  constructor(statement: Statement) {
    this.#statement = statement;
  }

  all(...values: readonly unknown[]): unknown[][] {
    return this.#statement.rows(...values);
  }

  get(...values: readonly unknown[]): unknown[] | undefined {
    return this.#statement.rows(...values)[0];
  }
}

function rowFrom(columns: readonly string[], values: readonly unknown[]): Row {
  const row: Row = {};
  for (let index = 0; index < columns.length; index++) row[columns[index] ?? ""] = values[index];
  return row;
}
