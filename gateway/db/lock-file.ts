import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

/**
 * `<database>.lock` names the process that has the database open. It is for people and for noticing
 * that the last process did not end well (the file stayed). What keeps a second process out is
 * SQLite's own lock, which the system takes back from a dead process by itself.
 */
export function lockPathOf(databasePath: string): string {
  return `${databasePath}.lock`;
}

/** True when the last process that had the database open was killed, or is still running. */
export function isLockLeft(databasePath: string): boolean {
  return existsSync(lockPathOf(databasePath));
}

/** The process named in the lock file; undefined when there is none or it cannot be read. */
export function lockHolder(databasePath: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(lockPathOf(databasePath), "utf8"), 10);
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Writes the lock file and makes sure it is on the disk, so that a power cut is noticed too. */
export function writeLock(databasePath: string, pid: number): void {
  const file = openSync(lockPathOf(databasePath), "w", 0o600);
  try {
    writeSync(file, `${pid}\n`);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  const folder = openSync(dirname(databasePath), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

export function removeLock(databasePath: string): void {
  rmSync(lockPathOf(databasePath), { force: true });
}
