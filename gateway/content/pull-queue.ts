import { backOffMs } from "../../devices/model/back-off.ts";
import type { Log } from "../../devices/ports/log.ts";
import { BACK_OFF, type FailureKind } from "./back-off.ts";
import { TransferFailed } from "./transfer.ts";

/** Transfers under way at once: two keep a line full while one of them waits for an answer. */
export const TRANSFERS_MAX = 2;

/** How the items of a queue are told apart and brought. */
export interface PullQueueDeps<Item> {
  readonly keyOf: (item: Item) => string;
  readonly isHere: (item: Item) => boolean;
  /** One attempt; throws `TransferFailed`. `onBytes` is told how many bytes of it are here. */
  readonly pull: (item: Item, run: PullRun) => Promise<void>;
  readonly now: () => number;
  /** From 0 up to 1, to spread the attempts of many sites. */
  readonly random: () => number;
  readonly log: Log;
}

export interface PullRun {
  readonly signal: AbortSignal;
  readonly onBytes: (bytes: number) => void;
  /** Told of every byte that came over the line. */
  readonly onFetched: (bytes: number) => void;
}

/** What there is to say about a file that is on its way. */
export type PullProgress =
  | { readonly kind: "running"; readonly fetchedBytes: number }
  /** Other transfers are first. */
  | { readonly kind: "queued" }
  | {
      readonly kind: "waiting";
      readonly failure: FailureKind;
      readonly problem: string;
      readonly nextAtMs: number;
    };

/** What happened to a wanted item so far; it is replaced, never changed. */
interface Want<Item> {
  readonly item: Item;
  /** In a row, without progress between them. */
  readonly failures: number;
  readonly nextAtMs: number;
  readonly last: { readonly kind: FailureKind; readonly problem: string } | undefined;
}

interface Running {
  readonly stop: AbortController;
  readonly ended: Promise<void>;
  fetchedBytes: number;
}

/**
 * Brings wanted files: each once however many ask, a few at a time, resumed when the line breaks, with
 * a pause that grows while it fails.
 */
export class PullQueue<Item> {
  readonly #deps: PullQueueDeps<Item>;
  readonly #running = new Map<string, Running>();
  #wants: ReadonlyMap<string, Want<Item>> = new Map();
  #awaySinceMs: number | undefined;
  #closed = false;

  constructor(deps: PullQueueDeps<Item>) {
    this.#deps = deps;
  }

  /** Since when nobody has answered; undefined when somebody answered last. */
  get awaySinceMs(): number | undefined {
    return this.#awaySinceMs;
  }

  /**
   * Says what is wanted now, most urgent first, in place of the list before. Transfers that nobody
   * wants any more are stopped; what they brought stays for when they are wanted again. Saying the
   * same twice is saying it once.
   */
  want(items: readonly Item[]): void {
    const wants = new Map<string, Want<Item>>();
    for (const item of items) {
      const key = this.#deps.keyOf(item);
      wants.set(key, { ...(this.#wants.get(key) ?? fresh(item)), item });
    }
    this.#wants = wants;
    for (const [key, { stop }] of this.#running) if (!wants.has(key)) stop.abort();
    this.wake();
  }

  /** Starts what is due. A job calls it every few seconds; calling it often is harmless. */
  wake(): void {
    const nowMs = this.#deps.now();
    for (const [key, { item, nextAtMs }] of this.#wants) {
      if (this.#closed || this.#running.size >= TRANSFERS_MAX) return;
      if (nextAtMs > nowMs || this.#running.has(key)) continue;
      if (!this.#deps.isHere(item)) this.#start(key, item);
    }
  }

  /** The sender was heard: what waits only because it was away is tried at once. */
  senderIsBack(): void {
    this.#awaySinceMs = undefined;
    this.tryAgain("away");
  }

  /** What waits because of such a failure is tried at once: its cause is gone. */
  tryAgain(kind: FailureKind): void {
    for (const [key, { last }] of this.#wants) {
      if (last?.kind === kind) this.#update(key, fresh);
    }
    this.wake();
  }

  /** Something has been lost; if it is wanted it is fetched again at once. */
  lost(key: string): void {
    this.#update(key, fresh);
    this.wake();
  }

  /** Undefined for what is not wanted, or is here. */
  progress(key: string): PullProgress | undefined {
    const want = this.#wants.get(key);
    if (!want || this.#deps.isHere(want.item)) return undefined;
    const running = this.#running.get(key);
    if (running) return { kind: "running", fetchedBytes: running.fetchedBytes };
    if (!want.last) return { kind: "queued" };
    const { kind: failure, problem } = want.last;
    return { kind: "waiting", failure, problem, nextAtMs: want.nextAtMs };
  }

  /** Resolves when no transfer of it is under way. */
  async ended(key: string): Promise<void> {
    await this.#running.get(key)?.ended;
  }

  /** Resolves when no transfer is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) {
      await Promise.all([...this.#running.values()].map(({ ended }) => ended));
    }
  }

  /** Stops all transfers for good; what they brought is on the disk when it resolves. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { stop } of this.#running.values()) stop.abort();
    await this.idle();
  }

  #start(key: string, item: Item): void {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const running: Running = { stop: new AbortController(), ended, fetchedBytes: 0 };
    this.#running.set(key, running);
    void this.#run(key, item, running).finally(() => {
      this.#running.delete(key);
      resolve();
      this.wake();
    });
  }

  /** Never rejects: this is the edge of a background loop. A failure is told, and tried again later. */
  async #run(key: string, item: Item, running: Running): Promise<void> {
    const onFetched = () => {
      this.#awaySinceMs = undefined;
    };
    const onBytes = (bytes: number) => {
      running.fetchedBytes = bytes;
    };
    try {
      await this.#deps.pull(item, { signal: running.stop.signal, onBytes, onFetched });
      this.#update(key, fresh);
    } catch (error) {
      if (!running.stop.signal.aborted) this.#failed(key, error);
    }
  }

  #failed(key: string, error: unknown): void {
    const known = error instanceof TransferFailed ? error : undefined;
    const kind = known?.failure.kind ?? "cut";
    const problem = known?.failure.problem ?? "The gateway could not store the file; see its log.";
    if (kind === "away") this.#awaySinceMs ??= this.#deps.now();
    else if (known && kind !== "no-room") this.#awaySinceMs = undefined;

    this.#update(key, (item, failuresBefore) => {
      const failures = known?.progressed ? 1 : failuresBefore + 1;
      // The sender may ask for a longer pause, but not for ever.
      const askedMs = Math.min(known?.failure.retryAfterMs ?? 0, BACK_OFF[kind].maxMs);
      const pauseMs = Math.max(askedMs, backOffMs(BACK_OFF[kind], failures, this.#deps.random()));
      return { item, failures, nextAtMs: this.#deps.now() + pauseMs, last: { kind, problem } };
    });
    if (known) this.#deps.log.warn("content-pull-failed", { key, kind, problem });
    else this.#deps.log.error("content-pull-broken", error, { key });
  }

  #update(key: string, change: (item: Item, failures: number) => Want<Item>): void {
    const want = this.#wants.get(key);
    if (!want) return;
    // In place, so that the order of urgency stays.
    this.#wants = new Map(this.#wants).set(key, change(want.item, want.failures));
  }
}

function fresh<Item>(item: Item): Want<Item> {
  return { item, failures: 0, nextAtMs: 0, last: undefined };
}
