import { join } from "node:path";
import type { LoadOrder, LoadResult } from "./load-client.ts";

/** Runs the load client as a process of its own. Throws when it failed or nothing was answered. */
export async function drive(order: LoadOrder): Promise<LoadResult> {
  const client = Bun.spawn([process.execPath, join(import.meta.dir, "load-client.ts")], {
    stdin: new Blob([JSON.stringify(order)]),
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await new Response(client.stdout).text();
  if ((await client.exited) !== 0) throw new Error("the load client failed; see above");
  const result = JSON.parse(text) as LoadResult;
  const good = result.statuses["200"] ?? 0;
  if (good === 0 || good < result.messages) {
    throw new Error(`the server refused load: ${JSON.stringify(result.statuses)}`);
  }
  return result;
}

/** Starts the echo server with answers of `bytes`; the port it listens on, and how to end it. */
export async function startEcho(bytes: number): Promise<{ port: number } & AsyncDisposable> {
  const echo = Bun.spawn(
    [process.execPath, join(import.meta.dir, "echo-server.ts"), String(bytes)],
    { stdout: "pipe" },
  );
  const first = await echo.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(first.value));
  return {
    port,
    async [Symbol.asyncDispose]() {
      echo.kill();
      await echo.exited;
    },
  };
}
