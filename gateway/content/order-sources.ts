import { parseSha256 } from "../../devices/model/ids.ts";
import type { FoundSource, OrderSources } from "../../devices/ports/order-sources.ts";
import type { BlobStore } from "./blob-store.ts";

const CONTENT_PATH = /^\/content\/([0-9a-f]{64})\/[^/]+$/;

/**
 * What URLs in orders stand for. One of this site's own content links names a file by its digest,
 * whatever name or address the site was called by; everything else is refused.
 */
export function orderSources(store: Pick<BlobStore, "find">): OrderSources {
  return { find: (url) => findOwn(store, url) };
}

function findOwn(store: Pick<BlobStore, "find">, text: string): FoundSource {
  const url = URL.parse(text);
  const sha256 = parseSha256(CONTENT_PATH.exec(url?.pathname ?? "")?.[1] ?? "");
  const record = sha256 && store.find(sha256);
  if (record && record.state !== "quarantined") {
    return { kind: "file", file: { sha256, name: record.name, bytes: record.bytes } };
  }
  if (sha256)
    return refused("this site does not have the file that the URL names: upload it first");
  return refused(`${url?.origin ?? "the URL"} is not an origin that this site fetches from`);
}

function refused(text: string): FoundSource {
  return { kind: "refused", text };
}
