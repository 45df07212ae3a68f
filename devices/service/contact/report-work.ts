import type { Report } from "../../install/fold.ts";
import { interpret } from "../../install/mappings/interpret.ts";
import type { Interpretation } from "../../install/mappings/interpretation.ts";
import {
  CANCEL_REFUSED,
  CANCELLED,
  DRIFTED,
  FORCE_CANCELLED,
  installedState,
  UNINSTALLING,
  waitingState,
} from "../../install/waiting.ts";
import type { PullProtocol } from "../../model/agent-device.ts";
import type { FactSource, NewFact } from "../../model/fact.ts";
import type { DistributionId } from "../../model/ids.ts";
import type { Installation } from "../../model/installation.ts";
import type { Ledger } from "../ledger.ts";
import type { SiteContext } from "../site-context.ts";

/** What a device says of one distribution. */
export interface WorkReport {
  readonly distribution: DistributionId;
  /** Whose vocabulary `value` is in. */
  readonly source: FactSource;
  readonly protocol: PullProtocol;
  /** A word of the vocabulary. */
  readonly value: string;
  /** In the device's own words; kept beside the value. */
  readonly text?: string | null;
  /** HRESULT as a signed integer of 32 bits. */
  readonly lastError?: number | null;
  /** The version on the device, where it says it. */
  readonly version?: string | null;
  /** The device's own count. Without an attempt, the row's is meant; without a sequence, the site counts. */
  readonly attempt?: number | null;
  readonly sequence?: number | null;
  /** When it was so by the device's clock: taken where that can be believed, else it is now. */
  readonly atMs?: number | null;
}

export type Reported =
  | { readonly effect: NewFact["effect"] }
  /** Nothing was stored: why, for whoever sent it. */
  | { readonly refused: string };

/**
 * Takes what a device reports about one distribution: a fact, and what follows for the row. An end that
 * comes twice is one end, one of a former attempt is history, one of work that was stopped is taken. [D1, D4]
 */
export function reportWork(context: SiteContext, ledger: Ledger, report: WorkReport): Reported {
  const row = ledger.row(report.distribution);
  if (!row) return unknownWork(report);
  const meaning = interpret(report.source, row.platform, report.value, {
    operation: row.operation,
    lastError: report.lastError ?? null,
  });
  if (meaning === undefined) {
    return { refused: `"${report.value}" is no value of ${report.source} on ${row.platform}` };
  }
  showPresence(context, ledger, row, report, meaning);
  return { effect: ledger.report(row.distribution, said(context, ledger, report, meaning)) };
}

/** The same for a word about one step of the work: it is history, and moves nothing. */
export function reportStep(context: SiteContext, ledger: Ledger, report: WorkReport): Reported {
  const row = ledger.row(report.distribution);
  if (!row) return unknownWork(report);
  ledger.remark(row.distribution, said(context, ledger, report, "no-change"));
  return { effect: "none" };
}

/**
 * The answer to a health check. Drift is repaired once in the occurrence in which it was asked for; what is
 * told at another time is written down, and asked for again at the device's next instant. [D5, Q28]
 */
export function reportCheck(
  context: SiteContext,
  ledger: Ledger,
  report: Omit<WorkReport, "value" | "sequence">,
  outcome: "holds" | "drifted",
): Reported {
  const row = ledger.row(report.distribution);
  if (!row) return unknownWork(report);
  const { distribution } = row;
  if (outcome === "holds") {
    const reported = reportWork(context, ledger, { ...report, value: "up-to-date" });
    const isAnswer = row.status === "installed" && isOfAttempt(report, row);
    if (isAnswer) ledger.note(distribution, { releasedUntilMs: null });
    return reported;
  }
  const drift = said(context, ledger, { ...report, value: DRIFTED }, "no-change");
  const effect = ledger.report(distribution, drift);
  const nowMs = context.now();
  const isAsked =
    row.status === "installed" &&
    row.counted &&
    row.releasedUntilMs !== null &&
    nowMs < row.releasedUntilMs;
  if (effect === "late" || !isAsked) return { effect };
  ledger.decide(distribution, {
    value: "repaired",
    by: "site",
    atMs: nowMs,
    text: "the metrics do not hold any more",
    protocol: "site",
    change: {
      status: "installing",
      state: row.platform === "Android" ? null : "App is being installed",
      operation: "repair",
      attempt: row.attempt + 1,
      offeredAtMs: null,
      stale: false,
      lastError: null,
      missedOccurrences: 0,
    },
  });
  return { effect };
}

