import { describe, expect, test } from "bun:test";
import { readFile, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import type { PackageFile } from "../../../devices/model/package.ts";
import { SYNC_EVERY_BYTES } from "../../../gateway/content/blob-store.ts";
import type { FetchContent, PullerDeps } from "../../../gateway/content/puller.ts";
import { Puller } from "../../../gateway/content/puller.ts";
import type { Beats } from "../../../gateway/content/stall-watch.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import {
  type ContentHarness,
  contentHarness,
  FLOOR_BYTES,
  fileOf,
  keep,
  randomBytes,
  sha256Of,
  silentLog,
} from "./content-harness.ts";
import { ORIGIN_ETAG, type OriginAnswer, startOrigin } from "./origin.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());
const CONTENT = randomBytes(seededRandom(7), 300_000);
const FILE = fileOf("app.cab", CONTENT);

describe("Puller", () => {
  test("brings a file once, verified, whoever and however many ask", async () => {
    await using origin = await startOrigin(CONTENT);
    await using content = await contentHarness();
    const puller = pullerOf(content, origin.fetchContent);
    for (let asked = 0; asked < 50; asked++) puller.want([FILE]);
    for (let asked = 0; asked < 50; asked++) puller.wake();
    await puller.idle();

    expect(origin.requests).toEqual([
      { range: undefined, ifRange: "", acceptEncoding: "identity" },
    ]);
    await expectServed(content);
    expect(puller.progress(FILE.sha256)).toBeUndefined();
  });

  test("brings many files, at most two at once, the first named first", async () => {
    await using content = await contentHarness();
    const files = [1, 2, 3, 4, 5].map((length) => fileOf(`${length}`, new Uint8Array(length)));
    const two = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const asked: string[] = [];
    const puller = pullerOf(content, async ({ sha256 }) => {
      asked.push(sha256);
      if (asked.length === 2) two.resolve();
      await gate.promise;
      return new Response(new Uint8Array(files.find((file) => file.sha256 === sha256)?.bytes ?? 0));
    });
    puller.want(files);
    await two.promise;
    const kinds = files.map(({ sha256 }) => puller.progress(sha256)?.kind);
    expect(kinds).toEqual(["running", "running", "queued", "queued", "queued"]);
    expect(asked).toHaveLength(2);
    gate.resolve();
    await puller.idle();
    expect(files.every(({ sha256 }) => content.store.has(sha256))).toBe(true);
    expect(asked).toHaveLength(5);
  });

  test("brings an empty file", async () => {
    const empty = fileOf("empty", new Uint8Array());
    await using origin = await startOrigin(new Uint8Array());
    await using content = await contentHarness();
    const puller = pullerOf(content, origin.fetchContent);
    puller.want([empty]);
    await puller.idle();
    expect(await content.store.open(empty.sha256)).toMatchObject({ bytes: 0 });
  });

  test(`resumes wherever the line breaks, and fetches hardly a byte twice (TEST_SEED=${SEED})`, async () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 15; round++) {
      const cuts = Array.from({ length: 3 }, () => Math.floor(random() * 120_000));
      await using origin = await startOrigin(CONTENT, (number) => {
        const cutAfter = cuts[number - 1];
        return cutAfter === undefined ? undefined : { cutAfter };
      });
      await using content = await contentHarness();
      let fetched = 0;
      const puller = pullerOf(content, origin.fetchContent, {
        onFetched: (more) => (fetched += more),
      });
      puller.want([FILE]);
      await untilHere(content, puller, FILE);
      await expectServed(content);
      expect(fetched).toBe(CONTENT.length);
      for (const { range, ifRange } of origin.requests.slice(1)) {
        if (range !== undefined) expect(ifRange).toBe(ORIGIN_ETAG);
      }
    }
  });

  test("resumes after a restart where the last sync stood", async () => {
    await using origin = await startOrigin(CONTENT, (number) =>
      number === 1 ? { hangAfter: 100_000 } : undefined,
    );
    await using content = await contentHarness();
    const arrived = Promise.withResolvers<void>();
    let fetched = 0;
    const first = pullerOf(content, origin.fetchContent, {
      onFetched: (more) => {
        fetched += more;
        if (fetched === 100_000) arrived.resolve();
      },
    });
    first.want([FILE]);
    await arrived.promise;
    await first.close();
    expect(await content.index.find(FILE.sha256)).toMatchObject({
      state: "filling",
      filledBytes: 100_000,
      etag: ORIGIN_ETAG,
    });
    expect(await content.stored()).toEqual([]);

    await content.reopen();
    const second = pullerOf(content, origin.fetchContent);
    second.want([FILE]);
    await second.idle();
    expect(origin.requests.at(-1)?.range).toBe("bytes=100000-");
    await expectServed(content);
  });

  test("records a sync point every 8 MiB, and only what is on the disk", async () => {
    const large = new Uint8Array(2 * SYNC_EVERY_BYTES + 4 * 1024 ** 2).fill(3);
    await using origin = await startOrigin(large);
    await using content = await contentHarness();
    const points: number[] = [];
    const note = content.store.note.bind(content.store);
    content.store.note = async (record) => {
      const path = content.store.folder.transferPath(record.sha256);
      expect((await Bun.file(path).stat()).size).toBeGreaterThanOrEqual(record.filledBytes);
      points.push(record.filledBytes);
      return note(record);
    };
    const puller = pullerOf(content, origin.fetchContent);
    puller.want([fileOf("large", large)]);
    await puller.idle();
    expect(content.store.has(sha256Of(large))).toBe(true);
    expect(points[0]).toBe(0);
    expect(points).toHaveLength(3);
    for (const [at, point] of points.slice(1).entries()) {
      const sinceLast = point - (points[at] ?? 0);
      expect(sinceLast).toBeGreaterThanOrEqual(SYNC_EVERY_BYTES);
      expect(sinceLast).toBeLessThan(SYNC_EVERY_BYTES + 2 * 1024 ** 2);
    }
  });

  test.each([
    ["longer than it was synced", () => new Uint8Array(150_000).fill(9), "bytes=100000-"],
    ["shorter than it was synced", () => CONTENT.slice(0, 99_999), undefined],
  ])("a partial file that is %s is not trusted", async (_, damaged, range) => {
    await using origin = await startOrigin(CONTENT);
    await using content = await contentHarness();
    await startedTransfer(content, 100_000);
    const bytes = damaged();
    bytes.set(CONTENT.subarray(0, Math.min(100_000, bytes.length)));
    await writeFile(content.store.folder.transferPath(FILE.sha256), bytes);
    const puller = pullerOf(content, origin.fetchContent);
    puller.want([FILE]);
    await puller.idle();
    expect(origin.requests.map((request) => request.range)).toEqual([range]);
    await expectServed(content);
  });

  test("a partial file with wrong bytes is found at the end, thrown away and fetched anew", async () => {
    await using origin = await startOrigin(CONTENT);
    await using content = await contentHarness();
    await startedTransfer(content, 100_000);
    await writeFile(content.store.folder.transferPath(FILE.sha256), new Uint8Array(100_000));
    const puller = pullerOf(content, origin.fetchContent);
    puller.want([FILE]);
    await puller.idle();
    expect(content.store.has(FILE.sha256)).toBe(false);
    expect(await content.partials()).toEqual([]);
    expect(puller.progress(FILE.sha256)).toMatchObject({ kind: "waiting", failure: "corrupt" });
    await untilHere(content, puller, FILE);
    await expectServed(content);
  });

  test("takes a file that is on the disk already, verified, without asking the hub", async () => {
    await using origin = await startOrigin(CONTENT);
    await using content = await contentHarness();
    await keep(content.store, "app.cab", CONTENT);
    await content.index.remove(FILE.sha256);
    await content.reopen();
    const puller = pullerOf(content, origin.fetchContent);
    puller.want([FILE]);
    await puller.idle();
    expect(origin.requests).toEqual([]);
    await expectServed(content);
  });

  test("an upload of the same bytes in the meantime wins, and nothing is left over", async () => {
    const large = new Uint8Array(2 * SYNC_EVERY_BYTES).fill(5);
    await using content = await contentHarness();
    const puller = pullerOf(content, async () => {
      await keep(content.store, "uploaded.cab", large);
      return new Response(large);
    });
    puller.want([fileOf("large", large)]);
    await puller.idle();
    expect(content.store.find(sha256Of(large))).toMatchObject({ state: "complete" });
    expect(await content.partials()).toEqual([]);
  });

  test("a file that was lost is fetched again", async () => {
    await using origin = await startOrigin(CONTENT);
    await using content = await contentHarness();
    const puller = pullerOf(content, origin.fetchContent);
    content.store.onLost(({ sha256 }) => puller.lost(sha256));
    puller.want([FILE]);
    await puller.idle();
    await content.store.quarantine(FILE.sha256, "test");
    await puller.idle();
    expect(origin.requests).toHaveLength(2);
    await expectServed(content);
  });

  test("stops what nobody wants any more, and goes on with it when somebody does", async () => {
    await using origin = await startOrigin(CONTENT, (number) =>
      number === 1 ? { hangAfter: 50_000 } : undefined,
    );
    await using content = await contentHarness();
    const arrived = Promise.withResolvers<void>();
    let fetched = 0;
    const puller = pullerOf(content, origin.fetchContent, {
      onFetched: (more) => {
        fetched += more;
        if (fetched === 50_000) arrived.resolve();
      },
    });
    puller.want([FILE]);
    await arrived.promise;
    puller.want([]);
    await puller.idle();
    expect(puller.progress(FILE.sha256)).toBeUndefined();
    puller.want([FILE]);
    await puller.idle();
    expect(origin.requests.map(({ range }) => range)).toEqual([undefined, "bytes=50000-"]);
    await expectServed(content);
  });

  test("nothing starts after close()", async () => {
    await using origin = await startOrigin(CONTENT);
    await using content = await contentHarness();
    const puller = pullerOf(content, origin.fetchContent);
    await puller.close();
    puller.want([FILE]);
    await puller.idle();
    expect(origin.requests).toEqual([]);
  });
});

