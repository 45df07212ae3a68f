import { describe, expect, test } from "bun:test";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SCRUB_EVERY_MS, Scrub } from "../../../gateway/content/scrub.ts";
import { contentHarness, keep, md5Of, sha256Of } from "./content-harness.ts";

describe("Scrub.scrubNext()", () => {
  test("is idle while every file was verified recently, and takes the oldest when one is due", async () => {
    await using content = await contentHarness();
    const first = await keep(content.store, "a", new Uint8Array(10));
    content.clock.nowMs += 1000;
    const second = await keep(content.store, "b", new Uint8Array(20));
    const scrub = new Scrub(content.store);

    expect(await scrub.scrubNext(content.clock.nowMs)).toEqual({ kind: "idle" });
    const dueMs = content.clock.nowMs - 1000 + SCRUB_EVERY_MS;
    expect(await scrub.scrubNext(dueMs - 1)).toEqual({ kind: "idle" });
    expect(await scrub.scrubNext(dueMs)).toEqual({ kind: "right", sha256: first });
    expect(await scrub.scrubNext(dueMs)).toEqual({ kind: "idle" });
    expect(await scrub.scrubNext(dueMs + 1000)).toEqual({ kind: "right", sha256: second });
    expect(await content.index.find(first)).toMatchObject({ verifiedAtMs: dueMs });
  });

  test("a flipped bit is found, the file is quarantined and never served again", async () => {
    await using content = await contentHarness();
    const bytes = new Uint8Array(3 * 1024 ** 2).fill(7);
    const sha256 = await keep(content.store, "a.cab", bytes);
    const lost: string[] = [];
    content.store.onLost((record) => lost.push(record.sha256));
    bytes[2_000_000] = 6;
    await writeFile(content.store.folder.blobPath(sha256), bytes);

    // The length is right, so that only the hash can tell.
    expect(await content.store.open(sha256)).toBeDefined();
    const scrub = new Scrub(content.store);
    const step = await scrub.scrubNext(content.clock.nowMs + SCRUB_EVERY_MS);
    expect(step).toEqual({ kind: "quarantined", sha256 });
    expect(await content.store.open(sha256)).toBeUndefined();
    expect(lost).toEqual([sha256]);
    expect(await readdir(join(content.folder, "quarantine"))).toEqual([sha256]);
    expect(await content.index.find(sha256)).toMatchObject({
      state: "quarantined",
      problem: expect.stringContaining("damaged"),
    });
  });

  test("reads a large file in steps of a bounded size", async () => {
    await using content = await contentHarness();
    const sha256 = await keep(content.store, "a", new Uint8Array(5 * 1024 ** 2));
    const scrub = new Scrub(content.store, 2 * 1024 ** 2);
    const dueMs = content.clock.nowMs + SCRUB_EVERY_MS;
    const steps = [
      await scrub.scrubNext(dueMs),
      await scrub.scrubNext(dueMs),
      await scrub.scrubNext(dueMs),
    ];
    expect(steps).toEqual([
      { kind: "reading", sha256 },
      { kind: "reading", sha256 },
      { kind: "right", sha256 },
    ]);
  });

  test("a file stored before a crash is adopted when its bytes are right, quarantined when not", async () => {
    await using content = await contentHarness();
    for (const [digest, text] of [
      [sha256Of("right"), "right"],
      [sha256Of("wrong"), "write"],
    ] as const) {
      const path = content.store.folder.blobPath(digest);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, text);
    }
    const store = await content.reopen();
    const scrub = new Scrub(store);
    const kinds = [await scrub.scrubNext(0), await scrub.scrubNext(0), await scrub.scrubNext(0)];
    expect(kinds.map(({ kind }) => kind).sort()).toEqual(["idle", "quarantined", "right"]);
    expect(store.find(sha256Of("right"))).toMatchObject({
      state: "complete",
      bytes: 5,
      md5: md5Of("right"),
    });
    expect(await content.stored()).toEqual([sha256Of("right")]);
  });

  test("a file that is replaced while it is read is read again from the start", async () => {
    await using content = await contentHarness();
    const bytes = new Uint8Array(3 * 1024 ** 2).fill(1);
    const sha256 = await keep(content.store, "a", bytes);
    await writeFile(content.store.folder.blobPath(sha256), new Uint8Array(bytes.length));
    const scrub = new Scrub(content.store, 2 * 1024 ** 2);
    content.clock.nowMs += SCRUB_EVERY_MS;
    expect(await scrub.scrubNext(content.clock.nowMs)).toEqual({ kind: "reading", sha256 });
    await content.store.quarantine(sha256, "test");
    await keep(content.store, "a", bytes);
    expect(await scrub.scrubNext(content.clock.nowMs)).toEqual({ kind: "idle" });
    expect(content.store.has(sha256)).toBe(true);
  });

  test("a file that vanishes while it is read is quarantined", async () => {
    await using content = await contentHarness();
    const sha256 = await keep(content.store, "a", new Uint8Array(5 * 1024 ** 2));
    const scrub = new Scrub(content.store, 1024 ** 2);
    await scrub.scrubNext(content.clock.nowMs + SCRUB_EVERY_MS);
    await content.store.folder.quarantine(sha256);
    expect(await scrub.scrubNext(content.clock.nowMs)).toEqual({ kind: "quarantined", sha256 });
    expect(content.store.has(sha256)).toBe(false);
  });
});
