import { secretHashOf } from "../../protocols/oma-dm/credentials.ts";
import { type Hearing, hearNotification } from "../../protocols/oma-dm/hear-notification.ts";
import {
  type AppState,
  EMPTY_APP_STATE,
  type InstalledApp,
  withInstalled,
  withoutExpired,
  withoutInstalled,
} from "./app-state.ts";
import { type Behaviour, CALM, drawCourse } from "./behaviour.ts";
import { type DeviceTreeState, deviceTree, infoOf } from "./device-tree.ts";
import { advanceJob, type Job, type JobContext, startJob } from "./download-job.ts";
import type { DownloadStatus } from "./download-status.ts";
import type { Fetch } from "./fetch-content.ts";
import type { FleetDevice, Progress } from "./fleet.ts";
import type { PlannedDevice } from "./fleet-plan.ts";
import { loginStatus } from "./login-status.ts";
import { Polls } from "./polls.ts";
import { PROFILES, type Profile, type ProfileChange } from "./profiles.ts";
import { Random } from "./random.ts";
import { type Account, runSession, type SessionOutcome } from "./session.ts";
import { type User, userByChance } from "./user.ts";

export interface DeviceOptions {
  readonly fetch: Fetch;
  /** Otherwise than its kind. */
  readonly change?: ProfileChange | undefined;
  readonly behaviour?: Behaviour;
  /** Virtual time at which the device is switched on. */
  readonly startMs: number;
  /** Refuses files that do not begin like a package. Real devices do. */
  readonly checksFormat?: boolean;
  readonly apps?: ReadonlyMap<string, InstalledApp>;
  /** What its user says to a question of the server; else chance decides, by its behaviour. */
  readonly user?: User | undefined;
}

/** A session of a device, with the products whose DownloadInstall was executed in it. */
export interface ContactOutcome extends SessionOutcome<DeviceTreeState> {
  readonly started: readonly string[];
}

/** What a device made of a notification. */
export interface Heard {
  readonly hearing: Hearing["kind"];
  /** The session that it began for it. */
  readonly session: ContactOutcome | undefined;
}

/** What a device did in one step. */
export interface StepOutcome {
  readonly session: ContactOutcome | undefined;
}

/**
 * One device: its app tree, the downloads it is busy with, its users and its polls. Everything it does
 * by chance comes from its plan's seed; time comes in through `step`.
 */
export class SimulatedDevice implements FleetDevice {
  readonly plan: PlannedDevice;
  readonly profile: Profile;
  readonly #account: Account;
  readonly #options: DeviceOptions;
  readonly #behaviour: Behaviour;
  readonly #random: Random;
  readonly #jobs = new Map<string, Job>();
  #state: AppState;
  readonly #polls: Polls;
  readonly #user: User;
  #sessions = 0;
  #nonce: string | null = null;
  #serverNonce: string | null = null;
  /** Sessions that it was called for, the latest first. */
  #heard: readonly number[] = [];
  #stepping = false;

  constructor(plan: PlannedDevice, account: Account, options: DeviceOptions) {
    this.plan = plan;
    const profile: Profile = PROFILES[plan.profile];
    this.profile = { ...profile, ...options.change };
    this.#account = account;
    this.#options = options;
    this.#behaviour = options.behaviour ?? CALM;
    this.#random = new Random(plan.seed);
    this.#state = { ...EMPTY_APP_STATE, inventory: options.apps ?? new Map() };
    this.#polls = new Polls(this.#behaviour, this.#random, options.startMs);
    this.#user = options.user ?? userByChance(this.#behaviour, new Random(plan.seed + 1));
  }

  /** The app tree as it is now. */
  get state(): AppState {
    return this.#state;
  }

  get busy(): boolean {
    return this.#jobs.size > 0;
  }

  progress(product?: string): readonly Progress[] {
    const { downloads } = this.#state;
    const one = product === undefined ? undefined : downloads.get(product);
    const some = product === undefined ? [...downloads.values()] : one ? [one] : [];
    return some.map(({ status }) => PROGRESS[status]);
  }

  /** When there is something to do next. */
  get dueMs(): number {
    const jobs = [...this.#jobs.values()].map(({ dueMs }) => dueMs);
    return Math.min(this.#polls.nextMs, ...jobs);
  }

  /**
   * Does everything that is due at `nowMs`: first the downloads, each step at its own time, then a
   * poll if one is due.
   */
  async step(nowMs: number): Promise<StepOutcome> {
    await this.#advanceJobs(nowMs);
    return { session: this.#polls.take(nowMs) ? await this.contact(nowMs) : undefined };
  }

  /**
   * A notification has come. A good one begins the session that the server asks for, once; what
   * anybody else sends is passed over. [syncml 3.8]
   */
  async hear(notification: Uint8Array, nowMs: number): Promise<Heard> {
    const { server } = this.#account;
    if (server === undefined) return { hearing: "ignored", session: undefined };
    const { userName: serverId, password } = server;
    const secretHash = secretHashOf(serverId, password);
    const hearing = hearNotification(notification, {
      serverId,
      key: { secretHash, nonce: this.#serverNonce ?? "" },
      heard: this.#heard,
    });
    if (hearing.kind !== "begin") return { hearing: hearing.kind, session: undefined };
    this.#heard = hearing.heard;
    const session = await this.contact(nowMs, hearing.notification.sessionId);
    return { hearing: "begin", session };
  }

  /**
   * Holds a session now, whatever the schedule says.
   *
   * @param calledFor the session that the server asked for
   */
  async contact(nowMs: number, calledFor?: number): Promise<ContactOutcome> {
    if (this.#stepping) throw new Error(`${this.plan.name} is in a session already`);
    this.#stepping = true;
    try {
      this.#state = withoutExpired(this.#state, nowMs, this.#behaviour.downloadNodeLifeMs);
      this.#sessions += 1;
      const { plan, profile } = this;
      const { structData } = profile;
      const outcome = await runSession<DeviceTreeState>(
        {
          tree: {
            ...deviceTree(infoOf(plan, profile), { nowMs, structData }),
            ...(profile.hasScreen && {
              ask: (state, prompt) => ({ state, ...this.#user(prompt) }),
            }),
          },
          state: { apps: this.#state, started: [] },
          alerts: [loginStatus("user")],
        },
        {
          account: this.#account,
          plan,
          profile,
          fetch: this.#options.fetch,
          sessionNumber: this.#sessions,
          nonce: this.#nonce,
          serverNonce: this.#serverNonce,
          calledFor,
          nowMs,
        },
      );
      const { apps, started } = outcome.state;
      this.#nonce = outcome.nonce;
      this.#serverNonce = outcome.serverNonce;
      this.#state = apps;
      for (const product of started) this.#begin(product, nowMs);
      return { ...outcome, started };
    } finally {
      this.#stepping = false;
    }
  }

  /** Out of reach until then: no polls, but what it has begun goes on. */
  loseContactUntil(untilMs: number): void {
    this.#polls.loseContactUntil(untilMs);
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

const PROGRESS: Readonly<Record<DownloadStatus, Progress>> = {
  0: "waiting-for-user",
  1: "queued",
  2: "downloading",
  3: "downloaded",
  4: "installing",
  5: "installed",
  6: "failed",
  7: "download-failed",
};
