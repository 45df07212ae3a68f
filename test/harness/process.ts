/** Gateways as processes of their own, for scenario tests: as an operator runs them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ApiClient } from "../../gateway/client/api-client.ts";
import { signIn } from "../../gateway/client/sign-in.ts";
import type { Role, SettingKey } from "../../gateway/config/settings.ts";
import { ChildGateway, freePort } from "../../gateway/demo/child-gateway.ts";

export const ADMIN = { name: "admin", password: "a password for tests" } as const;
/** Where test clocks start unless told otherwise. */
export const TEST_NOW = "2026-03-07T12:00:00.000Z";

const Clock = z.object({ now: z.string() });

export interface StartOptions {
  readonly role: Role;
  /** ISO time of the test clock. */
  readonly now?: string;
  /** Settings by their key; they win over the harness's own. */
  readonly settings?: Partial<Record<SettingKey, string>>;
}

/**
 * A gateway in a process of its own with a test clock and a temporary data folder. `await using` ends
 * the process and removes the folder.
 *
 *   await using site = await startGateway({ role: "site" });
 *   const client = await site.signIn();
 *   await site.advance(60_000);
 */
export class TestGateway implements AsyncDisposable {
  readonly process: ChildGateway;
  readonly #folder: string;
  #nowMs: number;

  constructor(process: ChildGateway, folder: string, nowMs: number) {
    this.process = process;
    this.#folder = folder;
    this.#nowMs = nowMs;
  }

  get url(): string {
    return this.process.url;
  }

  get dataDir(): string {
    return this.process.dataDir;
  }

  /** The test clock, as this process last set it. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** An API client with an administrator's token. `prefix` is `/hub` for a hub. */
  async signIn(prefix: "" | "/hub" = ""): Promise<ApiClient> {
    const expiresAt = new Date(Date.now() + 24 * 3_600_000).toISOString();
    return signIn(`${this.url}${prefix}`, ADMIN, { name: "test", expiresAt });
  }

  /** Sets the test clock and lets due jobs run. Never backwards. */
  async setClock(iso: string): Promise<void> {
    await this.#moveClock({ set: iso });
  }

  async advance(ms: number): Promise<void> {
    await this.#moveClock({ advanceMs: ms });
  }

  /** kill -9. */
  kill(): Promise<void> {
    return this.process.kill();
  }

  /** Starts again on the same data and port, at the time the clock had. */
  async restart(): Promise<void> {
    await this.process.start({ testNow: new Date(this.#nowMs).toISOString() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #moveClock(json: { readonly set: string } | { readonly advanceMs: number }): Promise<void> {
    const client = new ApiClient(this.url, undefined);
    const { now } = await client.request("/test/clock", Clock, { method: "POST", json });
    this.#nowMs = Date.parse(now);
  }
}

/** Starts a gateway and waits until it is ready. */
export async function startGateway({
  role,
  now = TEST_NOW,
  settings = {},
}: StartOptions): Promise<TestGateway> {
  const folder = mkdtempSync(join(tmpdir(), "outpost-test-"));
  const child = new ChildGateway({
    role,
    dataDir: join(folder, "data"),
    port: await freePort(),
    settings: {
      testClock: "1",
      testNow: now,
      adminPassword: ADMIN.password,
      freeDiskBytesMin: "16MiB",
      flushIntervalMs: "100",
      logLevel: "warn",
      timeZone: "Europe/Vienna",
      ...settings,
    },
  });
  try {
    await child.start();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return new TestGateway(child, folder, Date.parse(now));
}