describe("answers that are not this file", () => {
  const other = CONTENT.slice().fill(1, 1000, 1001);
  /** Answers to a request for the whole, and what people read about them. */
  test.each<[string, OriginAnswer, string, string]>([
    ["wrong bytes of the right length", { body: other }, "corrupt", "wrong bytes"],
    ["a wrong length", { body: CONTENT.subarray(1) }, "corrupt", "instead of 300000"],
    ["a longer file", { body: new Uint8Array(300_001) }, "corrupt", "300001 bytes instead of"],
    ["an endless body", { endless: true }, "corrupt", "more than the 300000 bytes"],
    ["a compressed body", gzipped(CONTENT), "corrupt", "encoded (gzip)"],
    ["a compressed bomb", gzipped(new Uint8Array(50 * 1024 ** 2)), "corrupt", "encoded (gzip)"],
    ["a part nobody asked for", part(0, 300_000), "corrupt", "although the whole file"],
    ["404", { status: 404, body: CONTENT }, "refused", "does not have"],
    ["403", { status: 403 }, "refused", "refuses this gateway (403)"],
    ["a redirect", { status: 302, headers: { location: "file:///etc/passwd" } }, "refused", "302"],
    ["500", { status: 500 }, "refused", "answered 500"],
    ["429", { status: 429 }, "busy", "later"],
    ["503", { status: 503 }, "busy", "later"],
    ["502", { status: 502 }, "away", "reached (502)"],
    ["nothing at all before the cut", { cutAfter: 0 }, "cut", "broke off at 0 of"],
  ])("%s: refused, told, and right the next time", async (_, answer, failure, problem) => {
    await using origin = await startOrigin(CONTENT, (number) =>
      number === 1 ? answer : undefined,
    );
    await using content = await contentHarness();
    const puller = pullerOf(content, origin.fetchContent);
    puller.want([FILE]);
    await puller.idle();
    expect(content.store.has(FILE.sha256)).toBe(false);
    expect(await content.store.open(FILE.sha256)).toBeUndefined();
    expect(puller.progress(FILE.sha256)).toMatchObject({
      kind: "waiting",
      failure,
      problem: expect.stringContaining(problem),
    });
    expect(await content.index.find(FILE.sha256)).toMatchObject({
      problem: expect.stringContaining(problem),
    });
    await untilHere(content, puller, FILE);
    expect(origin.requests).toHaveLength(2);
    await expectServed(content);
  });

  /** Answers to a request for the bytes from 100000 on. */
  test.each<[string, OriginAnswer, number]>([
    ["a part that starts earlier", part(99_999, 300_000), 2],
    ["a part that starts later", part(100_001, 300_000), 2],
    ["a part that ends early", part(100_000, 299_999), 2],
    ["a part of a file of another length", part(100_000, 300_000, 300_001), 2],
    ["a part without Content-Range", { ...part(100_000, 300_000), headers: {} }, 2],
    [
      "a part of another version",
      {
        ...part(100_000, 300_000),
        headers: { ...part(100_000, 300_000).headers, etag: '"other"' },
      },
      2,
    ],
    ["416", { status: 416 }, 2],
    [
      "the whole file, because its validator changed",
      { status: 200, headers: {}, body: CONTENT },
      1,
    ],
  ])("on resuming, %s: never appended", async (_, answer, requests) => {
    await using origin = await startOrigin(CONTENT, (number) =>
      number === 1 ? answer : undefined,
    );
    await using content = await contentHarness();
    await startedTransfer(content, 100_000);
    const puller = pullerOf(content, origin.fetchContent);
    puller.want([FILE]);
    await untilHere(content, puller, FILE);
    await expectServed(content);
    expect(origin.requests).toHaveLength(requests);
    expect(origin.requests[0]?.range).toBe("bytes=100000-");
    expect(origin.requests[1]?.range).toBeUndefined();
  });

  test("without a strong validator a broken transfer starts again", async () => {
    await using origin = await startOrigin(CONTENT, (number) =>
      number === 1 ? { headers: { etag: 'W/"weak"' }, cutAfter: 5000 } : undefined,
    );
    await using content = await contentHarness();
    const puller = pullerOf(content, origin.fetchContent);
    puller.want([FILE]);
    await untilHere(content, puller, FILE);
    expect(origin.requests.map(({ range }) => range)).toEqual([undefined, undefined]);
    await expectServed(content);
  });

  test("a hub that falls silent is broken off and asked again from there", async () => {
    await using origin = await startOrigin(CONTENT, (number) =>
      number === 1 ? { hangAfter: 1000 } : undefined,
    );
    await using content = await contentHarness();
    const { beat, stallBeats } = manualBeats();
    const thousand = Promise.withResolvers<void>();
    let fetched = 0;
    const onFetched = (bytes: number) => {
      fetched += bytes;
      if (fetched === 1000) thousand.resolve();
    };
    const puller = pullerOf(content, origin.fetchContent, { stallBeats, onFetched });
    puller.want([FILE]);
    await thousand.promise;
    beat(); // Something has arrived since the beginning, nothing since then.
    expect(puller.progress(FILE.sha256)?.kind).toBe("running");
    beat();
    await puller.idle();
    expect(puller.progress(FILE.sha256)).toMatchObject({
      problem: "The hub sent nothing any more at 1000 of 300000 bytes.",
    });
    await untilHere(content, puller, FILE);
    expect(origin.requests.at(-1)?.range).toBe("bytes=1000-");
  });

  test("a transport that never answers and minds no signal is broken off too", async () => {
    await using content = await contentHarness();
    const { beat, stallBeats } = manualBeats();
    const asked = Promise.withResolvers<void>();
    const never: FetchContent = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    const puller = pullerOf(content, never, { stallBeats });
    puller.want([FILE]);
    await asked.promise;
    beat();
    await puller.idle();
    expect(puller.progress(FILE.sha256)).toMatchObject({ failure: "away" });
  });
});

