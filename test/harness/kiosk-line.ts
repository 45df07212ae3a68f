/** The line between a client of DDI and its site, in a test's hands. */

const POLL = /\/controller\/v1\/[^/]+$/;
/** How much comes at once of what trickles, and how often. */
const TRICKLE_BYTES = 256;
const TRICKLE_MS = 50;

interface LineOptions {
  /** What becomes of the answer to the request for an artifact that is the `count`th. */
  readonly effect?: (response: Response, count: number) => Response;
  /** What happens before a request reaches the site. */
  readonly before?: (path: string) => Promise<void>;
}

/**
 * Stands between client and site, notes the requests, and may break or slow down the artifacts. Clients
 * poll every second here: a site has them sleep for half a minute at least, and nobody waits that long.
 */
export function line(
  target: string,
  { effect = (response) => response, before = async () => {} }: LineOptions = {},
) {
  /** Of each request for an artifact. */
  const ranges: (string | null)[] = [];
  /** The links of each answer to a poll, by their names. */
  const polls: (readonly string[])[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 60,
    async fetch(request) {
      const { pathname, search } = new URL(request.url);
      const isWithoutBody = request.method === "GET" || request.method === "HEAD";
      await before(pathname);
      const response = await fetch(`${target}${pathname}${search}`, {
        method: request.method,
        headers: request.headers,
        body: isWithoutBody ? null : await request.arrayBuffer(),
        decompress: false,
      });
      if (request.method === "GET" && POLL.test(pathname)) {
        const text = await response.text();
        const { _links = {} } = JSON.parse(text) as { _links?: object };
        polls.push(Object.keys(_links));
        const often = text.replace(/"sleep":"[^"]*"/, '"sleep":"00:00:01"');
        return new Response(often, { headers: { "content-type": "application/json" } });
      }
      if (request.method !== "GET" || !pathname.includes("/artifacts/")) return response;
      ranges.push(request.headers.get("range"));
      return effect(response, ranges.length);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    ranges,
    polls,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** For `before`: when the first request comes whose path ends so. */
export function once(
  ending: string,
  happens: () => Promise<void>,
): (path: string) => Promise<void> {
  let has = false;
  return async (path) => {
    if (has || !path.endsWith(ending)) return;
    has = true;
    await happens();
  };
}

/** As a line that breaks: what was promised does not come. */
export function brokenAfter(response: Response, bytesMax: number): Response {
  const body = response.body?.getReader();
  let bytes = 0;
  const cut = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = (await body?.read()) ?? { done: true, value: undefined };
      if (done || value === undefined) return controller.close();
      const part = value.subarray(0, bytesMax - bytes);
      bytes += part.length;
      controller.enqueue(part);
      if (bytes >= bytesMax) controller.error(new Error("the line broke"));
    },
  });
  const { status, headers } = response;
  return new Response(cut, { status, headers });
}

/**
 * As a slow line, on which there is always a little to come. A line on which nothing comes any more is no
 * good here: swupdate asks whether it is to go on only when it has received something.
 */
export function trickling(response: Response, isSlow: () => boolean): Response {
  const body = response.body?.getReader();
  let rest = new Uint8Array();
  const slow = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (rest.length === 0) {
        const { done, value } = (await body?.read()) ?? { done: true, value: undefined };
        if (done || value === undefined) return controller.close();
        rest = new Uint8Array(value);
      }
      if (isSlow()) await Bun.sleep(TRICKLE_MS);
      const part = isSlow() ? rest.subarray(0, TRICKLE_BYTES) : rest;
      rest = rest.subarray(part.length);
      controller.enqueue(part);
    },
  });
  const { status, headers } = response;
  return new Response(slow, { status, headers });
}
