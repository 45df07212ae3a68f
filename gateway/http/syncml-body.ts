import { AppError } from "../../devices/model/errors.ts";
import { DEVICE_BODY_BYTES_MAX } from "../../devices/model/limits.ts";
import type { Element } from "../../protocols/syncml/element.ts";
import { parseXml } from "../../protocols/syncml/parse-xml.ts";
import { printXml } from "../../protocols/syncml/print-xml.ts";
import { readBytes } from "./read-bytes.ts";

/** Both are met in the field; the answer is in the one received. [syncml 3.1] */
const CONTENT_TYPES = ["application/vnd.syncml.dm+xml", "application/vnd.syncml+xml"] as const;

export interface SyncmlBody {
  readonly root: Element;
  /** In which the answer goes back. */
  readonly contentType: string;
  /** As they came: a MAC is over them. */
  readonly bytes: Uint8Array;
}

/**
 * Reads the SyncML document that a request carries.
 *
 * @throws AppError "unsupported" for another content type, "too-large" over `DEVICE_BODY_BYTES_MAX`
 * @throws ProtocolError naming the rule that the bytes break
 */
export async function readSyncml(request: Request): Promise<SyncmlBody> {
  const contentType = contentTypeOf(request.headers.get("content-type") ?? undefined);
  const bytes = await readBytes(request, DEVICE_BODY_BYTES_MAX);
  return { contentType, root: parseXml(bytes), bytes };
}

/** The document as an answer, in the encoding that was received. Headers may depend on its bytes. */
export function syncmlResponse(
  root: Element,
  contentType: string,
  headersFor: (body: Uint8Array) => Readonly<Record<string, string>> = () => ({}),
): Response {
  const body = Buffer.from(printXml(root));
  return new Response(body, {
    headers: {
      "content-type": `${contentType}; charset=utf-8`,
      "cache-control": "no-store",
      ...headersFor(body),
    },
  });
}

function contentTypeOf(header: string | undefined): string {
  const type = (header ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const known = CONTENT_TYPES.find((name) => name === type);
  if (known) return known;
  // Devices that name no type, or plain XML, mean the same.
  if (type === "" || type === "text/xml" || type === "application/xml") return CONTENT_TYPES[0];
  throw new AppError(
    "unsupported",
    `Content-Type ${type} is not served here; send ${CONTENT_TYPES[0]}`,
  );
}
