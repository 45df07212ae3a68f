import { describe, expect, test } from "bun:test";
import { mkdtemp, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  bytesSource,
  FileSource,
  MeteredSource,
  piecesOf,
  sliceSource,
} from "../../../devices/packages/range-source.ts";
import { seededRandom } from "../../harness/seeded-random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 2 ** 31);

describe("sources", () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, n) => (n * 7 + (n >> 8)) & 0xff);

  test(`a file on the disk reads as its bytes do (TEST_SEED=${SEED})`, async () => {
    const folder = await mkdtemp(join(tmpdir(), "outpost-range-"));
    try {
      const path = join(folder, "a.bin");
      await Bun.write(path, bytes);
      await using file = await FileSource.open(path);
      const random = seededRandom(SEED);
      for (let n = 0; n < 200; n++) {
        const at = Math.floor(random() * bytes.length);
        const length = Math.floor(random() * Math.min(bytes.length - at, n % 2 ? 200 : 200_000));
        expect(await file.read(at, length)).toEqual(bytes.slice(at, at + length));
      }
      await expect(file.read(299_999, 2)).rejects.toMatchObject({ rule: "file-truncated" });
      // Nobody may do that; who does is found out.
      await truncate(path, 100_000);
      await expect(file.read(100_000, 100_000)).rejects.toMatchObject({ rule: "file-truncated" });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test("a part knows its bounds", async () => {
    const part = sliceSource(bytesSource(bytes), 10, 20);
    expect(await part.read(5, 15)).toEqual(bytes.slice(15, 30));
    await expect(part.read(5, 16)).rejects.toMatchObject({ rule: "file-truncated" });
    await expect(part.read(-1, 2)).rejects.toMatchObject({ rule: "file-truncated" });
    expect(() => sliceSource(bytesSource(bytes), 299_990, 20)).toThrow("ends at byte");
  });

  test("a budget ends what goes round in circles", async () => {
    const few = new MeteredSource(bytesSource(bytes), { readsMax: 2, bytesMax: 1_000 });
    await few.read(0, 1);
    await few.read(0, 1);
    await expect(few.read(0, 1)).rejects.toMatchObject({ rule: "file-reads-too-many" });
    const small = new MeteredSource(bytesSource(bytes), { readsMax: 9, bytesMax: 1_000 });
    await expect(small.read(0, 1_001)).rejects.toMatchObject({ rule: "file-reads-too-many" });
  });

  test("pieces are the whole, and others have their turn in between", async () => {
    let turns = 0;
    const counting = setImmediate(function again() {
      turns += 1;
      if (turns < 100) setImmediate(again);
    });
    const parts: Uint8Array[] = [];
    for await (const piece of piecesOf(bytesSource(bytes), 100_000)) parts.push(piece);
    clearImmediate(counting);
    expect(new Uint8Array(Buffer.concat(parts))).toEqual(bytes);
    expect(turns).toBeGreaterThanOrEqual(2);
  });
});
