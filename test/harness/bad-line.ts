/** What a line may do to one request. */
const MISHAPS = [
  "lost",
  "answer lost",
  "twice",
  "an old one again",
  "another's token",
  "a proxy's page",
] as const;
type Mishap = (typeof MISHAPS)[number];

/**
 * A line between an agent and its site on which requests and answers get lost, come twice, old ones come again, proxies answer
 * for the site, somebody else's token is shown, and downloads are cut. Whatever it does to a request, it has an end.
 */
export class BadLine {
  readonly #random: () => number;
  readonly #foreignToken: string;
  readonly #sent: { readonly url: string; readonly init: RequestInit }[] = [];
  readonly #ahead: Mishap[] = [];
  /** How often each happened. */
  readonly mishaps: Record<string, number> = {};
  /** Answers that another device's token got; all of them are to be refusals. */
  readonly foreign: number[] = [];

  constructor(random: () => number, foreignToken: string) {
    this.#random = random;
    this.#foreignToken = foreignToken;
  }

  readonly fetch = async (url: string, init: RequestInit = {}): Promise<Response> => {
    const { pathname } = new URL(url);
    if (!pathname.startsWith("/agent/")) return await this.#content(url, init);
    const mishap = this.#random() < 0.5 ? undefined : this.#mishap();
    if (init.method === "POST") this.#sent.push({ url, init: { ...init, signal: null } });
    switch (mishap) {
      case undefined:
        return await fetch(url, init);
      case "lost":
        throw new TypeError("the line is dead");
      case "answer lost":
        await (await fetch(url, init)).arrayBuffer();
        throw new TypeError("the line was cut before the answer");
      case "twice":
        return (await Promise.all([fetch(url, init), fetch(url, init)]))[
          this.#random() < 0.5 ? 0 : 1
        ];
      case "an old one again": {
        const old = this.#sent[Math.floor(this.#random() * this.#sent.length)];
        if (old) await (await fetch(old.url, old.init)).arrayBuffer();
        return await fetch(url, init);
      }
      case "another's token": {
        const headers = { ...init.headers, authorization: `Bearer ${this.#foreignToken}` };
        // Without a token nobody is meant: an enrolment shows its own in the body.
        if (!pathname.endsWith("/enrol")) {
          this.foreign.push((await fetch(url, { ...init, headers })).status);
        }
        return await fetch(url, init);
      }
      case "a proxy's page":
        return new Response("<html>Bad gateway</html>", { status: 502 });
    }
  };

  /** Each comes about once before one comes again. */
  #mishap(): Mishap | undefined {
    if (this.#ahead.length === 0) this.#ahead.push(...MISHAPS);
    const [mishap] = this.#ahead.splice(Math.floor(this.#random() * this.#ahead.length), 1);
    if (mishap) this.mishaps[mishap] = (this.mishaps[mishap] ?? 0) + 1;
    return mishap;
  }

  /** Cut somewhere, as often as not. */
  async #content(url: string, init: RequestInit): Promise<Response> {
    const response = await fetch(url, init);
    if (this.#random() < 0.5 || !response.ok || !response.body) return response;
    this.mishaps.cut = (this.mishaps.cut ?? 0) + 1;
    const bytes = new Uint8Array(await response.arrayBuffer());
    const given = bytes.slice(0, Math.floor(this.#random() * bytes.length));
    const body = new ReadableStream({
      start(controller) {
        if (given.length > 0) controller.enqueue(given);
        setTimeout(() => controller.error(new Error("cut")), 1);
      },
    });
    const { status, headers } = response;
    return new Response(body, { status, headers });
  }
}
