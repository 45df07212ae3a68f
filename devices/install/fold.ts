import type { Device } from "../model/device.ts";
import type { FactSource, NewFact } from "../model/fact.ts";
import type { Hlc } from "../model/hlc.ts";
import type { Actor, Installation, Operation, Status } from "../model/installation.ts";
import { compareVersions } from "../model/version.ts";
import type { Interpretation } from "./mappings/interpretation.ts";
import { isLegal } from "./transition.ts";

/** What a device said about one installation, already read out of its protocol. */
export interface Report {
  readonly source: FactSource;
  readonly protocol: string;
  /** The device's own word, kept for ever. */
  readonly value: string;
  readonly meaning: Interpretation | "no-change";
  readonly lastError: number | null;
  readonly text: string | null;
  /** The version on the device, when the report says it. */
  readonly version: string | null;
  /** When the device was in this state, as far as it is known. */
  readonly atMs: number;
  /** Given by devices that count for themselves; the site counts on for the others. [D11] */
  readonly attempt: number | null;
  readonly sequence: number | null;
  readonly by: string;
  /** It is known to be of before what the row says, by the clock of whoever forwards it. */
  readonly isBehind?: boolean;
}

/** A move of a row that the site or an administrator decided. */
export interface Decision {
  /** A constant word: `born`, `offered`, `retried`, `released`, `superseded`, … */
  readonly value: string;
  readonly by: string;
  readonly atMs: number;
  readonly text: string | null;
  /** What the decision changes; the order tuple and bookkeeping are added here. */
  readonly change: Partial<Installation>;
  readonly protocol: string;
}

export interface Folded {
  readonly device: Device;
  readonly row: Installation;
  readonly fact: NewFact;
}

/** Statuses after which nothing more is expected of the attempt. */
const ENDED: ReadonlySet<Status> = new Set([
  "installed",
  "removed_after_installation",
  "failed",
  "upgrade_failed",
  "not_relevant",
]);

/**
 * Folds a device's report into its row. Never refuses: a report that comes late goes to history
 * only, one that repeats what is known changes nothing, one that the transition table does not
 * expect moves the row all the same and marks it. [D1]
 */
export function foldReport(device: Device, row: Installation, report: Report, hlc: Hlc): Folded {
  const attempt = report.attempt ?? row.attempt;
  const isLate =
    report.isBehind === true ||
    ((report.attempt !== null || report.sequence !== null) &&
      comparePosition(device.incarnation, attempt, report.sequence ?? Infinity, row) < 0);
  if (isLate) return { device, row, fact: reportFact(device, row, report, hlc, "late") };

  const isSame =
    report.sequence !== null &&
    device.incarnation === row.incarnation &&
    attempt === row.attempt &&
    report.sequence === row.sequence &&
    // A decision of ours may have taken the number that the device gives its next report.
    report.source === row.source &&
    report.value === row.nativeValue;
  if (isSame) return { device, row, fact: reportFact(device, row, report, hlc, "repeated") };

  const native = {
    source: report.source,
    nativeValue: report.value,
    lastError: report.lastError === 0 ? null : report.lastError,
    lastErrorText: report.text,
  };
  const { meaning } = report;
  if (meaning === "no-change") {
    return {
      device,
      row: { ...row, ...native },
      fact: reportFact(device, row, report, hlc, "none"),
    };
  }

  const version = versionAfter(row, meaning.status, report);
  const isSameState = meaning.status === row.status && meaning.state === row.state;
  const repeats =
    isSameState &&
    attempt === row.attempt &&
    version === row.version &&
    !row.stale &&
    report.sequence === null;
  if (repeats) {
    return {
      device,
      row: { ...row, ...native },
      fact: reportFact(device, row, report, hlc, "repeated"),
    };
  }

  const sequence = Math.max(report.sequence ?? device.sequence + 1, 1);
  const moved: Installation = {
    ...row,
    ...native,
    status: meaning.status,
    state: meaning.state,
    operation: operationAfter(row.operation, meaning.status),
    version,
    incarnation: device.incarnation,
    attempt,
    sequence,
    hlc,
    observedAtMs: report.atMs,
    sinceMs: isSameState ? row.sinceMs : report.atMs,
    managed: meaning.managed ?? row.managed,
    actor: meaning.actor ?? null,
    anomaly: !isLegal(row.platform, row.status, meaning.status),
    stale: false,
    missedOccurrences: 0,
    ...(ENDED.has(meaning.status) ? { releasedUntilMs: null, requestedAtMs: null } : {}),
  };
  return {
    device: { ...device, sequence: Math.max(device.sequence, sequence) },
    row: moved,
    fact: reportFact(device, moved, report, hlc, "moved"),
  };
}

/**
 * A device's word beside the row: how one step went. It is history and moves nothing: neither the row's status,
 * of which the fact says none, nor its native words. [sync/PROTOCOL.md 5.4]
 */
