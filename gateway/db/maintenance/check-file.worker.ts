/** The child process of `checkDatabaseFile`: reads a CheckRequest from stdin, prints a FileCheck. */
import { isUtf8 } from "node:buffer";
import { AppError } from "../../../devices/model/errors.ts";
import { Connection } from "../driver/connection.ts";
import { DatabaseDamagedError } from "../driver/database-error.ts";
import type { CheckRequest, FileCheck } from "./check-file.ts";
import { keyMismatch } from "./file-header.ts";

/** Problems named at most; the first few say enough. */
const PROBLEMS_MAX = 20;
/** Rows whose text is looked at in one go. */
const ROWS_PER_LOOK = 500;

const { path, key, depth } = (await Bun.stdin.json()) as CheckRequest;
await Bun.write(Bun.stdout, JSON.stringify(check()));

function check(): FileCheck {
  const mismatch = keyMismatch(path, key);
  let connection: Connection;
  try {
    connection = open();
  } catch (error) {
    // Whoever has it open has it, whatever key we were given.
    if (error instanceof AppError && error.code === "unavailable") return { kind: "busy" };
    if (!(error instanceof DatabaseDamagedError)) throw error;
    if (mismatch) return mismatch;
    if (key === undefined) return { kind: "damaged", problems: [error.message] };
    return {
      kind: "wrong-key",
      detail: `The key does not open the database ${path}: it is the key of another database, or the file is damaged.`,
    };
  }
  if (mismatch) return mismatch;
  try {
    const problems = structureProblems(connection);
    if (problems.length === 0) problems.push(...textProblems(connection, ["sqlite_schema"]));
    if (problems.length === 0 && depth === "full") {
      problems.push(...textProblems(connection, tablesOf(connection)));
    }
    return problems.length === 0 ? { kind: "ok" } : { kind: "damaged", problems };
  } catch (error) {
    return { kind: "damaged", problems: [error instanceof Error ? error.message : String(error)] };
  }
}

/** Not closed: the end of this process does that, and must not write anything. */
function open(): Connection {
  return new Connection(path, {
    encryptionKey: key,
    readonly: true,
    fileMustExist: true,
    locking: "shared",
  });
}

/** Text is read from indexes too, and only integrity_check compares them with their tables. */
function structureProblems(connection: Connection): string[] {
  const pragma = depth === "full" ? "integrity_check" : "quick_check";
  return connection
    .prepare(`PRAGMA ${pragma}(${PROBLEMS_MAX})`)
    .rows()
    .map(([line]) => String(line))
    .filter((line) => line !== "ok");
}

function tablesOf(connection: Connection): string[] {
  return connection
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
    .rows()
    .map(([name]) => String(name));
}

/** integrity_check does not look into texts. Read as bytes they are harmless, so they are tried here. */
function textProblems(connection: Connection, tables: readonly string[]): string[] {
  return tables
    .filter((table) => damagedGroups(connection, table) > 0)
    .map((table) => `the table ${table} holds text that is not readable`);
}

function damagedGroups(connection: Connection, table: string): number {
  const columns = connection
    .prepare("SELECT name FROM pragma_table_info(?)")
    .rows(table)
    .map(([name]) => `CASE typeof("${name}") WHEN 'text' THEN "${name}" ELSE '' END`);
  // A line break between texts: two damaged halves must not make a whole character.
  const line = columns.join(" || char(10) || ");
  const group = connection.prepare(
    `SELECT CAST(group_concat(line, char(10)) AS BLOB), max(id) FROM
      (SELECT rowid AS id, ${line} AS line FROM "${table}" WHERE rowid > ? ORDER BY rowid LIMIT ?)`,
  );
  let damaged = 0;
  for (let after = Number.MIN_SAFE_INTEGER; ; ) {
    const [row] = group.rows(after, ROWS_PER_LOOK);
    const [bytes, last] = row ?? [];
    if (typeof last !== "number") return damaged;
    if (bytes instanceof Uint8Array && !isUtf8(bytes)) damaged++;
    after = last;
  }
}
