import type { Encoding } from "../../protocols/syncml/encoding.ts";
import {
  type AppState,
  EMPTY_APP_STATE,
  type InstalledApp,
  withInstalled,
  withoutExpired,
  withoutInstalled,
} from "./app-state.ts";
import { type Behaviour, CALM, drawCourse, nextPollMs } from "./behaviour.ts";
import { advanceJob, type Job, type JobContext, startJob } from "./download-job.ts";
import type { Fetch } from "./fetch-content.ts";
import type { PlannedDevice } from "./fleet-plan.ts";
import { PROFILES, type Profile } from "./profiles.ts";
import { Random } from "./random.ts";
import { type Account, runSession, type SessionOutcome } from "./session.ts";

export interface DeviceOptions {
  readonly fetch: Fetch;
  /** Instead of that of its kind. */
  readonly encoding?: Encoding | undefined;
  readonly behaviour?: Behaviour;
  /** Virtual time at which the device is switched on. */
  readonly startMs: number;
  /** Refuses files that do not begin like a package. Real devices do. */
  readonly checksFormat?: boolean;
  readonly apps?: ReadonlyMap<string, InstalledApp>;
}

/** What a device did in one step. */
export interface StepOutcome {
  readonly session: SessionOutcome | undefined;
}

/**
 * One device: its app tree, the downloads it is busy with, its users and its polls. Everything it does
 * by chance comes from its plan's seed; time comes in through `step`.
 */
export class SimulatedDevice {
  readonly plan: PlannedDevice;
  readonly profile: Profile;
  readonly #account: Account;
  readonly #options: DeviceOptions;
  readonly #behaviour: Behaviour;
  readonly #random: Random;
  readonly #jobs = new Map<string, Job>();
  #state: AppState;
  #nextPollMs: number;
  #lostUntilMs = Number.NEGATIVE_INFINITY;
  #sessions = 0;
  #nonce: string | null = null;
  #stepping = false;

  constructor(plan: PlannedDevice, account: Account, options: DeviceOptions) {
    this.plan = plan;
    const profile: Profile = PROFILES[plan.profile];
    this.profile = { ...profile, encoding: options.encoding ?? profile.encoding };
    this.#account = account;
    this.#options = options;
    this.#behaviour = options.behaviour ?? CALM;
    this.#random = new Random(plan.seed);
    this.#state = { ...EMPTY_APP_STATE, inventory: options.apps ?? new Map() };
    // Not all at once: the first poll is somewhere in the first interval.
    this.#nextPollMs =
      options.startMs + Math.floor(this.#random.next() * this.#behaviour.pollIntervalMs);
  }

  /** The app tree as it is now. */
  get state(): AppState {
    return this.#state;
  }

  get busy(): boolean {
    return this.#jobs.size > 0;
  }

  /** When there is something to do next. */
  get dueMs(): number {
    const jobs = [...this.#jobs.values()].map(({ dueMs }) => dueMs);
    return Math.min(this.#nextPollMs, ...jobs);
  }

  /**
   * Does everything that is due at `nowMs`: first the downloads, each step at its own time, then a
   * poll if one is due. Polls that were slept through are made up for by one.
   */
  async step(nowMs: number): Promise<StepOutcome> {
    await this.#advanceJobs(nowMs);
    if (this.#nextPollMs > nowMs) return { session: undefined };
    this.#nextPollMs = nextPollMs(this.#behaviour, this.#random, nowMs);
    if (nowMs >= this.#lostUntilMs && this.#random.chance(this.#behaviour.lostRate)) {
      this.#lostUntilMs = nowMs + this.#behaviour.lostMs;
    }
    if (nowMs < this.#lostUntilMs) return { session: undefined };
    return { session: await this.contact(nowMs) };
  }

  /** Holds a session now, whatever the schedule says. */
  async contact(nowMs: number): Promise<SessionOutcome> {
    if (this.#stepping) throw new Error(`${this.plan.name} is in a session already`);
    this.#stepping = true;
    try {
      this.#state = withoutExpired(this.#state, nowMs, this.#behaviour.downloadNodeLifeMs);
      this.#sessions += 1;
      const outcome = await runSession(this.#state, {
        account: this.#account,
        plan: this.plan,
        profile: this.profile,
        fetch: this.#options.fetch,
        sessionNumber: this.#sessions,
        nonce: this.#nonce,
        nowMs,
      });
      this.#nonce = outcome.nonce;
      this.#state = outcome.state;
      for (const product of outcome.started) this.#begin(product, nowMs);
      return outcome;
    } finally {
      this.#stepping = false;
    }
  }

  /** Out of reach until then: no polls, but what it has begun goes on. */
  loseContactUntil(untilMs: number): void {
    this.#lostUntilMs = untilMs;
  }

  /** The user removes an app. */
  removeApp(product: string): void {
    this.#state = withoutInstalled(this.#state, product);
  }

  /** An app that was not installed by its organisation. */
  addApp(product: string, app: InstalledApp): void {
    this.#state = withInstalled(this.#state, product, app);
  }

  #begin(product: string, nowMs: number): void {
    const course = drawCourse(this.#behaviour, this.#random);
    const { state, job } = startJob(this.#state, product, course, nowMs);
    this.#state = state;
    if (job === undefined) this.#jobs.delete(product);
    else this.#jobs.set(product, job);
  }

  async #advanceJobs(nowMs: number): Promise<void> {
    const context: JobContext = {
      fetch: this.#options.fetch,
      random: this.#random,
      checksFormat: this.#options.checksFormat ?? true,
    };
    for (;;) {
      const due = [...this.#jobs.values()]
        .filter(({ dueMs }) => dueMs <= nowMs)
        .sort((a, b) => a.dueMs - b.dueMs)[0];
      if (due === undefined) return;
      const { state, job } = await advanceJob(this.#state, due, context);
      this.#state = state;
      if (job === undefined) this.#jobs.delete(due.product);
    }
  }
}
