import { join } from "node:path";
import type { LoadResult, LoadRound, LoadSetup } from "./load-client.ts";

/** The load client: a process of its own, with all its connections open. */
export class LoadClient implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;

  constructor(setup: LoadSetup) {
    this.#process = Bun.spawn([process.execPath, join(import.meta.dir, "load-client.ts")], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#lines = linesOf(this.#process.stdout);
    this.#say(setup);
  }

  /** Throws when the client failed or an answer was not 200. */
  async play(round: LoadRound): Promise<LoadResult> {
    this.#say(round);
    const { value: line, done } = await this.#lines.next();
    if (done) throw new Error("the load client failed; see above");
    const result = JSON.parse(line) as LoadResult;
    if ((result.statuses["200"] ?? 0) < result.messages) {
      throw new Error(`the server refused load: ${JSON.stringify(result.statuses)}`);
    }
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
  }

  #say(what: LoadSetup | LoadRound): void {
    this.#process.stdin.write(`${JSON.stringify(what)}\n`);
    this.#process.stdin.flush();
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Starts the echo server; the port it listens on, and how to end it. */
export async function startEcho(): Promise<{ port: number; pid: number } & AsyncDisposable> {
  const echo = Bun.spawn([process.execPath, join(import.meta.dir, "echo-server.ts")], {
    stdout: "pipe",
  });
  const first = await echo.stdout.getReader().read();
  const port = Number(new TextDecoder().decode(first.value));
  return {
    port,
    pid: echo.pid,
    async [Symbol.asyncDispose]() {
      echo.kill();
      await echo.exited;
    },
  };
}
