import { describe, expect, test } from "bun:test";
import { mkdir, readdir, readFile, truncate, unlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { QUARANTINED_FILES_MAX } from "../../../gateway/content/blob-folder.ts";
import { SYNC_EVERY_BYTES } from "../../../gateway/content/blob-store.ts";
import { Scrub } from "../../../gateway/content/scrub.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import {
  contentHarness,
  FLOOR_BYTES,
  keep,
  md5Of,
  pieces,
  randomBytes,
  sha256Of,
} from "./content-harness.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());
const bytes = new TextEncoder().encode("hello");
const digest = sha256Of(bytes);

describe("BlobStore.receive()", () => {
  test("stores a file under its digest, with its MD5 and length", async () => {
    await using content = await contentHarness();
    const stored = await content.store.receive(pieces(bytes), { name: "hello.txt" });
    expect(stored).toEqual({
      sha256: digest,
      md5: "5d41402abc4b2a76b9719d911017c592",
      name: "hello.txt",
      bytes: 5,
    });
    expect(content.store.has(digest)).toBe(true);
    expect(await content.stored()).toEqual([digest]);
    expect(await content.partials()).toEqual([]);
    expect(await readFile(join(content.folder, "sha256", digest.slice(0, 2), digest), "utf8")).toBe(
      "hello",
    );
    expect(await content.index.find(digest)).toMatchObject({
      state: "complete",
      bytes: 5,
      filledBytes: 5,
      verifiedAtMs: content.clock.nowMs,
      problem: null,
    });
  });

  test(`takes any length in any pieces (TEST_SEED=${SEED})`, async () => {
    await using content = await contentHarness();
    const random = seededRandom(SEED);
    const MIB = 1024 ** 2;
    for (const length of [0, 1, MIB - 1, MIB, MIB + 1, SYNC_EVERY_BYTES, SYNC_EVERY_BYTES + 7]) {
      const block = randomBytes(random, 4096);
      const whole = new Uint8Array(length).map((_, at) => block[at % 4096] ?? 0);
      const size = 1 + Math.floor(random() * 3 * MIB);
      const stored = await content.store.receive(pieces(whole, size), { name: "x" });
      expect(stored).toMatchObject({ sha256: sha256Of(whole), md5: md5Of(whole), bytes: length });
      const path = content.store.folder.blobPath(stored.sha256);
      expect(Buffer.compare(await readFile(path), whole)).toBe(0);
    }
  });

  test("the same bytes twice give the same answer and one file, also at once", async () => {
    await using content = await contentHarness();
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => content.store.receive(pieces(bytes), { name: "a.txt" })),
    );
    answers.push(await content.store.receive(pieces(bytes), { name: "a.txt" }));
    for (const answer of answers) expect(answer).toEqual(answers[0] ?? answer);
    expect(await content.stored()).toEqual([digest]);
    expect(await content.partials()).toEqual([]);
  });

  test("a source that breaks off leaves nothing, and its error is kept", async () => {
    await using content = await contentHarness();
    async function* broken() {
      yield bytes;
      throw new Error("gone");
    }
    await expect(content.store.receive(broken(), { name: "x" })).rejects.toThrow("gone");
    expect(await content.stored()).toEqual([]);
    expect(await content.partials()).toEqual([]);
    expect(await content.index.list()).toEqual([]);
  });

  test.each([
    [
      "fewer bytes than announced",
      { declaredBytes: 6 },
      "unprocessable",
      "6 bytes were announced, 5 arrived",
    ],
    [
      "more bytes than announced",
      { declaredBytes: 4 },
      "unprocessable",
      "4 bytes were announced, 5 arrived",
    ],
    ["another digest than announced", { declaredSha256: sha256Of("x") }, "unprocessable", digest],
    ["one byte over the limit", { bytesMax: 4 }, "too-large", "at most 4 bytes"],
    ["announced over the limit", { declaredBytes: 5, bytesMax: 4 }, "too-large", "at most 4 bytes"],
  ])("refuses %s and keeps nothing", async (_, upload, code, text) => {
    await using content = await contentHarness();
    const refused = content.store.receive(pieces(bytes), { name: "x", ...upload });
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(text) });
    expect(await content.stored()).toEqual([]);
    expect(await content.partials()).toEqual([]);
  });

  test("takes exactly what was announced and exactly the limit", async () => {
    await using content = await contentHarness();
    const upload = { name: "x", declaredBytes: 5, declaredSha256: digest, bytesMax: 5 };
    expect(await content.store.receive(pieces(bytes), upload)).toMatchObject({ bytes: 5 });
  });

  test("when the index cannot be written, the upload fails and the scrub finds the file", async () => {
    await using content = await contentHarness();
    const put = content.index.put.bind(content.index);
    content.index.put = () => Promise.reject(new Error("disk I/O error"));
    await expect(keep(content.store, "x", bytes)).rejects.toThrow("disk I/O error");
    expect(content.store.has(digest)).toBe(false);
    expect(content.store.strays()).toEqual([digest]);
    content.index.put = put;
    await new Scrub(content.store).scrubNext(content.clock.nowMs);
    expect(content.store.has(digest)).toBe(true);
    expect(content.store.strays()).toEqual([]);
  });

  test("refuses what would reach the floor of free disk before reading a byte", async () => {
    await using content = await contentHarness();
    content.disk.freeBytes = FLOOR_BYTES + 4;
    let read = 0;
    async function* counted() {
      read += 1;
      yield bytes;
    }
    const refused = content.store.receive(counted(), { name: "x", declaredBytes: 5 });
    await expect(refused).rejects.toMatchObject({
      code: "no-room",
      message: expect.stringContaining("no room"),
    });
    expect(read).toBe(0);
    content.disk.freeBytes = FLOOR_BYTES + 5;
    expect(await content.store.receive(counted(), { name: "x", declaredBytes: 5 })).toMatchObject({
      bytes: 5,
    });
  });

  test("stops when the floor is reached on the way, and leaves nothing", async () => {
    await using content = await contentHarness();
    let sent = 0;
    async function* filling() {
      for (;;) {
        yield new Uint8Array(1024 ** 2);
        sent += 1;
        content.disk.freeBytes = FLOOR_BYTES - 1;
      }
    }
    const refused = content.store.receive(filling(), { name: "x" });
    await expect(refused).rejects.toMatchObject({ code: "no-room" });
    expect(sent).toBeLessThanOrEqual(SYNC_EVERY_BYTES / 1024 ** 2);
    expect(await content.partials()).toEqual([]);
  });

  test("an upload that was promised room keeps others from taking it", async () => {
    await using content = await contentHarness();
    content.disk.freeBytes = FLOOR_BYTES + 8;
    const first = Promise.withResolvers<void>();
    async function* slow() {
      await first.promise;
      yield bytes;
    }
    const kept = content.store.receive(slow(), { name: "a", declaredBytes: 5 });
    const refused = content.store.receive(pieces(bytes), { name: "b", declaredBytes: 5 });
    await expect(refused).rejects.toMatchObject({ code: "no-room" });
    first.resolve();
    await kept;
    expect(
      await content.store.receive(pieces(bytes), { name: "b", declaredBytes: 5 }),
    ).toMatchObject({ bytes: 5 });
  });
});

