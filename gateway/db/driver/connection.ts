import { existsSync } from "node:fs";
import Libsql from "libsql";
import type { Bound } from "./bindable.ts";
import { databaseErrorFrom, isBusy } from "./database-error.ts";
import { readSql } from "./sql-text.ts";
import { type RunResult, Statement, type StatementHost } from "./statement.ts";
import { refuseAsyncFunction, refusePromise } from "./synchronous.ts";

export interface ConnectionOptions {
  /** Text given to the cipher; absent: the file is not encrypted. */
  readonly encryptionKey?: string | undefined;
  /** Refuse to write through this connection. The binding's own option does nothing. */
  readonly readonly?: boolean;
  /** Refuse to make a new file. The binding's own option does nothing. */
  readonly fileMustExist?: boolean;
  /**
   * `exclusive` (the default): while this connection is open nobody else can open the file, not even
   * to read; the system lets go of the lock when the process ends, however it ends.
   */
  readonly locking?: "exclusive" | "shared";
  /**
   * `full` (the default): what was written is on the disk. `relaxed`: a power cut may take the last
   * writes with it, and the file stays whole; for what is no fact.
   */
  readonly durability?: "full" | "relaxed";
}

/** Statements kept prepared; the least recently used goes first. */
export const STATEMENTS_MAX = 500;

interface Native {
  readonly statement: Libsql.Statement;
  readonly isReader: boolean;
  columns: readonly string[] | undefined;
}

/**
 * The one way to the synchronous `libsql` binding, with its traps closed [platform 2.2]:
 * values are checked before they are bound, every write runs in a transaction that begins IMMEDIATE
 * (a statement that meets a lock half-way would spoil all later commits), every statement runs to its
 * end, rows carry nothing but columns, and nothing asynchronous runs in a transaction.
 *
 * WAL, synchronous=FULL: when a write returns, it is on the disk.
 */
export class Connection implements StatementHost {
  readonly path: string;
  readonly #options: ConnectionOptions;
  /** In order of use, the latest last. */
  readonly #statements = new Map<string, Statement>();
  /** Made anew when the connection is. */
  #natives = new WeakMap<Statement, Native>();
  /** Undefined after it met a lock: it is opened again when it is next needed. */
  #database: Libsql.Database | undefined;
  #isOpen = true;
  /** Transactions and savepoints of ours that are running. */
  #depth = 0;
  #commits = 0;
  #rollBacks = 0;

  /**
   * @param path of the file, or `:memory:`
   * @throws AppError "unavailable" when another process has the file open
   * @throws DatabaseDamagedError when it is no database, or the key is not the right one
   */
  constructor(path: string, options: ConnectionOptions = {}) {
    if (options.fileMustExist && path !== ":memory:" && !existsSync(path)) {
      throw new Error(`there is no database at ${path}`);
    }
    this.path = path;
    this.#options = options;
    this.#database = this.#open();
  }

  /** A statement, prepared once and kept. @throws SqlTextError, DatabaseError */
  prepare(sql: string): Statement {
    const statement = this.#statements.get(sql) ?? new Statement(this, sql, readSql(sql));
    this.#nativeOf(statement); // A mistake in the SQL shows here, not at the first use.
    this.#statements.delete(sql);
    this.#statements.set(sql, statement);
    if (this.#statements.size > STATEMENTS_MAX) {
      const [oldest] = this.#statements.keys();
      if (oldest !== undefined) this.#statements.delete(oldest);
    }
    return statement;
  }

  /** Statements of ours without values or rows, such as PRAGMA, VACUUM or a migration. */
  exec(sql: string): void {
    const database = this.#live();
    try {
      database.exec(sql);
    } catch (error) {
      throw databaseErrorFrom(error, sql);
    }
  }

  get inTransaction(): boolean {
    return this.#isOpen && this.#database?.inTransaction === true;
  }

  /** Rises with every transaction that was committed: what was read before may have changed. */
  get commits(): number {
    return this.#commits;
  }

