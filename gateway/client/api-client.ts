import type { z } from "zod";

/** How a request reaches the gateway; tests give their own. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** A refusal by the gateway, in its own words (RFC 9457). */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  /** The fields that were wrong, as `pointer message`. */
  readonly fields: readonly string[];

  constructor(status: number, title: string, fields: readonly string[]) {
    super(fields.length === 0 ? title : `${title}: ${fields.join("; ")}`);
    this.status = status;
    this.fields = fields;
  }
}

/** The gateway did not answer at all. */
export class UnreachableError extends Error {
  override readonly name = "UnreachableError";
}

export interface ApiRequest {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is, for uploads. */
  readonly bytes?: Uint8Array<ArrayBuffer> | Blob;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The public HTTP API of a gateway as a client sees it: what is read is checked by a schema. */
export class ApiClient {
  readonly baseUrl: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: Fetch;

  /** `token` is an API token; without one only open endpoints answer. */
  constructor(baseUrl: string, token: string | undefined, fetch: Fetch = globalThis.fetch) {
    this.baseUrl = baseUrl.replace(/\/+$/, "");
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#fetch = fetch;
  }

  /**
   * Sends a request and reads the JSON answer as `schema` says. Throws ApiError when the gateway
   * refuses, UnreachableError when it does not answer, a plain Error when it answers something else.
   */
  async request<Schema extends z.ZodType>(
    path: string,
    schema: Schema,
    request: ApiRequest = {},
  ): Promise<z.infer<Schema>> {
    const response = await this.send(path, request);
    const read = schema.safeParse(await response.json());
    if (read.success) return read.data;
    throw new Error(`${path} answered something unexpected: ${read.error.message}`);
  }

  /** The same for an answer that is not JSON, or of no interest. */
  async send(path: string, request: ApiRequest = {}): Promise<Response> {
    const response = await this.raw(path, request);
    if (response.ok) return response;
    throw await readProblem(response);
  }

  /** The answer as it is, refusals too. Throws UnreachableError only. */
  async raw(path: string, { method = "GET", json, bytes, headers }: ApiRequest): Promise<Response> {
    const body = json === undefined ? bytes : JSON.stringify(json);
    try {
      return await this.#fetch(`${this.baseUrl}${path}`, {
        method,
        headers: {
          ...this.#headers,
          ...(json !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { body }),
        redirect: "manual",
      });
    } catch (cause) {
      throw new UnreachableError(`${this.baseUrl} does not answer. Is the gateway running there?`, {
        cause,
      });
    }
  }
}

async function readProblem(response: Response): Promise<ApiError> {
  const text = await response.text();
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem === "object" && problem !== null) {
      return new ApiError(response.status, titleOf(problem, response), fieldsOf(problem));
    }
  } catch {
    // Not JSON: a proxy in between, perhaps. The status has to do.
  }
  return new ApiError(response.status, `${response.status} ${response.statusText}`, []);
}

function titleOf(problem: object, response: Response): string {
  if ("detail" in problem && typeof problem.detail === "string") return problem.detail;
  if ("title" in problem && typeof problem.title === "string") return problem.title;
  return `${response.status} ${response.statusText}`;
}

function fieldsOf(problem: object): string[] {
  if (!("errors" in problem) || !Array.isArray(problem.errors)) return [];
  return problem.errors.map((error: unknown) => {
    if (typeof error !== "object" || error === null) return String(error);
    const pointer = "pointer" in error ? String(error.pointer) : "";
    const message =
      "message" in error ? String(error.message) : "detail" in error ? String(error.detail) : "";
    return `${pointer} ${message}`.trim();
  });
}
