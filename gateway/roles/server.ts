import { AppError } from "../../devices/model/errors.ts";
import type { Log } from "../../devices/ports/log.ts";
import { UPLOAD_REQUEST_BYTES_MAX } from "../http/content/upload.ts";
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

/**
 * Serves an application until it is disposed of; requests under way are let finish for a while.
 *
 * @throws AppError "unavailable" when the address cannot be listened on, with what to do
 */
export function serve(app: Servable, options: ServeOptions): Listening {
  const { host } = options;
  const server = listen(app, options);
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

function listen(app: Servable, { host, port, log }: ServeOptions) {
  try {
    return Bun.serve({
      hostname: host,
      port,
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: UPLOAD_REQUEST_BYTES_MAX,
      fetch: (request, bun) => app.fetch(request, { server: bun }),
      error: (error) => {
        log.error("server-error", error);
        return new Response("internal error", { status: 500 });
      },
    });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
    const problem = PROBLEMS[code];
    if (problem === undefined) throw cause;
    throw new AppError("unavailable", problem(host, port), { cause });
  }
}

/** Why an address cannot be listened on, by the system's code. */
const PROBLEMS: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) =>
    `Port ${port} of ${host} is taken by another program, or ${host} is no address of this ` +
    "machine. Stop the other one, or choose another port with --port.",
  EADDRNOTAVAIL: (host) => `${host} is no address of this machine: choose another with --host.`,
  EACCES: (_, port) =>
    `This user may not listen on port ${port}: choose one above 1023 with --port.`,
};
