import { AppError } from "../../devices/model/errors.ts";
import type { Log } from "../../devices/ports/log.ts";
import { Connection } from "./driver/connection.ts";
import { DatabaseDamagedError } from "./driver/database-error.ts";
import { type Db, drizzleOver } from "./drizzle.ts";
import { GroupWriter } from "./group-writer.ts";
import { type LockFile, looksLikeCrashLoop, readLock, removeLock, writeLock } from "./lock-file.ts";
import {
  CHECK_COMMAND,
  type CheckRequest,
  checkDatabaseFile,
  type FileCheck,
} from "./maintenance/check-file.ts";
import { checkText } from "./maintenance/check-text.ts";
import { refuseHalfRestored } from "./maintenance/half-restored.ts";
import { type Migration, migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations/index.ts";

export interface DatabaseOptions {
  /** The file, or `:memory:`. */
  readonly path: string;
  /** Text of the key (see `parseDatabaseKey`); absent: the file is not encrypted. */
  readonly key?: string | undefined;
  readonly log: Log;
  readonly now: () => number;
  /** The disk failed and nothing more will be written: the process should end. */
  readonly onFailure?: (error: Error) => void;
  /** How to run the check after an unclean end; a compiled binary names itself. */
  readonly checkCommand?: readonly string[];
  /** Ours, unless a test has others. */
  readonly migrations?: readonly Migration[];
}

/** An open database: one process, one connection, one writer. */
export interface OutpostDatabase extends AsyncDisposable {
  readonly path: string;
  /** For reading, and inside the writer's transactions. */
  readonly db: Db;
  readonly connection: Connection;
  readonly writer: GroupWriter;
  readonly now: () => number;
  /** Rises with every commit: what a page shows may have changed. */
  changeCounter(): number;
  /** Writes what is waiting, folds the log into the file and lets go of it. */
  close(): Promise<void>;
}

/**
 * Opens (or makes) the database of a gateway, checks it after an unclean end, and brings its schema
 * up to date.
 *
 * @throws AppError "unavailable" when another process has it open (the message names the process), or
 *   when a restore of it was interrupted
 * @throws DatabaseDamagedError when it is damaged or the key is not right; the message says what to do
 * @throws MigrationError when it belongs to a newer version, or to another one
 */
export async function openDatabase(options: DatabaseOptions): Promise<OutpostDatabase> {
  const { path, log, now } = options;
  const isFile = path !== ":memory:";
  if (isFile) refuseHalfRestored(path);
  const left = isFile ? readLock(path) : undefined;
  if (left) await checkAfterUncleanEnd(options, left);
  const connection = await connect(options);
  try {
    if (isFile) noteHolder(path, left !== undefined, log);
    migrate(connection, options.migrations ?? MIGRATIONS, log);
  } catch (error) {
    connection.close();
    if (isFile) removeLock(path);
    throw error;
  }
  const db = drizzleOver(connection);
  const onFailure = (error: Error) => {
    log.error("database-failed", error, { path });
    options.onFailure?.(error);
  };
  const writer = new GroupWriter(connection, db, onFailure);
  const close = async () => {
    if (!connection.isOpen) return;
    writer.close();
    connection.close();
    if (isFile) removeLock(path);
  };
  return {
    path,
    db,
    connection,
    writer,
    now,
    changeCounter: () => connection.commits,
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** On a full disk the gateway starts all the same: it can read, and be told to free some room. */
function noteHolder(path: string, afterUncleanEnd: boolean, log: Log): void {
  try {
    writeLock(path, { pid: process.pid, afterUncleanEnd });
  } catch (error) {
    log.warn("database-lock-not-written", { path, why: String(error) });
  }
}

async function connect(options: DatabaseOptions): Promise<Connection> {
  const { path, key } = options;
  try {
    return new Connection(path, { encryptionKey: key });
  } catch (error) {
    if (error instanceof AppError && error.code === "unavailable") throw inUse(path, error);
    if (!(error instanceof DatabaseDamagedError)) throw error;
    refuseUnlessWhole(path, await runCheck(options, "quick"));
    throw error;
  }
}

/** Quick as a rule; thorough when the file itself may be what ends us. */
async function checkAfterUncleanEnd(options: DatabaseOptions, left: LockFile): Promise<void> {
  const startedMs = options.now();
  const depth = looksLikeCrashLoop(options.path, left) ? "full" : "quick";
  const check = await runCheck(options, depth);
  const tookMs = options.now() - startedMs;
  options.log.info("database-checked", { path: options.path, depth, result: check.kind, tookMs });
  refuseUnlessWhole(options.path, check);
}

function runCheck(
  { path, key, checkCommand }: DatabaseOptions,
  depth: CheckRequest["depth"],
): Promise<FileCheck> {
  return checkDatabaseFile({ path, key, depth }, checkCommand ?? CHECK_COMMAND);
}

function refuseUnlessWhole(path: string, check: FileCheck): void {
  if (check.kind === "ok" || check.kind === "missing") return;
  if (check.kind === "busy") throw inUse(path, undefined);
  const code = check.kind === "damaged" ? "SQLITE_CORRUPT" : "SQLITE_NOTADB";
  throw new DatabaseDamagedError(code, checkText(path, check), undefined);
}

function inUse(path: string, cause: unknown): AppError {
  const holder = readLock(path)?.pid;
  const who = holder ? `process ${holder}` : "another process";
  return new AppError(
    "unavailable",
    `The database ${path} is in use by ${who}. Stop it first, or use another data folder.`,
    { cause },
  );
}