  /** Rises with everything that was taken back, a savepoint too: what was read in it never was. */
  get rollBacks(): number {
    return this.#rollBacks;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /**
   * Runs `work` in one transaction, on disk when this returns; inside another one, as a savepoint.
   * When `work` throws, nothing of it stays. Async functions are refused: they would be committed at
   * their first `await`.
   */
  atomically<T>(work: () => T): T {
    refuseAsyncFunction(work);
    const isNested = this.#depth > 0;
    if (isNested) this.#needTransaction();
    this.exec(isNested ? "SAVEPOINT nested" : "BEGIN IMMEDIATE");
    this.#depth++;
    try {
      const result = refusePromise(work());
      this.exec(isNested ? "RELEASE nested" : "COMMIT");
      if (!isNested) this.#commits++;
      return result;
    } catch (error) {
      this.#rollBacks++;
      if (isNested) this.#rollBackNested();
      else this.#rollBack();
      throw error;
    } finally {
      this.#depth--;
    }
  }

  /** The form drizzle asks for; every behaviour is IMMEDIATE. */
  transaction<Arguments extends unknown[], T>(work: (...values: Arguments) => T) {
    refuseAsyncFunction(work);
    const run = (...values: Arguments) => this.atomically(() => work(...values));
    return Object.assign(run, { deferred: run, immediate: run, exclusive: run });
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#rollBack();
    this.#isOpen = false;
    this.#statements.clear();
    this.#letGo();
  }

  rowsOf(statement: Statement, values: Bound[]): unknown[][] {
    const { kind } = statement.text;
    if (kind === "write") return this.#writing(() => this.#step(statement, values));
    this.#refuseOutOfPlace(statement);
    return this.#step(statement, values);
  }

  runOf(statement: Statement, values: Bound[]): RunResult {
    const { kind } = statement.text;
    if (kind === "write") return this.#writing(() => this.#stepWrite(statement, values));
    this.#refuseOutOfPlace(statement);
    if (kind !== "savepoint") this.#step(statement, values);
    else if (this.inTransaction) this.exec(statement.sql);
    return { changes: 0, lastInsertRowid: 0 };
  }

  columnsOf(statement: Statement): readonly string[] {
    const native = this.#nativeOf(statement);
    native.columns ??= native.statement.columns().map((column) => column.name);
    return native.columns;
  }

  #writing<T>(work: () => T): T {
    if (this.#depth === 0) return this.atomically(work);
    this.#needTransaction();
    return work();
  }

  #stepWrite(statement: Statement, values: Bound[]): RunResult {
    const native = this.#nativeOf(statement);
    if (native.isReader) {
      // run() of the binding never ends a statement with RETURNING, so its row would never commit.
      this.#step(statement, values);
      const [row = []] = this.#step(this.prepare(CHANGES), []);
      return { changes: Number(row[0]), lastInsertRowid: Number(row[1]) };
    }
    try {
      const { changes, lastInsertRowid } = native.statement.run(values);
      return { changes, lastInsertRowid: Number(lastInsertRowid) };
    } catch (error) {
      throw this.#failed(error, statement.sql);
    }
  }

