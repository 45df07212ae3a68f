import {
  type AgentPlan,
  type Catalogue,
  type CatalogueItem,
  type Enrolled,
  readCatalogue,
  readCatalogueItem,
  readEnrolled,
  readPlan,
  readTaken,
  type TakenResults,
} from "../../protocols/agent/answers.ts";
import type { AgentResult, EnrolRequest, PollRequest } from "../../protocols/agent/requests.ts";
import type { Fetch } from "./download.ts";
import { SiteUnreached } from "./site-unreached.ts";

/** The site's answer is no. */
export class SiteRefusal extends Error {
  override readonly name = "SiteRefusal";
  readonly status: number;
  /** Milliseconds; undefined: it did not say. */
  readonly retryAfterMs: number | undefined;

  constructor(status: number, message: string, retryAfterMs: number | undefined) {
    super(message);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export interface PolledPlan {
  readonly plan: AgentPlan;
  readonly etag: string | undefined;
}

interface PollOptions {
  /** Names the plan that is known. */
  readonly etag: string | undefined;
  /** Of a check-in that waits for another plan; 0: it does not wait. */
  readonly waitSeconds: number;
  readonly signal: AbortSignal;
}

/** An answer that is not there after so long will not come. Milliseconds. */
const ANSWER_MS = 30_000;
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/**
 * The agent protocol over HTTP; proxies are taken from the environment by `fetch`. Every request throws SiteRefusal,
 * ProtocolError for an answer that breaks the protocol, or SiteUnreached.
 */
export class SiteClient {
  readonly #server: string;
  readonly #fetch: Fetch;
  readonly #who: () => { readonly device: string; readonly token: string };

  constructor(
    server: string,
    fetch: Fetch,
    who: () => { readonly device: string; readonly token: string },
  ) {
    this.#server = server.replace(/\/+$/, "");
    this.#fetch = fetch;
    this.#who = who;
  }

  /** @returns how long to wait before asking again, when somebody has to approve the device first [2.5] */
  async enrol(
    request: EnrolRequest,
    signal: AbortSignal,
  ): Promise<Enrolled | { readonly retryAfterMs: number }> {
    const response = await this.#send("enrol", {
      method: "POST",
      json: request,
      signal,
      token: undefined,
    });
    const body = await bytesOf(response);
    if (response.status !== 202) return readEnrolled(body);
    return { retryAfterMs: retryAfterOf(response) ?? KNOCK_AGAIN_MS };
  }

  /** Undefined: the plan is still the one that `etag` names. [3.1, 3.2] */
  async poll(
    told: PollRequest | undefined,
    { etag, waitSeconds, signal }: PollOptions,
  ): Promise<PolledPlan | undefined> {
    const response = await this.#own("poll", {
      method: "POST",
      ...(told && { json: told }),
      headers: {
        ...(etag !== undefined && { "if-none-match": etag }),
        ...(waitSeconds > 0 && { prefer: `wait=${waitSeconds}` }),
      },
      signal,
      answerMs: ANSWER_MS + waitSeconds * 1_000,
    });
    if (response.status === 304) return undefined;
    return {
      plan: readPlan(await bytesOf(response)),
      etag: response.headers.get("etag") ?? undefined,
    };
  }

  /** [5.1, 5.2] */
  async results(results: readonly AgentResult[], signal: AbortSignal): Promise<TakenResults> {
    return readTaken(
      await bytesOf(await this.#own("results", { method: "POST", json: { results }, signal })),
    );
  }

  /** [8.1] */
  async announceToken(token: string, signal: AbortSignal): Promise<void> {
    await this.#own("token", { method: "POST", json: { token }, signal });
  }

  /** [7.1] */
  async catalogue(signal: AbortSignal): Promise<Catalogue> {
    return readCatalogue(await bytesOf(await this.#own("catalogue", { method: "GET", signal })));
  }

  /** [7.2] */
  async request(distribution: string, signal: AbortSignal): Promise<CatalogueItem> {
    const path = `catalogue/${encodeURIComponent(distribution)}/request`;
    return readCatalogueItem(await bytesOf(await this.#own(path, { method: "POST", signal })));
  }

  async #own(path: string, request: Omit<SiteRequest, "token">): Promise<Response> {
    const { device, token } = this.#who();
    return await this.#send(`${device}/${path}`, { ...request, token });
  }

  async #send(
    path: string,
    { method, json, headers, signal, token, answerMs = ANSWER_MS }: SiteRequest,
  ): Promise<Response> {
    const request = {
      method,
      headers: {
        ...headers,
        accept: "application/json",
        ...(json !== undefined && { "content-type": "application/json" }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(json !== undefined && { body: JSON.stringify(json) }),
      redirect: "error" as const,
      signal: AbortSignal.any([signal, AbortSignal.timeout(answerMs)]),
    };
    const url = `${this.#server}/agent/v1/${path}`;
    const response = await this.#fetch(url, request).catch((error) => {
      throw signal.aborted ? error : new SiteUnreached(this.#server, error);
    });
    if (response.ok || response.status === 304) return response;
    const text = new TextDecoder().decode(await bytesOf(response));
    const reason = reasonIn(text, response.status, this.#server);
    throw new SiteRefusal(response.status, reason, retryAfterOf(response));
  }
}

const KNOCK_AGAIN_MS = 60_000;

interface SiteRequest {
  readonly method: "GET" | "POST";
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly token: string | undefined;
  readonly answerMs?: number;
}

async function bytesOf(response: Response): Promise<Uint8Array> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes.length > ANSWER_BYTES_MAX) throw new Error(`the answer has ${bytes.length} bytes`);
  return bytes;
}

/** The words of a problem document (RFC 9457), else the status. */
function reasonIn(text: string, status: number, server: string): string {
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem === "object" && problem !== null && "detail" in problem) {
      return `the site answered ${status}: ${String(problem.detail)}`;
    }
  } catch {
    // No problem document: a proxy's page, say.
  }
  return status === 404
    ? `${server} answers, but is no site of Outpost (404): is the address right?`
    : `the site answered ${status}`;
}

/** Somebody in between may ask for any time; who waits for ever is lost. */
const RETRY_AFTER_MS_MAX = 3_600_000;

function retryAfterOf(response: Response): number | undefined {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  if (!Number.isFinite(seconds) || seconds < 0) return undefined;
  return Math.min(seconds * 1_000, RETRY_AFTER_MS_MAX);
}
