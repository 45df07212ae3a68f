import { type JobTerms, termsOf } from "../../../protocols/ddi/answers.ts";
import { understandsWindows } from "../../../protocols/ddi/clients.ts";
import { workOf } from "../../install/explain.ts";
import type { Work } from "../../install/plan-types.ts";
import { installerFor } from "../../install/providers.ts";
import {
  CANCEL_REFUSED,
  hasBegun,
  isInHand,
  isOfFormerLife,
  isOpen,
  isWaiting,
} from "../../install/waiting.ts";
import type { DeviceAttribute, DeviceJob } from "../../model/agent-device.ts";
import type { Distribution } from "../../model/distribution.ts";
import type { Installation } from "../../model/installation.ts";
import { type DdiInstall, filesOf } from "../../model/package.ts";
import { scheduleAt } from "../../windows/schedule.ts";
import type { Offers } from "../contact/contact.ts";
import { forDevice } from "../for-device.ts";
import type { Ledger } from "../ledger.ts";
import { autoConfirmOf, WINDOWS_ATTRIBUTE } from "./attributes.ts";
import type { DdiClient, DdiContext } from "./ddi-context.ts";
import { type JobState, stateOf } from "./job-state.ts";

/** After its user said no, a device is left alone for so long, in milliseconds. */
export const DENIED_PAUSE_MS = 60 * 60 * 1000;

/** A job as a device sees it. */
export type CurrentJob = CancelledJob | WantedJob;

interface CancelledJob {
  readonly kind: "cancel";
  readonly row: Installation;
  readonly job: DeviceJob | undefined;
  readonly state: JobState;
}

export interface WantedJob {
  readonly kind: "deployment" | "confirmation";
  readonly work: Work;
  /** Undefined: it gets its number when it is stored. */
  readonly job: DeviceJob | undefined;
  readonly state: JobState;
  readonly terms: JobTerms;
  /** The plan has released it. Else it may be fetched and not begun, or its end is awaited. */
  readonly released: boolean;
}

interface Known {
  readonly jobs: readonly DeviceJob[];
  readonly attributes: readonly DeviceAttribute[];
}

/**
 * What the device is to be shown, the most urgent first: what it has installed and will tell the end of
 * behind its restart; what it is to drop; what it has in hand, then one piece of new work, and for a
 * client that waits for windows what it may fetch ahead of one.
 *
 * What waits for a restart comes before all else, because swupdate takes the job that it is shown after
 * it for the one that it has installed. Where it is wanted no more it is dropped only for other work:
 * swupdate says that it drops what it has installed, and runs it.
 */
export function currentJobs(
  context: DdiContext,
  client: DdiClient,
  offers: Offers,
  known: Known,
): readonly CurrentJob[] {
  const seen = new View(context, client, offers.ledger, known);
  const wanted = seen.allWanted(offers);
  const ended = seen
    .ended(offers)
    .map((row) => (wanted.length === 0 ? seen.awaited(row) : undefined) ?? seen.cancelled(row));
  return [...ended, ...wanted].sort((a, b) => seen.place(a) - seen.place(b));
}

class View {
  readonly #context: DdiContext;
  readonly #ledger: Ledger;
  readonly #known: Known;
  readonly #waits: boolean;

  constructor(context: DdiContext, client: DdiClient, ledger: Ledger, known: Known) {
    this.#context = context;
    this.#ledger = ledger;
    this.#known = known;
    const said = known.attributes.find(({ name }) => name === WINDOWS_ATTRIBUTE)?.value;
    this.#waits = understandsWindows(client.userAgent, said, context.settings().windowClients);
  }

