import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncFolder } from "../../devices/durable/sync-to-disk.ts";
import { parseSha256, type Sha256 } from "../../devices/model/ids.ts";
import { isMissing } from "./partial-file.ts";

/** Damaged files kept for whoever wants to look at them; older ones are deleted. */
export const QUARANTINED_FILES_MAX = 4;

/**
 * The content folder and the names in it.
 *
 *   sha256/ab/<digest>     whole, verified files; written once, never changed
 *   partial/<digest>.part  a transfer from the hub, kept over a restart
 *   partial/<key>.vendor   a transfer from a vendor, of which nobody knows the digest yet
 *   partial/<uuid>.upload  an upload, deleted at start
 *   quarantine/<digest>    bytes that turned out to be wrong
 *
 * A name is made of a checked digest only, never of what a person or a device wrote.
 */
export class BlobFolder {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  blobPath(sha256: Sha256): string {
    return join(this.#root, "sha256", sha256.slice(0, 2), sha256);
  }

  transferPath(sha256: Sha256): string {
    return join(this.#root, "partial", `${sha256}.part`);
  }

  /** `key`: 64 hexadecimal digits. */
  vendorPath(key: string): string {
    return join(this.#root, "partial", `${key}.vendor`);
  }

  /** Deletes transfers from vendors that nobody goes on with. */
  async discardVendorFilesBut(keys: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(join(this.#root, "partial"))) {
      if (!name.endsWith(".vendor") || keys.has(name.slice(0, -".vendor".length))) continue;
      await this.discard(join(this.#root, "partial", name));
    }
  }

  newUploadPath(): string {
    return join(this.#root, "partial", `${crypto.randomUUID()}.upload`);
  }

  /** Makes the folders, and deletes partial files that no transfer in `resumable` goes on with. */
  async prepare(resumable: ReadonlySet<Sha256>): Promise<void> {
    for (const name of ["sha256", "partial", "quarantine"]) {
      await mkdir(join(this.#root, name), { recursive: true });
    }
    await syncFolder(this.#root);
    for (const name of await readdir(join(this.#root, "partial"))) {
      if (name.endsWith(".vendor")) continue; // Whoever fetches them knows which are resumed.
      const sha256 = name.endsWith(".part") ? parseSha256(name.slice(0, -5)) : undefined;
      if (sha256 && resumable.has(sha256)) continue;
      await rm(join(this.#root, "partial", name), { recursive: true, force: true });
    }
    await this.#trimQuarantine();
  }

  /** The digests that files are named after, whether anybody knows them or not. */
  async digests(): Promise<readonly Sha256[]> {
    const found: Sha256[] = [];
    for (const shard of await readdir(join(this.#root, "sha256"))) {
      for (const name of await readdir(join(this.#root, "sha256", shard))) {
        const sha256 = parseSha256(name);
        if (sha256?.startsWith(shard)) found.push(sha256);
      }
    }
    return found;
  }

  /** The length of a file of the store in bytes; undefined when there is none. */
  async lengthOf(sha256: Sha256): Promise<number | undefined> {
    try {
      return (await stat(this.blobPath(sha256))).size;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Moves a synced, verified file to its place, so that it is there whole or not at all. */
  async adopt(from: string, sha256: Sha256): Promise<void> {
    const path = this.blobPath(sha256);
    const shard = dirname(path);
    if ((await mkdir(shard, { recursive: true })) !== undefined) await syncFolder(dirname(shard));
    await rename(from, path);
    await syncFolder(shard);
  }

  /** Takes a file out of the store. Those who are reading it go on with the bytes they opened. */
  async quarantine(sha256: Sha256): Promise<void> {
    const path = this.blobPath(sha256);
    try {
      await rename(path, join(this.#root, "quarantine", sha256));
      await syncFolder(dirname(path));
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    await this.#trimQuarantine();
  }

  /** Deletes a partial file. Deleting one that is not there is a no-op. */
  async discard(path: string): Promise<void> {
    await rm(path, { force: true });
  }

  async #trimQuarantine(): Promise<void> {
    const folder = join(this.#root, "quarantine");
    const files = await Promise.all(
      (await readdir(folder)).map(async (name) => {
        const path = join(folder, name);
        return { path, changedMs: (await stat(path)).ctimeMs };
      }),
    );
    files.sort((a, b) => b.changedMs - a.changedMs);
    for (const { path } of files.slice(QUARANTINED_FILES_MAX)) await rm(path, { force: true });
  }
}