describe("BlobStore.open()", () => {
  test("is undefined for what is not here", async () => {
    await using content = await contentHarness();
    expect(await content.store.open(digest)).toBeUndefined();
  });

  test.each([
    ["cut short", (path: string) => truncate(path, 4)],
    ["made longer", (path: string) => writeFile(path, "hello!")],
    ["deleted", (path: string) => unlink(path)],
  ])("a file that was %s is never served and is wanted again", async (_, damage) => {
    await using content = await contentHarness();
    await keep(content.store, "hello.txt", bytes);
    const lost: string[] = [];
    content.store.onLost(({ sha256 }) => lost.push(sha256));
    await damage(content.store.folder.blobPath(digest));

    expect(await content.store.open(digest)).toBeUndefined();
    expect(content.store.has(digest)).toBe(false);
    expect(lost).toEqual([digest]);
    expect(await content.stored()).toEqual([]);
    expect(await content.index.find(digest)).toMatchObject({
      state: "quarantined",
      problem: expect.stringContaining("gateway's disk"),
    });

    await keep(content.store, "hello.txt", bytes);
    expect(await content.store.open(digest)).toMatchObject({ bytes: 5 });
    expect(await content.index.find(digest)).toMatchObject({ state: "complete", problem: null });
  });
});

describe("openBlobStore()", () => {
  test("knows its files again after a restart", async () => {
    await using content = await contentHarness();
    await keep(content.store, "hello.txt", bytes);
    const store = await content.reopen();
    expect(store.has(digest)).toBe(true);
    expect(await store.open(digest)).toMatchObject({ bytes: 5 });
    expect(store.strays()).toEqual([]);
  });

  test("deletes partial files that nobody goes on with", async () => {
    await using content = await contentHarness();
    const partial = join(content.folder, "partial");
    const filling = sha256Of("filling");
    await content.store.note({
      sha256: filling,
      md5: null,
      name: "f",
      bytes: 7,
      state: "filling",
      filledBytes: 3,
      etag: '"f"',
      problem: null,
      verifiedAtMs: null,
    });
    await writeFile(join(partial, `${filling}.part`), "fil");
    await writeFile(join(partial, `${sha256Of("other")}.part`), "o");
    await writeFile(join(partial, "0000.upload"), "o");
    await mkdir(join(partial, "folder"));
    await content.reopen();
    expect(await content.partials()).toEqual([`${filling}.part`]);
  });

  test("does not believe the index about a file that is missing or short", async () => {
    await using content = await contentHarness();
    await keep(content.store, "hello.txt", bytes);
    const other = await keep(content.store, "other.txt", new Uint8Array(9));
    await unlink(content.store.folder.blobPath(digest));
    await truncate(content.store.folder.blobPath(other), 8);
    const store = await content.reopen();
    expect([store.has(digest), store.has(other)]).toEqual([false, false]);
  });

  test("does not believe a file that the index does not call complete", async () => {
    await using content = await contentHarness();
    const path = content.store.folder.blobPath(digest);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, "hello");
    const store = await content.reopen();
    expect(store.has(digest)).toBe(false);
    expect(await store.open(digest)).toBeUndefined();
    expect(store.strays()).toEqual([digest]);
  });

  test("keeps only the latest few quarantined files", async () => {
    await using content = await contentHarness();
    for (let at = 0; at <= QUARANTINED_FILES_MAX; at++) {
      const sha256 = await keep(content.store, "x", new Uint8Array(at + 1));
      await content.store.quarantine(sha256, "test");
    }
    expect(await readdir(join(content.folder, "quarantine"))).toHaveLength(QUARANTINED_FILES_MAX);
  });
});
