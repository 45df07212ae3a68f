import { createHash } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseSha256, type Sha256 } from "../../../devices/model/ids.ts";
import type { PackageFile } from "../../../devices/model/package.ts";
import type { Log } from "../../../devices/ports/log.ts";
import type { BlobIndex } from "../../../gateway/content/blob-index.ts";
import { type BlobStore, openBlobStore } from "../../../gateway/content/blob-store.ts";
import { DiskFloor, type DiskSpace } from "../../../gateway/content/disk-floor.ts";
import { MemoryBlobIndex } from "./memory-blob-index.ts";

export const silentLog: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** A store in a folder of its own, on a disk and under a clock that the test sets. */
/** The secrets of a site that has never changed them. */
export function oneLinkKey(key: Uint8Array) {
  return { current: key, accepted: [key] };
}

export interface ContentHarness extends AsyncDisposable {
  readonly folder: string;
  readonly index: BlobIndex;
  readonly diskFloor: DiskFloor;
  readonly clock: { nowMs: number };
  readonly disk: { -readonly [Key in keyof DiskSpace]: DiskSpace[Key] };
  store: BlobStore;
  /** Opens the folder anew, as a start after a stop or a crash does. */
  reopen(): Promise<BlobStore>;
  /** Names of partial files. */
  partials(): Promise<readonly string[]>;
  /** Names of stored files. */
  stored(): Promise<readonly string[]>;
}

export const GIB = 1024 ** 3;
export const FLOOR_BYTES = GIB;

export async function contentHarness(index: BlobIndex = new MemoryBlobIndex()) {
  const folder = await mkdtemp(join(tmpdir(), "outpost-content-"));
  const clock = { nowMs: Date.UTC(2026, 10, 21, 10) };
  const disk = { totalBytes: 100 * GIB, freeBytes: 50 * GIB };
  const diskFloor = new DiskFloor(async () => disk, FLOOR_BYTES);
  const open = () =>
    openBlobStore({ folder, index, diskFloor, now: () => clock.nowMs, log: silentLog });
  const harness: ContentHarness = {
    folder,
    index,
    diskFloor,
    clock,
    disk,
    store: await open(),
    async reopen() {
      harness.store = await open();
      return harness.store;
    },
    partials: () => readdir(join(folder, "partial")),
    async stored() {
      const shards = await readdir(join(folder, "sha256"));
      const names = await Promise.all(shards.map((name) => readdir(join(folder, "sha256", name))));
      return names.flat().sort();
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
  return harness;
}

export function sha256Of(bytes: Uint8Array | string): Sha256 {
  const digest = parseSha256(createHash("sha256").update(bytes).digest("hex"));
  if (!digest) throw new Error("not a digest");
  return digest;
}

export function md5Of(bytes: Uint8Array | string): string {
  return createHash("md5").update(bytes).digest("hex");
}

export function fileOf(name: string, bytes: Uint8Array): PackageFile {
  return { sha256: sha256Of(bytes), name, bytes: bytes.length };
}

/** The bytes in pieces of `size`, as they come off a network. */
export async function* pieces(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

/** Stores bytes and gives their digest. */
export async function keep(store: BlobStore, name: string, bytes: Uint8Array): Promise<Sha256> {
  return (await store.receive(pieces(bytes), { name })).sha256;
}

/** Bytes that do not compress and do not repeat. */
export function randomBytes(random: () => number, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => Math.floor(random() * 256));
}
