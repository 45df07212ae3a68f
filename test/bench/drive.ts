import { join } from "node:path";
import type { LoadResult, LoadRound, LoadSetup } from "./load-client.ts";

/** A process of its own that is told what it is for, and then does one thing after the other. */
export class BenchProcess<Setup, Round, Result> implements AsyncDisposable {
  readonly #process: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #lines: AsyncIterator<string>;

  /** @param script beside this file; it reads a JSON line for the setup and one for each round */
  constructor(script: string, setup: Setup) {
    this.#process = Bun.spawn([process.execPath, join(import.meta.dir, script)], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#lines = linesOf(this.#process.stdout);
    this.#say(setup);
  }

  /** @throws when the process failed */
  async ask(round: Round): Promise<Result> {
    this.#say(round);
    const { value: line, done } = await this.#lines.next();
    if (done) throw new Error("the load client failed; see above");
    return JSON.parse(line) as Result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill();
    await this.#process.exited;
  }

  #say(what: Setup | Round): void {
    this.#process.stdin.write(`${JSON.stringify(what)}\n`);
    this.#process.stdin.flush();
  }
}

/** The load of OMA DM devices, with all their connections open. */
export class LoadClient extends BenchProcess<LoadSetup, LoadRound, LoadResult> {
  constructor(setup: LoadSetup) {
    super("load-client.ts", setup);
  }

  /** Throws when the client failed or an answer was not 200. */
  async play(round: LoadRound): Promise<LoadResult> {
    const result = await this.ask(round);
    if ((result.statuses["200"] ?? 0) < result.messages) {
      throw new Error(`the server refused load: ${JSON.stringify(result.statuses)}`);
    }
    return result;
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
