import { Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import type { Log } from "../../../devices/ports/log.ts";
import type { MessageOrigin } from "../../../devices/service/dm-session.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import type { Message } from "../../../protocols/syncml/message.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { AppEnv } from "../environment.ts";
import { readSyncml, syncmlResponse } from "../syncml-body.ts";

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
    return syncmlResponse(encodeMessage(answer), contentType);
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
    const { contentType, root } = await readSyncml(request);
    return { contentType, message: decodeMessage(root) };
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
