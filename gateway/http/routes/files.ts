import { createRoute, z } from "@hono/zod-openapi";
import { AppError } from "../../../devices/model/errors.ts";
import { parseSha256 } from "../../../devices/model/ids.ts";
import type { Audit } from "../../access/audit.ts";
import type { BlobStore } from "../../content/blob-store.ts";
import { readContents } from "../../content/file-contents.ts";
import type { BlobView } from "../../reports/report-reader.ts";
import { recordAction } from "../audited.ts";
import { uploadRoutes } from "../content/upload.ts";
import type { Api } from "../environment.ts";
import { requireScope } from "../identify.ts";
import { guarded, json, newApi, PROBLEMS } from "../openapi.ts";
import { contentsJson, FileContentsSchema } from "../schemas/file-contents.ts";

export interface FileRoutesDeps {
  readonly store: BlobStore;
  readonly listFiles: () => Promise<readonly BlobView[]>;
  readonly audit: Audit;
}

const tags = ["files"];
const FileSchema = z
  .object({
    sha256: z.string(),
    md5: z.string().nullable(),
    name: z.string(),
    bytes: z.int(),
    state: z.enum(["wanted", "filling", "complete", "quarantined"]),
    filledBytes: z.int(),
    problem: z.string().nullable(),
    servedRequests: z.int(),
    servedBytes: z.int(),
  })
  .openapi("File");
const StoredFileSchema = z
  .object({ sha256: z.string(), md5: z.string(), bytes: z.int(), name: z.string() })
  .openapi("StoredFile");

/** Files that revisions are made of. Uploads are streamed to the disk and checked on the way. */
export function fileRoutes({ store, listFiles, audit }: FileRoutesDeps): Api {
  const api = newApi();

  const list = createRoute({
    method: "get",
    path: "/files",
    tags,
    summary: "Files of this gateway, on hand or on their way",
    ...guarded("reports:read"),
    responses: { 200: json(z.array(FileSchema), "The files"), ...PROBLEMS },
  });
  api.openapi(list, async (c) => c.json([...(await listFiles())], 200));

  const one = createRoute({
    method: "get",
    path: "/files/{sha256}",
    tags,
    summary: "One file",
    ...guarded("reports:read"),
    request: { params: z.object({ sha256: z.string() }) },
    responses: { 200: json(FileSchema, "The file"), ...PROBLEMS },
  });
  api.openapi(one, async (c) => {
    const { sha256 } = c.req.valid("param");
    const file = (await listFiles()).find((known) => known.sha256 === sha256);
    if (!file) throw new AppError("not-found", `no file ${sha256}`);
    return c.json(file, 200);
  });

  const contents = createRoute({
    method: "get",
    path: "/files/{sha256}/contents",
    tags,
    summary: "What a file on hand is, by its bytes, and what it says of itself",
    description:
      "CAB, MSI, Windows programs, APPX and MSIX, XAP, APK, SWU and Mender artifacts are looked into; others are " +
      "told by how they begin. A file that is not whole says so in `problem`, one whose name says " +
      "something else than its bytes in `warnings`.",
    ...guarded("reports:read"),
    request: { params: z.object({ sha256: z.string() }) },
    responses: { 200: json(FileContentsSchema, "What is in it"), ...PROBLEMS },
  });
  api.openapi(contents, async (c) => {
    const sha256 = parseSha256(c.req.valid("param").sha256);
    const found = sha256 && (await readContents(store, sha256));
    if (!found) throw new AppError("not-found", "there is no file of this digest on hand");
    return c.json(contentsJson(found), 200);
  });

  const { middleware: _, ...guard } = guarded("policy:write");
  const upload = createRoute({
    method: "post",
    path: "/files",
    tags,
    summary: "Upload a file: the body is the file, or a form with it in the field `file`",
    description:
      "Announce the digest with Repr-Digest, Digest or X-Content-SHA256, and a file that arrives " +
      "otherwise is refused. The same bytes again get the same answer.",
    ...guard,
    request: {
      query: z.object({
        name: z.string().optional().openapi({ description: "What the file is called" }),
      }),
      body: {
        required: true,
        content: {
          "application/octet-stream": { schema: z.string().openapi({ format: "binary" }) },
          "multipart/form-data": {
            schema: z.object({ file: z.string().openapi({ format: "binary" }) }),
          },
        },
      },
    },
    responses: { 201: json(StoredFileSchema, "It is stored"), ...PROBLEMS },
  });
  // Documented here, served by a route that reads the body as it arrives.
  api.openAPIRegistry.registerPath(upload);
  const routes = uploadRoutes({
    store,
    authorise: (c) => {
      requireScope(c, "policy:write");
    },
    onStored: (c, { sha256, name, bytes }) =>
      recordAction(audit, c, "file.upload", sha256, { name, bytes }),
  });
  api.route("/files", routes);

  return api;
}
