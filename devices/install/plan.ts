import type { Distribution } from "../model/distribution.ts";
import type { DistributionId } from "../model/ids.ts";
import type { Installation, Operation, Reason } from "../model/installation.ts";
import type { Package, Revision } from "../model/package.ts";
import { scheduleAt } from "../windows/schedule.ts";
import { bornRow } from "./birth.ts";
import { explainRow, workOf } from "./explain.ts";
import { changesStatus } from "./fold.ts";
import { ABSENT, followInventory, goneChange } from "./follow-inventory.ts";
import type {
  Plan,
  PlanInput,
  PlannedCheck,
  PlannedDecision,
  PlannedReason,
  Work,
} from "./plan-types.ts";
import { keptVersion, type Presence, presenceOf, tellingRows } from "./presence.ts";
import { installerFor } from "./providers.ts";
import { type Relevance, relevanceOf, whyItStays } from "./relevance.ts";
import { productKey, targets, whyEnded } from "./targets.ts";
import {
  CANCELLED,
  DECLINED_PAUSE_MS,
  DRIFTED,
  hasBegun,
  isDeclined,
  isInHand,
  isOfFormerLife,
  isOpen,
  isPresent,
  isUnfit,
  isWaiting,
  NOT_COMPLIANT,
  needsRepair,
  retriedChange,
  retriesByItself,
  retryAtMs,
  unfitState,
  waitingState,
} from "./waiting.ts";

/**
 * What to offer to one device now, and for everything that is not offered: why, since when, and
 * when it will be tried next. Pure: facts, policy, windows, content and time in; intentions out.
 *
 * The steps, in order:
 *   births        a row for each distribution that targets the device and is the newest of its package
 *   ends          rows of stopped or superseded distributions stop counting, unless the app is there
 *   relevance     devices that a revision is not for are Not Relevant, and come back when they are
 *   inventory     rows follow what the device says is installed
 *   again         what went is put back, what may pass is tried again; judged by the same two steps
 *   withdrawal    who asks for work and has not begun it by the window's end, may not begin it any more
 *   compliance    the granular state of an Android row says when it is held
 *   release       at the device's instant its Automatic work may start until the occurrence ends
 *   checks        at the device's instant what it has installed is evaluated anew
 *   reasons       each open row gets exactly one, and its next attempt
 */
export function plan(input: PlanInput): Plan {
  return new Planner(input).run();
}

const DONE = "the device had the work in hand, and did it";
/** OMA DM cannot call work back; who comes and asks for work is told at its next contact. [D4] */
const NO_CANCEL = "the device has the work already and cannot be asked to drop it";
const CANCEL = "the device has the work already and is asked to drop it if it still can";

const DROPPED = "the device dropped it, and it is wanted again";
const OVER = "the window ended before the device began";
const HELD = "the device is out of compliance and has not begun";

class Planner {
  readonly #input: PlanInput;
  readonly #births: Installation[] = [];
  readonly #decisions: PlannedDecision[] = [];
  readonly #reasons: PlannedReason[] = [];
  readonly #work: Work[] = [];
  readonly #inHand: Work[] = [];
  readonly #checks: PlannedCheck[] = [];
  readonly #rows = new Map<DistributionId, Installation>();
  /** Undefined after one of the rows changed. */
  #telling: readonly Installation[] | undefined;
  /** How the revision in hand was judged: the device stays what it is while it is planned. */
  #judged: { readonly revision: Revision; readonly relevance: Relevance } | undefined;

  constructor(input: PlanInput) {
    this.#input = input;
    for (const row of input.rows) this.#rows.set(row.distribution, row);
  }

  run(): Plan {
    const { device, groups, policy } = this.#input;
    const planned = new Map<string, Distribution>();
    for (const distribution of policy.distributions) {
      const revision = policy.revisions.get(distribution.revision);
      const app = policy.packages.get(distribution.package);
      // One that cannot be read whole supersedes nothing.
      if (!revision || !app || app.platform !== device.platform) continue;
      const isTargeted = targets(distribution, device, groups);
      const newer = planned.get(productKey(app));
      if (isTargeted && !newer) {
        planned.set(productKey(app), distribution);
        this.#planRow(distribution, revision, app);
      } else {
        this.#end(distribution, isTargeted ? newer : undefined);
      }
    }
    return {
      births: this.#births,
      decisions: this.#decisions,
      reasons: this.#reasons,
      work: this.#work,
      inHand: this.#inHand,
      checks: this.#checks,
    };
  }

