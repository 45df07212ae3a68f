import { describe, expect, test } from "bun:test";
import type { RevisionId } from "../../../devices/model/ids.ts";
import type { PackageFile } from "../../../devices/model/package.ts";
import { fetchFromVendor } from "../../../gateway/content/vendor-fetch.ts";
import { VendorFiles, type VendorWant } from "../../../gateway/content/vendor-files.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import {
  type ContentHarness,
  contentHarness,
  keep,
  randomBytes,
  sha256Of,
  silentLog,
} from "./content-harness.ts";
import { MemoryVendorIndex } from "./memory-vendor-index.ts";
import { ORIGIN_ETAG, type Origin, startOrigin } from "./origin.ts";

const CONTENT = randomBytes(seededRandom(11), 300_000);
const OTHER = randomBytes(seededRandom(12), 300_000);

describe("VendorFiles", () => {
  test("fetches a file once, pins it, and forgets how", async () => {
    await using vendor = await startOrigin(CONTENT);
    await using world = await openWorld(vendor);
    for (let asked = 0; asked < 20; asked++) world.files.want([wantOf("r-1")]);
    for (let asked = 0; asked < 20; asked++) world.files.wake();
    await world.files.idle();
    expect(vendor.requests).toHaveLength(1);
    expect(world.pinned).toEqual([
      ["r-1" as RevisionId, { sha256: sha256Of(CONTENT), name: "app.xap", bytes: CONTENT.length }],
    ]);
    expect(world.content.store.has(sha256Of(CONTENT))).toBe(true);
    world.files.want([]);
    await world.files.idle();
    expect(await world.index.list()).toEqual([]);
    expect(await world.content.partials()).toEqual([]);
  });

  test("S-49 goes on by Range and If-Range where the line dropped at 40 %", async () => {
    const cutAfter = CONTENT.length * 0.4;
    await using vendor = await startOrigin(CONTENT, (n) => (n === 1 ? { cutAfter } : undefined));
    await using world = await openWorld(vendor);
    world.files.want([wantOf("r-1")]);
    await world.files.idle();
    expect(world.pinned).toEqual([]);
    expect(world.files.describe("r-1" as RevisionId)).toContain(`broke off at ${cutAfter} of`);
    await world.retry();
    expect(vendor.requests.map(({ range, ifRange }) => [range, ifRange])).toEqual([
      [undefined, ""],
      [`bytes=${cutAfter}-`, ORIGIN_ETAG],
    ]);
    expect(world.pinned[0]?.[1].sha256).toBe(sha256Of(CONTENT));
    expect(vendor.sentBytes).toBe(CONTENT.length);
  });

  test("goes on after a restart where the line dropped", async () => {
    const cutAfter = 200_000;
    await using vendor = await startOrigin(CONTENT, (n) => (n === 1 ? { cutAfter } : undefined));
    await using world = await openWorld(vendor);
    world.files.want([wantOf("r-1")]);
    await world.files.idle();
    await world.restart();
    world.files.want([wantOf("r-1")]);
    await world.files.idle();
    expect(vendor.requests.map(({ range }) => range)).toEqual([undefined, `bytes=${cutAfter}-`]);
    expect(world.pinned[0]?.[1]).toMatchObject({
      sha256: sha256Of(CONTENT),
      bytes: CONTENT.length,
    });
  });

  test("never mixes two files: another one under the same address is fetched whole", async () => {
    await using vendor = await startOrigin(CONTENT, (n) =>
      n === 1
        ? { cutAfter: 100_000 }
        : { status: 200, headers: { etag: '"new"' }, body: OTHER.subarray(0, 200_000) },
    );
    await using world = await openWorld(vendor);
    world.files.want([wantOf("r-1")]);
    await world.files.idle();
    await world.retry(2);
    expect(world.pinned[0]?.[1]).toMatchObject({
      sha256: sha256Of(OTHER.subarray(0, 200_000)),
      bytes: 200_000,
    });
  });

  test("takes only the bytes that were promised, where they were", async () => {
    await using vendor = await startOrigin(CONTENT);
    await using world = await openWorld(vendor);
    const sha256 = sha256Of(OTHER);
    world.files.want([{ ...wantOf("r-1"), sha256 }]);
    await world.files.idle();
    expect(world.pinned).toEqual([]);
    expect(world.files.describe("r-1" as RevisionId)).toContain("sent other bytes");
    expect(await world.content.stored()).toEqual([]);
    expect(await world.content.partials()).toEqual([]);
  });

  test("asks nobody for promised bytes that are here already", async () => {
    await using vendor = await startOrigin(CONTENT);
    await using world = await openWorld(vendor);
    const sha256 = await keep(world.content.store, "same.xap", CONTENT);
    world.files.want([{ ...wantOf("r-1"), sha256 }]);
    await world.files.idle();
    expect(vendor.requests).toEqual([]);
    expect(world.pinned.map(([revision]) => revision as string)).toEqual(["r-1"]);
  });

  test("two revisions of one address are two files", async () => {
    await using vendor = await startOrigin(CONTENT, (n) =>
      n === 2 ? { body: OTHER, headers: { etag: '"2"' } } : undefined,
    );
    await using world = await openWorld(vendor);
    world.files.want([wantOf("r-1")]);
    await world.files.idle();
    world.files.want([wantOf("r-1"), wantOf("r-2")]);
    await world.files.idle();
    expect(
      new Map(world.pinned.map(([revision, file]) => [revision as string, file.sha256])),
    ).toEqual(
      new Map([
        ["r-1", sha256Of(CONTENT)],
        ["r-2", sha256Of(OTHER)],
      ]),
    );
  });

  test("pins later what could not be pinned at once, without fetching again", async () => {
    await using vendor = await startOrigin(CONTENT);
    await using world = await openWorld(vendor);
    world.failure = new Error("the disk is full");
    world.files.want([wantOf("r-1")]);
    await world.files.idle();
    expect(world.pinned).toEqual([]);
    await world.restart();
    world.failure = undefined;
    world.files.want([wantOf("r-1")]);
    await world.files.idle();
    expect(vendor.requests).toHaveLength(1);
    expect(world.pinned).toHaveLength(1);
  });

  test("a file that is longer than a file may be is not taken", async () => {
    await using vendor = await startOrigin(CONTENT, () => ({ endless: true }));
    await using world = await openWorld(vendor, { bytesMax: 1_000_000 });
    world.files.want([wantOf("r-1")]);
    await world.files.idle();
    expect(world.files.describe("r-1" as RevisionId)).toContain("more than the 1000000 bytes");
    await using honest = await startOrigin(CONTENT);
    await using small = await openWorld(honest, { bytesMax: 1000 });
    small.files.want([wantOf("r-1")]);
    await small.files.idle();
    expect(small.files.describe("r-1" as RevisionId)).toContain("at most 1000 are taken");
    expect(await small.content.partials()).toEqual([]);
  });

  test("keeps the floor of the disk, also where nobody says how long the file is", async () => {
    await using vendor = await startOrigin(CONTENT);
    await using world = await openWorld(vendor);
    world.content.disk.freeBytes = 100;
    world.files.want([wantOf("r-1")]);
    await world.files.idle();
    expect(world.files.describe("r-1" as RevisionId)).toContain("no room");
    expect(world.pinned).toEqual([]);
  });

  test("stops what nobody wants any more, and leaves nothing of it", async () => {
    const asked = Promise.withResolvers<void>();
    await using vendor = await startOrigin(CONTENT, () => {
      asked.resolve();
      return { hangAfter: 100_000 };
    });
    await using world = await openWorld(vendor);
    world.files.want([wantOf("r-1")]);
    await asked.promise;
    world.files.want([]);
    await world.files.idle();
    expect(await world.content.partials()).toEqual([]);
    expect(await world.index.list()).toEqual([]);
  });

  test("sweeps at the start what no revision goes on with", async () => {
    await using vendor = await startOrigin(CONTENT, () => ({ cutAfter: 1000 }));
    await using world = await openWorld(vendor);
    world.files.want([wantOf("r-1")]);
    await world.files.idle();
    await world.index.remove("r-1" as RevisionId);
    await world.restart();
    expect(await world.content.partials()).toEqual([]);
  });
});

