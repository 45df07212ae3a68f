import { describe, expect, test } from "bun:test";
import { parseDeviceId } from "../../../devices/model/ids.ts";
import { DeviceUrls } from "../../../gateway/content/device-urls.ts";
import { Puller } from "../../../gateway/content/puller.ts";
import { SiteContent } from "../../../gateway/content/site-content.ts";
import type { ContentResponse } from "../../../gateway/content/transfer.ts";
import {
  type ContentHarness,
  contentHarness,
  fileOf,
  keep,
  oneLinkKey,
  silentLog,
} from "./content-harness.ts";

const BYTES = new Uint8Array(4 * 1024 ** 2).fill(4);
const FILE = fileOf("app.cab", BYTES);

describe("SiteContent", () => {
  test("says of a file why it is not here, at every step of its way", async () => {
    await using content = await contentHarness();
    const answers: (() => Promise<ContentResponse>)[] = [];
    const gate = Promise.withResolvers<void>();
    const half = Promise.withResolvers<void>();
    answers.push(() => Promise.reject(new Error("no route")));
    answers.push(async () => new Response(null, { status: 404 }));
    answers.push(async () => slowly(BYTES, half.resolve, gate.promise));
    const { site, puller } = siteOf(content, () => (answers.shift() ?? fail)());

    expect(site.describeMissing(FILE.sha256)).toBe(
      "The file is not on this gateway, and nothing asks for it at the moment.",
    );
    await site.ensure([FILE]);
    expect(site.describeMissing(FILE.sha256)).toContain(
      "app.cab is being fetched from the hub: 0.0 of 4.0 MiB",
    );
    await puller.idle();
    expect(site.describeMissing(FILE.sha256)).toBe(
      "app.cab is not here yet: hub unreachable since 2026-11-21 10:00:00 UTC. " +
        "Next attempt at 2026-11-21 10:00:05 UTC.",
    );
    content.clock.nowMs += 600_000;
    puller.wake();
    await puller.idle();
    expect(site.describeMissing(FILE.sha256)).toBe(
      "app.cab is not here yet: The hub does not have this file. " +
        "Next attempt at 2026-11-21 10:11:00 UTC.",
    );
    content.clock.nowMs += 600_000;
    puller.wake();
    await half.promise;
    expect(site.describeMissing(FILE.sha256)).toBe(
      "app.cab is being fetched from the hub: 1.0 of 4.0 MiB (25 %).",
    );
    expect(site.has(FILE.sha256)).toBe(false);
    gate.resolve();
    await puller.idle();
    expect(site.has(FILE.sha256)).toBe(true);
    expect(site.describeMissing(FILE.sha256)).toBe("app.cab is on this gateway.");
  });

  test("says that a third file waits for its turn", async () => {
    await using content = await contentHarness();
    const gate = Promise.withResolvers<void>();
    const { site, puller } = siteOf(content, async () => {
      await gate.promise;
      return new Response(null, { status: 404 });
    });
    const files = [1, 2, 3].map((length) => fileOf(`${length}.cab`, new Uint8Array(length)));
    await site.ensure(files);
    expect(files.map(({ sha256 }) => site.describeMissing(sha256).includes("its turn"))).toEqual([
      false,
      false,
      true,
    ]);
    gate.resolve();
    await puller.idle();
  });

  test("ensure() writes down what is wanted, many times as once", async () => {
    await using content = await contentHarness();
    let asked = 0;
    const { site, puller } = siteOf(content, async () => {
      asked += 1;
      return new Response(BYTES);
    });
    await Promise.all(Array.from({ length: 50 }, () => site.ensure([FILE])));
    expect(await content.index.find(FILE.sha256)).toBeDefined();
    await puller.idle();
    await site.ensure([FILE]);
    await puller.idle();
    expect(asked).toBe(1);
    expect(await content.index.find(FILE.sha256)).toMatchObject({
      state: "complete",
      bytes: BYTES.length,
    });
  });

  test("a quarantined file is wanted again at once, and served again once it is here", async () => {
    await using content = await contentHarness();
    const { site, puller } = siteOf(content, async () => new Response(BYTES));
    await site.ensure([FILE]);
    await puller.idle();
    await content.store.quarantine(FILE.sha256, "Its bytes were damaged.");
    expect(site.has(FILE.sha256)).toBe(false);
    await puller.idle();
    expect(site.has(FILE.sha256)).toBe(true);
  });

  test("a quarantined file that nothing needed is fetched when it is needed", async () => {
    await using content = await contentHarness();
    await keep(content.store, "app.cab", BYTES);
    const { site, puller } = siteOf(content, async () => new Response(BYTES));
    await content.store.quarantine(FILE.sha256, "Its bytes were damaged.");
    expect(site.describeMissing(FILE.sha256)).toEndWith("at the moment. Its bytes were damaged.");
    await site.ensure([FILE]);
    await puller.idle();
    expect(site.has(FILE.sha256)).toBe(true);
  });

  test("without a hub it asks people for the file", async () => {
    await using content = await contentHarness();
    const urls = new DeviceUrls(oneLinkKey(new Uint8Array(32)), () => content.clock.nowMs);
    const site = new SiteContent({
      store: content.store,
      urls,
      puller: undefined,
      describeVendorFile: () => "",
    });
    await site.ensure([FILE]);
    expect(site.describeMissing(FILE.sha256)).toBe(
      "app.cab is not on this gateway, and there is no hub to fetch it from: upload it here.",
    );
  });

  test("makes links that its own signer accepts", async () => {
    await using content = await contentHarness();
    const { site, urls } = siteOf(content, fail);
    const device = parseDeviceId("0".repeat(32));
    if (!device) throw new Error("not a device");
    const url = new URL(site.urlFor(FILE, device, 0, "http://site.example:8080/"));
    expect(url.pathname).toBe(`/content/${FILE.sha256}/app.cab`);
    const [exp, sig] = [url.searchParams.get("exp") ?? "", url.searchParams.get("sig") ?? ""];
    expect(urls.check(FILE.sha256, { device, exp, sig })).toBe(device);
  });
});

function siteOf(content: ContentHarness, fetchContent: () => Promise<ContentResponse>) {
  const now = () => content.clock.nowMs;
  const urls = new DeviceUrls(oneLinkKey(new Uint8Array(32).fill(1)), now);
  const puller = new Puller({
    store: content.store,
    diskFloor: content.diskFloor,
    fetchContent,
    onFetched: () => {},
    now,
    random: () => 1,
    log: silentLog,
  });
  return {
    site: new SiteContent({ store: content.store, urls, puller, describeVendorFile: () => "" }),
    puller,
    urls,
  };
}

function fail(): Promise<ContentResponse> {
  throw new Error("nobody should have asked");
}

/** A body whose first MiB comes at once, the rest after `gate`; `onFirst` when the first was taken. */
function slowly(bytes: Uint8Array, onFirst: () => void, gate: Promise<void>): ContentResponse {
  let step = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        step += 1;
        if (step === 1) return controller.enqueue(bytes.slice(0, 1024 ** 2));
        onFirst();
        await gate;
        controller.enqueue(bytes.slice(1024 ** 2));
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
  return { status: 200, headers: new Headers(), body };
}