export function foldRemark(
  device: Device,
  row: Installation,
  report: Omit<Report, "meaning">,
  hlc: Hlc,
): NewFact {
  const said = reportFact(device, row, { ...report, meaning: "no-change" }, hlc, "none");
  return { ...said, status: null, state: null };
}

/**
 * Folds a decision of ours into the row, and a fact that says so. Only a change of status or state is
 * a transition and takes the device's next sequence number: the others are ordered by their stamp, so
 * that a device that counts for itself finds its numbers free. [D11]
 */
export function foldDecision(
  device: Device,
  row: Installation,
  decision: Decision,
  hlc: Hlc,
): Folded {
  const isTransition = changesStatus(row, decision.change);
  const sequence = isTransition ? device.sequence + 1 : row.sequence;
  const decided: Installation = {
    ...row,
    ...decision.change,
    incarnation: device.incarnation,
    sequence,
    hlc,
    ...(isTransition
      ? {
          observedAtMs: decision.atMs,
          sinceMs: decision.atMs,
          anomaly: !isLegal(row.platform, row.status, decision.change.status ?? row.status),
        }
      : {}),
  };
  return {
    device: isTransition ? { ...device, sequence } : device,
    row: decided,
    fact: decisionFact(device, decided, decision, hlc),
  };
}

/** Is the change a transition of the row, so that the row is observed anew with it? */
export function changesStatus(row: Installation, change: Partial<Installation>): boolean {
  return (
    (change.status !== undefined && change.status !== row.status) ||
    (change.state !== undefined && change.state !== row.state)
  );
}

/** The fact of a decision about a row that is already as decided (a birth). */
export function decisionFact(
  device: Device,
  row: Installation,
  decision: Pick<Decision, "value" | "by" | "atMs" | "text" | "protocol">,
  hlc: Hlc,
): NewFact {
  return {
    ...factOf(device, row, hlc),
    kind: "decision",
    atMs: decision.atMs,
    source: "site",
    protocol: decision.protocol,
    value: decision.value,
    lastError: row.lastError,
    text: decision.text,
    version: row.version,
    effect: "moved",
    by: decision.by,
  };
}

function reportFact(
  device: Device,
  row: Installation,
  report: Report,
  hlc: Hlc,
  effect: NewFact["effect"],
): NewFact {
  const said = report.meaning === "no-change" ? undefined : report.meaning;
  return {
    ...factOf(device, row, hlc),
    kind: "report",
    atMs: report.atMs,
    source: report.source,
    protocol: report.protocol,
    value: report.value,
    lastError: report.lastError === 0 ? null : report.lastError,
    text: report.text,
    version: report.version ?? (effect === "moved" ? row.version : null),
    attempt: report.attempt ?? row.attempt,
    sequence: report.sequence ?? row.sequence,
    status: said?.status ?? row.status,
    state: said ? said.state : row.state,
    actor: said?.actor ?? null,
    anomaly: effect === "moved" && row.anomaly,
    effect,
    by: report.by,
  };
}

function factOf(
  device: Device,
  row: Installation,
  hlc: Hlc,
): Pick<
  NewFact,
  | "device"
  | "distribution"
  | "hlc"
  | "operation"
  | "incarnation"
  | "attempt"
  | "sequence"
  | "status"
  | "state"
  | "actor"
  | "anomaly"
> {
  return {
    device: device.id,
    distribution: row.distribution,
    hlc,
    operation: row.operation,
    incarnation: row.incarnation,
    attempt: row.attempt,
    sequence: row.sequence,
    status: row.status,
    state: row.state,
    actor: row.actor as Actor | null,
    anomaly: row.anomaly,
  };
}

/** Negative when (incarnation, attempt, sequence) is before the row's position. */
function comparePosition(
  incarnation: number,
  attempt: number,
  sequence: number,
  row: Installation,
): number {
  if (incarnation !== row.incarnation) return incarnation - row.incarnation;
  if (attempt !== row.attempt) return attempt - row.attempt;
  return sequence === Infinity ? 0 : sequence - row.sequence;
}

/** A report of an update's states tells that the work is an update, whatever we took it for. */
function operationAfter(operation: Operation, status: Status): Operation {
  const saysUpdate =
    status === "pending_update" || status === "updating" || status === "upgrade_failed";
  return saysUpdate && operation === "install" ? "update" : operation;
}

function versionAfter(row: Installation, status: Status, report: Report): string | null {
  if (status === "removed_after_installation") return null;
  if (report.version !== null) return report.version;
  if (status !== "installed" || row.operation === "uninstall") return row.version;
  if (report.lastError === null || report.lastError === 0) return row.targetVersion;
  // The install was refused because a higher version is there: which one, the inventory says.
  const isKnown = row.version !== null && compareVersions(row.version, row.targetVersion) > 0;
  return isKnown ? row.version : null;
}
