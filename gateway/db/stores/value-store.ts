import type { Connection } from "../driver/connection.ts";
import type { GroupWriter } from "../group-writer.ts";

/** When the database was restored from a backup, until the link has gone on from it. */
export const RESTORED_AT = "identity/restored-at";

/**
 * Small values by name: what the gateway knows of itself. The `…Now` methods are for code that is
 * inside a transaction of the writer already.
 */
export class ValueStore {
  readonly #connection: Connection;
  readonly #writer: GroupWriter;

  constructor(database: { readonly connection: Connection; readonly writer: GroupWriter }) {
    this.#connection = database.connection;
    this.#writer = database.writer;
  }

  /** The value, or undefined. Cheap. */
  get(name: string): string | undefined {
    const [row] = this.#connection.prepare('SELECT value FROM "values" WHERE name = ?').rows(name);
    return row === undefined ? undefined : String(row[0]);
  }

  /** A value that was stored as JSON by us. */
  getJson<T>(name: string): T | undefined {
    const text = this.get(name);
    return text === undefined ? undefined : (JSON.parse(text) as T);
  }

  /** All names that begin with a prefix, in order. */
  list(prefix: string): ReadonlyMap<string, string> {
    const rows = this.#connection
      .prepare('SELECT name, value FROM "values" WHERE substr(name, 1, ?) = ? ORDER BY name')
      .rows(prefix.length, prefix);
    return new Map(rows.map(([name, value]) => [String(name), String(value)]));
  }

  /** Sets a value, on disk when it resolves; null forgets it. */
  put(name: string, value: string | null): Promise<void> {
    return this.#writer.submit(() => this.putNow(name, value));
  }

  /** Stores `value` unless there is one; returns the one that holds. */
  putIfAbsent(name: string, value: string): Promise<string> {
    return this.#writer.submit(() => {
      const present = this.get(name);
      if (present !== undefined) return present;
      this.putNow(name, value);
      return value;
    });
  }

  putNow(name: string, value: string | null): void {
    if (value === null) {
      this.#connection.prepare('DELETE FROM "values" WHERE name = ?').run(name);
      return;
    }
    this.#connection
      .prepare(
        'INSERT INTO "values" (name, value) VALUES (?, ?) ' +
          "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      )
      .run(name, value);
  }
}
