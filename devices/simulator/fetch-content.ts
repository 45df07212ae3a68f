import { createHash, type Hash } from "node:crypto";

/** How a device reaches the network; the tests give their own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A file that is on its way: kept between attempts, so that a broken download goes on. */
export interface PartialFile {
  hash: Hash;
  bytes: number;
  /** Of the whole file, once the server has said it. */
  totalBytes: number | undefined;
  etag: string | undefined;
  /** The first bytes: they tell what kind of file it is. */
  head: Uint8Array;
  /** The bytes themselves, as long as they are no more than `keptBytesMax`. */
  kept: Uint8Array[];
  readonly keptBytesMax: number;
}

export type FetchOutcome =
  | { readonly kind: "complete"; readonly bytes: number; readonly sha256: string }
  /** The connection broke; `partial` holds what came. */
  | { readonly kind: "broken" }
  | { readonly kind: "refused"; readonly httpStatus: number }
  | { readonly kind: "unreachable"; readonly reason: string };

const HEAD_BYTES = 8;

/** @param keptBytesMax of a file that has to be read when it is here; else its bytes are only hashed */
export function newPartialFile(keptBytesMax = 0): PartialFile {
  return {
    hash: createHash("sha256"),
    bytes: 0,
    totalBytes: undefined,
    etag: undefined,
    head: new Uint8Array(0),
    kept: [],
    keptBytesMax,
  };
}

/** The whole file; undefined where it was too large to be kept. */
export function keptBytes({ kept, bytes }: PartialFile): Uint8Array | undefined {
  const whole = new Uint8Array(Buffer.concat(kept));
  return whole.length === bytes ? whole : undefined;
}

/** An app package (XAP, APPX) is a ZIP file. */
export function looksLikePackage({ head }: PartialFile): boolean {
  return head[0] === 0x50 && head[1] === 0x4b; // "PK"
}

const COMPOUND_FILE = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/** An MSI is a compound file. */
export function looksLikeInstaller({ head }: PartialFile): boolean {
  return COMPOUND_FILE.every((byte, n) => head[n] === byte);
}

/**
 * Fetches what is missing of a file into `partial`, by Range and If-Range when some of it is there.
 * Bytes are hashed as they come. `cutAfterBytes` breaks the line on purpose after that
 * many bytes of this attempt.
 */
export async function fetchContent(
  fetch: Fetch,
  url: string,
  partial: PartialFile,
  cutAfterBytes: number | undefined,
): Promise<FetchOutcome> {
  const resuming = partial.bytes > 0 && partial.etag !== undefined;
  if (!resuming) Object.assign(partial, newPartialFile(partial.keptBytesMax));
  let response: Response;
  try {
    response = await fetch(url, {
      headers: resuming ? { range: `bytes=${partial.bytes}-`, "if-range": partial.etag ?? "" } : {},
      redirect: "manual",
    });
  } catch (error) {
    return { kind: "unreachable", reason: error instanceof Error ? error.message : String(error) };
  }
  if (response.status === 200) {
    // The whole file: what was there before is of another version, or the server cannot resume.
    Object.assign(partial, newPartialFile(partial.keptBytesMax));
  } else if (response.status !== 206 || !continues(response, partial)) {
    await response.body?.cancel();
    partial.etag = undefined; // Whatever is wrong with the range, the next attempt begins anew.
    return { kind: "refused", httpStatus: response.status === 206 ? 416 : response.status };
  }
  partial.etag = response.headers.get("etag") ?? undefined;
  partial.totalBytes ??= totalOf(response);
  const whole = await receive(response, partial, cutAfterBytes);
  const short = partial.totalBytes !== undefined && partial.bytes < partial.totalBytes;
  if (!whole || short) return { kind: "broken" };
  return { kind: "complete", bytes: partial.bytes, sha256: partial.hash.copy().digest("hex") };
}

/** Reads the body into `partial`; false when it broke, by itself or because it was cut. */
async function receive(
  response: Response,
  partial: PartialFile,
  cutAfterBytes: number | undefined,
): Promise<boolean> {
  const reader = response.body?.getReader();
  if (reader === undefined) return true;
  let left = cutAfterBytes ?? Number.POSITIVE_INFINITY;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return true;
      const taken = value.subarray(0, Math.min(value.length, left));
      take(partial, taken);
      left -= taken.length;
      if (left <= 0) {
        await reader.cancel();
        return false;
      }
    }
  } catch {
    return false; // The line broke. What came is in `partial`, and the next attempt goes on.
  }
}

function take(partial: PartialFile, bytes: Uint8Array): void {
  if (partial.head.length < HEAD_BYTES) {
    partial.head = Uint8Array.from([...partial.head, ...bytes.subarray(0, HEAD_BYTES)]).subarray(
      0,
      HEAD_BYTES,
    );
  }
  partial.hash.update(bytes);
  partial.bytes += bytes.length;
  if (partial.bytes <= partial.keptBytesMax) partial.kept.push(bytes.slice());
}

/** Does a 206 go on exactly where the partial file ends? */
function continues(response: Response, partial: PartialFile): boolean {
  const start = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
  return start !== undefined && Number(start) === partial.bytes;
}

function totalOf(response: Response): number | undefined {
  const ranged = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  const length = ranged ?? response.headers.get("content-length");
  return length === null ? undefined : Number(length);
}
