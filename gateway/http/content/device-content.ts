import { Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import { parseSha256 } from "../../../devices/model/ids.ts";
import type { Log } from "../../../devices/ports/log.ts";
import type { DeviceUrls } from "../../content/device-urls.ts";
import type { AppEnv } from "../environment.ts";
import { type CertificateRule, checkCertificate } from "./certificate-subject.ts";
import { type ServeBlobDeps, serveBlob } from "./serve-blob.ts";

export interface DeviceContentDeps extends ServeBlobDeps {
  readonly urls: DeviceUrls;
  readonly certificate: CertificateRule;
  readonly log: Log;
}

/**
 * `GET|HEAD /content/{sha256}/{name}?device&exp&sig`: files for devices, by signed links. Mounted at
 * `/content`.
 */
export function deviceContentRoutes(deps: DeviceContentDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.get("/:sha256/:name", async (c) => {
    const sha256 = parseSha256(c.req.param("sha256"));
    if (!sha256) throw new AppError("not-found", "This is not the digest of a file.");
    const device = deps.urls.check(sha256, {
      device: c.req.query("device") ?? "",
      exp: c.req.query("exp") ?? "",
      sig: c.req.query("sig") ?? "",
    });
    const peer = c.env?.server?.requestIP(c.req.raw)?.address ?? "";
    await checkCertificate(deps.certificate, peer, c.req.raw.headers, device);

    const answer = await serveBlob(c.req.raw, sha256, c.req.param("name"), deps);
    deps.log.info("content-asked", {
      device,
      sha256,
      status: answer.status,
      range: c.req.header("range"),
      bytes: c.req.method === "HEAD" ? 0 : Number(answer.headers.get("content-length") ?? 0),
    });
    return answer;
  });
  return routes;
}