  /** Runs to the end, so that the statement holds nothing afterwards. */
  #step(statement: Statement, values: Bound[]): unknown[][] {
    const native = this.#nativeOf(statement);
    try {
      if (!native.isReader) {
        native.statement.run(values);
        return [];
      }
      const rows = native.statement.all(values) as unknown[][];
      for (const row of rows) copyBlobs(row);
      return rows;
    } catch (error) {
      throw this.#failed(error, statement.sql);
    }
  }

  #nativeOf(statement: Statement): Native {
    const database = this.#live();
    const known = this.#natives.get(statement);
    if (known) return known;
    try {
      const prepared = database.prepare(statement.sql);
      const isReader = prepared.reader;
      if (isReader) prepared.raw(true);
      const native: Native = { statement: prepared, isReader, columns: undefined };
      this.#natives.set(statement, native);
      return native;
    } catch (error) {
      throw databaseErrorFrom(error, statement.sql);
    }
  }

  /**
   * A statement that met a lock stays half-way in the binding, and every later COMMIT of the same
   * connection fails or is lost. Writes cannot get there (BEGIN IMMEDIATE met the lock first); a
   * read that did costs us the connection.
   */
  #failed(error: unknown, sql: string): Error {
    if (isBusy(error)) this.#letGo();
    return databaseErrorFrom(error, sql);
  }

  #refuseOutOfPlace(statement: Statement): void {
    const { kind } = statement.text;
    if (kind === "transaction") throw new Error(`use atomically() instead of ${statement.sql}`);
    // After a full disk SQLite has ended the transaction: then there is nothing to go back to.
    const isBack = /^\s*rollback/i.test(statement.sql);
    if (kind === "savepoint" && !isBack) this.#needTransaction();
  }

  /** A full disk ends the whole transaction; what follows must not become one of its own. */
  #needTransaction(): void {
    if (this.#live().inTransaction) return;
    throw new Error("the transaction has ended already: nothing can be added to it");
  }

  #rollBackNested(): void {
    if (this.inTransaction) this.exec("ROLLBACK TO nested; RELEASE nested");
  }

  #rollBack(): void {
    if (!this.inTransaction) return;
    try {
      this.exec("ROLLBACK");
    } catch {
      this.#letGo(); // Closing the connection rolls back for certain.
    }
  }

  /**
   * The binding closes the file only when its last statement was collected as garbage, which may be
   * never; so the lock is given back first. Leaving WAL also folds the log into the one file.
   */
  #letGo(): void {
    const database = this.#database;
    this.#natives = new WeakMap();
    this.#database = undefined;
    if (!database) return;
    try {
      database.exec(LEAVE);
    } catch {
      // No room to fold the log in, say: the lock stays until this process ends, and the next one
      // reads the log.
    }
    database.close();
  }

  #open(): Libsql.Database {
    const { encryptionKey, locking = "exclusive" } = this.#options;
    let database: Libsql.Database | undefined;
    try {
      const options: Libsql.Options & { encryptionKey?: string } = {};
      if (encryptionKey !== undefined) options.encryptionKey = encryptionKey;
      database = new Libsql(this.path, options);
      // locking_mode comes first: then WAL works without a shared-memory file.
      if (locking === "exclusive") database.exec("PRAGMA locking_mode = EXCLUSIVE");
      if (!this.#options.readonly) database.exec("PRAGMA journal_mode = WAL");
      database.exec(SETTINGS);
      if (this.#options.durability === "relaxed") database.exec("PRAGMA synchronous = NORMAL");
      if (this.#options.readonly) database.exec("PRAGMA query_only = 1");
      return database;
    } catch (error) {
      database?.close();
      throw databaseErrorFrom(error, `open ${this.path}`);
    }
  }

  #live(): Libsql.Database {
    if (!this.#isOpen) throw new Error(`the database ${this.path} is closed`);
    this.#database ??= this.#open();
    return this.#database;
  }
}

const LEAVE = `PRAGMA query_only = 0;
PRAGMA journal_mode = DELETE;
PRAGMA locking_mode = NORMAL;
SELECT count(*) FROM sqlite_schema`;
const CHANGES = "SELECT changes(), last_insert_rowid()";
/** After a large transaction the log file is cut back to this. */
export const LOG_BYTES_KEPT = 16 * 1024 ** 2;
/**
 * The log is folded into the file when it has as many pages (of 4 KiB): a page that changes all the
 * time is then written there less often. With a group of the writer on top it is still kept whole.
 */
const LOG_PAGES = 3_500;
/** What a site of 500 devices reads and writes again and again; SQLite's own is a quarter of it. */
const CACHE_KIB = 8 * 1024;
/** The last line reads the file, so that a lock or a wrong key shows now. */
const SETTINGS = `PRAGMA synchronous = FULL;
PRAGMA foreign_keys = ON;
PRAGMA busy_timeout = 0;
PRAGMA trusted_schema = OFF;
PRAGMA cache_size = -${CACHE_KIB};
PRAGMA wal_autocheckpoint = ${LOG_PAGES};
PRAGMA journal_size_limit = ${LOG_BYTES_KEPT};
SELECT count(*) FROM sqlite_schema`;

/** The binding gives an ArrayBuffer here and a Buffer there: always a Uint8Array. */
function copyBlobs(row: unknown[]): void {
  for (let index = 0; index < row.length; index++) {
    const cell = row[index];
    if (cell instanceof ArrayBuffer) row[index] = new Uint8Array(cell);
  }
}
