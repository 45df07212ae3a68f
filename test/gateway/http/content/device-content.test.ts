import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { truncateSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { parseDeviceId, type Sha256 } from "../../../../devices/model/ids.ts";
import { DeviceUrls } from "../../../../gateway/content/device-urls.ts";
import { ServedCounter } from "../../../../gateway/content/served-counter.ts";
import { trustedProxies } from "../../../../gateway/http/client-address.ts";
import {
  type DeviceContentDeps,
  deviceContentRoutes,
} from "../../../../gateway/http/content/device-content.ts";
import { seededRandom } from "../../../harness/seeded-random.ts";
import {
  type ContentHarness,
  contentHarness,
  fileOf,
  keep,
  oneLinkKey,
  randomBytes,
  sha256Of,
  silentLog,
} from "../../content/content-harness.ts";
import { type ContentServer, onItsWay, serveRoutes } from "./content-server.ts";

/** Above 1 MB, where Bun begins to use sendfile. */
const BYTES = randomBytes(seededRandom(5), 1_500_000);
const SIZE = BYTES.length;
const NAME = "Größe & Co.cab";
const FILE = fileOf(NAME, BYTES);
const ETAG = `"${FILE.sha256}"`;
const DEVICE = parseDeviceId("0123456789abcdef".repeat(2));
if (!DEVICE) throw new Error("not a device");
const device = DEVICE;

let content: ContentHarness;
let server: ContentServer;
let urls: DeviceUrls;
let served: ServedCounter;
let criteria: string | null = null;

beforeAll(async () => {
  content = await contentHarness();
  await keep(content.store, NAME, BYTES);
  urls = new DeviceUrls(oneLinkKey(new Uint8Array(32).fill(3)), () => content.clock.nowMs);
  served = new ServedCounter(() => {});
  server = serveRoutes((app) => app.route("/content", deviceContentRoutes(deps())));
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await content[Symbol.asyncDispose]();
});

describe("GET /content/{sha256}/{name}", () => {
  test("sends the whole file with everything a download manager asks for", async () => {
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "accept-ranges": "bytes",
      "content-length": String(SIZE),
      "content-type": "application/vnd.ms-cab-compressed",
      "content-disposition":
        "attachment; filename=\"Gr__e & Co.cab\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%26%20Co.cab",
      etag: ETAG,
      "x-content-type-options": "nosniff",
    });
    expect(answer.headers.get("transfer-encoding")).toBeNull();
    expect(await sameBytes(answer, BYTES)).toBe(true);
  });

  test.each([
    ["bytes=0-0", 0, 0],
    ["bytes=0-9", 0, 9],
    ["bytes=1000-1299999", 1000, 1_299_999],
    ["bytes=1400000-", 1_400_000, SIZE - 1],
    ["bytes=0-", 0, SIZE - 1],
    ["bytes=-5", SIZE - 5, SIZE - 1],
    ["bytes=-99999999", 0, SIZE - 1],
    ["bytes=1499999-99999999", SIZE - 1, SIZE - 1],
  ])("%s is a 206 of exactly those bytes", async (range, first, last) => {
    const answer = await ask({ range });
    expect(answer.status).toBe(206);
    expect(answer.headers.get("content-range")).toBe(`bytes ${first}-${last}/${SIZE}`);
    expect(answer.headers.get("content-length")).toBe(String(last - first + 1));
    expect(answer.headers.get("etag")).toBe(ETAG);
    expect(answer.headers.get("content-disposition")).not.toContain(FILE.sha256);
    expect(await sameBytes(answer, BYTES.slice(first, last + 1))).toBe(true);
  });

  test.each([
    ["several ranges", { range: "bytes=0-9,20-29" }],
    ["a range that makes no sense", { range: "bytes=9-0" }],
    ["another unit", { range: "items=0-9" }],
    ["If-Range with another validator", { range: "bytes=0-9", "if-range": '"other"' }],
    ["If-Range with a weak validator", { range: "bytes=0-9", "if-range": `W/${ETAG}` }],
    ["If-Range with a date", { range: "bytes=0-9", "if-range": "Sat, 21 Nov 2026 10:00:00 GMT" }],
    [
      "an unsatisfiable range of another version",
      { range: "bytes=9999999-", "if-range": '"other"' },
    ],
    ["If-None-Match of another version", { "if-none-match": '"other"' }],
    ["a wish for compression", { "accept-encoding": "gzip, br, zstd" }],
  ])("%s is answered with the whole", async (_, headers) => {
    const answer = await ask(headers);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-range")).toBeNull();
    expect(answer.headers.get("content-encoding")).toBeNull();
    expect(answer.headers.get("content-length")).toBe(String(SIZE));
    expect(await sameBytes(answer, BYTES)).toBe(true);
  });

  test("If-Range with the right validator gives the part", async () => {
    const answer = await ask({ range: "bytes=5-", "if-range": ETAG });
    expect(answer.status).toBe(206);
    expect(await sameBytes(answer, BYTES.slice(5))).toBe(true);
  });

  test.each(["bytes=1500000-", "bytes=99999999-", "bytes=-0"])("%s is a 416", async (range) => {
    const answer = await ask({ range });
    expect(answer.status).toBe(416);
    expect(answer.headers.get("content-range")).toBe(`bytes */${SIZE}`);
    expect((await answer.bytes()).length).toBe(0);
  });

  test("If-None-Match that fits is a 304 without a body, also before a range", async () => {
    for (const headers of [
      { "if-none-match": `W/${ETAG}` },
      { "if-none-match": "*", range: "bytes=0-9" },
    ]) {
      const answer = await ask(headers);
      expect(answer.status).toBe(304);
      expect(answer.headers.get("etag")).toBe(ETAG);
      expect((await answer.bytes()).length).toBe(0);
    }
  });

  test("HEAD tells the length of the whole, with a Range too", async () => {
    for (const headers of [{}, { range: "bytes=0-9" }]) {
      const answer = await fetch(link(), { method: "HEAD", headers });
      expect(answer.status).toBe(200);
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "accept-ranges": "bytes",
        "content-length": String(SIZE),
        etag: ETAG,
      });
      expect(answer.headers.get("content-disposition")).toContain("Co.cab");
    }
  });

  test("an empty file has a length, and no range of it exists", async () => {
    const empty = fileOf("empty.txt", new Uint8Array());
    await keep(content.store, empty.name, new Uint8Array());
    const url = urls.urlFor(empty, device, 0, server.url);
    const answer = await fetch(url);
    expect([answer.status, answer.headers.get("content-length")]).toEqual([200, "0"]);
    expect((await fetch(url, { method: "HEAD" })).headers.get("content-length")).toBe("0");
    expect((await fetch(url, { headers: { range: "bytes=0-" } })).status).toBe(416);
  });

  test("a whole download by ranges, as a device with a bad radio does it, gives the file", async () => {
    const parts: Uint8Array[] = [];
    for (let at = 0; at < SIZE; ) {
      const end = Math.min(SIZE, at + 65_536 + parts.length) - 1;
      const answer = await ask({ range: `bytes=${at}-${end}`, "if-range": ETAG });
      expect(answer.status).toBe(206);
      parts.push(await answer.bytes());
      at = end + 1;
    }
    expect(sha256Of(Buffer.concat(parts))).toBe(FILE.sha256);
  });

  test("requests and bytes are counted for bodies only", async () => {
    await served.flush(content.index, content.clock.nowMs);
    const before = (await content.index.listServed()).find(({ sha256 }) => sha256 === FILE.sha256);
    await (await ask()).bytes();
    await (await ask({ range: "bytes=0-9" })).bytes();
    await ask({ "if-none-match": ETAG });
    await ask({ range: "bytes=99999999-" });
    await fetch(link(), { method: "HEAD" });
    await served.flush(content.index, content.clock.nowMs);
    const after = (await content.index.listServed()).find(({ sha256 }) => sha256 === FILE.sha256);
    expect((after?.requests ?? 0) - (before?.requests ?? 0)).toBe(2);
    expect((after?.bytes ?? 0) - (before?.bytes ?? 0)).toBe(SIZE + 10);
    expect(await content.index.find(FILE.sha256)).toMatchObject({
      lastUsedAtMs: content.clock.nowMs,
    });
  });

  test("the name in the link decides how the download is called, and cannot break a header", async () => {
    const url = new URL(link());
    url.pathname = `/content/${FILE.sha256}/..%2f%0d%0aSet-Cookie:%20a=b%22.html`;
    const answer = await fetch(url);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("set-cookie")).toBeNull();
    expect(answer.headers.get("content-type")).toBe("application/octet-stream");
    expect(answer.headers.get("content-disposition")).toStartWith("attachment; ");
  });
});