describe("pauses", () => {
  test("grow while the hub is away, and end when it is heard", async () => {
    await using content = await contentHarness();
    let asked = 0;
    const puller = pullerOf(content, async () => {
      asked += 1;
      if (asked <= 3) throw new Error("no route");
      return new Response(CONTENT);
    });
    const sinceMs = content.clock.nowMs;
    puller.want([FILE]);
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 3; attempt++) {
      await puller.idle();
      const progress = puller.progress(FILE.sha256);
      if (progress?.kind !== "waiting") throw new Error("not waiting");
      pauses.push(progress.nextAtMs - content.clock.nowMs);
      expect(puller.awaySinceMs).toBe(sinceMs);
      if (attempt === 3) break;
      content.clock.nowMs = progress.nextAtMs - 1;
      puller.wake();
      await puller.idle();
      expect(asked).toBe(attempt);
      content.clock.nowMs += 1;
      puller.wake();
    }
    expect(pauses).toEqual([5_000, 10_000, 20_000]);
    puller.senderIsBack();
    await puller.idle();
    expect(puller.awaySinceMs).toBeUndefined();
    expect(content.store.has(FILE.sha256)).toBe(true);
  });

  test("senderIsBack() does not hurry what waits for another reason", async () => {
    await using origin = await startOrigin(CONTENT, () => ({ status: 404 }));
    await using content = await contentHarness();
    const puller = pullerOf(content, origin.fetchContent);
    puller.want([FILE]);
    await puller.idle();
    puller.senderIsBack();
    await puller.idle();
    expect(origin.requests).toHaveLength(1);
  });

  test.each([
    ["60", 60_000],
    ["999999", 15 * 60_000],
    ["Sat, 21 Nov 2026 10:00:00 GMT", 10_000],
  ])("Retry-After: %s is a pause of %p ms", async (retryAfter, pauseMs) => {
    await using origin = await startOrigin(CONTENT, () => ({
      status: 503,
      headers: { "retry-after": retryAfter },
    }));
    await using content = await contentHarness();
    const puller = pullerOf(content, origin.fetchContent);
    puller.want([FILE]);
    await puller.idle();
    expect(puller.progress(FILE.sha256)).toMatchObject({ nextAtMs: content.clock.nowMs + pauseMs });
  });

  test("a full disk is told before the line is used, and during it leaves nothing", async () => {
    await using origin = await startOrigin(CONTENT);
    await using content = await contentHarness();
    content.disk.freeBytes = FLOOR_BYTES + CONTENT.length - 1;
    const puller = pullerOf(content, origin.fetchContent);
    puller.want([FILE]);
    await puller.idle();
    expect(origin.requests).toEqual([]);
    expect(puller.progress(FILE.sha256)).toMatchObject({
      failure: "no-room",
      problem: expect.stringContaining("no room"),
    });
    expect(await content.partials()).toEqual([]);

    const large = new Uint8Array(2 * SYNC_EVERY_BYTES);
    content.disk.freeBytes = 10 * FLOOR_BYTES;
    const filling = pullerOf(content, async () => {
      content.disk.freeBytes = FLOOR_BYTES - 1;
      return new Response(large);
    });
    filling.want([fileOf("large", large)]);
    await filling.idle();
    expect(filling.progress(sha256Of(large))).toMatchObject({ failure: "no-room" });
    expect(await content.partials()).toEqual([]);
    expect(await content.stored()).toEqual([]);
  });
});

