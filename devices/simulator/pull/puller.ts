import { type Behaviour, type Course, drawCourse } from "../behaviour.ts";
import { FAILURES, type Failure, failureOfHttpStatus } from "../download-status.ts";
import { type Fetch, fetchContent, newPartialFile, type PartialFile } from "../fetch-content.ts";
import type { DeviceIdentity, FleetDevice, Progress, SessionLike } from "../fleet.ts";
import { Polls } from "../polls.ts";
import { Random } from "../random.ts";
import { Line, LineDown } from "./line.ts";

/** A file of a job, as its protocol names it. */
export interface JobFile {
  readonly url: string;
  /** What its bytes have to hash to; null: the protocol does not say. */
  readonly sha256: string | null;
}

export interface NewJob {
  /** Names the work in its protocol; the same key again is the same work. */
  readonly key: string;
  /** The app, for people who ask how far it is. */
  readonly product: string;
  readonly version: string;
  readonly files: readonly JobFile[];
  /** Downloads, and waits for `release` before it installs. */
  readonly waits?: boolean;
}

export interface Job extends NewJob {
  readonly course: Course;
  phase: "queued" | "downloading" | "downloaded" | "installing" | "restarting" | "over";
  waits: boolean;
  dueMs: number;
  breaks: number;
  /** Files that are here, and the one that is under way. */
  fetched: number;
  partial: PartialFile;
}

/** What a device has to tell of a job. Told in order, each until the server has it. */
export type JobEvent =
  | { readonly kind: "began" | "downloaded" | "installing" | "restarting" | "installed" }
  | { readonly kind: "failed"; readonly failure: Failure; readonly isDownload: boolean };

export interface PullerOptions {
  readonly serverUrl: string;
  readonly fetch: Fetch;
  readonly behaviour: Behaviour;
  /** Virtual time at which the device is switched on. */
  readonly startMs: number;
}

const RETRY_MS = 30_000;
/** A download that was broken this often is given up. */
const BREAKS_MAX = 6;
const RESTART_MS = 30_000;

/**
 * A device that comes and asks for work. It knows one job at a time: fetches its files over a line that
 * breaks, installs, and tells what became of it. What it could not tell it tells at its next contact.
 * A protocol says how it asks (`poll`) and how it tells (`tell`).
 */
export abstract class Puller implements FleetDevice {
  readonly plan: DeviceIdentity;
  protected readonly line: Line;
  protected readonly serverUrl: string;
  readonly #behaviour: Behaviour;
  readonly #random: Random;
  readonly #polls: Polls;
  readonly #untold: { readonly job: Job; readonly event: JobEvent }[] = [];
  readonly #progress = new Map<string, { readonly product: string; readonly progress: Progress }>();
  /** What is on the device, by app. */
  protected readonly installed = new Map<string, string>();
  #job: Job | undefined;
  #busy = false;

  constructor(plan: DeviceIdentity, { serverUrl, fetch, behaviour, startMs }: PullerOptions) {
    this.plan = plan;
    this.serverUrl = serverUrl;
    this.line = new Line(fetch, () => this.headers());
    this.#behaviour = behaviour;
    this.#random = new Random(plan.seed);
    this.#polls = new Polls(behaviour, this.#random, startMs);
  }

  /** What every request of this device carries. */
  protected abstract headers(): Readonly<Record<string, string>>;
  /** Asks what there is. @throws LineDown */
  protected abstract poll(nowMs: number): Promise<void>;
  /** Tells one event. @throws LineDown */
  protected abstract tell(job: Job, event: JobEvent, nowMs: number): Promise<void>;
  /** Installs by a restart, and says that it is installed only behind it. */
  protected get restarts(): boolean {
    return false;
  }

  get busy(): boolean {
    return this.#job !== undefined;
  }