describe("what is not to be served", () => {
  test.each([
    [
      "no query",
      (url: URL) => {
        url.search = "";
      },
    ],
    ["a wrong signature", (url: URL) => url.searchParams.set("sig", "A".repeat(43))],
    ["another device", (url: URL) => url.searchParams.set("device", "f".repeat(32))],
    ["a later expiry", (url: URL) => url.searchParams.set("exp", "9999999999")],
    [
      "another file",
      (url: URL) => {
        url.pathname = url.pathname.replace(FILE.sha256, sha256Of("x"));
      },
    ],
  ])("%s is a 403 problem", async (_, change) => {
    const url = new URL(link());
    change(url);
    const answer = await fetch(url);
    expect(answer.status).toBe(403);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ code: "forbidden" });
  });

  test("an expired link says so", async () => {
    const url = link();
    const { nowMs } = content.clock;
    content.clock.nowMs += 26 * 3_600_000;
    const answer = await fetch(url);
    content.clock.nowMs = nowMs;
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ detail: expect.stringContaining("expired at") });
  });

  test.each([
    "/content/short/x",
    `/content/${"A".repeat(64)}/x`,
    "/content/..%2f..%2fetc/passwd",
    "/content/%00/x",
  ])("%s is a 404", async (path) => {
    expect((await fetch(server.url + path)).status).toBe(404);
  });

  test("a file nobody knows is a 404, one on its way a 503 with reason and Retry-After", async () => {
    const unknown = fileOf("x.cab", new Uint8Array([1, 2, 3]));
    const url = urls.urlFor(unknown, device, 0, server.url);
    expect((await fetch(url)).status).toBe(404);

    await content.store.note({
      ...unknown,
      md5: null,
      state: "filling",
      filledBytes: 2,
      etag: '"x"',
      problem: null,
      verifiedAtMs: null,
    });
    writeFileSync(content.store.folder.transferPath(unknown.sha256), new Uint8Array(3));
    for (const headers of [{}, { range: "bytes=0-1" }]) {
      const answer = await fetch(url, { headers });
      expect(answer.status).toBe(503);
      expect(answer.headers.get("retry-after")).toBe("30");
      expect(await answer.json()).toMatchObject({ detail: onItsWay(unknown.sha256) });
    }
    const head = await fetch(url, { method: "HEAD" });
    expect([head.status, head.headers.get("retry-after")]).toEqual([503, "30"]);
  });

  test.each([
    ["truncated", (path: string) => truncateSync(path, 50_000)],
    ["sparse and too long", (path: string) => truncateSync(path, 5_000_000)],
    ["overwritten with another length", (path: string) => writeFileSync(path, "gone")],
  ])("a file that was %s on the disk is a 503, never bytes", async (kind, damage) => {
    const bytes = new TextEncoder().encode(kind.repeat(10_000));
    const file = fileOf("damaged.cab", bytes);
    await keep(content.store, file.name, bytes);
    damage(content.store.folder.blobPath(file.sha256));
    const answer = await fetch(urls.urlFor(file, device, 0, server.url));
    expect(answer.status).toBe(503);
    expect(content.store.find(file.sha256)).toMatchObject({ state: "quarantined" });
  });

  test("a download under way is finished from the old bytes when the file is quarantined", async () => {
    const bytes = randomBytes(seededRandom(6), 64 * 1024).slice();
    const large = Buffer.alloc(24 * 1024 ** 2, bytes);
    const file = fileOf("large.cab", large);
    await keep(content.store, file.name, large);
    const url = new URL(urls.urlFor(file, device, 0, server.url));
    const received = await readSlowly(server.port, url, () =>
      content.store.quarantine(file.sha256, "test"),
    );
    expect(sha256Of(received)).toBe(file.sha256);
    expect((await fetch(url)).status).toBe(503);
  });
});

