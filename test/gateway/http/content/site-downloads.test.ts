import { expect, test } from "bun:test";
import { AppError } from "../../../../devices/model/errors.ts";
import { Puller } from "../../../../gateway/content/puller.ts";
import { ServedCounter } from "../../../../gateway/content/served-counter.ts";
import { siteDownloadRoutes } from "../../../../gateway/http/content/site-downloads.ts";
import { seededRandom } from "../../../harness/seeded-random.ts";
import {
  type ContentHarness,
  contentHarness,
  fileOf,
  keep,
  randomBytes,
  silentLog,
} from "../../content/content-harness.ts";
import { type ContentServer, onItsWay, serveRoutes } from "./content-server.ts";

const BYTES = randomBytes(seededRandom(8), 2_000_000);
const FILE = fileOf("app.cab", BYTES);

test("a site pulls a file from the hub's own route, half of it after a restart", async () => {
  await using hub = await contentHarness();
  await using site = await contentHarness();
  await keep(hub.store, FILE.name, BYTES);
  await using server = hubServer(hub);

  const half = Promise.withResolvers<void>();
  const first = pullerOf(site, server, (fetched) => fetched > 500_000 && half.resolve(), 600_000);
  first.want([FILE]);
  await half.promise;
  await first.close();
  const filled = (await site.index.find(FILE.sha256))?.filledBytes ?? 0;
  expect(filled).toBeGreaterThan(500_000);
  expect(filled).toBeLessThan(BYTES.length);

  await site.reopen();
  let fetchedAfter = 0;
  const second = pullerOf(site, server, (fetched) => {
    fetchedAfter = fetched;
  });
  second.want([FILE]);
  await second.idle();
  expect(await site.store.open(FILE.sha256)).toMatchObject({ bytes: BYTES.length });
  expect(fetchedAfter).toBe(BYTES.length - filled);
});

test("a request that no site has signed gets nothing, and learns nothing", async () => {
  await using hub = await contentHarness();
  await keep(hub.store, FILE.name, BYTES);
  await using server = hubServer(hub);
  for (const digest of [FILE.sha256, "0".repeat(64), "nonsense"]) {
    expect((await fetch(`${server.url}/hub/sync/v1/content/${digest}`)).status).toBe(401);
  }
});

test("what the hub does not have is a 404 for the site, in words for people", async () => {
  await using hub = await contentHarness();
  await using site = await contentHarness();
  await using server = hubServer(hub);
  const puller = pullerOf(site, server, () => {});
  puller.want([FILE]);
  await puller.idle();
  expect(puller.progress(FILE.sha256)).toMatchObject({
    problem: "The hub does not have this file.",
  });
});

function hubServer(hub: ContentHarness): ContentServer {
  return serveRoutes((app) =>
    app.route(
      "/hub/sync/v1/content",
      siteDownloadRoutes({
        store: hub.store,
        served: new ServedCounter(() => {}),
        describeMissing: onItsWay,
        now: () => hub.clock.nowMs,
        authorise: async (c) => {
          if (c.req.header("x-site") !== "north") throw new AppError("unauthorized", "Sign it.");
        },
      }),
    ),
  );
}

/** `onFetched` is told of all bytes so far; `hangAfter` holds the body back from there on. */
function pullerOf(
  site: ContentHarness,
  server: ContentServer,
  onFetched: (bytes: number) => void,
  hangAfter = Number.POSITIVE_INFINITY,
): Puller {
  let fetched = 0;
  return new Puller({
    store: site.store,
    diskFloor: site.diskFloor,
    fetchContent: async ({ sha256, headers, signal }) => {
      const answer = await fetch(`${server.url}/hub/sync/v1/content/${sha256}`, {
        headers: { ...headers, "x-site": "north" },
        signal,
        decompress: false,
      });
      if (hangAfter === Number.POSITIVE_INFINITY) return answer;
      return { status: answer.status, headers: answer.headers, body: held(answer, hangAfter) };
    },
    onFetched: (bytes) => {
      fetched += bytes;
      onFetched(fetched);
    },
    now: () => site.clock.nowMs,
    random: () => 0,
    log: silentLog,
  });
}

/** The body up to `bytes`; then nothing more comes. */
function held(answer: Response, bytes: number): ReadableStream<Uint8Array> | null {
  let seen = 0;
  const holding = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      const more = chunk.subarray(0, bytes - seen);
      seen += more.length;
      if (more.length > 0) controller.enqueue(more);
      return seen < bytes ? undefined : new Promise<void>(() => {});
    },
  });
  return answer.body?.pipeThrough(holding) ?? null;
}
