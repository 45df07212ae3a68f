import { statfs } from "node:fs/promises";
import { AppError } from "../../devices/model/errors.ts";

/** Free space that content never takes, so that facts can always be written: 512 MiB, ... */
export const FREE_FLOOR_BYTES = 512 * 1024 ** 2;
/** ... or this share of the disk where that is less, so that a small box can hold content at all. */
export const FREE_FLOOR_SHARE = 0.05;

export interface DiskSpace {
  readonly totalBytes: number;
  /** Free for us, without what the file system keeps for its administrator. */
  readonly freeBytes: number;
}

export type ReadDiskSpace = () => Promise<DiskSpace>;

/** Reads the disk that `folder` is on. */
export function diskSpaceOf(folder: string): ReadDiskSpace {
  return async () => {
    const { blocks, bavail, bsize } = await statfs(folder);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
  };
}

/** The floor in bytes: what is configured, else the default for a disk of this size. */
export function floorBytesOf(space: DiskSpace, configuredBytes: number | undefined): number {
  return (
    configuredBytes ?? Math.min(FREE_FLOOR_BYTES, Math.floor(space.totalBytes * FREE_FLOOR_SHARE))
  );
}

/** Room promised to one upload or transfer. Dispose of it when the file is finished or given up. */
export interface Reservation extends Disposable {
  /** These bytes are on the disk now, so they count as used and are promised no longer. */
  wrote(bytes: number): void;
  /** Throws AppError "no-room" when the floor is reached: somebody else filled the disk meanwhile. */
  check(): Promise<void>;
}

/** Keeps a floor of free disk against several uploads and transfers at once. */
export class DiskFloor {
  readonly #readSpace: ReadDiskSpace;
  readonly #configuredBytes: number | undefined;
  #promisedBytes = 0;

  /** `configuredBytes` undefined: the default, see `FREE_FLOOR_BYTES`. */
  constructor(readSpace: ReadDiskSpace, configuredBytes?: number) {
    this.#readSpace = readSpace;
    this.#configuredBytes = configuredBytes;
  }

  /** Throws AppError "no-room" when `bytes` more would reach the floor; 0 when it is not known. */
  async reserve(bytes: number): Promise<Reservation> {
    // Promised before the disk is asked, so that two at once cannot both take the last room.
    this.#promisedBytes += bytes;
    try {
      await this.#check(this.#promisedBytes, bytes);
    } catch (error) {
      this.#promisedBytes -= bytes;
      throw error;
    }
    let left = bytes;
    const takeBack = (taken: number) => {
      const taking = Math.min(taken, left);
      left -= taking;
      this.#promisedBytes -= taking;
    };
    return {
      wrote: takeBack,
      check: () => this.#check(0, left),
      [Symbol.dispose]: () => takeBack(left),
    };
  }

  async #check(promisedBytes: number, askedBytes: number): Promise<void> {
    const space = await this.#readSpace();
    const floorBytes = floorBytesOf(space, this.#configuredBytes);
    if (space.freeBytes - promisedBytes >= floorBytes) return;
    throw new AppError("no-room", noRoomText(space, floorBytes, askedBytes));
  }
}

function noRoomText(space: DiskSpace, floorBytes: number, askedBytes: number): string {
  const problem =
    askedBytes > 0
      ? `The gateway's disk has no room for this file: ${mebibytes(askedBytes)} more are needed, `
      : "The gateway's disk is full: ";
  return (
    `${problem}${mebibytes(space.freeBytes)} are free, and ${mebibytes(floorBytes)} are kept free so ` +
    "that reports can always be stored. Remove files that are no longer needed, or use a larger disk."
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1024 ** 2)} MiB`;
}
