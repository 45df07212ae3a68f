import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../../devices/model/errors.ts";
import type { DiskFloor } from "../../content/disk-floor.ts";
import type { Connection } from "../driver/connection.ts";
import { backUpOpen, type OpenedDatabase } from "./backup.ts";
import type { DatabaseName } from "./data-folder.ts";
import { BackupError, type Manifest, readManifest } from "./manifest.ts";

/** A backup's name is its folder's: nothing that leads anywhere else. */
const NAME = /^[a-z0-9][a-z0-9-]{0,62}$/;

export interface ShelfOptions {
  /** Where the backups are; made with the first one. */
  readonly folder: string;
  /** After each new one the oldest go until so many are left. */
  readonly kept: number;
  readonly key?: string | undefined;
  readonly diskFloor: DiskFloor;
  readonly now: () => number;
}

export interface BackupOnShelf {
  readonly name: string;
  /** Absolute path of its folder. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/**
 * Backups that a running gateway makes of itself, in one folder of its own: whoever asks gives a name,
 * never a path. One at a time. While a database is copied everything waits (about a second per 100 MB).
 */
export class BackupShelf implements AsyncDisposable {
  readonly #options: ShelfOptions;
  readonly #databases = new Map<DatabaseName, Connection>();
  #making: Promise<unknown> | undefined;

  constructor(options: ShelfOptions) {
    this.#options = options;
  }

  /** A database that this process has open from now on. A process with both roles has two. */
  add(name: DatabaseName, connection: Connection): void {
    this.#databases.set(name, connection);
  }

  /** Newest first. What is no whole backup is not listed, and never touched. */
  async list(): Promise<readonly BackupOnShelf[]> {
    const { folder } = this.#options;
    const found: BackupOnShelf[] = [];
    for (const name of (await namesIn(folder)).filter((one) => NAME.test(one))) {
      const manifest = await readManifest(join(folder, name)).catch(noneWhereDamaged);
      if (manifest) found.push({ name, folder: join(folder, name), manifest });
    }
    return found.sort(
      (a, b) => b.manifest.madeAtMs - a.manifest.madeAtMs || (a.name < b.name ? 1 : -1),
    );
  }

  /**
   * Makes a backup, verifies it, and then lets the oldest go.
   *
   * @param wanted its name; undefined: the time
   * @throws AppError "conflict" when one is being made or the name is taken, "unprocessable" for a name
   *   that is none, "no-room", "unavailable" when the folder cannot be made or the copy is damaged
   */
  async make(wanted: string | undefined): Promise<BackupOnShelf> {
    if (this.#making !== undefined)
      throw new AppError("conflict", "A backup is being made already.");
    const making = this.#make(wanted);
    this.#making = making;
    try {
      return await making;
    } finally {
      this.#making = undefined;
    }
  }

  /** False when there is none of this name. */
  async remove(name: string): Promise<boolean> {
    const backup = (await this.list()).find((one) => one.name === name);
    if (backup) await rm(backup.folder, { recursive: true, force: true });
    return backup !== undefined;
  }

  /** Waits for a backup under way: the databases are closed after this. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#making?.catch(() => undefined); // Whoever asked for it hears of it.
  }

  async #make(wanted: string | undefined): Promise<BackupOnShelf> {
    const { diskFloor, folder, kept, key, now } = this.#options;
    const taken = new Set(await namesIn(folder));
    const name = wanted ?? unusedName(now(), taken);
    if (!NAME.test(name)) {
      throw new AppError("unprocessable", "use lower-case letters, digits and hyphens", {
        fields: [{ pointer: "/name", message: "use lower-case letters, digits and hyphens" }],
      });
    }
    if (taken.has(name)) throw new AppError("conflict", `There is a backup ${name} already.`);
    const databases = this.#opened();
    await makeFolder(folder);
    using _room = await diskFloor.reserve(databases.reduce((sum, one) => sum + bytesOf(one), 0));
    const made = await backUpOpen(databases, { target: join(folder, name), key, now }).catch(
      toldApart,
    );
    for (const old of (await this.list()).slice(kept)) {
      if (old.name !== name) await rm(old.folder, { recursive: true, force: true });
    }
    return { name, folder: made.folder, manifest: made.manifest };
  }

  #opened(): readonly OpenedDatabase[] {
    return [...this.#databases].map(([name, connection]) => ({ name, connection }));
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError("unavailable", `The backup folder ${folder} cannot be made (${why}).`, {
      cause,
    });
  }
}

/** What is wrong with a copy is for whoever asked, in its own words. */
function toldApart(error: unknown): never {
  if (error instanceof BackupError) {
    throw new AppError("unavailable", error.message, { cause: error });
  }
  throw error;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch {
    return []; // Not made yet: there was no backup.
  }
}

function noneWhereDamaged(error: unknown): undefined {
  if (error instanceof BackupError) return undefined;
  throw error;
}

/** Such as `2026-11-21t22-00-05z`; with a number behind it when that is taken. */
function unusedName(nowMs: number, taken: ReadonlySet<string>): string {
  const stamp = `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(":", "-").toLowerCase()}z`;
  let name = stamp;
  for (let count = 2; taken.has(name); count++) name = `${stamp}-${count}`;
  return name;
}

function bytesOf({ connection }: OpenedDatabase): number {
  const numberOf = (pragma: string) => Number(connection.prepare(pragma).rows()[0]?.[0] ?? 0);
  return numberOf("PRAGMA page_count") * numberOf("PRAGMA page_size");
}
