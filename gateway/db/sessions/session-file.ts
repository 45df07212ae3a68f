import { existsSync, mkdirSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import type { Log } from "../../../devices/ports/log.ts";
import { Connection } from "../driver/connection.ts";

/** Rises with every change of the tables: a file of before is thrown away and begun anew. */
const FORMAT = 2;

/** Parts of the messages of one session: a number of a part is its session's, times this, and so on. */
export const PARTS_PER_SESSION = 1_024;

/**
 * An id is never given twice in one file, though its session is gone: links to it are somewhere.
 * Numbers and bytes only: reading damaged text would end the whole process, and these are the least
 * important records of all.
 */
const TABLES = `
CREATE TABLE sessions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  device BLOB NOT NULL,
  stranger INTEGER NOT NULL,
  started_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  problem INTEGER NOT NULL,
  summary BLOB NOT NULL
) STRICT;
CREATE INDEX sessions_of_device ON sessions (device, stranger, id);
CREATE TABLE messages (
  id INTEGER PRIMARY KEY,
  count INTEGER NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE TRIGGER messages_go_too AFTER DELETE ON sessions BEGIN
  DELETE FROM messages WHERE id >= OLD.id * ${PARTS_PER_SESSION} AND id < (OLD.id + 1) * ${PARTS_PER_SESSION};
END;
PRAGMA user_version = ${FORMAT};`;

/**
 * Opens the file of recorded sessions, or begins it anew when it cannot be used: damaged, of another
 * version, or of another key. Nothing in it is a fact.
 *
 * @param path of the file, or `:memory:`
 * @throws AppError "no-room" when there is no room for a new one
 */
export function openSessionFile(path: string, key: string | undefined, log: Log): Connection {
  try {
    const connection = connect(path, key);
    if (formatOf(connection) === FORMAT) return connection;
    const isNew = formatOf(connection) === 0;
    connection.close();
    if (!isNew) log.info("session-records-begun-anew", { path, why: "another version made them" });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log.warn("session-records-begun-anew", { path, why });
  }
  return newSessionFile(path, key);
}

/** Throws away what is there. */
export function newSessionFile(path: string, key: string | undefined): Connection {
  if (path !== ":memory:") {
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${path}${suffix}`, { force: true });
    if (!existsSync(dirname(path))) mkdirSync(dirname(path), { recursive: true });
  }
  const connection = connect(path, key);
  // Rooms that become free are given back to the disk.
  connection.exec("PRAGMA auto_vacuum = INCREMENTAL; VACUUM");
  connection.exec(TABLES);
  return connection;
}

function connect(path: string, key: string | undefined): Connection {
  return new Connection(path, { encryptionKey: key, durability: "relaxed" });
}

function formatOf(connection: Connection): number {
  return Number(connection.prepare("PRAGMA user_version").rows()[0]?.[0] ?? 0);
}