function wantOf(revision: string): VendorWant {
  return {
    revision: revision as RevisionId,
    url: "https://contoso.example/app.xap",
    sha256: null,
    name: "app.xap",
  };
}

interface World extends AsyncDisposable {
  readonly content: ContentHarness;
  readonly index: MemoryVendorIndex;
  readonly pinned: [RevisionId, PackageFile][];
  files: VendorFiles;
  failure: Error | undefined;
  /** Waits out the pause after a failure, so many times. */
  retry(times?: number): Promise<void>;
  restart(): Promise<void>;
}

async function openWorld(vendor: Origin, more: { bytesMax?: number } = {}): Promise<World> {
  const content = await contentHarness();
  const index = new MemoryVendorIndex();
  const open = () =>
    VendorFiles.open({
      store: content.store,
      diskFloor: content.diskFloor,
      index,
      // An address that somebody allowed by writing it down.
      fetchUrl: (url, request) =>
        fetchFromVendor(
          { origins: () => [{ origin: vendor.url, privateAddresses: false }] },
          new URL(url.pathname, vendor.url),
          request,
        ),
      pin: async (revision, file) => {
        if (world.failure) throw world.failure;
        world.pinned.push([revision, file]);
      },
      onFetched: () => {},
      now: () => content.clock.nowMs,
      random: () => 0,
      log: silentLog,
      ...more,
    });
  const world: World = {
    content,
    index,
    pinned: [],
    files: await open(),
    failure: undefined,
    async retry(times = 1) {
      for (let n = 0; n < times; n++) {
        content.clock.nowMs += 24 * 3_600_000;
        world.files.wake();
        await world.files.idle();
      }
    },
    async restart() {
      await world.files.close();
      await content.reopen();
      world.files = await open();
    },
    async [Symbol.asyncDispose]() {
      await world.files.close();
      await content[Symbol.asyncDispose]();
    },
  };
  return world;
}
