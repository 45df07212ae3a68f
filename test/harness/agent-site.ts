/** A site as an agent sees it, in this process: one plan, what was reported, and a line that can be cut. */
import { createHash } from "node:crypto";
import type { PlanStep, PlanWork } from "../../protocols/agent/answers.ts";
import { type AgentResult, readEnrol, readResults } from "../../protocols/agent/requests.ts";

export interface ServedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export class AgentSite implements AsyncDisposable {
  readonly #server: Bun.Server<undefined>;
  readonly results: AgentResult[] = [];
  /** `Range` of each request for content; null: without. */
  readonly ranges: (string | null)[] = [];
  work: readonly PlanWork[] = [];
  cancel: readonly { distribution: string; attempt: number; reason: "stopped" }[] = [];
  tell: readonly string[] = [];
  enrolments = 0;
  polls = 0;
  lastPoll: unknown;
  /** Bytes after which a download ends; the next ones are whole. */
  cuts: number[] = [];
  /** Answers that are lost: the site has taken in what was sent. */
  lostAnswers = 0;
  /** Answers every poll so instead. */
  refusal: number | undefined;
  /** Seconds that a refusal asks to wait. */
  retryAfter: number | undefined;
  /** Takes no check-in that says something. */
  refusesTold = false;
  /** Takes no enrolment code. */
  refusesCodes = false;
  readonly #files = new Map<string, ServedFile>();
  #wake: (() => void)[] = [];

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      idleTimeout: 0,
      fetch: (request) => this.#answer(request),
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** The words that were reported, steps with their index. */
  get words(): readonly string[] {
    return this.results.map(({ result, step }) =>
      step && result.startsWith("step-") ? `${result} ${step.index}` : result,
    );
  }

  serve(file: ServedFile) {
    const sha256 = createHash("sha256").update(file.bytes).digest("hex");
    this.#files.set(sha256, file);
    const { length } = file.bytes;
    return { name: file.name, bytes: length, sha256, url: `${this.url}/content/${sha256}` };
  }

  /** Puts a plan in the place of the one before. */
  plan(...work: readonly PlanWork[]): void {
    this.work = work;
    this.changed();
  }

  changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  /** Until a result of this word is there. */
  async heard(word: string): Promise<AgentResult> {
    for (;;) {
      const found = this.results.find(({ result }) => result === word);
      if (found) return found;
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith("/content/")) return this.#content(request, pathname.slice(9));
    const body = new Uint8Array(await request.arrayBuffer());
    if (pathname === "/agent/v1/enrol") {
      const { code } = readEnrol(body);
      if (this.refusesCodes && code !== undefined) return new Response(null, { status: 403 });
      this.enrolments += 1;
      return Response.json({ version: 1, device: "d".repeat(32), sequence: 0 });
    }
    if (pathname.endsWith("/results")) return this.#take(readResults(body));
    if (!pathname.endsWith("/poll")) return new Response(null, { status: 204 });
    if (this.refusal !== undefined) {
      const seconds = this.retryAfter;
      const headers = seconds === undefined ? {} : { "retry-after": String(seconds) };
      return new Response(null, { status: this.refusal, headers });
    }
    if (this.refusesTold && body.length > 0) return new Response(null, { status: 400 });
    this.polls += 1;
    if (body.length > 0) this.lastPoll = JSON.parse(new TextDecoder().decode(body));
    const wait = Number(/wait=(\d+)/.exec(request.headers.get("prefer") ?? "")?.[1] ?? 0);
    const known = request.headers.get("if-none-match");
    if (known === this.#etag() && wait > 0) {
      await new Promise<void>((resolve) => {
        this.#wake.push(resolve);
        request.signal.addEventListener("abort", () => resolve(), { once: true });
      });
    }
    if (known === this.#etag()) return new Response(null, { status: 304 });
    return Response.json(this.#plan(), { headers: { etag: this.#etag() } });
  }

  #take(results: readonly AgentResult[]): Response {
    const known = new Set(this.results.map(({ sequence }) => sequence));
    const fresh = results.filter(({ sequence }) => !known.has(sequence));
    this.results.push(...fresh);
    for (const { result, distribution } of fresh) {
      const isEnd = ENDS.test(result);
      const isLook = /^(up-to-date|provision-needed|drifted)$/.test(result);
      if (isEnd || isLook) this.work = this.work.filter((one) => one.distribution !== distribution);
      if (isEnd) this.cancel = this.cancel.filter((one) => one.distribution !== distribution);
    }
    this.changed();
    if (this.lostAnswers > 0) {
      this.lostAnswers -= 1;
      return new Response(null, { status: 502 });
    }
    return Response.json({
      refused: [],
      sequence: Math.max(0, ...this.results.map(({ sequence }) => sequence)),
      poll: fresh.length > 0,
    });
  }

  #plan() {
    const { work, cancel, tell } = this;
    const sequence = Math.max(0, ...this.results.map((one) => one.sequence));
    this.tell = [];
    return { sequence, work, cancel, tell, next: null };
  }

  #etag(): string {
    const { work, cancel, tell } = this;
    return `"${Bun.hash(JSON.stringify([work, cancel, tell])).toString(16)}"`;
  }

  #content(request: Request, sha256: string): Response {
    const file = this.#files.get(sha256);
    if (!file) return new Response(null, { status: 404 });
    const range = request.headers.get("range");
    this.ranges.push(range);
    const from = Number(/bytes=(\d+)-/.exec(range ?? "")?.[1] ?? 0);
    const rest = file.bytes.subarray(from);
    const cut = this.cuts.shift();
    const headers = { etag: `"${sha256}"`, "content-type": "application/octet-stream" };
    const status = range === null ? 200 : 206;
    const partly = {
      ...headers,
      ...(range && {
        "content-range": `bytes ${from}-${file.bytes.length - 1}/${file.bytes.length}`,
      }),
    };
    if (cut === undefined) return new Response(rest.slice(), { status, headers: partly });
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(rest.slice(0, cut));
        if (cut < 0) return; // It hangs.
        setTimeout(() => controller.error(new Error("cut")), 20);
      },
    });
    return new Response(body, { status, headers: partly });
  }
}

const ENDS =
  /^(succeeded.*|guard-.*|uninstalled|uninstall-failed|.*-failed|cancelled|launch-failed)$/;

/** A step without what most have alike. */
type Plain<Step> = Step extends PlanStep
  ? Omit<Step, "index" | "critical"> & { readonly critical?: PlanStep["critical"] }
  : never;

/** Work to be applied. */
export function applied(steps: readonly Plain<PlanStep>[], more: Partial<PlanWork> = {}): PlanWork {
  return {
    distribution: "one",
    attempt: 1,
    operation: "install",
    package: { id: "app", name: "App", version: "1.0" },
    do: "apply",
    metrics: [],
    files: [],
    ...more,
    steps: steps.map(
      (step, index) => ({ critical: "continue only on success", ...step, index }) as PlanStep,
    ),
  };
}
