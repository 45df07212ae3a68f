/**
 * The load of a bench, in a process of its own, so that it does not take the server's time: requests
 * are bytes made beforehand, in which only the session number is patched, over plain sockets.
 *
 * Reads one JSON `LoadOrder` from standard input and writes one JSON `LoadResult`.
 */
import { latencyAt } from "./statistics.ts";

export interface LoadOrder {
  readonly port: number;
  readonly path: string;
  /**
   * One conversation per device: bodies sent one after the other. `########` in a body becomes a
   * number that was not used before.
   */
  readonly conversations: readonly (readonly string[])[];
  readonly contentType: string;
  readonly connections: number;
  /** Not measured: lets the server warm up. */
  readonly warmUpMs: number;
  readonly durationMs: number;
}

export interface LoadResult {
  readonly messages: number;
  readonly conversations: number;
  readonly seconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Bytes of the last answer of a conversation, the mean. */
  readonly answerBytes: number;
  /** Answers by HTTP status, as text. */
  readonly statuses: Readonly<Record<string, number>>;
}

export const NUMBER_HOLE = "########";

interface Template {
  readonly bytes: Buffer;
  readonly holes: readonly number[];
}

class Measured {
  latenciesMs: number[] = [];
  messages = 0;
  conversations = 0;
  answerBytes = 0;
  readonly statuses: Record<string, number> = {};
}

async function run(order: LoadOrder): Promise<LoadResult> {
  const conversations = order.conversations.map((bodies) =>
    bodies.map((body) => template(body, order)),
  );
  let measured = new Measured();
  let next = 0;
  let number = Math.floor(performance.now() * 1000) % 10_000_000;
  let stopping = false;

  const worker = async (): Promise<void> => {
    const connection = await Connection.open(order.port);
    while (!stopping) {
      const bodies = conversations[next++ % conversations.length] ?? [];
      const digits = String(10_000_000 + (number++ % 89_999_999));
      let last = 0;
      for (const { bytes, holes } of bodies) {
        for (const hole of holes) bytes.write(digits, hole, "latin1");
        const startedMs = performance.now();
        const answer = await connection.exchange(bytes);
        measured.latenciesMs.push(performance.now() - startedMs);
        measured.messages += 1;
        measured.statuses[answer.status] = (measured.statuses[answer.status] ?? 0) + 1;
        last = answer.bytes;
      }
      measured.conversations += 1;
      measured.answerBytes += last;
    }
    connection.close();
  };

  const workers = Array.from({ length: order.connections }, worker);
  await Bun.sleep(order.warmUpMs);
  measured = new Measured();
  const startedMs = performance.now();
  await Bun.sleep(order.durationMs);
  const seconds = (performance.now() - startedMs) / 1000;
  const result = measured;
  measured = new Measured();
  stopping = true;
  await Promise.all(workers);

  result.latenciesMs.sort((a, b) => a - b);
  return {
    messages: result.messages,
    conversations: result.conversations,
    seconds,
    p50Ms: latencyAt(result.latenciesMs, 0.5),
    p99Ms: latencyAt(result.latenciesMs, 0.99),
    answerBytes: Math.round(result.answerBytes / Math.max(1, result.conversations)),
    statuses: result.statuses,
  };
}

function template(body: string, { path, contentType }: LoadOrder): Template {
  const bytes = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: ${contentType}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const holes: number[] = [];
  for (let at = bytes.indexOf(NUMBER_HOLE); at >= 0; at = bytes.indexOf(NUMBER_HOLE, at + 1)) {
    holes.push(at);
  }
  return { bytes, holes };
}

/** One kept-alive connection; one request at a time. Answers must have a Content-Length. */
class Connection {
  #buffer: Buffer = Buffer.alloc(0);
  #settle: ((answer: { status: string; bytes: number }) => void) | undefined;
  #fail: ((error: Error) => void) | undefined;
  #socket: Bun.Socket | undefined;

  static async open(port: number): Promise<Connection> {
    const connection = new Connection();
    connection.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, chunk) => connection.#receive(chunk),
        close: () => connection.#fail?.(new Error("the server closed the connection")),
        error: (_socket, error) => connection.#fail?.(error),
      },
    });
    return connection;
  }

  exchange(bytes: Buffer): Promise<{ status: string; bytes: number }> {
    return new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
      this.#socket?.write(bytes);
    });
  }

  close(): void {
    this.#fail = undefined;
    this.#socket?.end();
  }

  #receive(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    const end = this.#buffer.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.#buffer.toString("latin1", 0, end);
    const length = Number(/content-length: *(\d+)/i.exec(head)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) {
      this.#fail?.(new Error(`an answer without Content-Length: ${head.split("\r\n")[0]}`));
      return;
    }
    if (this.#buffer.length < end + 4 + length) return;
    this.#buffer = Buffer.alloc(0);
    this.#settle?.({ status: head.slice(9, 12), bytes: length });
  }
}

if (import.meta.main) {
  const order = (await Bun.stdin.json()) as LoadOrder;
  console.log(JSON.stringify(await run(order)));
}
