import { infoOf } from "../device-tree.ts";
import type { Fetch } from "../fetch-content.ts";
import type { FleetDevice, Progress } from "../fleet.ts";
import type { PlannedDevice } from "../fleet-plan.ts";
import { loginStatus } from "../login-status.ts";
import { Polls } from "../polls.ts";
import { PROFILES, type Profile, type ProfileChange } from "../profiles.ts";
import { Random } from "../random.ts";
import { type Account, runSession, type SessionOutcome } from "../session.ts";
import { installedAlert, type PcAlert, removedAlert, UNENROLMENT } from "./alerts.ts";
import { CALM_PC, drawPcCourse, type PcBehaviour } from "./course.ts";
import type { JobStep, PcJob, PcJobContext } from "./job.ts";
import { MsiJob } from "./msi-job.ts";
import { MsixJob } from "./msix-job.ts";
import { EMPTY_PC, keyOf, type PcState, type Started, withoutAccount } from "./state.ts";
import { pcTree } from "./tree.ts";

/** What a PC does not take inside an Atomic. [syncml 3.6] */
const WINDOWS_RULES = { noGet: true, noAtomic: true } as const;

export interface PcOptions {
  readonly fetch: Fetch;
  /** Otherwise than its kind. */
  readonly change?: ProfileChange | undefined;
  readonly behaviour?: PcBehaviour;
  /** Virtual time at which the PC is switched on. */
  readonly startMs: number;
  /** Refuses files that are no packages, as Windows does. */
  readonly checksFormat?: boolean;
  /** What the server calls itself in the account that the PC has with it. */
  readonly providerId?: string | undefined;
  /** Base64 of the nonces that came with the account: of the PC's digest, and of the server's. */
  readonly nonce?: string | null;
  readonly serverNonce?: string | null;
  /** UpgradeCodes of MSI packages by ProductCode: installers' tables are not read here. */
  readonly upgradeCodes?: ReadonlyMap<string, string>;
  /** What is on it from the beginning. */
  readonly state?: Partial<PcState>;
}

/** Work that is under way under one node, and what waits for it to end. */
interface Work {
  readonly of: Started;
  readonly job: PcJob;
  dueMs: number;
  readonly behind: Started[];
}

/**
 * A Windows PC: what is installed on it, the jobs it is busy with, who is signed in, and its account
 * with a server. Everything it does by chance comes from its plan's seed; time comes in through `step`.
 */
export class SimulatedPc implements FleetDevice {
  readonly plan: PlannedDevice;
  readonly profile: Profile;
  readonly #account: Account;
  readonly #options: PcOptions;
  readonly #behaviour: PcBehaviour;
  readonly #random: Random;
  readonly #polls: Polls;
  readonly #work = new Map<string, Work>();
  readonly #info: ReadonlyMap<string, string>;
  #state: PcState;
  #isSignedIn = true;
  /** What the next first message tells. */
  #alerts: readonly PcAlert[] = [];
  /** A PC that has something to tell calls at once. */
  #callsAtMs = Number.POSITIVE_INFINITY;
  #sessions = 0;
  #nonce: string | null;
  #serverNonce: string | null;
  #isTalking = false;

  constructor(plan: PlannedDevice, account: Account, options: PcOptions) {
    this.plan = plan;
    const profile: Profile = PROFILES[plan.profile];
    this.profile = { ...profile, ...options.change };
    this.#account = account;
    this.#options = options;
    this.#behaviour = options.behaviour ?? CALM_PC;
    this.#random = new Random(plan.seed);
    this.#polls = new Polls(this.#behaviour, this.#random, options.startMs);
    this.#state = { ...EMPTY_PC, ...options.state };
    this.#nonce = options.nonce ?? null;
    this.#serverNonce = options.serverNonce ?? null;
    this.#info = pcInfo(plan, this.profile);
  }

  get state(): PcState {
    return this.#state;
  }

  get busy(): boolean {
    return this.#work.size > 0;
  }

