import type { Log } from "../../devices/ports/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { GatewayClock } from "./clock.ts";

/** Work that comes back, due by the gateway's clock. */
export interface Job {
  readonly name: string;
  readonly everyMs: number;
  run(nowMs: number): Promise<void>;
}

/** How often the real clock is looked at. */
const TICK_MS = 1_000;

/**
 * Runs jobs when they are due, one at a time. A job that fails is logged and comes again at its next
 * time: a broken job must not stop the others, and nobody else would hear of it.
 */
export class Scheduler implements AsyncDisposable {
  readonly #clock: GatewayClock;
  readonly #log: Log;
  readonly #metrics: Metrics;
  readonly #due: Map<Job, number>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(
    jobs: readonly Job[],
    clock: GatewayClock,
    { log, metrics }: { readonly log: Log; readonly metrics: Metrics },
  ) {
    this.#clock = clock;
    this.#log = log;
    this.#metrics = metrics;
    this.#due = new Map(jobs.map((job) => [job, clock.now()]));
  }

  /** Looks for due jobs every second from now on. */
  start(): void {
    if (this.#isStopped) return;
    this.#timer = setTimeout(() => {
      void this.runDue().finally(() => this.start());
    }, TICK_MS);
  }

  /** Runs all jobs that are due now; resolves when they have ended. */
  runDue(): Promise<void> {
    this.#running = this.#running.then(() => this.#runAll());
    return this.#running;
  }

  async #runAll(): Promise<void> {
    for (const [job, dueMs] of this.#due) {
      const nowMs = this.#clock.now();
      // Due later than one interval from now: the clock was set back meanwhile.
      const isDue = nowMs >= dueMs || dueMs - nowMs > job.everyMs;
      if (this.#isStopped || !isDue) continue;
      this.#due.set(job, nowMs + job.everyMs);
      try {
        await job.run(nowMs);
        this.#metrics.count("outpost_job_runs_total", { job: job.name, outcome: "ok" });
      } catch (error) {
        this.#metrics.count("outpost_job_runs_total", { job: job.name, outcome: "error" });
        this.#log.error("job-failed", error, { job: job.name });
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}
