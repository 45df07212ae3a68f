import {
  type AgentPlan,
  type PlanWork,
  readEnrolled,
  readPlan,
  readTaken,
  type TakenResults,
} from "../../protocols/agent/answers.ts";
import type { AgentResult, PollRequest } from "../../protocols/agent/requests.ts";
import type { ResultWord } from "../../protocols/agent/words.ts";

/** A scripted agent: it says what it is told to, and counts for itself. */
export class RawAgent {
  readonly url: string;
  readonly stableId: string;
  token: string;
  id = "";
  sequence = 0;
  etag: string | undefined;
  plan: AgentPlan | undefined;
  readonly #fetch: (url: string, init: RequestInit) => Promise<Response> | Response;

  constructor(
    url: string,
    stableId: string,
    how: {
      readonly token?: string;
      readonly fetch?: (url: string, init: RequestInit) => Promise<Response> | Response;
    } = {},
  ) {
    this.url = url;
    this.stableId = stableId;
    this.token = how.token ?? `${stableId}.`.padEnd(40, "t");
    this.#fetch = how.fetch ?? fetch;
  }

  send(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.#send("POST", path, body, headers);
  }

  get(path: string): Promise<Response> {
    return this.#send("GET", path, undefined, {});
  }

  async #send(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<Response> {
    const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
    return this.#fetch(`${this.url}/agent/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...headers },
      ...(method === "GET" ? {} : { body: text }),
    });
  }

  /** @returns the HTTP status */
  async enrol(code?: string, facts: PollRequest["facts"] = {}): Promise<number> {
    const { stableId, token } = this;
    const answer = await this.send("enrol", {
      versions: [1],
      platform: "Windows",
      ...{ stableId, token, facts },
      ...(code === undefined ? {} : { code }),
    });
    if (answer.status === 200) {
      const enrolled = readEnrolled(new Uint8Array(await answer.arrayBuffer()));
      this.id = enrolled.device;
      this.sequence = Math.max(this.sequence, enrolled.sequence);
    }
    return answer.status;
  }

  /** Checks in; 304 leaves the plan as it is. */
  async poll(told?: PollRequest, headers: Record<string, string> = {}): Promise<AgentPlan> {
    const answer = await this.send(`${this.id}/poll`, told, {
      ...(this.etag === undefined ? {} : { "if-none-match": this.etag }),
      ...headers,
    });
    if (answer.status === 304 && this.plan) return this.plan;
    if (answer.status !== 200) throw new Error(`poll: ${answer.status} ${await answer.text()}`);
    this.etag = answer.headers.get("etag") ?? undefined;
    this.plan = readPlan(new Uint8Array(await answer.arrayBuffer()));
    this.sequence = Math.max(this.sequence, this.plan.sequence);
    return this.plan;
  }

  /** The only work of the plan. */
  async work(told?: PollRequest): Promise<PlanWork> {
    const { work } = await this.poll(told);
    const [only] = work;
    if (!only || work.length !== 1) throw new Error(`${work.length} pieces of work`);
    return only;
  }

  result(work: Pick<PlanWork, "distribution" | "attempt">, result: ResultWord): AgentResult {
    this.sequence += 1;
    const { distribution, attempt } = work;
    return { distribution, attempt, sequence: this.sequence, result };
  }

  async report(...results: readonly AgentResult[]): Promise<TakenResults> {
    const answer = await this.send(`${this.id}/results`, { results });
    if (answer.status !== 200) throw new Error(`results: ${answer.status} ${await answer.text()}`);
    return readTaken(new Uint8Array(await answer.arrayBuffer()));
  }

  say(work: Pick<PlanWork, "distribution" | "attempt">, ...words: readonly ResultWord[]) {
    return this.report(...words.map((word) => this.result(work, word)));
  }
}
