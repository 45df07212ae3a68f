import type { Sha256 } from "../../devices/model/ids.ts";
import type { PackageFile } from "../../devices/model/package.ts";
import type { Log } from "../../devices/ports/log.ts";
import { BACK_OFF, backOffMs, type FailureKind } from "./back-off.ts";
import { type TransferDeps, TransferFailed, transfer } from "./transfer.ts";

/** Transfers under way at once: two keep a line full while one of them waits for an answer. */
export const TRANSFERS_MAX = 2;

export interface PullerDeps extends TransferDeps {
  readonly now: () => number;
  /** From 0 up to 1, to spread the attempts of many sites. */
  readonly random: () => number;
  readonly log: Log;
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

/** What happened to a wanted file so far; it is replaced, never changed. */
interface Want {
  readonly file: PackageFile;
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
 * Brings wanted files from the hub: each once however many ask, a few at a time, resumed when the line
 * breaks, with a pause that grows while it fails.
 */
export class Puller {
  readonly #deps: PullerDeps;
  readonly #running = new Map<Sha256, Running>();
  #wants: ReadonlyMap<Sha256, Want> = new Map();
  #awaySinceMs: number | undefined;
  #closed = false;

  constructor(deps: PullerDeps) {
    this.#deps = deps;
  }

  /** Since when the hub has not answered; undefined when it answered last. */
  get awaySinceMs(): number | undefined {
    return this.#awaySinceMs;
  }

  /**
   * Says which files are wanted now, most urgent first, in place of the list before. Transfers that
   * nobody wants any more are stopped; what they brought stays for when they are wanted again. Saying
   * the same twice is saying it once.
   */
  want(files: readonly PackageFile[]): void {
    const wants = new Map<Sha256, Want>();
    for (const file of files) {
      wants.set(file.sha256, { ...(this.#wants.get(file.sha256) ?? fresh(file)), file });
    }
    this.#wants = wants;
    for (const [sha256, { stop }] of this.#running) if (!wants.has(sha256)) stop.abort();
    this.wake();
  }

  /** Starts what is due. A job calls it every few seconds; calling it often is harmless. */
  wake(): void {
    const nowMs = this.#deps.now();
    for (const { file, nextAtMs } of this.#wants.values()) {
      if (this.#closed || this.#running.size >= TRANSFERS_MAX) return;
      if (nextAtMs > nowMs || this.#running.has(file.sha256)) continue;
      if (!this.#deps.store.has(file.sha256)) this.#start(file);
    }
  }

  /** The hub was heard: what waits only because it was away is tried at once. */
  hubIsBack(): void {
    this.#awaySinceMs = undefined;
    for (const { file, last } of this.#wants.values()) {
      if (last?.kind === "away") this.#update(file.sha256, fresh);
    }
    this.wake();
  }

  /** A file has been lost; if it is wanted it is fetched again at once. */
  lost(sha256: Sha256): void {
    this.#update(sha256, fresh);
    this.wake();
  }

  /** Undefined for a file that is not wanted, or that is here. */
  progress(sha256: Sha256): PullProgress | undefined {
    const want = this.#wants.get(sha256);
    if (!want || this.#deps.store.has(sha256)) return undefined;
    const running = this.#running.get(sha256);
    if (running) return { kind: "running", fetchedBytes: running.fetchedBytes };
    if (!want.last) return { kind: "queued" };
    const { kind: failure, problem } = want.last;
    return { kind: "waiting", failure, problem, nextAtMs: want.nextAtMs };
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

  #start(file: PackageFile): void {
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const running: Running = { stop: new AbortController(), ended, fetchedBytes: 0 };
    this.#running.set(file.sha256, running);
    void this.#run(file, running).finally(() => {
      this.#running.delete(file.sha256);
      resolve();
      this.wake();
    });
  }

  /** Never rejects: this is the edge of a background loop. A failure is told, and tried again later. */
  async #run(file: PackageFile, running: Running): Promise<void> {
    const { sha256 } = file;
    const onFetched = (bytes: number) => {
      this.#awaySinceMs = undefined;
      this.#deps.onFetched(bytes);
    };
    const onBytes = (bytes: number) => {
      running.fetchedBytes = bytes;
    };
    try {
      await transfer({ ...this.#deps, onFetched }, file, running.stop.signal, onBytes);
      this.#update(sha256, fresh);
    } catch (error) {
      if (!running.stop.signal.aborted) this.#failed(sha256, error);
    }
  }

  #failed(sha256: Sha256, error: unknown): void {
    const known = error instanceof TransferFailed ? error : undefined;
    const kind = known?.failure.kind ?? "cut";
    const problem = known?.failure.problem ?? "The gateway could not store the file; see its log.";
    if (kind === "away") this.#awaySinceMs ??= this.#deps.now();
    else if (known && kind !== "no-room") this.#awaySinceMs = undefined;

    this.#update(sha256, (file, failuresBefore) => {
      const failures = known?.progressed ? 1 : failuresBefore + 1;
      // The hub may ask for a longer pause, but not for ever.
      const askedMs = Math.min(known?.failure.retryAfterMs ?? 0, BACK_OFF[kind].maxMs);
      const pauseMs = Math.max(askedMs, backOffMs(kind, failures, this.#deps.random()));
      return { file, failures, nextAtMs: this.#deps.now() + pauseMs, last: { kind, problem } };
    });
    if (known) this.#deps.log.warn("content-pull-failed", { sha256, kind, problem });
    else this.#deps.log.error("content-pull-broken", error, { sha256 });
  }

  #update(sha256: Sha256, change: (file: PackageFile, failures: number) => Want): void {
    const want = this.#wants.get(sha256);
    if (!want) return;
    // In place, so that the order of urgency stays.
    this.#wants = new Map(this.#wants).set(sha256, change(want.file, want.failures));
  }
}

function fresh(file: PackageFile): Want {
  return { file, failures: 0, nextAtMs: 0, last: undefined };
}