describe("where certificate criteria are set", () => {
  const CASES = [
    ["no header", "CN%3DDevice-42", undefined, 403],
    ["the subject", "CN%3DDevice-42", "CN=Device-42", 200],
    [
      "the subject among others",
      "Subject=CN%3DDevice-42",
      "O=Contoso\\, Ltd,CN=Device-42,C=DE",
      200,
    ],
    ["another case", "CN%3DDevice-42", "CN=device-42", 403],
    ["another device", "CN%3DDevice-42", "CN=Device-421", 403],
    ["the device's own", "CN%3DDevice-42", "cn = OWN", 200],
    ["more than the device's own", "CN%3DDevice-42", "CN=OWN,O=Contoso", 403],
  ] as const;

  test.each(CASES)("%s", async (_, wanted, subject, status) => {
    criteria = wanted;
    try {
      const headers = subject === undefined ? {} : { "x-client-subject": subject };
      expect((await fetch(link(), { headers })).status).toBe(status);
      expect((await fetch(link(), { headers, method: "HEAD" })).status).toBe(status);
    } finally {
      criteria = null;
    }
  });

  test.each([
    ["from an address that is not a trusted proxy", ["10.0.0.0/8"], "x-client-subject"],
    ["when no header is configured", ["127.0.0.0/8"], undefined],
  ])("the header is not believed %s", async (_, networks, header) => {
    const certificate = {
      criteria: () => "CN%3DDevice-42",
      header,
      proxies: trustedProxies(networks),
      ownSubject: async () => undefined,
    };
    await using strict = serveRoutes((app) =>
      app.route("/content", deviceContentRoutes({ ...deps(), certificate })),
    );
    const url = urls.urlFor(FILE, device, 0, strict.url);
    const answer = await fetch(url, { headers: { "x-client-subject": "CN=Device-42" } });
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({
      detail: expect.stringContaining("trusted TLS proxy"),
    });
  });
});

