/** How often the counter is looked at, and so the most that a page lags behind. */
export const LOOK_EVERY_MS = 500;
/** A line is sent at least this often: proxies and servers close silent connections. */
export const HEARTBEAT_MS = 5_000;
/** A stream ends by then and the browser opens another: so an ended session loses its stream. */
export const STREAM_MS_MAX = 10 * 60_000;
/** Pages that listen at once. One more is asked to come back. */
export const STREAMS_MAX = 500;

export interface ChangeFeedOptions {
  readonly counter: () => number;
  readonly every: (milliseconds: number, tick: () => void) => { stop(): void };
}

interface Listener {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  leftMs: number;
  silentMs: number;
}

/**
 * Tells open pages that something changed, as server-sent events: `changed` with the counter, at once
 * when a page connects and then whenever it rises. One timer for all pages, none while nobody looks.
 */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #listeners = new Set<Listener>();
  #timer: { stop(): void } | undefined;
  #sent = 0;

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** A stream for one page; undefined when there are too many. */
  open(signal: AbortSignal): Response | undefined {
    if (this.#listeners.size >= STREAMS_MAX) return undefined;
    let listener: Listener | undefined;
    const leave = () => {
      if (listener) this.#leave(listener);
    };
    signal.addEventListener("abort", leave, { once: true });
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        listener = { controller, leftMs: STREAM_MS_MAX, silentMs: 0 };
        this.#join(listener);
      },
      cancel: leave,
    });
    return new Response(stream, {
      headers: {
        "Content-Type": "text/event-stream; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
      },
    });
  }

  /** Ends all streams, for a shutdown. */
  close(): void {
    for (const listener of this.#listeners) this.#end(listener);
  }

  #join(listener: Listener): void {
    if (this.#listeners.size === 0) {
      this.#sent = this.#options.counter();
      this.#timer = this.#options.every(LOOK_EVERY_MS, () => this.#look());
    }
    this.#listeners.add(listener);
    this.#send(listener, `retry: 2000\n${changed(this.#options.counter())}`);
  }

  #look(): void {
    const counter = this.#options.counter();
    const hasChanged = counter !== this.#sent;
    this.#sent = counter;
    for (const listener of this.#listeners) {
      listener.leftMs -= LOOK_EVERY_MS;
      listener.silentMs += LOOK_EVERY_MS;
      if (hasChanged) this.#send(listener, changed(counter));
      else if (listener.silentMs >= HEARTBEAT_MS) this.#send(listener, ": still here\n\n");
      if (listener.leftMs <= 0) this.#end(listener);
    }
  }

  #send(listener: Listener, text: string): void {
    // A page that does not read is dropped, not queued for: it asks for everything when it returns.
    if ((listener.controller.desiredSize ?? 0) < -100) {
      this.#end(listener);
      return;
    }
    listener.silentMs = 0;
    listener.controller.enqueue(new TextEncoder().encode(text));
  }

  #end(listener: Listener): void {
    this.#leave(listener);
    listener.controller.close();
  }

  #leave(listener: Listener): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    this.#timer?.stop();
    this.#timer = undefined;
  }
}

function changed(counter: number): string {
  return `event: changed\ndata: ${counter}\n\n`;
}
