import { Hono } from "hono";
import type { Sha256 } from "../../../../devices/model/ids.ts";
import type { AppEnv } from "../../../../gateway/http/environment.ts";
import { onError } from "../../../../gateway/http/on-error.ts";
import { silentLog } from "../../content/content-harness.ts";

/** A running server and how to ask it with full control over headers and connection. */
export interface ContentServer extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
}

/** The routes behind the gateway's own error handler, on a real socket as in production. */
export function serveRoutes(mount: (app: Hono<AppEnv>) => void): ContentServer {
  const app = new Hono<AppEnv>();
  app.onError(onError(silentLog));
  mount(app);
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    maxRequestBodySize: 64 * 1024 ** 2,
    fetch: (request, bun) => app.fetch(request, { server: bun }),
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    port: Number(server.port),
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

/** Says of every missing file that it is on its way. */
export function onItsWay(sha256: Sha256): string {
  return `${sha256.slice(0, 4)} is being fetched from the hub: 25 %.`;
}
