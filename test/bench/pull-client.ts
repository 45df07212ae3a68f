/**
 * The load of devices that come and ask for work, in a process of its own: a connection each, kept
 * alive, and the next request when the answer to the last is here.
 *
 * Reads a JSON `PullSetup` on the first line of standard input and a `PullRound` on each later one;
 * writes a JSON `PullResult` for each round.
 */
import type { AgentPlan, PlanWork } from "../../protocols/agent/answers.ts";
import { Connection, type Heard } from "./connection.ts";

export interface PullDevice {
  /** The request line's method and path of a check-in. */
  readonly poll: string;
  /** Where an agent reports; null: a device that only polls. */
  readonly results: string | null;
  readonly authorization: string;
  /** The body of its first check-in. */
  readonly facts: string;
}

export interface PullSetup {
  readonly port: number;
  readonly devices: readonly PullDevice[];
}

export type PullRound =
  /** Each device once, with its facts; it keeps the ETag that it is told. */
  | { readonly kind: "first" }
  /** Polls for so long. */
  | { readonly kind: "idle"; readonly ms: number; readonly conditional: boolean }
  /** Each device does all that its plan says. */
  | { readonly kind: "cycle" };

export interface PullResult {
  readonly messages: number;
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
  readonly requestBytes: number;
  readonly answerBytes: number;
  readonly statuses: Readonly<Record<string, number>>;
  /** Works that were carried to their end. */
  readonly works: number;
}

const EMPTY_LINE_BYTES = 4;
const POLLS_MAX = 10;

class Tally {
  messages = 0;
  latenciesMs: number[] = [];
  requestBytes = 0;
  answerBytes = 0;
  works = 0;
  readonly statuses: Record<string, number> = {};
}

class Peer {
  readonly #device: PullDevice;
  readonly #connection: Connection;
  readonly #host: string;
  #etag: string | undefined;
  #sequence = 0;

  constructor(device: PullDevice, connection: Connection, port: number) {
    this.#device = device;
    this.#connection = connection;
    this.#host = `127.0.0.1:${port}`;
  }

  async poll(tally: Tally, conditional: boolean, body = ""): Promise<Heard> {
    const { poll } = this.#device;
    const etag = conditional && this.#etag ? `If-None-Match: ${this.#etag}\r\n` : "";
    const heard = await this.#send(tally, poll, etag, body);
    this.#etag = /\r\netag: *([^\r]+)/i.exec(heard.head)?.[1] ?? this.#etag;
    return heard;
  }

  first(tally: Tally): Promise<Heard> {
    return this.poll(tally, false, this.#device.facts);
  }

  /** Until its plan has nothing more to do. */
  async cycle(tally: Tally): Promise<void> {
    for (let polls = 0; polls < POLLS_MAX; polls++) {
      const heard = await this.poll(tally, true);
      if (heard.status !== "200") return;
      const plan = JSON.parse(heard.body) as AgentPlan;
      this.#sequence = Math.max(this.#sequence, plan.sequence);
      if (plan.work.length === 0) return;
      for (const work of plan.work) await this.#work(tally, work);
    }
  }

  async #work(tally: Tally, work: PlanWork): Promise<void> {
    if (work.do !== "apply") {
      await this.#report(tally, work, [{ result: "provision-needed" }]);
      return;
    }
    await this.#report(tally, work, [{ result: "downloading" }]);
    for (const { url } of work.files) {
      await this.#send(tally, `GET ${url.slice(url.indexOf("/", "http://".length))}`, "", "");
    }
    await this.#report(tally, work, [{ result: "installing" }]);
    await this.#report(tally, work, [
      ...work.steps.map(({ index, kind }) => ({ result: "step-succeeded", step: { index, kind } })),
      { result: "succeeded", version: work.package.version },
    ]);
    tally.works += 1;
  }

  #report(tally: Tally, work: PlanWork, said: readonly object[]): Promise<Heard> {
    const { distribution, attempt } = work;
    const results = said.map((one) => {
      this.#sequence += 1;
      return { distribution, attempt, sequence: this.#sequence, ...one };
    });
    return this.#send(tally, `POST ${this.#device.results}`, "", JSON.stringify({ results }));
  }

  async #send(tally: Tally, line: string, headers: string, body: string): Promise<Heard> {
    const { authorization } = this.#device;
    const length = line.startsWith("GET") ? "" : `Content-Length: ${body.length}\r\n`;
    const type = body === "" ? "" : "Content-Type: application/json\r\n";
    const request = Buffer.from(
      `${line} HTTP/1.1\r\nHost: ${this.#host}\r\nAuthorization: ${authorization}\r\n${headers}${type}${length}\r\n${body}`,
      "latin1",
    );
    const startedMs = performance.now();
    const heard = await this.#connection.exchange(request);
    tally.latenciesMs.push(Math.round((performance.now() - startedMs) * 100) / 100);
    tally.messages += 1;
    tally.requestBytes += request.length;
    tally.answerBytes += heard.head.length + EMPTY_LINE_BYTES + heard.body.length;
    tally.statuses[heard.status] = (tally.statuses[heard.status] ?? 0) + 1;
    return heard;
  }
}

async function play(peers: readonly Peer[], round: PullRound): Promise<PullResult> {
  const tally = new Tally();
  const startedMs = performance.now();
  await Promise.all(
    peers.map(async (peer) => {
      if (round.kind === "first") await peer.first(tally);
      else if (round.kind === "cycle") await peer.cycle(tally);
      else {
        while (performance.now() - startedMs < round.ms) await peer.poll(tally, round.conditional);
      }
    }),
  );
  return { ...tally, seconds: (performance.now() - startedMs) / 1000 };
}

let peers: readonly Peer[] = [];
for await (const line of console) {
  if (peers.length > 0) {
    console.log(JSON.stringify(await play(peers, JSON.parse(line) as PullRound)));
    continue;
  }
  const { port, devices } = JSON.parse(line) as PullSetup;
  peers = await Promise.all(
    devices.map(async (device) => new Peer(device, await Connection.open(port), port)),
  );
}