  get dueMs(): number {
    const jobs = [...this.#work.values()].map(({ dueMs }) => dueMs);
    const callsAtMs = Math.max(this.#callsAtMs, this.#polls.lostUntilMs);
    return Math.min(this.#polls.nextMs, callsAtMs, ...jobs);
  }

  progress(product?: string): readonly Progress[] {
    const isMeant = (name: string) =>
      product === undefined || name.toLowerCase() === product.toLowerCase();
    const { msi, installations, packages } = this.#state;
    return [
      ...[...msi.values()].flatMap(({ productCode, job }) =>
        job && isMeant(productCode) ? [MSI_PROGRESS[job.status ?? "10"]] : [],
      ),
      ...[...installations.values()].flatMap(({ familyName, status }) =>
        isMeant(familyName) ? [MSIX_PROGRESS[status]] : [],
      ),
      ...[...packages.values()].flatMap(({ familyName, managed, isFramework }) =>
        managed && !isFramework && isMeant(familyName) ? (["installed"] as const) : [],
      ),
    ];
  }

  /** Does everything that is due at `nowMs`: first the jobs, each step at its own time, then a call. */
  async step(nowMs: number): Promise<{ readonly session: SessionOutcome<PcState> | undefined }> {
    await this.#advance(nowMs);
    const isPoll = this.#polls.take(nowMs);
    const { signedOutRate } = this.#behaviour;
    // Who never goes home by chance stays as it was said.
    if (isPoll && signedOutRate > 0) this.#setSignedIn(!this.#random.chance(signedOutRate));
    const calls = this.#callsAtMs <= nowMs && nowMs >= this.#polls.lostUntilMs;
    return { session: isPoll || calls ? await this.contact(nowMs) : undefined };
  }

  /** Holds a session now, whatever the schedule says; of two, the last one is told. */
  async contact(nowMs: number): Promise<SessionOutcome<PcState>> {
    if (this.#isTalking) throw new Error(`${this.plan.name} is in a session already`);
    if (this.#state.account === "gone") throw new Error(`${this.plan.name} has no account`);
    this.#isTalking = true;
    try {
      const outcome = await this.#talk(nowMs, this.#alerts);
      return outcome.end === "hung-up" ? await this.#leave(nowMs) : outcome;
    } finally {
      this.#isTalking = false;
    }
  }

  /** Its user removes the account: the server is told as well as it goes, and never asked again. */
  async unenrol(nowMs: number): Promise<SessionOutcome<PcState>> {
    return this.#leave(nowMs);
  }

  /** Who signs in gets what is meant for everybody. */
  signIn(): void {
    this.#setSignedIn(true);
  }

  signOut(): void {
    this.#setSignedIn(false);
  }

  /** Out of reach until then: no calls, but what it has begun goes on. */
  loseContactUntil(untilMs: number): void {
    this.#polls.loseContactUntil(untilMs);
  }

  /** What somebody else does on the PC. */
  change(change: (state: PcState) => PcState): void {
    this.#state = change(this.#state);
  }

  async #talk(nowMs: number, alerts: readonly PcAlert[]): Promise<SessionOutcome<PcState>> {
    const { plan, profile } = this;
    const { providerId = null, fetch } = this.#options;
    this.#sessions += 1;
    this.#callsAtMs = Number.POSITIVE_INFINITY;
    const isSignedIn = this.#isSignedIn;
    const outcome = await runSession(
      {
        tree: pcTree(
          { info: this.#info, providerId },
          { nowMs, structData: profile.structData, isSignedIn },
        ),
        state: this.#state,
        alerts: [loginStatus(isSignedIn ? "user" : "none"), ...alerts],
        atomicRules: WINDOWS_RULES,
        hangsUp: ({ account }) => account === "leaving",
      },
      {
        account: this.#account,
        plan,
        profile,
        fetch,
        sessionNumber: this.#sessions,
        nonce: this.#nonce,
        serverNonce: this.#serverNonce,
        nowMs,
      },
    );
    this.#nonce = outcome.nonce;
    this.#serverNonce = outcome.serverNonce;
    // Told once the server has taken the first message; until then it is told again.
    if (outcome.messages > 0) this.#alerts = [];
    const { started, removed } = outcome.state;
    this.#state = { ...outcome.state, started: [], removed: [] };
    for (const one of started) this.#begin(one, nowMs);
    if (removed.length > 0) this.#tell(removed.map(removedAlert), nowMs);
    return outcome;
  }

  /** A last session with a last word; then there is no account any more, whatever became of it. */
  async #leave(nowMs: number): Promise<SessionOutcome<PcState>> {
    this.#work.clear();
    this.#state = { ...this.#state, account: "here" };
    const outcome = await this.#talk(nowMs, [UNENROLMENT]);
    this.#work.clear();
    this.#alerts = [];
    this.#callsAtMs = Number.POSITIVE_INFINITY;
    this.#polls.stop();
    this.#state = withoutAccount(this.#state);
    return { ...outcome, state: this.#state };
  }

  #begin(of: Started, nowMs: number): void {
    const key = workKey(of);
    const running = this.#work.get(key);
    // A second job of one product waits for the first.
    if (running !== undefined) {
      running.behind.push(of);
      return;
    }
    const course = drawPcCourse(this.#behaviour, this.#random, of.kind);
    const job =
      of.kind === "msi"
        ? new MsiJob(of.node, of.job, course)
        : new MsixJob(of.node, of.install, course);
    const { state, dueMs = nowMs } = job.begin(this.#state, nowMs);
    this.#state = state;
    this.#work.set(key, { of, job, dueMs, behind: [] });
  }

  async #advance(nowMs: number): Promise<void> {
    for (;;) {
      const [due] = [...this.#work.values()]
        .filter(({ dueMs }) => dueMs <= nowMs)
        .sort((a, b) => a.dueMs - b.dueMs);
      if (due === undefined) return;
      const atMs = due.dueMs;
      this.#settle(due, atMs, await due.job.advance(this.#state, atMs, this.#jobContext()));
    }
  }

  #settle(work: Work, atMs: number, { state, dueMs, ended }: JobStep): void {
    this.#state = state;
    if (dueMs !== undefined) {
      work.dueMs = dueMs;
      return;
    }
    this.#work.delete(workKey(work.of));
    if (ended !== undefined) this.#tell([installedAlert(work.of, ended)], atMs);
    for (const next of work.behind) this.#begin(next, atMs);
  }

  #jobContext(): PcJobContext {
    const { fetch, checksFormat = true, upgradeCodes = new Map<string, string>() } = this.#options;
    return {
      fetch,
      random: this.#random,
      isSignedIn: this.#isSignedIn,
      osVersion: this.profile.osVersion,
      checksFormat,
      upgradeCodes,
    };
  }

  #tell(alerts: readonly PcAlert[], atMs: number): void {
    this.#alerts = [...this.#alerts, ...alerts];
    this.#callsAtMs = Math.min(this.#callsAtMs, atMs);
  }

  #setSignedIn(isSignedIn: boolean): void {
    this.#isSignedIn = isSignedIn;
    if (!isSignedIn) return;
    const packages = [...this.#state.packages].map(
      ([key, one]) => [key, one.provisioned ? { ...one, forUser: true } : one] as const,
    );
    this.#state = { ...this.#state, packages: new Map(packages) };
  }
}

function workKey({ kind, node }: Started): string {
  return `${kind} ${keyOf(node.context, "productCode" in node ? node.productCode : node.familyName)}`;
}

/** The leaves that a PC is asked for, beside those of every device. */
function pcInfo(plan: PlannedDevice, profile: Profile): ReadonlyMap<string, string> {
  return new Map([
    ...infoOf(plan, profile),
    ["DevDetail/DevTyp", plan.model],
    ["DevDetail/Ext/Microsoft/OSPlatform", profile.osPlatform],
    ["DevDetail/Ext/Microsoft/ProcessorArchitecture", "9"],
    ["DevDetail/Ext/Microsoft/ProcessorType", "8664"],
    ["DevDetail/Ext/Microsoft/DeviceName", plan.name],
    ["DevDetail/Ext/Microsoft/DNSComputerName", plan.name],
    ["DevDetail/Ext/Microsoft/TotalRAM", "8192"],
    ["DevDetail/Ext/Microsoft/SMBIOSSerialNumber", plan.stableId.slice(-12)],
    ["DevDetail/URI/MaxDepth", "0"],
    ["DevDetail/URI/MaxTotLen", "0"],
    ["DevDetail/URI/MaxSegLen", "0"],
  ]);
}

const MSI_PROGRESS = {
  "10": "queued",
  "20": "downloading",
  "25": "queued",
  "30": "download-failed",
  "40": "downloaded",
  "48": "waiting-for-user",
  "50": "installing",
  "55": "queued",
  "60": "failed",
  "70": "installed",
} as const satisfies Readonly<Record<string, Progress>>;

const MSIX_PROGRESS = {
  0: "queued",
  1: "installing",
  2: "failed",
  3: "installed",
} as const satisfies Readonly<Record<number, Progress>>;