function deps(): DeviceContentDeps {
  return {
    store: content.store,
    served,
    describeMissing: (sha256: Sha256) => onItsWay(sha256),
    now: () => content.clock.nowMs,
    urls,
    certificate: {
      criteria: () => criteria,
      header: "x-client-subject",
      proxies: trustedProxies(["127.0.0.1"]),
      ownSubject: async (asked) => (asked === device ? "CN=OWN" : undefined),
    },
    log: silentLog,
  };
}

function link(): string {
  return urls.urlFor(FILE, device, 0, server.url);
}

function ask(headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(link(), { headers: { "accept-encoding": "identity", ...headers } });
}

async function sameBytes(answer: Response, expected: Uint8Array): Promise<boolean> {
  return Buffer.compare(await answer.bytes(), expected) === 0;
}

/** Takes the head of an answer, then calls `meanwhile`, then takes the rest: the body's bytes. */
function readSlowly(port: number, url: URL, meanwhile: () => Promise<void>): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, "127.0.0.1", () => {
      const target = `${url.pathname}${url.search}`;
      socket.write(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    });
    socket.once("data", (first: Buffer) => {
      socket.pause();
      chunks.push(first);
      meanwhile().then(() => {
        socket.on("data", (more: Buffer) => chunks.push(more));
        socket.resume();
      }, reject);
    });
    socket.on("error", reject);
    socket.on("end", () => {
      const whole = Buffer.concat(chunks);
      resolve(whole.subarray(whole.indexOf("\r\n\r\n") + 4));
    });
  });
}
