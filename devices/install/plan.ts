import type { Distribution } from "../model/distribution.ts";
import type { DistributionId, PackageId } from "../model/ids.ts";
import type { Installation, Operation, Reason } from "../model/installation.ts";
import type { Package, Revision } from "../model/package.ts";
import { compareVersions } from "../model/version.ts";
import { bornRow } from "./birth.ts";
import { explainRow } from "./explain.ts";
import type { Plan, PlanInput, PlannedDecision, PlannedReason, Work } from "./plan-types.ts";
import { relevanceOf } from "./relevance.ts";
import { targets } from "./targets.ts";
import {
  goneState,
  installedState,
  isOpen,
  isPresent,
  isWaiting,
  needsChange,
  needsRepair,
  retriedChange,
  retriesByItself,
  retryAtMs,
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
 *   release       at the device's instant its Automatic work may start until the occurrence ends
 *   reasons       each open row gets exactly one, and its next attempt
 */
export function plan(input: PlanInput): Plan {
  return new Planner(input).run();
}

class Planner {
  readonly #input: PlanInput;
  readonly #births: Installation[] = [];
  readonly #decisions: PlannedDecision[] = [];
  readonly #reasons: PlannedReason[] = [];
  readonly #work: Work[] = [];
  readonly #rows: Map<DistributionId, Installation>;

  constructor(input: PlanInput) {
    this.#input = input;
    this.#rows = new Map(input.rows.map((row) => [row.distribution, row]));
  }

  run(): Plan {
    const { device, groups, policy } = this.#input;
    const planned = new Map<PackageId, Distribution>();
    for (const distribution of policy.distributions) {
      const isTargeted = targets(distribution, device, groups);
      const newer = planned.get(distribution.package);
      if (isTargeted && !newer) planned.set(distribution.package, distribution);
      this.#planRow(distribution, isTargeted, newer);
    }
    return {
      births: this.#births,
      decisions: this.#decisions,
      reasons: this.#reasons,
      work: this.#work,
    };
  }

  #planRow(distribution: Distribution, isTargeted: boolean, newer: Distribution | undefined): void {
    const known = this.#rows.get(distribution.id);
    const revision = this.#input.policy.revisions.get(distribution.revision);
    const app = this.#input.policy.packages.get(distribution.package);
    if (!revision || !app || app.platform !== this.#input.device.platform) return;
    if (!known) {
      if (!isTargeted || newer) return;
      const born = bornRow(
        this.#input.device,
        distribution,
        revision,
        this.#presentVersion(app, distribution.id),
        this.#input.nowMs,
      );
      this.#births.push(born);
      this.#rows.set(distribution.id, born);
    }
    if (!isTargeted || newer) {
      this.#end(distribution, isTargeted ? newer : undefined);
      return;
    }
    this.#return(distribution);
    this.#checkRelevance(distribution, revision, app);
    this.#followInventory(distribution, revision, app);
    this.#release(distribution);
    const explained = explainRow(
      this.#input,
      distribution,
      revision,
      app,
      this.#row(distribution.id),
    );
    this.#reasons.push(explained.reason);
    if (explained.work) this.#work.push(explained.work);
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
    this.#rows.set(id, { ...this.#row(id), ...change });
  }

  /**
   * The version on the device: by its inventory, or by what it reported since; where no inventory is
   * told, by the newest row that says the app is there.
   */
  #presentVersion(app: Package, except: DistributionId): string | null {
    const { device, inventory } = this.#input;
    const inventoryAtMs = app.productId === null ? null : device.inventoryAtMs;
    for (const distribution of this.#input.policy.distributions) {
      if (distribution.package !== app.id || distribution.id === except) continue;
      const row = this.#rows.get(distribution.id);
      if (!row || !isPresent(row)) continue;
      if (inventoryAtMs === null || row.observedAtMs > inventoryAtMs) return row.version;
    }
    if (inventoryAtMs === null) return null;
    const item = inventory.find((one) => one.productId === app.productId);
    return item ? (item.version ?? "0") : null;
  }

  /** Stopped, superseded, or no longer a target: open rows leave the counts, the rest stays. [D3, D4] */
  #end(distribution: Distribution, newer: Distribution | undefined): void {
    const row = this.#row(distribution.id);
    const reason: Reason = newer ? "superseded" : "stopped";
    const leaves = isOpen(row) || row.status === "failed" || row.status === "upgrade_failed";
    if (!leaves || (!row.counted && row.reason === reason)) {
      if (row.reason !== null && !leaves) this.#explain(distribution.id, null, "", null);
      return;
    }
    const text = newer
      ? `superseded by distribution ${newer.id}`
      : distribution.stoppedAtMs !== null
        ? "the distribution was stopped"
        : "the device is no longer in the target";
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
    this.#decide(distribution.id, "resumed", "the device is in the target again", {
      counted: true,
    });
  }

  #checkRelevance(distribution: Distribution, revision: Revision, app: Package): void {
    const { device } = this.#input;
    const row = this.#row(distribution.id);
    const relevance = this.#relevance(distribution, revision, app);
    const isIdle = row.offeredAtMs === null;
    if (!relevance.relevant && row.status === "pending_install" && isIdle) {
      const change =
        device.platform === "Android"
          ? { status: "failed" as const, state: "App is not compatible with this device" }
          : { status: "not_relevant" as const, state: relevance.state };
      this.#decide(distribution.id, "not-relevant", relevance.condition, change);
    } else if (relevance.relevant && row.status === "not_relevant") {
      this.#decide(distribution.id, "relevant", "the device meets the criteria now", {
        status: "pending_install",
        state: waitingState(device, "pending_install", distribution.mode, "not-requested"),
      });
    }
  }

  #relevance(
    distribution: Distribution,
    revision: Revision,
    app: Package,
  ): { relevant: true } | { relevant: false; state: string | null; condition: string } {
    const { device } = this.#input;
    const fits = relevanceOf(device, revision, this.#input.policy.enterprise.platforms);
    if (!fits.relevant) return fits;
    const knowsInventory = device.inventoryAtMs !== null && app.productId !== null;
    if (!knowsInventory || this.#presentVersion(app, distribution.id) !== null) return fits;
    if (distribution.operation === "uninstall") {
      return { relevant: false, state: null, condition: "the app is not on the device" };
    }
    return distribution.updateOnly
      ? {
          relevant: false,
          state: "Device Criteria",
          condition: "only devices that have the app are updated, and it is not on this one",
        }
      : fits;
  }

  /** Rows that wait follow what the device says is installed; work in progress is left alone. */
  #followInventory(distribution: Distribution, revision: Revision, app: Package): void {
    const { device, nowMs } = this.#input;
    const row = this.#row(distribution.id);
    if (device.inventoryAtMs === null || app.productId === null) return;
    const present = this.#presentVersion(app, distribution.id);
    const id = distribution.id;

    if (present === null) {
      if (row.status === "pending_update" && row.offeredAtMs === null) {
        this.#decide(id, "inventory-absent", "the app is no longer on the device", {
          status: "removed_after_installation",
          state: goneState(device),
          version: null,
          actor: "user",
        });
      }
      return;
    }
    if (distribution.operation === "uninstall") {
      if (row.status === "pending_install") {
        this.#decide(id, "inventory-present", `version ${present} is on the device`, {
          status: "installed",
          state: installedState(device),
          version: present,
        });
      }
      return;
    }
    const isBehind =
      row.status === "installed" &&
      row.version !== null &&
      needsChange(row.version, revision, distribution);
    if (isBehind) {
      this.#decide(id, "update-needed", `version ${row.version} is on the device`, {
        status: "pending_update",
        state: waitingState(device, "pending_update", distribution.mode, "not-requested"),
        operation: "update",
        attempt: row.attempt + 1,
        offeredAtMs: null,
        nativeValue: null,
      });
      return;
    }
    const waits =
      (row.status === "pending_install" || row.status === "pending_update") &&
      row.offeredAtMs === null;
    if (!waits) return;
    if (!needsChange(present, revision, distribution)) {
      const isHigher = compareVersions(present, revision.version) > 0;
      this.#decide(id, "inventory-present", `version ${present} is on the device already`, {
        status: "installed",
        state:
          isHigher && device.platform === "Android"
            ? "Higher version of app is installed"
            : installedState(device),
        version: present,
        releasedUntilMs: null,
        requestedAtMs: null,
      });
    } else if (row.status === "pending_install") {
      // Presence is never skipped: the table leads to Pending Update only through Installed.
      this.#decide(id, "inventory-present", `version ${present} is on the device`, {
        status: "installed",
        state: installedState(device),
        version: present,
      });
      this.#decide(id, "update-needed", `version ${revision.version} is wanted`, {
        status: "pending_update",
        state: waitingState(device, "pending_update", distribution.mode, "not-requested"),
        operation: "update",
        observedAtMs: nowMs,
      });
    }
  }

  /** The device's instant has come: its Automatic work may start until the occurrence ends. */
  #release(distribution: Distribution): void {
    const { releaseUntilMs } = this.#input.outlook;
    const row = this.#row(distribution.id);
    const id = distribution.id;
    if (distribution.mode === "automatic") {
      if (releaseUntilMs === null || row.releasedUntilMs === releaseUntilMs) return;
      if (isWaiting(row)) {
        this.#decide(id, "released", null, { releasedUntilMs: releaseUntilMs });
      } else if (needsRepair(row)) {
        this.#retry(distribution, "repaired", "repair", releaseUntilMs);
      } else if (retriesByItself(row)) {
        this.#retry(distribution, "retried", row.operation, releaseUntilMs);
      }
    } else if (retriesByItself(row) && this.#input.nowMs >= retryAtMs(row)) {
      this.#retry(distribution, "retried", row.operation, null);
    }
  }

  #retry(
    distribution: Distribution,
    value: string,
    operation: Operation,
    releasedUntilMs: number | null,
  ): void {
    const { device, nowMs } = this.#input;
    const row = this.#row(distribution.id);
    this.#decide(
      distribution.id,
      value,
      value === "repaired" ? "the app was gone" : "tried again without being asked",
      {
        ...retriedChange(device, row, distribution, operation),
        releasedUntilMs,
        requestedAtMs: distribution.mode === "on-demand" ? nowMs : null,
      },
    );
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
