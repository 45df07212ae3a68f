export interface Heard {
  readonly status: string;
  /** From the status line to the empty line. */
  readonly head: string;
  readonly body: string;
}

/** Answers that have no body, and need not say so. */
const BODILESS: ReadonlySet<string> = new Set(["204", "304"]);

/** One kept-alive HTTP connection over a plain socket; one request at a time. */
export class Connection {
  #buffer: Buffer = Buffer.alloc(0);
  #settle: ((answer: Heard) => void) | undefined;
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

  exchange(bytes: Buffer): Promise<Heard> {
    return new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
      const written = this.#socket?.write(bytes);
      if (written !== bytes.length) reject(new Error("the system took only a part of a request"));
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
    const status = head.slice(9, 12);
    const told = BODILESS.has(status) ? "0" : /content-length: *(\d+)/i.exec(head)?.[1];
    const length = Number(told ?? Number.NaN);
    if (Number.isNaN(length)) {
      this.#fail?.(new Error(`an answer without Content-Length: ${head.split("\r\n")[0]}`));
      return;
    }
    if (this.#buffer.length < end + 4 + length) return;
    const body = this.#buffer.toString("latin1", end + 4, end + 4 + length);
    this.#buffer = Buffer.alloc(0);
    this.#settle?.({ status, head, body });
  }
}
