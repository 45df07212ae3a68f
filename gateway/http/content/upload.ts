import { type Context, Hono } from "hono";
import { AppError, fieldError } from "../../../devices/model/errors.ts";
import type { Sha256 } from "../../../devices/model/ids.ts";
import { UPLOAD_BYTES_MAX } from "../../../devices/model/limits.ts";
import { plainFileName } from "../../../protocols/content/file-name.ts";
import { multipartBoundary } from "../../../protocols/content/multipart.ts";
import type { BlobStore, StoredFile } from "../../content/blob-store.ts";
import type { AppEnv } from "../environment.ts";
import { declaredSha256 } from "./digest-headers.ts";
import { readUploadForm } from "./upload-form.ts";

/**
 * What the server has to let through, else Bun itself cuts uploads off at its default of 128 MiB: the
 * largest file, and a form around it. Other routes bound their bodies on their own.
 */
export const UPLOAD_REQUEST_BYTES_MAX = UPLOAD_BYTES_MAX + 64 * 1024;

export interface UploadDeps {
  readonly store: BlobStore;
  /** Throws unless the caller may upload; called before a byte is read. */
  readonly authorise: (c: Context<AppEnv>) => void | Promise<void>;
  /** Called once a file is stored, before the answer: the audit log, for instance. */
  readonly onStored?: (c: Context<AppEnv>, file: StoredFile) => void | Promise<void>;
  /** Default `UPLOAD_BYTES_MAX`. */
  readonly bytesMax?: number;
}

/**
 * `POST /?name=…`: the body is the file; or a form with the file in its field `file`. Mounted at
 * `/api/v1/files`. Answers `{sha256, md5, bytes, name}`; the same bytes again get the same answer.
 */
export function uploadRoutes(deps: UploadDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.post("/", async (c) => {
    await deps.authorise(c);
    const file = await receiveUpload(c.req.raw, c.req.query("name"), deps);
    await deps.onStored?.(c, file);
    const { sha256, md5, bytes, name } = file;
    return c.json({ sha256, md5, bytes, name }, 201);
  });
  return routes;
}

/**
 * Stores the file that a request carries, as it arrives. `queryName` names it, else the form does.
 * Throws what `BlobStore.receive` throws, and AppError "invalid" when the sender breaks off.
 */
export async function receiveUpload(
  request: Request,
  queryName: string | undefined,
  {
    store,
    bytesMax = UPLOAD_BYTES_MAX,
    sha256 = declaredSha256(request.headers),
    otherField,
  }: Pick<UploadDeps, "store" | "bytesMax"> & {
    /** What its bytes are to hash to, where the caller knows it otherwise than by a header. */
    readonly sha256?: Sha256 | undefined;
    /** Told the name of any other field of a form; throws where there is to be none. */
    readonly otherField?: (name: string) => void;
  },
): Promise<StoredFile> {
  const contentType = request.headers.get("content-type") ?? "";
  const body = bytesOf(request);
  if (/^\s*multipart\//i.test(contentType)) {
    const boundary = multipartBoundary(contentType);
    if (boundary === undefined) {
      throw new AppError("invalid", "A form must be multipart/form-data and name its boundary.");
    }
    const receive = (fileName: string, bytes: AsyncIterable<Uint8Array>) =>
      store.receive(bytes, {
        name: plainFileName(queryName ?? fileName),
        bytesAtMost: declaredLength(request),
        declaredSha256: sha256,
        bytesMax,
      });
    return readUploadForm(body, boundary, receive, otherField);
  }
  if (queryName === undefined || queryName.trim() === "") {
    throw fieldError("/name", "Name the file: POST …/files?name=app.cab");
  }
  return store.receive(body, {
    name: plainFileName(queryName),
    declaredBytes: declaredLength(request),
    declaredSha256: sha256,
    bytesMax,
  });
}

function declaredLength(request: Request): number | undefined {
  const header = request.headers.get("content-length");
  return header === null ? undefined : Number(header);
}

/** The body's chunks. A sender that breaks off is its own fault, not an outage of ours. */
async function* bytesOf(request: Request): AsyncGenerator<Uint8Array> {
  if (!request.body) return;
  const reader = request.body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw new AppError("invalid", "The upload broke off; send the file again.", { cause });
      });
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {}); // The connection may be gone already.
  }
}
