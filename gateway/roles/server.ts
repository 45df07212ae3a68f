import { UPLOAD_BYTES_MAX } from "../../devices/model/limits.ts";
import type { Log } from "../../devices/ports/log.ts";
import type { AppEnv } from "../http/environment.ts";

/** A device on weak Wi-Fi sends a few bytes a second: it must not be cut off. [platform 2.5] */
const IDLE_SECONDS = 120;
/** How long requests may go on after the gateway was told to stop, in milliseconds. */
const DRAIN_MS = 5_000;

export interface ServeOptions {
  readonly host: string;
  readonly port: number;
  readonly log: Log;
}

interface Servable {
  fetch(request: Request, env: AppEnv["Bindings"]): Response | Promise<Response>;
}

export interface Listening extends AsyncDisposable {
  /** Where it listens, without a slash at the end. */
  readonly url: string;
}

/** Serves an application until it is disposed of; requests under way are let finish for a while. */
export function serve(app: Servable, { host, port, log }: ServeOptions): Listening {
  const server = Bun.serve({
    hostname: host,
    port,
    idleTimeout: IDLE_SECONDS,
    maxRequestBodySize: UPLOAD_BYTES_MAX + 64 * 1024,
    fetch: (request, bun) => app.fetch(request, { server: bun }),
    error: (error) => {
      log.error("server-error", error);
      return new Response("internal error", { status: 500 });
    },
  });
  const shownHost = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return {
    url: `http://${shownHost.includes(":") ? `[${shownHost}]` : shownHost}:${server.port}`,
    async [Symbol.asyncDispose]() {
      const drained = server.stop();
      const late = new Promise<"late">((resolve) =>
        setTimeout(() => resolve("late"), DRAIN_MS).unref(),
      );
      if ((await Promise.race([drained, late])) === "late") await server.stop(true);
    },
  };
}
