import type { Context } from "hono";
import { Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import type { HubLink } from "../../../sync/hub/hub-link.ts";
import { FRAME_BYTES_MAX, MESSAGE_BYTES_MAX } from "../../../sync/limits.ts";
import { type LinkOperation, OPERATIONS } from "../../../sync/messages/messages.ts";
import type { AppEnv } from "../environment.ts";

/**
 * `POST /{operation}`: the hub's end of the link. Mounted at `/hub/sync/v1`. What a request means is
 * decided in `sync/`; here it is only taken out of HTTP and the signed answer put into it.
 */
export function linkRoutes(hub: Pick<HubLink, "answer">): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  routes.post("/:operation", async (c) => {
    const operation = parseOperation(c.req.param("operation"));
    if (operation === undefined) {
      throw new AppError("not-found", "the link has no such operation");
    }
    const { body, signature } = await hub.answer({
      operation,
      nonce: c.req.header("outpost-nonce") ?? "",
      session: c.req.header("outpost-session") ?? "",
      body: await readBody(c.req.raw, operation),
    });
    return new Response(body as Uint8Array<ArrayBuffer>, {
      headers: {
        "content-type": "application/json",
        "cache-control": "no-store",
        "outpost-signature": signature,
      },
    });
  });
  return routes;
}

/** For `siteDownloadRoutes`: lets a site through that has a session now, throws otherwise. */
export function authoriseSite(
  hub: Pick<HubLink, "authenticate">,
): (c: Context<AppEnv>) => Promise<void> {
  return async (c) => {
    await hub.authenticate(c.req.header("outpost-session") ?? "");
  };
}

function parseOperation(text: string): LinkOperation | undefined {
  return OPERATIONS.find((operation) => operation === text);
}

/** A body is read up to its operation's limit, whatever length it declares. */
async function readBody(request: Request, operation: LinkOperation): Promise<Uint8Array> {
  const bytesMax = operation === "frame" ? FRAME_BYTES_MAX : MESSAGE_BYTES_MAX;
  const tooLarge = () => new AppError("too-large", `${operation} takes at most ${bytesMax} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > bytesMax) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}