function pullerOf(
  content: ContentHarness,
  fetchContent: FetchContent,
  more: Partial<Pick<PullerDeps, "onFetched" | "stallBeats">> = {},
): Puller {
  return new Puller({
    store: content.store,
    diskFloor: content.diskFloor,
    fetchContent,
    onFetched: more.onFetched ?? (() => {}),
    stallBeats: more.stallBeats,
    now: () => content.clock.nowMs,
    random: () => 1,
    log: silentLog,
  });
}

/** Time as far as a silent transfer is concerned. */
function manualBeats(): { beat: () => void; stallBeats: Beats } {
  const watching = new Set<() => void>();
  return {
    beat: () => {
      for (const look of watching) look();
    },
    stallBeats: (look) => {
      watching.add(look);
      return { [Symbol.dispose]: () => watching.delete(look) };
    },
  };
}

/** Lets the pauses pass until the file is here. */
async function untilHere(content: ContentHarness, puller: Puller, file: PackageFile) {
  for (let attempt = 0; attempt < 10; attempt++) {
    await puller.idle();
    const progress = puller.progress(file.sha256);
    if (progress?.kind === "waiting") content.clock.nowMs = progress.nextAtMs;
    puller.wake();
  }
  await puller.idle();
}

async function expectServed(content: ContentHarness) {
  const blob = await content.store.open(FILE.sha256);
  expect(blob?.bytes).toBe(CONTENT.length);
  expect(Buffer.compare(await readFile(blob?.path ?? ""), CONTENT)).toBe(0);
  expect(await content.partials()).toEqual([]);
}

/** A transfer that an earlier run brought up to `bytes`. */
async function startedTransfer(content: ContentHarness, bytes: number) {
  await writeFile(content.store.folder.transferPath(FILE.sha256), CONTENT.subarray(0, bytes));
  await content.store.note({
    ...FILE,
    md5: null,
    state: "filling",
    filledBytes: bytes,
    etag: ORIGIN_ETAG,
    problem: null,
    verifiedAtMs: null,
  });
}

function gzipped(bytes: Uint8Array): OriginAnswer {
  return { headers: { "content-encoding": "gzip" }, body: gzipSync(bytes) };
}

function part(from: number, to: number, total = CONTENT.length): OriginAnswer {
  return {
    status: 206,
    headers: { "content-range": `bytes ${from}-${to - 1}/${total}` },
    body: CONTENT.subarray(from, to),
  };
}
