import { parseSha256 } from "../../devices/model/ids.ts";
import type { FoundSource, OrderSources } from "../../devices/ports/order-sources.ts";
import type { BlobStore } from "./blob-store.ts";
import { type ContentOrigin, findOrigin, parseWebAddress } from "./content-origin.ts";

const CONTENT_PATH = /^\/content\/([0-9a-f]{64})\/[^/]+$/;

/**
 * What URLs in orders stand for. One of this site's own content links names a file by its digest,
 * whatever name or address the site was called by; one of an allowed origin is fetched from there.
 */
export function orderSources(
  store: Pick<BlobStore, "find">,
  origins: () => readonly ContentOrigin[],
): OrderSources {
  return {
    find(text) {
      const url = parseWebAddress(text);
      if (!url) return refused("the URL is no http or https address");
      if (findOrigin(origins(), url)) {
        return { kind: "source", source: { url: url.href, sha256: null, fetchedBy: "site" } };
      }
      return ownFile(store, url) ?? refused(`${url.origin} is not on this site's list of origins`);
    },
  };
}

function ownFile(store: Pick<BlobStore, "find">, url: URL): FoundSource | undefined {
  const sha256 = parseSha256(CONTENT_PATH.exec(url.pathname)?.[1] ?? "");
  if (!sha256) return undefined;
  const record = store.find(sha256);
  return record && record.state !== "quarantined"
    ? { kind: "file", file: { sha256, name: record.name, bytes: record.bytes } }
    : refused("this site does not have the file that the URL names: upload it first");
}

function refused(text: string): FoundSource {
  return { kind: "refused", text };
}
