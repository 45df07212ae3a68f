import { Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import { DEVICE_BODY_BYTES_MAX } from "../../../devices/model/limits.ts";
import type { Log } from "../../../devices/ports/log.ts";
import type { MessageOrigin } from "../../../devices/service/dm-session.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import type { Message } from "../../../protocols/syncml/message.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { AppEnv } from "../environment.ts";

/** Both are met in the field; the answer is in the one received. [syncml 3.1] */
const CONTENT_TYPES = ["application/vnd.syncml.dm+xml", "application/vnd.syncml+xml"] as const;

export interface OmaDmDeps {
  readonly serve: (message: Message, origin: MessageOrigin) => Promise<Message>;
  /** The gateway's address as the sender of this request reaches it. */
  readonly baseUrlOf: (request: Request) => string;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** `POST /syncml`: the OMA DM server of the site. */
export function omaDmRoutes({ serve, baseUrlOf, log, metrics }: OmaDmDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.post("/syncml", async (c) => {
    const origin = { address: c.get("address") ?? "", baseUrl: baseUrlOf(c.req.raw) };
    const { contentType, message } = await readMessage(c.req.raw, {
      log,
      metrics,
      about: { requestId: c.get("requestId"), address: origin.address },
    });
    const answer = await serve(message, origin);
    metrics.count("outpost_syncml_messages_total", { outcome: "ok" });
    return new Response(printXml(encodeMessage(answer)), {
      headers: { "content-type": `${contentType}; charset=utf-8`, "cache-control": "no-store" },
    });
  });
  return routes;
}

/** What cannot be read is refused and logged with the rule it breaks; nothing of it is stored. */
async function readMessage(
  request: Request,
  {
    log,
    metrics,
    about,
  }: Pick<OmaDmDeps, "log" | "metrics"> & { readonly about: Readonly<Record<string, string>> },
): Promise<{ readonly contentType: string; readonly message: Message }> {
  try {
    const contentType = contentTypeOf(request.headers.get("content-type") ?? undefined);
    return { contentType, message: decodeMessage(parseXml(await readBody(request))) };
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

async function readBody(request: Request): Promise<Uint8Array> {
  const declared = Number(request.headers.get("content-length") ?? "0");
  if (declared > DEVICE_BODY_BYTES_MAX) throw tooLarge();
  if (request.headers.has("content-length")) return new Uint8Array(await request.arrayBuffer());

  // A chunked body has no declared length: it is read only up to the limit.
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > DEVICE_BODY_BYTES_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(): AppError {
  return new AppError("too-large", `a message holds at most ${DEVICE_BODY_BYTES_MAX} bytes`);
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
