import type { Platform } from "./device.ts";
import type { Hlc } from "./hlc.ts";
import type { DeviceId, DistributionId, PackageId, RevisionId, SiteId } from "./ids.ts";

/** The nine canonical codes over the labels of all platforms. [Q03] */
export const STATUSES = [
  "pending_install",
  "not_relevant",
  "installing",
  "installed",
  "removed_after_installation",
  "pending_update",
  "updating",
  "failed",
  "upgrade_failed",
] as const;
export type Status = (typeof STATUSES)[number];

export const BUCKETS = ["received", "pending", "failed", "not_applicable", "removed"] as const;
export type Bucket = (typeof BUCKETS)[number];

export const OPERATIONS = ["install", "update", "repair", "uninstall"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** Why a row that is not finished gets no work now. A closed list. [D7] */
export const REASONS = [
  "window",
  "no-window",
  "instant",
  "content",
  "compliance",
  "enrolment",
  "contact",
  "user",
  "retry-backoff",
  "available-on-demand",
  "superseded",
  "stopped",
] as const;
export type Reason = (typeof REASONS)[number];

export const ACTORS = ["user", "mdm", "compliance"] as const;
export type Actor = (typeof ACTORS)[number];

/**
 * The position of a report in the total order that merging uses: compared field by field in this
 * order. Incarnation is the hub's, attempt and sequence are the device's, hlc only breaks ties.
 */
export interface OrderTuple {
  readonly incarnation: number;
  readonly attempt: number;
  readonly sequence: number;
  readonly hlc: Hlc;
}

/** Negative when `a` is before `b`, zero when equal; the site id is the last tie-breaker. */
export function compareOrder(
  a: OrderTuple & { readonly site: SiteId },
  b: OrderTuple & { readonly site: SiteId },
): number {
  return (
    a.incarnation - b.incarnation ||
    a.attempt - b.attempt ||
    a.sequence - b.sequence ||
    compareText(a.hlc, b.hlc) ||
    compareText(a.site, b.site)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The current state of one (distribution, device) as one site knows it: a fold over facts, which
 * can always be rebuilt from them. The same shape is the site's row and the hub's report row.
 */
export interface Installation extends OrderTuple {
  readonly site: SiteId;
  readonly distribution: DistributionId;
  readonly device: DeviceId;
  readonly package: PackageId;
  readonly revision: RevisionId;
  readonly platform: Platform;
  readonly status: Status;
  /** The granular state's name, byte for byte; null when only the status is known. [Q08] */
  readonly state: string | null;
  readonly operation: Operation;
  /** The version the distribution wants on the device. */
  readonly targetVersion: string;
  /** The version known to be on the device; null when none is. */
  readonly version: string | null;
  /** When the device was in this state, as observed. Milliseconds since the epoch. */
  readonly observedAtMs: number;
  /** Since when (status, state, reason) is what it is. Never null. [D7] */
  readonly sinceMs: number;
  readonly reason: Reason | null;
  /** A plain sentence with the particulars of the reason; empty when there is nothing to add. */
  readonly reasonDetail: string;
  readonly nextAttemptMs: number | null;
  /** Where the native value came from, such as `windows-csp`; null before any report. */
  readonly source: string | null;
  /** The device's own word for its state, such as `6` of Download/Status. */
  readonly nativeValue: string | null;
  /** HRESULT as the signed 32-bit integer of the wire; null when none, never 0. */
  readonly lastError: number | null;
  readonly lastErrorText: string | null;
  /** The last move was not in the transition table; shown, never refused. [D1] */
  readonly anomaly: boolean;
  /** The device's status was lost and the row says what was last known. */
  readonly stale: boolean;
  readonly managed: boolean | null;
  readonly actor: Actor | null;
  /** An on-demand row that was asked for, and when. */
  readonly requestedAtMs: number | null;
  /** Evaluated in an occurrence: its work may start until this time (the occurrence's end). */
  readonly releasedUntilMs: number | null;
  /** When the work was last sent to the device in the current attempt; null when it was not. */
  readonly offeredAtMs: number | null;
  /** Occurrences that have passed without progress; two or more want attention. [D7] */
  readonly missedOccurrences: number;
  /** Does this row count for its distribution? False when stopped or superseded before it ended. [D3, D4] */
  readonly counted: boolean;
  /** The device's newest counted distribution of this package: per-app reports take only these. [D4] */
  readonly current: boolean;
  /** Of several sites' rows for one (distribution, device): this one wins by the order tuple. */
  readonly winner: boolean;
}
