import { Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import { type DeviceId, parseSha256 } from "../../../devices/model/ids.ts";
import { DEVICE_BODY_BYTES_MAX } from "../../../devices/model/limits.ts";
import type { Log } from "../../../devices/ports/log.ts";
import type { CeAnswer, CeOrigin } from "../../../devices/service/ce/answer.ts";
import { SCRIPT_PATH } from "../../../devices/service/ce/ce-context.ts";
import { answerRange } from "../../../protocols/content/byte-range.ts";
import { contentDisposition } from "../../../protocols/content/file-name.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import { decodeBody } from "../../../protocols/wince/decode-body.ts";
import {
  AUTH_HEADER,
  type CeHeaders,
  readHeaders,
  TIMESTAMP_HEADER,
} from "../../../protocols/wince/headers.ts";
import { CE_LIMITS, type CeRequest, readRequest } from "../../../protocols/wince/requests.ts";
import type { DeviceUrls } from "../../content/device-urls.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { type CertificateRule, checkCertificate } from "../content/certificate-subject.ts";
import { onePart, unsatisfiable } from "../content/partial-answers.ts";
import type { AppEnv } from "../environment.ts";
import { readBytes } from "../read-bytes.ts";
import { Turnstile } from "../turnstile.ts";

/** Where clients look for their server unless they were told otherwise. [agents 5] */
export const CE_PATH = "/devicemgmt/server.aspx";

export interface WindowsCeDeps {
  readonly answer: (headers: CeHeaders, request: CeRequest, origin: CeOrigin) => Promise<CeAnswer>;
  /** The code page of a device that was heard before. */
  readonly codePageOf: (uuid: string) => Promise<string | null>;
  readonly scriptOf: (device: DeviceId, sha256: string) => Promise<Uint8Array>;
  readonly urls: DeviceUrls;
  readonly certificate: CertificateRule;
  readonly baseUrlOf: (request: Request) => string;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The Device Management Client of Windows CE: one address for all it says, and its scripts. */
export function windowsCeRoutes(deps: WindowsCeDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  const turnstile = new Turnstile();

  routes.post(CE_PATH, async (c) => {
    await turnstile.pass();
    const request = c.req.raw;
    const address = c.get("address") ?? "";
    try {
      const { headers, said } = await readSaid(request, deps);
      const origin = { address, baseUrl: () => deps.baseUrlOf(request) };
      const answer = await deps.answer(headers, said, origin);
      deps.metrics.count("outpost_ce_messages_total", { document: said.kind, outcome: "ok" });
      return answerOf(answer);
    } catch (error) {
      if (error instanceof ProtocolError || error instanceof AppError) {
        deps.metrics.count("outpost_ce_messages_total", { document: "any", outcome: "refused" });
        const rule = error instanceof ProtocolError ? error.rule : error.code;
        const requestId = c.get("requestId");
        deps.log.warn("message-refused", { rule, problem: error.message, requestId, address });
      }
      throw error;
    }
  });

  routes.get(`${SCRIPT_PATH}/:sha256/:name`, async (c) => {
    const sha256 = parseSha256(c.req.param("sha256"));
    if (!sha256) throw new AppError("not-found", "This is not the digest of a script.");
    const query = (name: string) => c.req.query(name) ?? "";
    const link = { device: query("device"), exp: query("exp"), sig: query("sig") };
    const device = deps.urls.check(sha256, link);
    const peer = c.env?.server?.requestIP(c.req.raw)?.address ?? "";
    await checkCertificate(deps.certificate, peer, c.req.raw.headers, device);
    const bytes = await deps.scriptOf(device, sha256);
    return scriptResponse(bytes, c.req.param("name"), sha256, c.req.header("range"));
  });

  return routes;
}

async function readSaid(
  request: Request,
  deps: WindowsCeDeps,
): Promise<{ readonly headers: CeHeaders; readonly said: CeRequest }> {
  const headers = readHeaders((name) => request.headers.get(name));
  const bytes = await readBytes(request, Math.min(CE_LIMITS.bytesMax, DEVICE_BODY_BYTES_MAX));
  const contentType = request.headers.get("content-type");
  const codePage = await deps.codePageOf(headers.uuid);
  return { headers, said: readRequest(decodeBody(bytes, { contentType, codePage })) };
}

function answerOf({ root, newToken, timestamp, refused }: CeAnswer): Response {
  const headers = new Headers({ "cache-control": "no-store" });
  if (newToken !== null) headers.set(AUTH_HEADER, newToken);
  if (timestamp !== null) headers.set(TIMESTAMP_HEADER, timestamp);
  if (refused > 0) headers.set("x-outpost-refused-messages", String(refused));
  if (root === null) return new Response("", { headers });
  headers.set("content-type", "text/xml; charset=utf-8");
  return new Response(printXml(root), { headers });
}

function scriptResponse(
  bytes: Uint8Array,
  name: string,
  sha256: string,
  range: string | undefined,
): Response {
  const headers = new Headers({
    "accept-ranges": "bytes",
    "cache-control": "private, no-transform",
    "content-disposition": contentDisposition(name),
    "content-type": "application/octet-stream",
    etag: `"${sha256}"`,
    "x-content-type-options": "nosniff",
  });
  const wanted = answerRange(range, bytes.length);
  if (wanted.kind === "unsatisfiable") return unsatisfiable(bytes.length);
  const whole = new Blob([Buffer.from(bytes)]);
  return wanted.kind === "whole"
    ? new Response(whole, { headers })
    : onePart(whole, bytes.length, wanted, headers);
}