  #planRow(distribution: Distribution, revision: Revision, app: Package): void {
    const { device, nowMs } = this.#input;
    const known = this.#rows.get(distribution.id);
    if (!known || isOfFormerLife(known, device)) {
      const isFit = this.#fits(revision, app).relevant;
      const { version: present } = this.#presence(app);
      const born = bornRow(device, distribution, revision, { present, isFit }, nowMs);
      this.#births.push(born);
      this.#set(born);
    }
    this.#return(distribution);
    this.#renewDropped(distribution);
    this.#checkRelevance(distribution, revision, app);
    this.#followInventory(distribution, revision, app);
    if (this.#startAgain(distribution, revision)) {
      this.#checkRelevance(distribution, revision, app);
      this.#followInventory(distribution, revision, app);
    }
    this.#withdraw(distribution);
    this.#followCompliance(distribution);
    this.#followWindow(distribution);
    this.#release(distribution);
    this.#check(distribution, revision, app);
    const explained = explainRow(
      this.#input,
      distribution,
      revision,
      app,
      this.#row(distribution.id),
    );
    this.#reasons.push(explained.reason);
    if (explained.work) this.#work.push(explained.work);
    if (explained.inHand) this.#inHand.push(explained.inHand);
  }

  #row(id: DistributionId): Installation {
    const row = this.#rows.get(id);
    if (!row) throw new Error(`invariant broken: no row for distribution ${id}`);
    return row;
  }

  #decide(
    id: DistributionId,
    value: string,
    text: string | null,
    change: Partial<Installation>,
  ): void {
    this.#decisions.push({ distribution: id, value, text, change });
    const row = this.#row(id);
    // As the fold will have it: what follows in this plan must say what the next plan says.
    const { nowMs } = this.#input;
    const observed = changesStatus(row, change) ? { observedAtMs: nowMs } : {};
    this.#set({ ...row, ...change, ...observed });
  }

  #set(row: Installation): void {
    this.#rows.set(row.distribution, row);
    this.#telling = undefined;
  }

  #presence(app: Package): Presence {
    this.#telling ??= tellingRows(this.#input.device, this.#rows.values());
    return presenceOf(this.#input, this.#telling, app);
  }

  /**
   * Stopped, superseded, or no longer a target: what is undone leaves the counts, the rest stays, also
   * what a device finishes later. [D3, D4]
   */
  #end(distribution: Distribution, newer: Distribution | undefined): void {
    const row = this.#rows.get(distribution.id);
    if (!row || isOfFormerLife(row, this.#input.device)) return;
    const reason: Reason = newer ? "superseded" : "stopped";
    const isUndone = isOpen(row) || row.status === "failed" || row.status === "upgrade_failed";
    if (!isUndone) {
      // The device had it in hand when it ended, and has done it since.
      if (!row.counted) this.#decide(distribution.id, "done-after-all", DONE, { counted: true });
      if (row.reason !== null) this.#explain(distribution.id, null, "", null);
      return;
    }
    if (!row.counted && row.reason === reason) return;
    const why = whyEnded(distribution, newer);
    const cancel = this.#input.device.protocol === "oma-dm" ? NO_CANCEL : CANCEL;
    const text = isInHand(row) ? `${why}; ${cancel}` : why;
    this.#decide(distribution.id, reason, text, {
      counted: false,
      releasedUntilMs: null,
      requestedAtMs: null,
    });
    this.#explain(distribution.id, reason, text, null);
  }

  /** A device that is in the target again, or whose newer distribution was stopped, counts again. */
  #return(distribution: Distribution): void {
    const row = this.#row(distribution.id);
    if (row.counted) return;
    // What the device had in hand was overtaken by newer work: its word about it will never come.
    const isOvertaken =
      row.offeredAtMs !== null &&
      isOpen(row) &&
      [...this.#rows.values()].some(
        (other) =>
          other.package === row.package && (other.offeredAtMs ?? 0) > (row.offeredAtMs ?? 0),
      );
    if (isOvertaken) this.#admitLoss(distribution, row.operation);
    this.#decide(distribution.id, "resumed", "the device is in the target again", {
      ...(isOvertaken ? this.#retried(distribution, row.operation) : {}),
      counted: true,
    });
  }

  /**
   * Whoever dropped work when it was called off never does this attempt again: what is wanted again is
   * another one. Mender's clients remember nothing of what they left.
   */
  #renewDropped(distribution: Distribution): void {
    const row = this.#row(distribution.id);
    const isDropped = row.nativeValue === CANCELLED && this.#input.device.protocol !== "mender";
    if (!isDropped || !isWaiting(row)) return;
    const anew = { attempt: row.attempt + 1, nativeValue: null, lastErrorText: null };
    this.#decide(distribution.id, "retried", DROPPED, anew);
  }

  /**
   * Not Relevant can only follow where the app is not there [STATES.md]: a device that has it, and every
   * Android device, fails instead. Either comes back by itself when the device meets the criteria.
   */
  #checkRelevance(distribution: Distribution, revision: Revision, app: Package): void {
    const { device } = this.#input;
    const row = this.#row(distribution.id);
    const { id } = distribution;
    const isRemoval = distribution.operation === "uninstall" && this.#fits(revision, app).relevant;
    const stays = isRemoval ? whyItStays(revision) : undefined;
    if (stays !== undefined) {
      this.#refuse(row, stays);
      return;
    }
    const meets = "the device meets the criteria now";
    const relevance =
      row.status === "pending_update"
        ? this.#fits(revision, app)
        : this.#relevance(distribution, revision, app);
    if (!relevance.relevant) {
      if (row.offeredAtMs !== null) return;
      if (row.status === "pending_install" && device.platform !== "Android") {
        const change = { status: "not_relevant" as const, state: relevance.state };
        this.#decide(id, "not-relevant", relevance.condition, change);
      } else if (row.status === "pending_install" || row.status === "pending_update") {
        this.#refuse(row, relevance.condition);
      }
    } else if (row.status === "not_relevant") {
      this.#decide(id, "relevant", meets, {
        status: "pending_install",
        state: waitingState(device, "pending_install", distribution.mode, "not-requested"),
      });
    } else if (isUnfit(row, device)) {
      this.#decide(id, "relevant", meets, this.#retried(distribution, row.operation));
    }
  }

  /** What can never be done on the device ends, with the reason. */
  #refuse(row: Installation, condition: string): void {
    if (!isOpen(row) || row.offeredAtMs !== null) return;
    this.#decide(row.distribution, "not-relevant", condition, {
      status: "failed",
      state: unfitState(this.#input.device),
      nativeValue: null,
      lastError: null,
      lastErrorText: condition,
    });
  }

  #fits(revision: Revision, app: Package): Relevance {
    if (this.#judged?.revision === revision) return this.#judged.relevance;
    const { device, policy } = this.#input;
    const relevance = relevanceOf(device, revision, app, policy.enterprise.platforms);
    this.#judged = { revision, relevance };
    return relevance;
  }

  #relevance(
    distribution: Distribution,
    revision: Revision,
    app: Package,
  ): { relevant: true } | { relevant: false; state: string | null; condition: string } {
    const fits = this.#fits(revision, app);
    if (!fits.relevant) return fits;
    const isUninstall = distribution.operation === "uninstall";
    const needsApp = isUninstall || distribution.updateOnly;
    if (!needsApp) return fits;
    const { toldAtMs, version } = this.#presence(app);
    if (toldAtMs === null || version !== null) return fits;
    if (isUninstall) {
      return { relevant: false, state: null, condition: "the app is not on the device" };
    }
    return {
      relevant: false,
      state: "Device Criteria",
      condition: "only devices that have the app are updated, and it is not on this one",
    };
  }

  #followInventory(distribution: Distribution, revision: Revision, app: Package): void {
    const { device } = this.#input;
    const { toldAtMs, version: present } = this.#presence(app);
    if (toldAtMs === null) return;
    const row = this.#row(distribution.id);
    const isFit = this.#fits(revision, app).relevant;
    const known = { present, isFit };
    for (const step of followInventory(device, row, distribution, revision, known)) {
      this.#decide(distribution.id, step.value, step.text, step.change);
    }
  }

  /**
   * A device that comes and asks for work is offered it again at every contact until it says that it
   * began. As long as it has not, the work keeps to its window and to the device's compliance.
   */
  #withdraw(distribution: Distribution): void {
    const { device, nowMs } = this.#input;
    const row = this.#row(distribution.id);
    if (device.protocol === "oma-dm" || !isOpen(row) || row.offeredAtMs === null) return;
    if (row.stale || hasBegun(row)) return;
    const { schedule } = distribution;
    const isOver =
      schedule === null
        ? distribution.mode === "automatic" &&
          row.releasedUntilMs !== null &&
          row.releasedUntilMs <= nowMs
        : scheduleAt(schedule, nowMs).openUntilMs === null;
    const isHeld = device.compliance === "out-of-compliance";
    if (!isOver && !isHeld) return;
    this.#decide(distribution.id, "withdrawn", isOver ? OVER : HELD, {
      offeredAtMs: null,
      ...(row.nativeValue === DRIFTED ? {} : { nativeValue: null }),
      ...(isOver ? { releasedUntilMs: null } : {}),
    });
  }

  /**
   * At the device's instant it evaluates the metrics of what it has; the answer may come until the
   * occurrence ends. [Q28]
   */
  #check(distribution: Distribution, revision: Revision, app: Package): void {
    const { device, outlook, policy, nowMs } = this.#input;
    const row = this.#row(distribution.id);
    const isWanted =
      distribution.mode === "automatic" &&
      distribution.operation === "install" &&
      row.status === "installed" &&
      row.counted &&
      device.compliance !== "out-of-compliance" &&
      (revision.agent?.metrics.length ?? 0) > 0;
    if (!isWanted) return;
    const untilMs = outlook.releaseUntilMs ?? row.releasedUntilMs;
    if (untilMs === null || untilMs <= nowMs) return;
    const installer = installerFor(device, revision, app, policy.enterprise.platforms);
    if (installer !== "agent") return;
    this.#checks.push({ work: workOf(distribution, revision, app, installer, row), untilMs });
  }

  /** An Android row that waits says whether compliance holds it; what a device said stays. */
  #followCompliance(distribution: Distribution): void {
    const { device } = this.#input;
    const row = this.#row(distribution.id);
    const isOurs = row.status === "pending_install" || row.status === "pending_update";
    if (device.platform !== "Android" || !isOurs || !isWaiting(row) || row.nativeValue !== null) {
      return;
    }
    const requested = row.requestedAtMs === null ? "not-requested" : "requested";
    const state = waitingState(device, row.status, distribution.mode, requested);
    if ((state === NOT_COMPLIANT) === (row.state === NOT_COMPLIANT)) return;
    this.#decide(distribution.id, "compliance", `the device is ${device.compliance}`, { state });
  }

  /** What was released and not sent keeps to its window, also when that changes while it runs. */
  #followWindow(distribution: Distribution): void {
    const { outlook, nowMs } = this.#input;
    const row = this.#row(distribution.id);
    const isReleased = row.releasedUntilMs !== null && row.releasedUntilMs > nowMs;
    if (!isReleased || !isWaiting(row) || row.releasedUntilMs === outlook.openUntilMs) return;
    this.#decide(distribution.id, "window-changed", "the window was changed while it was open", {
      releasedUntilMs: outlook.openUntilMs,
    });
  }

  /** The device's instant has come: its Automatic work may start until the occurrence ends. */
  #release(distribution: Distribution): void {
    const { releaseUntilMs } = this.#input.outlook;
    const row = this.#row(distribution.id);
    const isDue = distribution.mode === "automatic" && releaseUntilMs !== null;
    if (!isDue || row.releasedUntilMs === releaseUntilMs || !isWaiting(row)) return;
    this.#decide(distribution.id, "released", null, { releasedUntilMs: releaseUntilMs });
  }

  /** What went is put back and what may pass is tried again: at the instant, or after a pause. */
  #startAgain(distribution: Distribution, revision: Revision): boolean {
    const { outlook, nowMs } = this.#input;
    const row = this.#row(distribution.id);
    const { releaseUntilMs } = outlook;
    const isDue =
      distribution.mode === "automatic"
        ? releaseUntilMs !== null && row.releasedUntilMs !== releaseUntilMs
        : nowMs >= retryAtMs(row);
    if (!isDue || isWaiting(row)) return false;
    // In the session in which the user said no, the window is still to be evaluated.
    if (isDeclined(row) && nowMs - row.observedAtMs < DECLINED_PAUSE_MS) return false;
    if (needsRepair(row, distribution, revision)) {
      this.#retry(distribution, "repaired", "repair");
    } else if (retriesByItself(row, revision, distribution)) {
      this.#retry(distribution, "retried", row.operation);
    } else return false;
    return true;
  }

  #retry(distribution: Distribution, value: string, operation: Operation): void {
    const { nowMs } = this.#input;
    this.#admitLoss(distribution, operation);
    this.#decide(
      distribution.id,
      value,
      value === "repaired" ? "the app was gone" : "tried again without being asked",
      {
        ...this.#retried(distribution, operation),
        releasedUntilMs: this.#input.outlook.releaseUntilMs,
        requestedAtMs: distribution.mode === "on-demand" ? nowMs : null,
      },
    );
  }

  /** Before a retry that finds the app gone: the table leads from an update to an install only through Removed. */
  #admitLoss(distribution: Distribution, operation: Operation): void {
    const isKept = this.#retried(distribution, operation).version !== null;
    if (isKept || operation === "uninstall" || !isPresent(this.#row(distribution.id))) return;
    this.#decide(distribution.id, "inventory-absent", ABSENT, goneChange(this.#input.device));
  }

  #retried(distribution: Distribution, operation: Operation): Partial<Installation> {
    const { device, policy } = this.#input;
    const row = this.#row(distribution.id);
    const app = policy.packages.get(distribution.package);
    const kept = app ? keptVersion(this.#presence(app), row) : row.version;
    return retriedChange(device, row, distribution, operation, kept);
  }

  #explain(
    distribution: DistributionId,
    reason: Reason | null,
    detail: string,
    nextAttemptMs: number | null,
  ): void {
    this.#reasons.push({ distribution, reason, detail, nextAttemptMs });
  }
}
