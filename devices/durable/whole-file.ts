import { chmod, copyFile, lstat, mkdir, open, rename, rm, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { sha256Hex } from "../model/sha256.ts";
import { syncFile, syncFolder } from "./sync-to-disk.ts";

/** Begins the names of files that are not whole yet. Wildcards never find them. */
export const PARTIAL_PREFIX = ".outpost-partial-";

/**
 * Replaces a file whole: after a crash it is the old one or the new one. It is on disk when this returns.
 *
 * @param mode permissions, such as 0o600
 */
export async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const partial = partialOf(path);
  const file = await open(partial, "w", mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(partial, path);
  await syncFolder(dirname(path));
}

/** Copies a file so that its target is the old one or all of the new one; on disk when this returns. */
export async function copyWhole(source: string, target: string): Promise<void> {
  const partial = partialOf(target);
  try {
    await copyFile(source, partial);
    await chmod(partial, (await stat(source)).mode & 0o7777);
    await syncFile(partial);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}

/** Moves a file: the source goes only when the target is whole and on disk. */
export async function moveWhole(source: string, target: string): Promise<void> {
  try {
    await rename(source, target);
  } catch (error) {
    if (!hasCode(error, "EXDEV")) throw error;
    await copyWhole(source, target);
    await unlink(source);
  }
  await syncFolder(dirname(target));
  await syncFolder(dirname(source));
}

export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await syncFolder(dirname(path));
}

/** What is there, without following a link; undefined: nothing. */
export async function statOf(path: string) {
  try {
    return await lstat(path);
  } catch (error) {
    if (hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR")) return undefined;
    throw error;
  }
}

export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function partialOf(path: string): string {
  const name = basename(path);
  // A file system takes no longer one than it has already.
  const isLong = Buffer.byteLength(name) + PARTIAL_PREFIX.length > NAME_BYTES_MAX;
  const own = isLong ? sha256Hex(name) : name;
  return join(dirname(path), `${PARTIAL_PREFIX}${own}`);
}

const NAME_BYTES_MAX = 255;
