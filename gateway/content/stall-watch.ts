/**
 * Breaks a transfer off when nothing has arrived for `stallMs`, or when `outer` says stop: its `signal`
 * fires in both cases. Looks once per interval, so a stall is noticed after one to two of them.
 */
export class StallWatch implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: Timer;
  readonly #outer: AbortSignal;
  readonly #onOuterAbort = () => this.#controller.abort();
  #arrived = false;
  #stalled = false;

  constructor(stallMs: number, outer: AbortSignal) {
    this.#outer = outer;
    outer.addEventListener("abort", this.#onOuterAbort);
    if (outer.aborted) this.#controller.abort();
    this.#timer = setInterval(() => this.#look(), stallMs);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get stalled(): boolean {
    return this.#stalled;
  }

  /** Something has arrived. */
  alive(): void {
    this.#arrived = true;
  }

  /** `work`, or a rejection as soon as the signal fires: not every transport minds its signal. */
  async orStop<Value>(work: Promise<Value>): Promise<Value> {
    const stopped = Promise.withResolvers<never>();
    const stop = () => stopped.reject(new Error("the transfer was broken off"));
    if (this.signal.aborted) stop();
    this.signal.addEventListener("abort", stop);
    try {
      return await Promise.race([work, stopped.promise]);
    } finally {
      this.signal.removeEventListener("abort", stop);
    }
  }

  /** The chunks of a body. Throws when the body breaks; merely ends when the signal fires. */
  async *chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
    const reader = body.getReader();
    // Cancelling makes a read that hangs return, whatever the stream is made of.
    const stop = () => void reader.cancel().catch(() => {});
    this.signal.addEventListener("abort", stop);
    try {
      while (!this.signal.aborted) {
        const { done, value } = await reader.read();
        if (done) return;
        this.alive();
        yield value;
      }
    } finally {
      this.signal.removeEventListener("abort", stop);
      stop();
    }
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#outer.removeEventListener("abort", this.#onOuterAbort);
  }

  #look(): void {
    if (!this.#arrived) {
      this.#stalled = true;
      this.#controller.abort();
    }
    this.#arrived = false;
  }
}
