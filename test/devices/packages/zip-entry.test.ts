import { expect, test } from "bun:test";
import { bytesSource } from "../../../devices/packages/range-source.ts";
import { readZipEntries, ZIP_ENTRIES_MAX } from "../../../devices/packages/zip-entry.ts";

const NAME = Buffer.from("a");

/** A ZIP64 file with one empty file, which says that its directory has so many. */
function zipOf(entries: number): Uint8Array {
  const file = Buffer.alloc(30 + NAME.length);
  file.writeUInt32LE(0x04034b50, 0);
  file.writeUInt16LE(NAME.length, 26);
  NAME.copy(file, 30);
  const directory = Buffer.alloc(46 + NAME.length);
  directory.writeUInt32LE(0x02014b50, 0);
  directory.writeUInt16LE(NAME.length, 28);
  NAME.copy(directory, 46);
  const end64 = Buffer.alloc(56);
  end64.writeUInt32LE(0x06064b50, 0);
  end64.writeBigUInt64LE(44n, 4);
  end64.writeBigUInt64LE(BigInt(entries), 24);
  end64.writeBigUInt64LE(BigInt(entries), 32);
  end64.writeBigUInt64LE(BigInt(directory.length), 40);
  end64.writeBigUInt64LE(BigInt(file.length), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(file.length + directory.length), 8);
  locator.writeUInt32LE(1, 16);
  const end = Buffer.alloc(22, 0xff);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt32LE(0, 4); // The numbers of disks.
  end.writeUInt16LE(0, 20); // No comment.
  return Buffer.concat([file, directory, end64, locator, end]);
}

test("a ZIP file may have so many entries, and no more", async () => {
  const look = (entries: number) => readZipEntries(bytesSource(zipOf(entries)), ["A"], 100);
  expect(await look(ZIP_ENTRIES_MAX)).toEqual(
    new Map([["A", { name: "a", bytes: new Uint8Array() }]]),
  );
  await expect(look(ZIP_ENTRIES_MAX + 1)).rejects.toMatchObject({ rule: "zip-too-many-entries" });
});
