import { describe, expect, test } from "bun:test";
import { tmpdir } from "node:os";
import {
  DiskFloor,
  diskSpaceOf,
  FREE_FLOOR_BYTES,
  floorBytesOf,
} from "../../../gateway/content/disk-floor.ts";
import { GIB } from "./content-harness.ts";

describe("floorBytesOf()", () => {
  test.each([
    ["a large disk", 100 * GIB, undefined, FREE_FLOOR_BYTES],
    ["a small disk", 8 * GIB, undefined, Math.floor(8 * GIB * 0.05)],
    ["a configured floor", 8 * GIB, 3 * GIB, 3 * GIB],
    ["no floor at all", 8 * GIB, 0, 0],
  ])("%s", (_, totalBytes, configured, floor) => {
    expect(floorBytesOf({ totalBytes, freeBytes: 0 }, configured)).toBe(floor);
  });
});

describe("diskSpaceOf()", () => {
  test("reads the disk of a folder", async () => {
    const { totalBytes, freeBytes } = await diskSpaceOf(tmpdir())();
    expect(totalBytes).toBeGreaterThan(freeBytes);
    expect(freeBytes).toBeGreaterThan(0);
  });
});

describe("DiskFloor", () => {
  test("gives back what was promised and not used, and counts what was written once", async () => {
    const disk = { totalBytes: 100, freeBytes: 30 };
    const floor = new DiskFloor(async () => disk, 10);
    {
      using first = await floor.reserve(15);
      await expect(floor.reserve(6)).rejects.toMatchObject({ code: "no-room" });
      first.wrote(10);
      disk.freeBytes = 20;
      using _second = await floor.reserve(5);
      await expect(floor.reserve(1)).rejects.toMatchObject({ code: "no-room" });
    }
    using _all = await floor.reserve(10);
    await expect(floor.reserve(1)).rejects.toMatchObject({ code: "no-room" });
  });
});
