/** A lock between processes: one file that names its holder. Plain Node.js, used before set-up. */
import { randomUUID } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as wait } from "node:timers/promises";

const POLL_MS = 200;
/** A holder that cannot be asked (another machine's, on a shared disk) is given up after this. */
const FOREIGN_MS_MAX = 30 * 60 * 1000;

/**
 * Runs `work` while holding the lock at `path`, waiting for another holder first. A lock whose
 * holder has died is taken over. Always released, also when `work` throws.
 */
export async function withLock(path, work) {
  const token = randomUUID();
  let told = false;
  while (!tryAcquire(path, token)) {
    if (!removeIfStale(path)) {
      if (!told) process.stderr.write("Another set-up is running here; waiting for it.\n");
      told = true;
      await wait(POLL_MS);
    }
  }
  try {
    return await work();
  } finally {
    if (readHolder(path)?.token === token) rmSync(path, { force: true });
  }
}

function tryAcquire(path, token) {
  try {
    const holder = { token, pid: process.pid, host: hostname() };
    writeFileSync(path, JSON.stringify(holder), { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

/** True when a dead holder's lock was removed, or the lock is gone anyway. */
function removeIfStale(path) {
  const holder = readHolder(path);
  if (holder === "gone") return true;
  if (isAlive(holder, path)) return false;
  // Renamed before it is deleted: of two that find it stale, only one gets the file, and if a new
  // holder was quicker than both, its file goes back.
  const aside = `${path}.${randomUUID()}`;
  try {
    renameSync(path, aside);
  } catch {
    return true;
  }
  const taken = readHolder(aside);
  if (taken?.token !== holder?.token) {
    renameSync(aside, path);
    return false;
  }
  rmSync(aside, { force: true });
  return true;
}

function isAlive(holder, path) {
  if (holder === undefined || holder.host !== hostname()) {
    return Date.now() - modifiedAt(path) < (holder === undefined ? POLL_MS * 25 : FOREIGN_MS_MAX);
  }
  try {
    process.kill(holder.pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM"; // It lives, but belongs to somebody else.
  }
}

function modifiedAt(path) {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return Date.now(); // Gone in between: the next look will see it.
  }
}

/** The holder, undefined when the file cannot be read as one (it is just being written), or "gone". */
function readHolder(path) {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    return error.code === "ENOENT" ? "gone" : undefined;
  }
}
