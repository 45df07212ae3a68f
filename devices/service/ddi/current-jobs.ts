import { type JobTerms, termsOf } from "../../../protocols/ddi/answers.ts";
import { understandsWindows } from "../../../protocols/ddi/clients.ts";
import { workOf } from "../../install/explain.ts";
import type { Work } from "../../install/plan-types.ts";
import { installerFor } from "../../install/providers.ts";
import { isWaiting } from "../../install/waiting.ts";
import type { DeviceAttribute, DeviceJob } from "../../model/agent-device.ts";
import type { Installation } from "../../model/installation.ts";
import { type DdiInstall, filesOf } from "../../model/package.ts";
import type { Offers } from "../contact/contact.ts";
import { forDevice } from "../for-device.ts";
import type { Ledger } from "../ledger.ts";
import { autoConfirmOf, WINDOWS_ATTRIBUTE } from "./attributes.ts";
import type { DdiClient, DdiContext } from "./ddi-context.ts";
import { type JobState, stateOf } from "./job-state.ts";

/** After its user said no, a device is left alone for so long, in milliseconds. */
export const DENIED_PAUSE_MS = 60 * 60 * 1000;

/** A job as a device sees it. */
export type CurrentJob =
  | {
      readonly kind: "cancel";
      readonly row: Installation;
      readonly job: DeviceJob | undefined;
      readonly state: JobState;
    }
  | WantedJob;

export interface WantedJob {
  readonly kind: "deployment" | "confirmation";
  readonly work: Work;
  /** Undefined: it gets its number when it is stored. */
  readonly job: DeviceJob | undefined;
  readonly state: JobState;
  readonly terms: JobTerms;
  /** It may be fetched, and not begun: the plan has not released it. */
  readonly ahead: boolean;
}

interface Known {
  readonly jobs: readonly DeviceJob[];
  readonly attributes: readonly DeviceAttribute[];
}

/**
 * What the device is to be shown, the most urgent first: what it is to drop, what it has in hand, then one
 * piece of new work, and for a client that waits for windows what it may fetch ahead of one.
 */
export function currentJobs(
  context: DdiContext,
  client: DdiClient,
  offers: Offers,
  known: Known,
): readonly CurrentJob[] {
  const seen = new View(context, client, offers.ledger, known);
  const cancelled = offers.ended.map(({ row }) => seen.cancelled(row));
  const inHand = offers.inHand
    .flatMap((work) => seen.wanted(work, "now") ?? [])
    .sort((a, b) => (a.job?.id ?? 0) - (b.job?.id ?? 0));
  if (inHand.length > 0) return [...cancelled, ...inHand];
  const [next] = [...offers.newWork].sort(byAge).flatMap((work) => seen.wanted(work, "now") ?? []);
  if (next) return [...cancelled, next];
  return [...cancelled, ...seen.ahead()];
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

  cancelled(row: Installation): CurrentJob {
    const job = this.#jobOf(row);
    return { kind: "cancel", row, job, state: stateOf(job) };
  }

  /** Undefined where this client may not be shown it, or is through with it. */
  wanted(work: Work, when: "now" | "ahead"): WantedJob | undefined {
    const install = installOf(work);
    if (install === null || work.operation === "uninstall") return undefined;
    const job = this.#jobOf({ distribution: work.distribution.id, attempt: work.attempt });
    const known = stateOf(job);
    // It dropped it when it was told to, and is to have it after all.
    const isWantedAgain = known.ended?.outcome === "canceled" && !this.#isInHand(work);
    const state = isWantedAgain ? { ...known, ended: null } : known;
    if (state.ended !== null) return undefined;

    const window = when === "ahead" ? "unavailable" : this.#window(work);
    const terms = termsOf(install.handling, window);
    const isClosed = window === "unavailable";
    if (isClosed && (!this.#waits || state.skipped)) return undefined;
    const isAsked = this.#isAsked(work, state);
    if (isAsked && this.#nowMs - (state.deniedAtMs ?? Number.NEGATIVE_INFINITY) < DENIED_PAUSE_MS) {
      return undefined;
    }
    const kind = isAsked ? "confirmation" : "deployment";
    return { kind, work, job, state, terms, ahead: when === "ahead" };
  }

  /** What only its window holds back, and is all here: a client that waits may fetch it now. */
  ahead(): readonly WantedJob[] {
    if (!this.#waits) return [];
    const { site } = this.#context;
    const policy = forDevice(site, this.#ledger).policy.read();
    return this.#ledger.rows.flatMap((row) => {
      const isHeld = row.reason === "window" || row.reason === "instant";
      if (!row.counted || !isHeld || !isWaiting(row)) return [];
      const distribution = policy.distributionsById.get(row.distribution);
      const revision = policy.revisions.get(row.revision);
      const app = policy.packages.get(row.package);
      if (!distribution || !revision?.ddi || !app) return [];
      if (revision.ddi.handling === "download-only") return [];
      if (!filesOf(revision).every(({ sha256 }) => site.content.has(sha256))) return [];
      const installer = installerFor(
        this.#ledger.device,
        revision,
        app,
        policy.enterprise.platforms,
      );
      if (installer !== "ddi") return [];
      return this.wanted(workOf(distribution, revision, app, installer, row), "ahead") ?? [];
    });
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

  #isInHand({ distribution }: Work): boolean {
    return this.#ledger.row(distribution.id)?.offeredAtMs !== null;
  }

  /** Null: the work keeps to no window. */
  #window({ distribution }: Work): JobTerms["window"] {
    if (distribution.mode !== "automatic") return null;
    const releasedUntilMs = this.#ledger.row(distribution.id)?.releasedUntilMs ?? 0;
    const nowMs = this.#nowMs;
    const isOpen =
      nowMs < releasedUntilMs ||
      // What was begun in a window that is over goes on in the next, without waiting for its instant.
      this.#ledger.instants.some(({ startMs, endMs }) => startMs <= nowMs && nowMs < endMs);
    return isOpen ? "available" : "unavailable";
  }

  #isAsked({ distribution }: Work, { confirmed }: JobState): boolean {
    if (distribution.question === null || confirmed) return false;
    return autoConfirmOf(this.#known.attributes) === null;
  }
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
