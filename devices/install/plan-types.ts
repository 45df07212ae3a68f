import type { Device } from "../model/device.ts";
import type { Distribution } from "../model/distribution.ts";
import type { DistributionId, GroupName, Sha256 } from "../model/ids.ts";
import type { Installation, Operation, Reason } from "../model/installation.ts";
import type { InventoryItem, InventoryRead } from "../model/inventory.ts";
import type { Installer, Package, Revision } from "../model/package.ts";
import type { Policy } from "../model/policy.ts";

export interface PlanInput {
  readonly device: Device;
  readonly rows: readonly Installation[];
  readonly inventory: readonly InventoryItem[];
  readonly inventoryReads: readonly InventoryRead[];
  readonly policy: Policy;
  readonly groups: readonly GroupName[];
  readonly outlook: WindowOutlook;
  readonly content: {
    has(sha256: Sha256): boolean;
    describeMissing(sha256: Sha256): string;
    describeSource(revision: Revision): string;
  };
  readonly nowMs: number;
}

/** What the windows say about one device at one moment. */
export interface WindowOutlook {
  /** At least one enabled window applies to the device. */
  readonly hasWindows: boolean;
  /** The end of the running occurrence: no work starts after it; null when none runs. */
  readonly openUntilMs: number | null;
  /** The end of the occurrence whose instant is due at this contact; null: do not release anything. */
  readonly releaseUntilMs: number | null;
  /** The device's own instant still to come in the running occurrence. */
  readonly instantMs: number | null;
  /** The next instant, or the next occurrence's start while no instant is drawn; null: none is near. */
  readonly nextMs: number | null;
}

/** An intention about a row; `foldDecision` carries it out. */
export interface PlannedDecision {
  readonly distribution: DistributionId;
  readonly value: string;
  readonly text: string | null;
  readonly change: Partial<Installation>;
}

export interface PlannedReason {
  readonly distribution: DistributionId;
  readonly reason: Reason | null;
  readonly detail: string;
  readonly nextAttemptMs: number | null;
}

/** Something for a device to carry out. */
export interface Work {
  readonly distribution: Distribution;
  readonly revision: Revision;
  readonly package: Package;
  /** By which it gets onto the device. */
  readonly installer: Installer;
  readonly operation: Operation;
  readonly attempt: number;
}

/** A health check, which may be asked for until the occurrence ends. */
export interface PlannedCheck {
  readonly work: Work;
  readonly untilMs: number;
}

export interface Plan {
  readonly births: readonly Installation[];
  /** In order; several may concern one row. */
  readonly decisions: readonly PlannedDecision[];
  readonly reasons: readonly PlannedReason[];
  /** May be sent to the device now. */
  readonly work: readonly Work[];
  /** Was offered, and the device has not said how it ended. */
  readonly inHand: readonly Work[];
  /** Installed rows whose metrics the device is to evaluate again at this instant. [Q28] */
  readonly checks: readonly PlannedCheck[];
}
