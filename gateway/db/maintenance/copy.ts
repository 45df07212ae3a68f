import { existsSync } from "node:fs";
import { copyFile, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { syncFile, syncFolder } from "../../../devices/durable/sync-to-disk.ts";
import { databasePathIn } from "./data-folder.ts";
import { BackupError, MANIFEST_FILE, readManifest } from "./manifest.ts";
import { sha256OfFile } from "./sha256-of-file.ts";

/**
 * Copies a backup to a new folder, verified by the checksums in its manifest and whole or not at all.
 *
 * @returns the absolute path of the copy
 * @throws BackupError when there is no backup, the target exists, or a copy differs
 */
export async function copyBackup(from: string, to: string): Promise<string> {
  const folder = resolve(to);
  const manifest = await readManifest(from);
  if (existsSync(folder)) throw new BackupError(`${folder} exists already; name another folder.`);
  const partial = `${folder}.partial`;
  await rm(partial, { recursive: true, force: true });
  await mkdir(partial, { recursive: true, mode: 0o700 });
  try {
    for (const { name, sha256 } of manifest.databases) {
      const path = databasePathIn(partial, name);
      await copyFile(databasePathIn(from, name), path);
      if ((await sha256OfFile(path)) !== sha256) {
        throw new BackupError(`The copy of ${name} is not what was backed up.`);
      }
      await syncFile(path);
    }
    await copyFile(join(from, MANIFEST_FILE), join(partial, MANIFEST_FILE));
    await syncFile(join(partial, MANIFEST_FILE));
    await syncFolder(partial);
    await rename(partial, folder);
    await syncFolder(dirname(folder));
    return folder;
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    throw error;
  }
}
