import { AppError } from "../../../devices/model/errors.ts";

/** The database refused a statement. `code` is SQLite's, such as `SQLITE_CONSTRAINT_UNIQUE`. */
export class DatabaseError extends Error {
  override readonly name = "DatabaseError";
  readonly code: string;

  constructor(code: string, message: string, cause: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The file is not (or no longer) a database that can be read, or the key is wrong. */
export class DatabaseDamagedError extends DatabaseError {}

/**
 * What the binding threw, as one of ours: AppError "no-room" when the disk is full, "unavailable"
 * when another process holds the file, DatabaseError otherwise. Values of parameters never show.
 */
export function databaseErrorFrom(error: unknown, sql: string): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const code = codeOf(error);
  if (code === undefined) return error;
  if (code.startsWith("SQLITE_FULL")) {
    return new AppError(
      "no-room",
      "The gateway's disk is full: nothing was stored. Free some space; it goes on by itself.",
      { cause: error },
    );
  }
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new AppError("unavailable", "The database is in use by another process.", {
      cause: error,
    });
  }
  const message = `${error.message} [${code}] in: ${sql.slice(0, 500)}`;
  if (code.startsWith("SQLITE_CORRUPT") || code.startsWith("SQLITE_NOTADB")) {
    return new DatabaseDamagedError(code, message, error);
  }
  return new DatabaseError(code, message, error);
}

export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error) ?? "");
}

export function isConstraint(error: unknown): boolean {
  return error instanceof DatabaseError && error.code.startsWith("SQLITE_CONSTRAINT");
}

/** The write did not reach the disk for a reason that a retry cannot cure. */
export function isDiskFailure(error: unknown): boolean {
  return error instanceof DatabaseError && /^SQLITE_(IOERR|CORRUPT|NOTADB)/.test(error.code);
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
