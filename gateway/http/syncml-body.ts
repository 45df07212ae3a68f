import { AppError } from "../../devices/model/errors.ts";
import { DEVICE_BODY_BYTES_MAX } from "../../devices/model/limits.ts";
import type { Element } from "../../protocols/syncml/element.ts";
import {
  MEDIA_TYPES,
  type MediaType,
  mediaTypeOf,
  parseDocument,
  printDocument,
} from "../../protocols/syncml/encoding.ts";
import { readBytes } from "./read-bytes.ts";

export interface SyncmlBody {
  readonly root: Element;
  /** In which the answer goes back. [syncml 3.1] */
  readonly mediaType: MediaType;
  /** As they came: a MAC is over them. */
  readonly bytes: Uint8Array;
}

/**
 * Reads the SyncML document that a request carries, in XML or in WBXML.
 *
 * @throws AppError "unsupported" for another content type, "too-large" over `DEVICE_BODY_BYTES_MAX`
 * @throws ProtocolError naming the rule that the bytes break
 */
export async function readSyncml(request: Request): Promise<SyncmlBody> {
  const { bytes, mediaType } = await receiveSyncml(request);
  return { mediaType, root: parseDocument(bytes, mediaType.encoding), bytes };
}

/** The bytes alone. @throws AppError as `readSyncml` does */
export async function receiveSyncml(request: Request): Promise<Omit<SyncmlBody, "root">> {
  const bytes = await readBytes(request, DEVICE_BODY_BYTES_MAX);
  const contentType = request.headers.get("content-type");
  const mediaType = mediaTypeOf(contentType, bytes);
  if (mediaType === undefined) {
    const served = MEDIA_TYPES.map((type) => type.contentType).join(", ");
    throw new AppError(
      "unsupported",
      `Content-Type ${contentType} is not served here; send one of ${served}`,
    );
  }
  return { mediaType, bytes };
}

/** The document as an answer, in the encoding that was received. Headers may depend on its bytes. */
export function syncmlResponse(
  root: Element,
  { contentType, encoding }: MediaType,
  headersFor: (body: Uint8Array) => Readonly<Record<string, string>> = () => ({}),
): Response {
  const printed = printDocument(root, encoding);
  // WBXML says in itself how its text is encoded.
  const type = encoding === "xml" ? `${contentType}; charset=utf-8` : contentType;
  return new Response(printed, {
    headers: { "content-type": type, "cache-control": "no-store", ...headersFor(printed) },
  });
}
