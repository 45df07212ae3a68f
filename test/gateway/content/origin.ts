import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { FetchContent } from "../../../gateway/content/puller.ts";

/** What a hub that is not well does to one request. */
export interface OriginAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** The connection is destroyed after so many bytes of the body. */
  readonly cutAfter?: number;
  /** After so many bytes nothing comes any more, and the connection stays open. */
  readonly hangAfter?: number;
  /** The body never ends. */
  readonly endless?: boolean;
}

export interface OriginRequest {
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly acceptEncoding: string | undefined;
}

export interface Origin extends AsyncDisposable {
  readonly url: string;
  /** Every request so far. */
  readonly requests: OriginRequest[];
  /** Bytes of bodies that were handed to the network. */
  sentBytes: number;
  /** Asks this origin, as the signed link of a site does. */
  readonly fetchContent: FetchContent;
}

/**
 * A hub on loopback that holds `content`. `answer` may replace what an honest hub says, request by
 * request (the first is number 1); undefined leaves the honest answer.
 */
export async function startOrigin(
  content: Uint8Array,
  answer: (number: number, request: OriginRequest) => OriginAnswer | undefined = () => undefined,
): Promise<Origin> {
  const requests: OriginRequest[] = [];
  const server = createServer((request, response) => {
    const asked = readRequest(request);
    requests.push(asked);
    const given = answer(requests.length, asked);
    origin.sentBytes += send(response, { ...honest(content, asked), ...given });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `http://127.0.0.1:${address.port}`;
  const origin: Origin = {
    url,
    requests,
    sentBytes: 0,
    fetchContent: ({ sha256, headers, signal }) =>
      fetch(`${url}/${sha256}`, { headers, signal, decompress: false, redirect: "manual" }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return origin;
}

export const ORIGIN_ETAG = '"origin-1"';

function readRequest({ headers }: IncomingMessage): OriginRequest {
  return {
    range: headers.range,
    ifRange: String(headers["if-range"] ?? ""),
    acceptEncoding: String(headers["accept-encoding"] ?? ""),
  };
}

/** Range and If-Range as the specification has them, for one open range. */
function honest(content: Uint8Array, { range, ifRange }: OriginRequest): OriginAnswer {
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? Number.NaN);
  const headers = { etag: ORIGIN_ETAG };
  if (Number.isNaN(from) || ifRange !== ORIGIN_ETAG) return { headers, body: content };
  const body = content.subarray(from);
  const contentRange = `bytes ${from}-${content.length - 1}/${content.length}`;
  return { status: 206, headers: { ...headers, "content-range": contentRange }, body };
}

function send(response: ServerResponse, answer: OriginAnswer): number {
  const body = answer.body ?? new Uint8Array();
  const length = answer.endless ? {} : { "content-length": String(body.length) };
  response.on("error", () => {}); // The client may leave first.
  response.writeHead(answer.status ?? 200, { ...length, ...answer.headers });
  if (answer.endless) {
    const more = () => {
      while (!response.destroyed && response.write(new Uint8Array(256 * 1024))) {
        // Until the network takes no more for now.
      }
    };
    response.on("drain", more);
    more();
    return Number.POSITIVE_INFINITY;
  }
  const stopAfter = answer.cutAfter ?? answer.hangAfter;
  if (stopAfter === undefined) {
    response.end(body);
    return body.length;
  }
  response.write(body.subarray(0, stopAfter), () => {
    if (answer.cutAfter !== undefined) response.socket?.destroySoon();
  });
  return stopAfter;
}
