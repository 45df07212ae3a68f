import type { ConsoleFixture } from "./console-fixture.ts";

export interface ConsoleServer extends AsyncDisposable {
  url(path: string): string;
  readonly origin: string;
  /** Of somebody who is logged in, as a browser takes it. */
  readonly cookie: { name: string; value: string; url: string };
}

/** The fixture's console on a port of its own, for a browser. */
export function serveConsole(console_: ConsoleFixture): ConsoleServer {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    idleTimeout: 30,
    fetch: (request) => console_.app.fetch(request, {}),
  });
  const origin = `http://127.0.0.1:${server.port}`;
  const [name = "", value = ""] = console_.cookie.split("=");
  return {
    origin,
    url: (path) => `${origin}${console_.base}${path}`,
    cookie: { name, value, url: origin },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}
