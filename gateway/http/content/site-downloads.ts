import { type Context, Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import { parseSha256 } from "../../../devices/model/ids.ts";
import type { AppEnv } from "../environment.ts";
import { type ServeBlobDeps, serveBlob } from "./serve-blob.ts";

export interface SiteDownloadDeps extends ServeBlobDeps {
  /** Throws unless a site that may have the hub's content has signed the request. */
  readonly authorise: (c: Context<AppEnv>) => Promise<void>;
}

/** `GET|HEAD /{sha256}`: the hub's files for its sites. Mounted at `/hub/sync/v1/content`. */
export function siteDownloadRoutes(deps: SiteDownloadDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get("/:sha256", async (c) => {
    await deps.authorise(c);
    const sha256 = parseSha256(c.req.param("sha256"));
    if (!sha256) throw new AppError("not-found", "This is not the digest of a file.");
    const name = deps.store.find(sha256)?.name ?? "";
    return serveBlob(c.req.raw, sha256, name, deps);
  });
  return routes;
}
