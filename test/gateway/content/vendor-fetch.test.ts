import { describe, expect, test } from "bun:test";
import { createServer, type RequestListener } from "node:http";
import type { ContentOrigin } from "../../../gateway/content/content-origin.ts";
import { TransferFailed } from "../../../gateway/content/transfer.ts";
import {
  type Address,
  fetchFromVendor,
  REDIRECTS_MAX,
  sendTo,
} from "../../../gateway/content/vendor-fetch.ts";

const REQUEST = {
  headers: { "accept-encoding": "identity" },
  signal: new AbortController().signal,
};

describe("fetchFromVendor()", () => {
  test("sends what it was told, and gives status, headers and body as they are", async () => {
    const seen: unknown[] = [];
    await using vendor = await startVendor((request, response) => {
      seen.push([request.url, request.headers.range, request.headers["if-range"]]);
      response.writeHead(206, { "content-range": "bytes 2-4/5", etag: '"v"' });
      response.end("llo");
    });
    const headers = { range: "bytes=2-", "if-range": '"v"' };
    const answer = await ask(`${vendor.url}/a%20b.xap?q=1`, [vendor.url], { headers });
    expect(seen).toEqual([["/a%20b.xap?q=1", "bytes=2-", '"v"']]);
    expect(answer.status).toBe(206);
    expect(answer.headers.get("content-range")).toBe("bytes 2-4/5");
    expect(answer.headers.get("nothing")).toBeNull();
    expect(await new Response(answer.body).text()).toBe("llo");
  });

  test("asks nobody who is not on the list", async () => {
    await using vendor = await startVendor(() => expect.unreachable());
    const problem = "is not on the list";
    expect(ask(vendor.url, [])).rejects.toThrow(problem);
    expect(ask(vendor.url, ["http://127.0.0.1:1"])).rejects.toThrow(problem);
    expect(ask(vendor.url.replace("127.0.0.1", "localhost"), [vendor.url])).rejects.toThrow(
      problem,
    );
  });

  test("looks at every address of a name, and connects to none when one is not allowed", async () => {
    await using vendor = await startVendor(() => expect.unreachable());
    const url = vendor.url.replace("127.0.0.1", "contoso.example");
    const resolve = async () => [address("93.184.216.34"), address("127.0.0.1")];
    const failed = await ask(url, [url], {}, resolve).catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(TransferFailed);
    expect((failed as TransferFailed).failure).toMatchObject({
      kind: "refused",
      problem: "contoso.example stands for 127.0.0.1, where this gateway does not fetch from.",
    });
  });

  test("connects to the addresses that were looked at, under the name that was asked for", async () => {
    const hosts: unknown[] = [];
    await using vendor = await startVendor((request, response) => {
      hosts.push(request.headers.host);
      response.end("hello");
    });
    const url = new URL(vendor.url.replace("127.0.0.1", "contoso.example"));
    const response = await sendTo(url, [address("127.0.0.1")], REQUEST);
    expect(response.statusCode).toBe(200);
    response.destroy();
    expect(hosts).toEqual([url.host]);
  });

  test("follows a redirect within the list, with the range", async () => {
    const ranges: unknown[] = [];
    await using store = await startVendor((request, response) => {
      ranges.push(request.headers.range);
      response.end("hello");
    });
    await using vendor = await startVendor((_request, response) => {
      response.writeHead(302, { location: `${store.url}/real` }).end("gone");
    });
    const headers = { range: "bytes=3-" };
    const answer = await ask(vendor.url, [vendor.url, store.url], { headers });
    expect(await new Response(answer.body).text()).toBe("hello");
    expect(ranges).toEqual(["bytes=3-"]);
  });

  test.each([
    ["another server", "http://127.0.0.1:9/x", "is not on the list"],
    ["a file", "file:///etc/passwd", "no web address"],
    ["nonsense", "http://", "no web address"],
  ])("does not follow a redirect to %s", async (_, location, problem) => {
    await using vendor = await startVendor((_request, response) => {
      response.writeHead(307, { location }).end();
    });
    expect(ask(vendor.url, [vendor.url])).rejects.toThrow(problem);
  });

  test("gives up on a circle of redirects", async () => {
    let asked = 0;
    await using vendor = await startVendor((_request, response) => {
      asked += 1;
      response.writeHead(301, { location: "/again" }).end();
    });
    await expect(ask(vendor.url, [vendor.url])).rejects.toThrow("redirects more than");
    expect(asked).toBe(REDIRECTS_MAX + 1);
  });

  test("takes no file whose end cannot be told from a broken line", async () => {
    await using vendor = await startVendor((_request, response) => {
      response.socket?.end("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello");
    });
    expect(ask(vendor.url, [vendor.url])).rejects.toThrow("does not say how long");
  });

  test("a line that breaks in the body is an error, not an end", async () => {
    await using vendor = await startVendor((_request, response) => {
      response.writeHead(200, { "content-length": "100" });
      response.write("hello", () => response.socket?.destroySoon());
    });
    const answer = await ask(vendor.url, [vendor.url]);
    expect(new Response(answer.body).text()).rejects.toThrow();
  });
});

function ask(
  url: string,
  allowed: readonly string[],
  more: { readonly headers?: Readonly<Record<string, string>> } = {},
  resolve?: () => Promise<readonly Address[]>,
) {
  const origins: ContentOrigin[] = allowed.map((one) => ({
    origin: new URL(one).origin,
    privateAddresses: false,
  }));
  const deps = { origins: () => origins, ...(resolve && { resolve }) };
  return fetchFromVendor(deps, new URL(url), { ...REQUEST, ...more });
}

function address(text: string): Address {
  return { address: text, family: 4 };
}

async function startVendor(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const at = server.address();
  if (at === null || typeof at === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${at.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
