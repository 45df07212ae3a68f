import { ANSWER_BYTES_MAX } from "../limits.ts";
import { LinkFailure, type Transport } from "./exchange.ts";

/** How long one request may take, in milliseconds; a slow line carries 2 MiB in it at 300 kbit/s. */
export const REQUEST_MS_MAX = 60_000;

/** Where a site's requests go at its hub. */
export const LINK_PATH = "/hub/sync/v1";

type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** The plain HTTP transport. @param hubUrl such as `https://hub.example`, without a path */
export function httpTransport(hubUrl: string, fetch: Fetch): Transport {
  return async ({ operation, nonce, session, body }) => {
    const response = await fetch(linkUrl(hubUrl, operation), {
      method: "POST",
      headers: {
        "content-type": operation === "frame" ? "application/octet-stream" : "application/json",
        "outpost-nonce": nonce,
        ...(session === "" ? {} : { "outpost-session": session }),
      },
      body: body as Uint8Array<ArrayBuffer>,
      redirect: "manual",
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
    });
    return {
      status: response.status,
      body: await readBounded(response),
      signature: response.headers.get("outpost-signature") ?? "",
      retryAfterMs: 1000 * Math.max(0, Number(response.headers.get("retry-after") ?? 0) || 0),
    };
  };
}

export function linkUrl(hubUrl: string, path: string): string {
  return `${hubUrl.replace(/\/+$/, "")}${LINK_PATH}/${path}`;
}

async function readBounded(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) throw new LinkFailure("the hub's answer is too large", {});
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