  allWanted(offers: Offers): readonly WantedJob[] {
    const inHand = offers.inHand
      .flatMap((work) => this.#wanted(work, "now") ?? [])
      .sort((a, b) => (a.job?.id ?? 0) - (b.job?.id ?? 0));
    if (inHand.length > 0) return inHand;
    const newWork = [...offers.newWork].sort(byAge);
    const [next] = newWork.flatMap((work) => this.#wanted(work, "now") ?? []);
    return next ? [next] : this.#ahead();
  }

  /** An order to drop something ends whatever a client has begun, so another job is not in its way. */
  place(one: CurrentJob): number {
    const isCancel = one.kind === "cancel";
    if (!isCancel && one.state.awaitsRestart) return 0;
    const row = isCancel ? one.row : this.#ledger.row(one.work.distribution.id);
    const begun = row !== undefined && hasBegun(row);
    return begun ? (isCancel ? 1 : 2) : isCancel ? 3 : 4;
  }

  /** What it was told of and is not to do any more, also where it was only to fetch it. */
  ended({ ended, ledger }: Offers): readonly Installation[] {
    // Of what it has said the end of there is nothing to drop.
    const inHand = ended.flatMap(({ row }) => {
      const state = stateOf(this.#jobOf(row));
      return state.ended === null && !state.cancelRefused ? [row] : [];
    });
    const fetched = ledger.rows.filter(
      (row) =>
        !inHand.includes(row) &&
        isCalledOff(row, this.#jobOf(row)) &&
        !isOfFormerLife(row, ledger.device),
    );
    return [...inHand, ...fetched];
  }

  cancelled(row: Installation): CancelledJob {
    const job = this.#jobOf(row);
    return { kind: "cancel", row, job, state: stateOf(job) };
  }

  /** Undefined unless it has installed what is not wanted any more, and its end may be told yet. */
  awaited(row: Installation): WantedJob | undefined {
    const job = this.#jobOf(row);
    const state = stateOf(job);
    const work = this.#workOf(row);
    if (!work?.revision.ddi || !state.awaitsRestart || state.ended !== null) return undefined;
    // Whoever has lost what it installed is not to do it again.
    const terms = termsOf(work.revision.ddi.handling, "unavailable");
    return { kind: "deployment", work, job, state, terms, released: false };
  }

  /** Undefined where this client may not be shown it, or is through with it. */
  #wanted(work: Work, when: "now" | "ahead"): WantedJob | undefined {
    const install = installOf(work);
    if (install === null || work.operation === "uninstall") return undefined;
    const job = this.#jobOf({ distribution: work.distribution.id, attempt: work.attempt });
    const state = stateOf(job);
    if (state.ended !== null) return undefined;

    const window =
      when === "ahead" ? "unavailable" : windowOf(this.#ledger, work.distribution, this.#nowMs);
    const terms = termsOf(install.handling, window);
    const isClosed = window === "unavailable";
    if (isClosed && !state.awaitsRestart && (!this.#waits || state.skipped)) return undefined;
    const isAsked = this.#isAsked(work, state);
    if (isAsked && this.#nowMs - (state.deniedAtMs ?? Number.NEGATIVE_INFINITY) < DENIED_PAUSE_MS) {
      return undefined;
    }
    const kind = isAsked ? "confirmation" : "deployment";
    return { kind, work, job, state, terms, released: when === "now" };
  }

  /** What only its window holds back, and is all here: a client that waits may fetch it now. */
  #ahead(): readonly WantedJob[] {
    if (!this.#waits) return [];
    const { content } = this.#context.site;
    return this.#ledger.rows.flatMap((row) => {
      const isHeld = row.reason === "window" || row.reason === "instant";
      if (!row.counted || !isHeld || !isWaiting(row)) return [];
      const work = this.#workOf(row);
      if (!work?.revision.ddi || work.revision.ddi.handling === "download-only") return [];
      if (!filesOf(work.revision).every(({ sha256 }) => content.has(sha256))) return [];
      return this.#wanted(work, "ahead") ?? [];
    });
  }

  /** What a row stands for, where it is something for this device's client. */
  #workOf(row: Installation): Work | undefined {
    const policy = forDevice(this.#context.site, this.#ledger).policy.read();
    const distribution = policy.distributionsById.get(row.distribution);
    const revision = policy.revisions.get(row.revision);
    const app = policy.packages.get(row.package);
    if (!distribution || !revision || !app) return undefined;
    const { device } = this.#ledger;
    const installer = installerFor(device, revision, app, policy.enterprise.platforms);
    return installer === "ddi" ? workOf(distribution, revision, app, installer, row) : undefined;
  }

  get #nowMs(): number {
    return this.#context.site.now();
  }

  #jobOf({ distribution, attempt }: Pick<DeviceJob, "distribution" | "attempt">) {
    return this.#known.jobs.find(
      (job) =>
        job.protocol === "ddi" && job.distribution === distribution && job.attempt === attempt,
    );
  }

  #isAsked({ distribution }: Work, { confirmed }: JobState): boolean {
    if (distribution.question === null || confirmed) return false;
    return autoConfirmOf(this.#known.attributes) === null;
  }
}

/** Is the device to drop what it was told of? Not where it said that it cannot, or is through with it. */
export function isCalledOff(row: Installation, job: DeviceJob | undefined): boolean {
  if (row.counted || (row.reason !== "stopped" && row.reason !== "superseded")) return false;
  if (!isOpen(row) || row.nativeValue === CANCEL_REFUSED) return false;
  const { told, cancelling, cancelRefused, ended } = stateOf(job);
  if (ended !== null || cancelRefused) return false;
  return isInHand(row) || told !== null || cancelling;
}

/** Null: the work keeps to no window. */
export function windowOf(
  ledger: Ledger,
  { id, mode, schedule }: Pick<Distribution, "id" | "mode" | "schedule">,
  nowMs: number,
): JobTerms["window"] {
  if (schedule !== null) {
    return scheduleAt(schedule, nowMs).openUntilMs === null ? "unavailable" : "available";
  }
  if (mode !== "automatic") return null;
  const isOpen =
    nowMs < (ledger.row(id)?.releasedUntilMs ?? 0) ||
    // What was begun in a window that is over goes on in the next, without waiting for its instant.
    ledger.instants.some(({ startMs, endMs }) => startMs <= nowMs && nowMs < endMs);
  return isOpen ? "available" : "unavailable";
}

function installOf({ revision }: Work): DdiInstall | null {
  return revision.ddi;
}

function byAge(a: Work, b: Work): number {
  return a.distribution.hlc < b.distribution.hlc
    ? -1
    : a.distribution.hlc > b.distribution.hlc
      ? 1
      : 0;
}
