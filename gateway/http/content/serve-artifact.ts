import { AppError } from "../../../devices/model/errors.ts";
import { ifNoneMatchHas } from "../../../protocols/content/byte-range.ts";
import { contentDisposition } from "../../../protocols/content/file-name.ts";
import {
  answerRanges,
  type ByteRange,
  ifMatchHolds,
  ifRangeHolds,
} from "../../../protocols/ddi/byte-ranges.ts";
import type { OpenedBlob } from "../../content/blob-store.ts";
import type { ServedCounter } from "../../content/served-counter.ts";
import { notModified, onePart, unsatisfiable } from "./partial-answers.ts";

/** Between the parts of an answer; in no file by chance. */
const BOUNDARY = "outpost-7f3c1c2b9a5e4d60";

export interface Artifact {
  readonly blob: OpenedBlob;
  readonly name: string;
  /** Hexadecimal; clients of DDI know a file by it. */
  readonly sha1: string;
}

/**
 * Answers GET or HEAD for an artifact as hawkBit does: by its SHA-1, with several ranges at once, and 416
 * for a range that makes no sense. [agents 1.5]
 */
export async function serveArtifact(
  request: Request,
  { blob, name, sha1 }: Artifact,
  served: { readonly counter: ServedCounter; readonly now: () => number },
): Promise<Response> {
  const etag = `"${sha1}"`;
  // What is stored under a hash never changes, but a client may want a date that holds still.
  const modifiedMs = (await Bun.file(blob.path).stat()).mtimeMs;
  const headers = new Headers({
    "accept-ranges": "bytes",
    "cache-control": "private, no-transform",
    "content-disposition": contentDisposition(name),
    "content-length": String(blob.bytes),
    "content-type": "application/octet-stream",
    etag,
    "last-modified": new Date(modifiedMs).toUTCString(),
    "x-content-type-options": "nosniff",
  });
  const asked = request.headers;
  if (!ifMatchHolds(asked.get("if-match"), etag)) {
    throw new AppError("precondition-failed", "the artifact is another one than If-Match names");
  }
  if (ifNoneMatchHas(asked.get("if-none-match"), etag)) return notModified(headers);
  if (request.method === "HEAD") return new Response(null, { headers });

  const isPart = ifRangeHolds(asked.get("if-range"), etag, modifiedMs);
  const answer = answerRanges(isPart ? asked.get("range") : null, blob.bytes);
  if (answer.kind === "unsatisfiable") return unsatisfiable(blob.bytes);
  const parts = answer.kind === "parts" ? answer.parts : [{ first: 0, last: blob.bytes - 1 }];
  const bytes = parts.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  served.counter.add(blob.sha256, bytes, served.now());
  if (answer.kind === "whole") return new Response(Bun.file(blob.path), { headers });
  const [part] = parts;
  return parts.length === 1 && part
    ? onePart(Bun.file(blob.path), blob.bytes, part, headers)
    : severalParts(blob, parts, headers);
}

/** [RFC 9110, 14.6] */
function severalParts(blob: OpenedBlob, parts: readonly ByteRange[], headers: Headers): Response {
  const pieces: Blob[] = parts.flatMap(({ first, last }, index) => [
    new Blob([
      `${index === 0 ? "" : "\r\n"}--${BOUNDARY}\r\n` +
        `Content-Type: application/octet-stream\r\n` +
        `Content-Range: bytes ${first}-${last}/${blob.bytes}\r\n\r\n`,
    ]),
    Bun.file(blob.path).slice(first, last + 1),
  ]);
  pieces.push(new Blob([`\r\n--${BOUNDARY}--\r\n`]));
  headers.set("content-length", String(pieces.reduce((sum, { size }) => sum + size, 0)));
  headers.set("content-type", `multipart/byteranges; boundary=${BOUNDARY}`);
  return new Response(oneAfterAnother(pieces), { status: 206, headers });
}

/** Read as they are sent: a Blob made of others would hold their bytes in memory. */
function oneAfterAnother(pieces: readonly Blob[]): ReadableStream<Uint8Array> {
  const chunks = chunksOf(pieces);
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return();
    },
  });
}

async function* chunksOf(pieces: readonly Blob[]): AsyncGenerator<Uint8Array, void> {
  for (const piece of pieces) yield* piece.stream();
}
