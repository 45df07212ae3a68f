import { open } from "node:fs/promises";

/** Waits until what was written to a file is on the disk. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Makes names in a folder (created, renamed, removed) survive a power cut. Windows keeps no such promise and
 * needs none.
 */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform !== "win32") await syncFile(path);
}
