import { createWriteStream, mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import engine from "../config/engine.json" with { type: "json" };
import { namesOf, type Role, type SettingKey } from "../config/settings.ts";

const READY_MS_MAX = 20_000;
const READY_POLL_MS = 25;
const STOP_MS_MAX = 10_000;
const LOG_LINES_SHOWN = 15;

export interface ChildOptions {
  readonly role: Role;
  /** Kept between restarts. */
  readonly dataDir: string;
  readonly port: number;
  /** Settings of the gateway by their key, such as `{ siteName: "Graz" }`. */
  readonly settings: Partial<Record<SettingKey, string>>;
}

/**
 * A gateway in a process of its own, on the loopback address. It can be stopped, killed and started
 * again on the same data and port. Its log goes to `<dataDir>.log`.
 */
export class ChildGateway implements AsyncDisposable {
  readonly url: string;
  readonly #options: ChildOptions;
  #process: Bun.Subprocess<"ignore", "pipe", "pipe"> | undefined;
  #lastLines: string[] = [];

  constructor(options: ChildOptions) {
    this.#options = options;
    this.url = `http://127.0.0.1:${options.port}`;
  }

  get dataDir(): string {
    return this.#options.dataDir;
  }

  get logPath(): string {
    return `${this.#options.dataDir}.log`;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /**
   * Starts the process and resolves when /readyz says 200. `settings` win over those of the
   * constructor, for a restart at the current time of a test clock. Throws with the last lines of the
   * log when it ends or is not ready in time.
   */
  async start(settings: ChildOptions["settings"] = {}): Promise<void> {
    if (this.#process !== undefined) throw new Error("the gateway is running already");
    const { dataDir, role, port } = this.#options;
    mkdirSync(dirname(dataDir), { recursive: true });
    this.#lastLines = [];
    const main = join(import.meta.dir, "..", "main.ts");
    // Should this process be killed, its gateways end too, instead of running on unseen.
    this.#process = Bun.spawn([process.execPath, "--no-orphans", main, role], {
      // Where Bun finds the project's configuration, wherever the demo was called from.
      cwd: join(import.meta.dir, "..", ".."),
      env: childEnvironment({
        dataDir,
        host: "127.0.0.1",
        port: String(port),
        ...this.#options.settings,
        ...settings,
      }),
      stdio: ["ignore", "pipe", "pipe"],
    });
    void this.#keepLog(this.#process.stdout);
    void this.#keepLog(this.#process.stderr);
    await this.#untilReady(this.#process);
  }

  /** SIGTERM, and the exit code. A gateway that does not end in time is killed, which is an error. */
  async stop(): Promise<number> {
    const child = this.#process;
    if (child === undefined) return 0;
    child.kill("SIGTERM");
    const late = wait(STOP_MS_MAX).then(() => "late" as const);
    const code = await Promise.race([child.exited, late]);
    this.#process = undefined;
    if (code !== "late") return code;
    child.kill("SIGKILL");
    await child.exited;
    throw new Error(`the gateway did not stop within ${STOP_MS_MAX} ms${this.#tail()}`);
  }

  /** kill -9: what is not on disk is lost. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    child?.kill("SIGKILL");
    await child?.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #untilReady(child: Bun.Subprocess<"ignore", "pipe", "pipe">): Promise<void> {
    let ended = false;
    void child.exited.then(() => {
      ended = true;
    });
    let reason = "no answer";
    for (let waitedMs = 0; waitedMs < READY_MS_MAX && !ended; waitedMs += READY_POLL_MS) {
      try {
        const response = await fetch(`${this.url}/readyz`);
        if (response.ok) return;
        reason = await response.text();
      } catch {
        // Not listening yet: that is what is being waited for.
      }
      await wait(READY_POLL_MS);
    }
    if (!ended) await this.kill();
    this.#process = undefined;
    const what = ended ? `ended with code ${child.exitCode}` : `is not ready: ${reason}`;
    throw new Error(`the ${this.#options.role} at ${this.url} ${what}${this.#tail()}`);
  }

  async #keepLog(stream: ReadableStream<Uint8Array>): Promise<void> {
    const file = createWriteStream(this.logPath, { flags: "a" });
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      file.write(chunk);
      const lines = decoder.decode(chunk, { stream: true }).split("\n");
      this.#lastLines = [...this.#lastLines, ...lines.filter((line) => line !== "")].slice(
        -LOG_LINES_SHOWN,
      );
    }
    file.end();
  }

  #tail(): string {
    return this.#lastLines.length === 0 ? "" : `:\n${this.#lastLines.join("\n")}`;
  }
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** This process's environment without its own settings, the engine's and the child's. */
function childEnvironment(settings: ChildOptions["settings"]): Record<string, string> {
  const inherited = Object.entries(Bun.env).filter(([name]) => !name.startsWith("OUTPOST_"));
  const own = Object.entries(settings).map(([key, value]) => [namesOf(key).variable, value]);
  return Object.fromEntries(
    [...Object.entries(engine), ...inherited, ...own].filter(([, value]) => value !== undefined),
  );
}
