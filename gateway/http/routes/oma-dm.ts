import { type Context, Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import type { Log } from "../../../devices/ports/log.ts";
import type { MessageOrigin, Served } from "../../../devices/service/dm-session.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { MAC_HEADER, macHeader, receivedMac } from "../../../protocols/oma-dm/message-mac.ts";
import { canonicalSubject } from "../../../protocols/oma-dm/subject.ts";
import { decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import { type MediaType, printDocument } from "../../../protocols/syncml/encoding.ts";
import type { Message } from "../../../protocols/syncml/message.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { TrustedProxies } from "../client-address.ts";
import type { AppEnv } from "../environment.ts";
import { readSyncml, syncmlResponse } from "../syncml-body.ts";
import { Turnstile } from "../turnstile.ts";

/** Messages that begin in one turn of the event loop: what they change is one group of the writer. */
export const MESSAGES_PER_TURN = 64;

export interface OmaDmDeps {
  readonly serve: (message: Message, origin: MessageOrigin) => Promise<Served>;
  /** The gateway's address as the sender of this request reaches it. */
  readonly baseUrlOf: (request: Request) => string;
  readonly certificate: VerifiedCertificates;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Where the subject of a client certificate comes from that TLS has verified. */
export interface VerifiedCertificates {
  /** The header in which a trusted proxy passes it on; undefined: none does. */
  readonly header: string | undefined;
  readonly proxies: TrustedProxies;
}

/** `POST /syncml`: the OMA DM server of the site. */
export function omaDmRoutes(deps: OmaDmDeps): Hono<AppEnv> {
  const { serve, baseUrlOf, certificate, log, metrics } = deps;
  const routes = new Hono<AppEnv>();
  const turnstile = new Turnstile(MESSAGES_PER_TURN);
  routes.post("/syncml", async (c) => {
    await turnstile.pass();
    const address = c.get("address") ?? "";
    const about = { requestId: c.get("requestId"), address };
    const request = c.req.raw;
    const { mediaType, message, bytes } = await readMessage(request, { log, metrics, about });
    const answer = await serve(message, {
      address,
      baseUrl: () => baseUrlOf(request),
      mac: receivedMac(request.headers.get(MAC_HEADER), bytes),
      certificateSubject: verifiedSubject(certificate, c),
      sizeOf: (message) => printDocument(encodeMessage(message), mediaType.encoding).byteLength,
    });
    metrics.count("outpost_syncml_messages_total", { outcome: "ok" });
    const { rollbackFailures = 0 } = answer;
    if (rollbackFailures > 0) {
      metrics.count("outpost_rollback_failures_total", {}, rollbackFailures);
    }
    return syncmlResponse(encodeMessage(answer.message), mediaType, (bytes) =>
      answer.mac === undefined ? {} : { [MAC_HEADER]: macHeader(answer.mac, bytes) },
    );
  });
  return routes;
}

/** Undefined unless a trusted proxy says so: from anybody else the header is only a claim. */
function verifiedSubject(
  { header, proxies }: VerifiedCertificates,
  { req, env }: Context<AppEnv>,
): string | undefined {
  if (header === undefined) return undefined;
  const peer = env?.server?.requestIP(req.raw)?.address ?? "";
  return proxies.includes(peer) ? canonicalSubject(req.raw.headers.get(header) ?? "") : undefined;
}

/** What cannot be read is refused and logged with the rule it breaks; nothing of it is stored. */
async function readMessage(
  request: Request,
  {
    log,
    metrics,
    about,
  }: Pick<OmaDmDeps, "log" | "metrics"> & { readonly about: Readonly<Record<string, string>> },
): Promise<{
  readonly mediaType: MediaType;
  readonly message: Message;
  readonly bytes: Uint8Array;
}> {
  try {
    const { mediaType, root, bytes } = await readSyncml(request);
    return { mediaType, message: decodeMessage(root), bytes };
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof AppError) {
      metrics.count("outpost_syncml_messages_total", { outcome: "refused" });
      log.warn("message-refused", {
        rule: error instanceof ProtocolError ? error.rule : error.code,
        problem: error.message,
        ...about,
      });
    }
    throw error;
  }
}
