import { describe, expect, test } from "bun:test";
import type { Sha256 } from "../../devices/model/ids.ts";
import type { BlobIndex, NewBlobRecord } from "../../gateway/content/blob-index.ts";

type OpenIndex = () => Promise<{ index: BlobIndex; close: () => Promise<void> }>;

/** What every BlobIndex must do. Each implementation has a three-line test that calls this. */
export function blobIndexContract(name: string, open: OpenIndex): void {
  const withIndex = (title: string, body: (index: BlobIndex) => Promise<void>) =>
    test(title, async () => {
      const { index, close } = await open();
      try {
        await body(index);
      } finally {
        await close();
      }
    });

  describe(`BlobIndex contract: ${name}`, () => {
    withIndex("a new index is empty", async (index) => {
      expect(await index.list()).toEqual([]);
      expect(await index.listServed()).toEqual([]);
      expect(await index.find(digest("a"))).toBeUndefined();
    });

    withIndex("put() keeps every field, null and the largest sizes too", async (index) => {
      const bytes = 10 * 1024 ** 3;
      const full: NewBlobRecord = {
        ...record("a"),
        bytes,
        filledBytes: bytes - 1,
        etag: '"x"',
        md5: "0".repeat(32),
        name: "Größe „1“ 名.cab",
        problem: "the hub's answer was cut off",
        state: "filling",
        verifiedAtMs: 1_800_000_000_123,
      };
      await index.put(full, 5);
      await index.put(record("b"), 6);
      expect(await index.find(digest("a"))).toEqual({
        ...full,
        createdAtMs: 5,
        lastUsedAtMs: null,
      });
      expect(await index.find(digest("b"))).toEqual({
        ...record("b"),
        createdAtMs: 6,
        lastUsedAtMs: null,
      });
    });

    withIndex(
      "put() again replaces the record but keeps when it was made and used",
      async (index) => {
        await index.put(record("a"), 5);
        await index.addServed([served("a", "2026-11-21", 1, 10)], 7);
        await index.put({ ...record("a"), state: "complete", md5: "1".repeat(32) }, 9);
        await index.put({ ...record("a"), state: "complete", md5: "1".repeat(32) }, 9);
        expect(await index.list()).toEqual([
          {
            ...record("a"),
            state: "complete",
            md5: "1".repeat(32),
            createdAtMs: 5,
            lastUsedAtMs: 7,
          },
        ]);
      },
    );

    withIndex("list() is in order of digest", async (index) => {
      for (const letter of ["c", "a", "b"]) await index.put(record(letter), 1);
      expect((await index.list()).map(({ sha256 }) => sha256)).toEqual([
        digest("a"),
        digest("b"),
        digest("c"),
      ]);
    });

    withIndex(
      "remove() forgets the record and its counts, and ignores unknown ones",
      async (index) => {
        await index.put(record("a"), 1);
        await index.put(record("b"), 1);
        await index.addServed(
          [served("a", "2026-11-21", 1, 10), served("b", "2026-11-21", 1, 20)],
          2,
        );
        await index.remove(digest("a"));
        await index.remove(digest("c"));
        expect((await index.list()).map(({ sha256 }) => sha256)).toEqual([digest("b")]);
        expect(await index.listServed()).toEqual([served("b", "2026-11-21", 1, 20)]);
      },
    );

    withIndex(
      "addServed() adds up per file and day, and moves last use only forward",
      async (index) => {
        await index.put(record("a"), 1);
        await index.put(record("b"), 1);
        await index.addServed(
          [served("a", "2026-11-22", 1, 10), served("b", "2026-11-21", 2, 5_000_000_000)],
          50,
        );
        await index.addServed(
          [
            served("a", "2026-11-22", 3, 30),
            served("a", "2026-11-21", 1, 1),
            served("b", "2026-11-21", 1, 5_000_000_000),
          ],
          40,
        );
        expect(await index.listServed()).toEqual([
          served("a", "2026-11-21", 1, 1),
          served("b", "2026-11-21", 3, 10_000_000_000),
          served("a", "2026-11-22", 4, 40),
        ]);
        expect((await index.list()).map(({ lastUsedAtMs }) => lastUsedAtMs)).toEqual([50, 50]);
      },
    );

    withIndex("addServed() of nothing, or of a file that is gone, is harmless", async (index) => {
      await index.addServed([], 1);
      await index.addServed([served("a", "2026-11-21", 1, 10)], 1);
      expect(await index.find(digest("a"))).toBeUndefined();
    });
  });
}

function digest(letter: string): Sha256 {
  return letter.repeat(64) as Sha256;
}

function record(letter: string): NewBlobRecord {
  return {
    sha256: digest(letter),
    md5: null,
    name: `${letter}.cab`,
    bytes: 100,
    state: "wanted",
    filledBytes: 0,
    etag: null,
    problem: null,
    verifiedAtMs: null,
  };
}

function served(letter: string, day: string, requests: number, bytes: number) {
  return { sha256: digest(letter), day, requests, bytes };
}
