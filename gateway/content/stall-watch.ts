/** Calls `beat` again and again, as far apart as a transfer may be silent, until it is disposed of. */
export type Beats = (beat: () => void) => Disposable;

/** A transfer that brings no byte for so long is broken off and resumed. */
export const STALL_MS = 60_000;

const STALL_BEATS: Beats = (beat) => {
  const timer = setInterval(beat, STALL_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
};

/**
 * Breaks a transfer off when nothing has arrived between two beats, or when `outer` says stop: its
 * `signal` fires in both cases. So a stall is noticed after one to two times `STALL_MS`.
 */
export class StallWatch implements Disposable {
  readonly #controller = new AbortController();
  readonly #beating: Disposable;
  readonly #outer: AbortSignal;
  readonly #onOuterAbort = () => this.#controller.abort();
  #arrived = false;
  #stalled = false;

  constructor(outer: AbortSignal, beats: Beats = STALL_BEATS) {
    this.#outer = outer;
    outer.addEventListener("abort", this.#onOuterAbort);
    if (outer.aborted) this.#controller.abort();
    this.#beating = beats(() => this.#look());
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
    this.#beating[Symbol.dispose]();
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
