import type { Fetch } from "../fetch-content.ts";

/** The server is out of reach, or has trouble of its own: what was to be said is kept and said again. */
export class LineDown extends Error {
  override readonly name = "LineDown";
}

export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
  readonly headers: Headers;
}

/** A device's requests, counted. */
export class Line {
  readonly #fetch: Fetch;
  readonly #headers: () => Readonly<Record<string, string>>;
  messages = 0;

  /** @param headers what every request carries, read at each */
  constructor(fetch: Fetch, headers: () => Readonly<Record<string, string>>) {
    this.#fetch = fetch;
    this.#headers = headers;
  }

  /** @throws LineDown when nobody answers, or with 429 or 5xx */
  async send(
    url: string,
    method: string,
    body?: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    this.messages += 1;
    let answer: Answer;
    try {
      const response = await this.#fetch(url, {
        method,
        headers: { ...this.#headers(), ...headers },
        ...(body !== undefined && { body }),
        redirect: "manual",
      });
      const { status, headers: told } = response;
      answer = { status, headers: told, body: new Uint8Array(await response.arrayBuffer()) };
    } catch (cause) {
      throw new LineDown(`${url} does not answer`, { cause });
    }
    if (answer.status === 429 || answer.status >= 500) {
      throw new LineDown(`${url} answers ${answer.status}`);
    }
    return answer;
  }

  /** @throws LineDown as `send` does */
  sendJson(url: string, method: string, value: unknown): Promise<Answer> {
    return this.send(url, method, JSON.stringify(value), { "content-type": "application/json" });
  }

  /** For content: with the device's own headers where they are asked for. */
  get fetch(): Fetch {
    return async (url, init) => {
      this.messages += 1;
      const headers = { ...this.#headers(), ...(init.headers as Record<string, string>) };
      return this.#fetch(url, { ...init, headers });
    };
  }
}

export function jsonOf({ body }: Answer): unknown {
  return JSON.parse(new TextDecoder().decode(body));
}
