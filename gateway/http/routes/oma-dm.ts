import { type Context, Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import type { Log } from "../../../devices/ports/log.ts";
import type {
  Course,
  Exchange,
  SeenMessage,
  SessionRecorder,
} from "../../../devices/ports/session-recorder.ts";
import type { MessageOrigin, Served } from "../../../devices/service/dm-session.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { MAC_HEADER, macHeader, receivedMac } from "../../../protocols/oma-dm/message-mac.ts";
import { canonicalSubject } from "../../../protocols/oma-dm/subject.ts";
import { decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import { parseDocument, printDocument } from "../../../protocols/syncml/encoding.ts";
import type { Message } from "../../../protocols/syncml/message.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { TrustedProxies } from "../client-address.ts";
import type { AppEnv } from "../environment.ts";
import { receiveSyncml, type SyncmlBody, syncmlResponse } from "../syncml-body.ts";
import { Turnstile } from "../turnstile.ts";

export interface OmaDmDeps {
  readonly serve: (message: Message, origin: MessageOrigin) => Promise<Served>;
  /** The gateway's address as the sender of this request reaches it. */
  readonly baseUrlOf: (request: Request) => string;
  readonly certificate: VerifiedCertificates;
  /** Keeps what was said, for people. */
  readonly recorder: SessionRecorder;
  readonly now: () => number;
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
  const { serve, baseUrlOf, certificate, metrics } = deps;
  const routes = new Hono<AppEnv>();
  const turnstile = new Turnstile();
  routes.post("/syncml", async (c) => {
    await turnstile.pass();
    const address = c.get("address") ?? "";
    const about = { requestId: c.get("requestId"), address };
    const request = c.req.raw;
    const atMs = deps.now();
    const heard = await readMessage(request, atMs, about, deps);
    const { mediaType, message, bytes } = heard;
    const mac = receivedMac(request.headers.get(MAC_HEADER), bytes);
    const arrival = { atMs, address, hasMac: mac !== undefined };
    const answer = await serve(message, {
      address,
      baseUrl: () => baseUrlOf(request),
      mac,
      certificateSubject: verifiedSubject(certificate, c),
      sizeOf: (message) => printDocument(encodeMessage(message), mediaType.encoding).byteLength,
    }).catch((error) => {
      recordRefusal(heard, arrival, error, deps);
      throw error;
    });
    metrics.count("outpost_syncml_messages_total", { outcome: "ok" });
    const { rollbackFailures = 0 } = answer;
    if (rollbackFailures > 0) {
      metrics.count("outpost_rollback_failures_total", {}, rollbackFailures);
    }
    const root = encodeMessage(answer.message);
    return syncmlResponse(root, mediaType, (printed) => {
      const said = { message: answer.message, bytes: printed };
      recordAnswer(heard, arrival, said, answer.course, deps);
      return answer.mac === undefined ? {} : { [MAC_HEADER]: macHeader(answer.mac, printed) };
    });
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

interface HeardMessage extends Omit<SyncmlBody, "root"> {
  readonly message: Message;
}

/** How a message came. */
type Arrival = Pick<Exchange, "address" | "atMs" | "hasMac">;

function recordAnswer(
  heard: HeardMessage,
  arrival: Arrival,
  answer: SeenMessage,
  course: Course | undefined,
  { recorder }: OmaDmDeps,
): void {
  if (course === undefined) return; // A stranger has knocked, and that is all that is kept.
  recorder.record({
    ...arrival,
    encoding: heard.mediaType.encoding,
    request: heard,
    outcome: { kind: "answered", answer, course },
  });
}

/** Refused without an answer in SyncML; what is our own fault is in the log. */
function recordRefusal(
  heard: HeardMessage,
  arrival: Arrival,
  error: unknown,
  { recorder }: OmaDmDeps,
): void {
  if (!(error instanceof AppError || error instanceof ProtocolError)) return;
  recorder.record({
    ...arrival,
    encoding: heard.mediaType.encoding,
    request: heard,
    outcome: { kind: "turned-away", problem: error.message },
  });
}

/** What cannot be read is refused, logged and recorded with the rule it breaks. */
async function readMessage(
  request: Request,
  atMs: number,
  about: { readonly requestId: string; readonly address: string },
  { log, metrics, recorder }: OmaDmDeps,
): Promise<HeardMessage> {
  let received: Omit<SyncmlBody, "root"> | undefined;
  try {
    received = await receiveSyncml(request);
    const { bytes, mediaType } = received;
    const root = parseDocument(bytes, mediaType.encoding);
    return { mediaType, message: decodeMessage(root), bytes };
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof AppError) {
      metrics.count("outpost_syncml_messages_total", { outcome: "refused" });
      const rule = error instanceof ProtocolError ? error.rule : error.code;
      log.warn("message-refused", { rule, problem: error.message, ...about });
      if (received !== undefined) {
        const { bytes, mediaType } = received;
        const problem = `${rule}: ${error.message}`;
        const { address } = about;
        recorder.recordUnreadable({ atMs, address, encoding: mediaType.encoding, bytes, problem });
      }
    }
    throw error;
  }
}
