import { AppError } from "../../../devices/model/errors.ts";
import type { Sha256 } from "../../../devices/model/ids.ts";
import {
  answerRange,
  ifNoneMatchHas,
  ifRangeAllows,
} from "../../../protocols/content/byte-range.ts";
import { contentDisposition, mediaTypeOf } from "../../../protocols/content/file-name.ts";
import type { BlobStore, OpenedBlob } from "../../content/blob-store.ts";
import type { ServedCounter } from "../../content/served-counter.ts";
import { notModified, onePart, unsatisfiable } from "./partial-answers.ts";

/** When to ask again for a file that is on its way. */
export const RETRY_AFTER_MS = 30_000;

export interface ServeBlobDeps {
  readonly store: BlobStore;
  readonly served: ServedCounter;
  /** A sentence for people about a file that is not here. */
  readonly describeMissing: (sha256: Sha256) => string;
  readonly now: () => number;
}

/**
 * Answers GET or HEAD for a stored file, once the caller has found out that it may be asked for.
 *
 * Bodies are `Bun.file`, which Bun sends with sendfile(2); the conditions and ranges are decided here,
 * because Bun knows no If-None-Match and would name the file after its hash. `name` is how a download is
 * called. Throws AppError "not-found", and "unavailable" while the file is being fetched.
 */
export async function serveBlob(
  request: Request,
  sha256: Sha256,
  name: string,
  deps: ServeBlobDeps,
): Promise<Response> {
  const blob = await deps.store.open(sha256);
  if (!blob) throw missing(sha256, deps);

  const etag = `"${sha256}"`;
  const headers = headersOf(blob, name, etag);
  if (ifNoneMatchHas(request.headers.get("if-none-match"), etag)) return notModified(headers);
  // Hono builds an answer to HEAD from these headers alone, so the length has to be among them.
  if (request.method === "HEAD") return new Response(null, { headers });

  const range = ifRangeAllows(request.headers.get("if-range"), etag)
    ? answerRange(request.headers.get("range"), blob.bytes)
    : answerRange(null, blob.bytes);
  if (range.kind === "unsatisfiable") return unsatisfiable(blob.bytes);

  // A new Bun.file each time: a kept one remembers the size it saw first.
  const file = Bun.file(blob.path);
  if (range.kind === "whole") {
    deps.served.add(sha256, blob.bytes, deps.now());
    return new Response(file, { headers });
  }
  deps.served.add(sha256, range.last - range.first + 1, deps.now());
  return onePart(file, blob.bytes, range, headers);
}

function headersOf(blob: OpenedBlob, name: string, etag: string): Headers {
  return new Headers({
    "accept-ranges": "bytes",
    // The bytes of a digest never change; a proxy that recoded them would break length and hash.
    "cache-control": "private, max-age=31536000, immutable, no-transform",
    "content-disposition": contentDisposition(name),
    "content-length": String(blob.bytes),
    "content-type": mediaTypeOf(name),
    etag,
    "x-content-type-options": "nosniff",
  });
}

function missing(sha256: Sha256, { store, describeMissing }: ServeBlobDeps): AppError {
  if (!store.find(sha256)) return new AppError("not-found", "This gateway knows no such file.");
  return new AppError("unavailable", describeMissing(sha256), { retryAfterMs: RETRY_AFTER_MS });
}