/** The device dropped what it was asked to drop: nothing of it is in hand any more. [D4] */
export function reportCancelled(
  context: SiteContext,
  ledger: Ledger,
  report: Omit<WorkReport, "value">,
): Reported {
  const row = ledger.row(report.distribution);
  if (!row) return unknownWork(report);
  const meaning = droppedMeaning(context, ledger, row);
  const cancelled = said(context, ledger, { ...report, value: CANCELLED }, meaning);
  const effect = ledger.report(row.distribution, cancelled);
  if (effect !== "late") ledger.note(row.distribution, { offeredAtMs: null });
  return { effect };
}

/**
 * Somebody does not wait for the device any more: nothing of the work counts as in hand. What the device says
 * of it later is taken all the same. [D4]
 */
export function closeCancelled(
  context: SiteContext,
  ledger: Ledger,
  row: Installation,
  by: string,
): void {
  const meaning = droppedMeaning(context, ledger, row);
  ledger.decide(row.distribution, {
    value: FORCE_CANCELLED,
    by,
    atMs: context.now(),
    text: "closed without waiting for the device",
    protocol: "api",
    change: {
      ...(meaning === "no-change" ? {} : meaning),
      nativeValue: CANCELLED,
      offeredAtMs: null,
    },
  });
}

/** What a row is once its work was dropped. */
function droppedMeaning(
  context: SiteContext,
  { device }: Ledger,
  row: Installation,
): Pick<Installation, "status" | "state"> | "no-change" {
  const status =
    row.status === "installing"
      ? ("pending_install" as const)
      : row.status === "updating"
        ? ("pending_update" as const)
        : row.status;
  if (status === row.status) return "no-change";
  const mode = context.policy.read().distributionsById.get(row.distribution)?.mode ?? "automatic";
  return { status, state: waitingState(device, status, mode, "not-requested") };
}

/** The device cannot drop it any more: it is not asked again, and its end is waited for. */
export function refuseCancel(
  context: SiteContext,
  ledger: Ledger,
  report: Omit<WorkReport, "value">,
): Reported {
  const row = ledger.row(report.distribution);
  if (!row) return unknownWork(report);
  const refused = said(context, ledger, { ...report, value: CANCEL_REFUSED }, "no-change");
  return { effect: ledger.report(row.distribution, refused) };
}

/**
 * Presence is never skipped: the table leads to Removed only through Installed. Whoever says that it took
 * something off had it.
 */
function showPresence(
  context: SiteContext,
  ledger: Ledger,
  row: Installation,
  report: WorkReport,
  meaning: Interpretation | "no-change",
): void {
  const isRemoved = meaning !== "no-change" && meaning.status === "removed_after_installation";
  if (!isRemoved || row.operation !== "uninstall" || row.status !== "pending_install") return;
  const there = { status: "installed" as const, state: installedState(ledger.device) };
  const { text: _text, ...rest } = report;
  ledger.report(row.distribution, said(context, ledger, { ...rest, value: UNINSTALLING }, there));
}

function said(
  context: SiteContext,
  ledger: Ledger,
  report: WorkReport,
  meaning: Interpretation | "no-change",
): Report {
  return {
    source: report.source,
    protocol: report.protocol,
    value: report.value,
    meaning,
    lastError: report.lastError ?? null,
    text: report.text ?? null,
    version: report.version ?? null,
    atMs: believedMs(context, ledger, report),
    attempt: report.attempt ?? null,
    sequence: report.sequence ?? null,
    by: "device",
  };
}

/**
 * When the device says that it was, as far as its clock can be believed: one that is ahead would make this
 * newer than all that is heard until then, and nothing was done before it was asked for.
 */
function believedMs(
  context: SiteContext,
  ledger: Ledger,
  { distribution, attempt, atMs }: WorkReport,
): number {
  const nowMs = context.now();
  const row = ledger.row(distribution);
  const isOfRow = row !== undefined && attempt === row.attempt;
  const sinceMs = (isOfRow ? row.offeredAtMs : null) ?? ledger.device.registeredAtMs;
  return atMs != null && atMs >= sinceMs && atMs <= nowMs ? atMs : nowMs;
}

function isOfAttempt({ attempt }: Pick<WorkReport, "attempt">, row: Installation): boolean {
  return attempt === undefined || attempt === null || attempt === row.attempt;
}

function unknownWork({ distribution }: Pick<WorkReport, "distribution">): Reported {
  return { refused: `the distribution ${distribution} is not for this device` };
}
