import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
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

export interface LockFile {
  readonly pid: number;
  /** That process itself began after one that had not ended well. */
  readonly afterUncleanEnd: boolean;
}

/**
 * What the process wrote that has the database open, or that was killed with it open; undefined when
 * the last one ended well. A file that cannot be read names process 0.
 */
export function readLock(databasePath: string): LockFile | undefined {
  if (!existsSync(lockPathOf(databasePath))) return undefined;
  try {
    const [pid, end] = readFileSync(lockPathOf(databasePath), "utf8").split("\n");
    return { pid: Number(pid), afterUncleanEnd: end === "again" };
  } catch {
    return { pid: 0, afterUncleanEnd: true };
  }
}

/** Writes the lock file and makes sure it is on the disk, so that a power cut is noticed too. */
export function writeLock(databasePath: string, lock: LockFile): void {
  const file = openSync(lockPathOf(databasePath), "w", 0o600);
  try {
    const end = lock.afterUncleanEnd ? "again" : "first";
    writeSync(file, `${lock.pid}\n${end}\n`);
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

/** A process that was killed within this time of a start after another kill may be in a loop. */
export const CRASH_LOOP_MS = 10 * 60 * 1000;

/**
 * True when the last two processes were both killed and the second did not live long: perhaps it is
 * the file itself that ends them.
 */
export function looksLikeCrashLoop(databasePath: string, lock: LockFile): boolean {
  if (!lock.afterUncleanEnd) return false;
  // By the times of the files: when it began, and when it last wrote.
  const livedMs =
    Math.max(changedMs(databasePath), changedMs(`${databasePath}-wal`)) -
    changedMs(lockPathOf(databasePath));
  return livedMs < CRASH_LOOP_MS;
}

function changedMs(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

export function removeLock(databasePath: string): void {
  rmSync(lockPathOf(databasePath), { force: true });
}