  get dueMs(): number {
    return Math.min(this.#polls.nextMs, this.#job?.dueMs ?? Number.POSITIVE_INFINITY);
  }

  progress(product?: string): readonly Progress[] {
    return [...this.#progress.values()]
      .filter((one) => product === undefined || one.product === product)
      .map(({ progress }) => progress);
  }

  async step(nowMs: number): Promise<{ readonly session: SessionLike | undefined }> {
    await this.#advance(nowMs);
    if (this.#polls.take(nowMs)) return { session: await this.contact(nowMs) };
    const isWithinReach = nowMs >= this.#polls.lostUntilMs;
    if (this.#untold.length === 0 || !isWithinReach) return { session: undefined };
    return { session: await this.#talk(nowMs, async () => undefined) };
  }

  contact(nowMs: number): Promise<SessionLike> {
    return this.#talk(nowMs, () => this.poll(nowMs));
  }

  /** Begins a job, in the place of one that is still queued or waits; one that runs goes on. */
  protected begin(wanted: NewJob, nowMs: number): void {
    if (this.#job !== undefined || this.knows(wanted.key)) return;
    const course = drawCourse(this.#behaviour, this.#random);
    this.#job = {
      ...wanted,
      course,
      phase: "queued",
      waits: wanted.waits ?? false,
      dueMs: nowMs + course.queuedMs,
      breaks: 0,
      fetched: 0,
      partial: newPartialFile(),
    };
    this.#note(this.#job, "queued");
  }

  /** Has it begun this work, ever? */
  protected knows(key: string): boolean {
    return this.#progress.has(key);
  }

  /** The work in hand. */
  protected get job(): Job | undefined {
    return this.#job;
  }

  /** A job that waited for it may be installed. */
  protected release(key: string, nowMs: number): void {
    const job = this.#job;
    if (job?.key !== key || !job.waits) return;
    job.waits = false;
    if (job.phase === "downloaded") job.dueMs = nowMs;
  }

  /** Drops a job as far as it is not installing yet. False: it is past the point. */
  protected drop(key: string): boolean {
    const job = this.#job;
    if (job?.key !== key) return !this.knows(key);
    if (job.phase === "installing" || job.phase === "restarting") return false;
    this.#job = undefined;
    this.#progress.delete(key);
    const kept = this.#untold.filter((one) => one.job !== job);
    this.#untold.splice(0, this.#untold.length, ...kept);
    return true;
  }

  async #talk(nowMs: number, ask: () => Promise<void>): Promise<SessionLike> {
    if (this.#busy) throw new Error(`${this.plan.name} is in contact already`);
    this.#busy = true;
    const before = this.line.messages;
    try {
      await this.#tellAll(nowMs);
      await ask();
      await this.#tellAll(nowMs);
      return { messages: this.line.messages - before, end: "done" };
    } catch (error) {
      if (!(error instanceof LineDown)) throw error;
      return { messages: this.line.messages - before, end: "unreachable" };
    } finally {
      this.#busy = false;
    }
  }

  async #tellAll(nowMs: number): Promise<void> {
    for (let next = this.#untold[0]; next !== undefined; next = this.#untold[0]) {
      await this.tell(next.job, next.event, nowMs);
      // With its job it may be gone already.
      if (this.#untold[0] === next) this.#untold.shift();
    }
  }

  async #advance(nowMs: number): Promise<void> {
    for (let job = this.#job; job !== undefined && job.dueMs <= nowMs; job = this.#job) {
      await this.#go(job);
      if (job.phase === "over") this.#job = undefined;
    }
  }

  async #go(job: Job): Promise<void> {
    const { course } = job;
    switch (job.phase) {
      case "queued":
        this.#become(job, "downloading", course.downloadMs);
        return this.#say(job, { kind: "began" });
      case "downloading":
        return this.#download(job);
      case "downloaded":
        if (job.waits) {
          job.dueMs = Number.POSITIVE_INFINITY;
          return;
        }
        this.#become(job, "installing", course.installMs);
        return this.#say(job, { kind: "installing" });
      case "installing":
        if (course.failure !== undefined) return this.#fail(job, FAILURES[course.failure], false);
        if (!this.restarts) return this.#succeed(job);
        this.#become(job, "restarting", RESTART_MS);
        return this.#say(job, { kind: "restarting" });
      case "restarting":
        return this.#succeed(job);
      case "over":
        return;
    }
  }

  async #download(job: Job): Promise<void> {
    const file = job.files[job.fetched];
    if (file === undefined) {
      this.#become(job, "downloaded", job.course.downloadedMs);
      return this.#say(job, { kind: "downloaded" });
    }
    const isToBreak = job.breaks < job.course.breaks;
    const cutAfter = isToBreak ? this.#random.between(1, 64 * 1024) : undefined;
    const outcome = await fetchContent(this.line.fetch, file.url, job.partial, cutAfter);
    if (outcome.kind === "complete") {
      if (file.sha256 !== null && outcome.sha256 !== file.sha256) {
        return this.#fail(job, FAILURES.checksum, true);
      }
      job.fetched += 1;
      job.partial = newPartialFile();
      return; // The next file, or the next phase, at the same time.
    }
    if (outcome.kind === "refused" && outcome.httpStatus < 500) {
      return this.#fail(job, failureOfHttpStatus(outcome.httpStatus), true);
    }
    job.breaks += 1;
    if (job.breaks > BREAKS_MAX) return this.#fail(job, FAILURES.aborted, true);
    job.dueMs += RETRY_MS;
  }

  #succeed(job: Job): void {
    job.phase = "over";
    this.installed.set(job.product, job.version);
    this.#note(job, "installed");
    this.#say(job, { kind: "installed" });
  }

  #fail(job: Job, failure: Failure, isDownload: boolean): void {
    job.phase = "over";
    this.#note(job, isDownload ? "download-failed" : "failed");
    this.#say(job, { kind: "failed", failure, isDownload });
  }

  #become(job: Job, phase: "downloading" | "downloaded" | "installing" | "restarting", ms: number) {
    job.phase = phase;
    job.dueMs += ms;
    this.#note(job, phase === "restarting" ? "installing" : phase);
  }

  #note({ key, product }: Job, progress: Progress): void {
    this.#progress.set(key, { product, progress });
  }

  #say(job: Job, event: JobEvent): void {
    this.#untold.push({ job, event });
  }
}
