/**
 * What a device said of the steps and the metrics of one installation: which step failed, with what, and what
 * was found where something else was wanted. Made of the row's history, the same at a site and at the hub.
 */
import { bucketOf } from "../../devices/install/matrix.ts";
import { fitsTargeting } from "../../devices/install/relevance.ts";
import { readStepText, readUnmet } from "../../devices/install/work-words.ts";
import type { Device } from "../../devices/model/device.ts";
import type { Fact } from "../../devices/model/fact.ts";
import type { Action } from "../../devices/model/install-action.ts";
import type { Installation } from "../../devices/model/installation.ts";
import { WORDS_CHARACTERS_MAX } from "../../devices/model/limits.ts";
import type { NumberedMetric } from "../../devices/model/metric.ts";
import type { AgentInstall } from "../../devices/model/package.ts";

export const STEP_OUTCOMES = [
  "succeeded",
  "failed",
  "timed-out", // It was waited for as long as its step says, and left running.
  "skipped", // It is not for this device.
  "not-run", // The work ended before it.
  "waits", // The work has not come to it, as far as is known here.
] as const;
export type StepOutcome = (typeof STEP_OUTCOMES)[number];

export interface ToldStep {
  /** In the package, from 0. */
  readonly index: number;
  readonly action: Action;
  readonly outcome: StepOutcome;
  readonly exitCode: number | null;
  /** The device's own words, the end of what a program wrote among them. */
  readonly text: string | null;
  /** When it was so; null where nothing was told. */
  readonly atMs: number | null;
}

export const METRIC_OUTCOMES = ["holds", "unmet", "not-targeted", "not-known"] as const;
export type MetricOutcome = (typeof METRIC_OUTCOMES)[number];

export interface ToldMetric {
  readonly metric: NumberedMetric;
  readonly outcome: MetricOutcome;
  /** What was found where it does not hold. */
  readonly found: string | null;
  readonly atMs: number | null;
}

export interface WorkReport {
  /** The attempt that `steps` are of. */
  readonly attempt: number;
  /** Attempts of which steps were told, the first one first. */
  readonly attempts: readonly number[];
  readonly steps: readonly ToldStep[];
  readonly metrics: readonly ToldMetric[];
}

interface Asked {
  readonly row: Pick<Installation, "attempt" | "operation" | "incarnation">;
  /** Its history, oldest first. */
  readonly facts: readonly Fact[];
  readonly install: AgentInstall;
  readonly device: Pick<Device, "cpu" | "osMajor" | "osPlatform"> | undefined;
  /** The row's own, or the last of which steps were told, unless given. */
  readonly attempt?: number | undefined;
}

export function workReport({ row, facts, install, device, attempt }: Asked): WorkReport {
  const told = facts.filter(
    ({ kind, source, incarnation }) =>
      kind === "report" && source === "agent" && incarnation === row.incarnation,
  );
  const attempts = [...new Set(told.filter(isOfStep).map((fact) => fact.attempt ?? 1))];
  attempts.sort((a, b) => a - b);
  const latest = attempts.includes(row.attempt) ? row.attempt : (attempts.at(-1) ?? row.attempt);
  const shown = attempt !== undefined && attempts.includes(attempt) ? attempt : latest;
  const ofAttempt = told.filter((fact) => (fact.attempt ?? 1) === shown);
  const actions = row.operation === "uninstall" ? install.uninstall : install.actions;
  return {
    attempt: shown,
    attempts,
    steps: actions.map((action, index) => toldStep(action, index, ofAttempt)),
    metrics:
      row.operation === "uninstall"
        ? []
        : install.metrics.map((metric) => toldMetric(metric, told, device)),
  };
}

const OUTCOMES: Readonly<Record<string, StepOutcome>> = {
  "step-succeeded": "succeeded",
  "step-failed": "failed",
  "step-skipped": "skipped",
  "step-timed-out": "timed-out",
};

function isOfStep({ value }: Fact): boolean {
  return Object.hasOwn(OUTCOMES, value);
}

function toldStep(action: Action, index: number, facts: readonly Fact[]): ToldStep {
  const said = facts.findLast(
    (fact) => isOfStep(fact) && readStepText(fact.text ?? "")?.index === index,
  );
  if (said) {
    const words = readStepText(said.text ?? "");
    return {
      index,
      action,
      outcome: OUTCOMES[said.value] ?? "waits",
      exitCode: words?.exitCode ?? null,
      text: words?.text ?? null,
      atMs: said.atMs,
    };
  }
  const isOver = facts.some(isEnd);
  return {
    index,
    action,
    outcome: isOver ? "not-run" : "waits",
    exitCode: null,
    text: null,
    atMs: null,
  };
}

function isEnd({ status, operation }: Fact): boolean {
  if (status === null) return false;
  const bucket = bucketOf(status, operation ?? "install");
  return bucket === "received" || bucket === "failed" || bucket === "removed";
}

/** Words after which it is known of every metric whether it holds. */
const UNMET: ReadonlySet<string> = new Set(["provision-needed", "drifted", "check-failed"]);
/** An agent looks once more before it says so, and names what does not hold while something still runs. */
const DONE: ReadonlySet<string> = new Set([
  "up-to-date",
  "succeeded",
  "succeeded-with-warning",
  "guard-satisfied",
]);

function toldMetric(
  metric: NumberedMetric,
  facts: readonly Fact[],
  device: Asked["device"],
): ToldMetric {
  const unknown = { metric, outcome: "not-known", found: null, atMs: null } as const;
  if (device && !fitsTargeting(device, metric.targeting)) {
    return { ...unknown, outcome: "not-targeted" };
  }
  const said = facts.findLast(({ value }) => UNMET.has(value) || DONE.has(value));
  if (!said) return unknown;
  const { atMs } = said;
  const text = said.text ?? "";
  const unmet = readUnmet(text);
  const found = unmet.get(metric.number);
  if (found !== undefined) return { metric, outcome: "unmet", found, atMs };
  // One that names none of those that do not hold, or whose words did not all fit, leaves the rest open.
  const isWhole = text.length < WORDS_CHARACTERS_MAX && (unmet.size > 0 || DONE.has(said.value));
  return isWhole ? { metric, outcome: "holds", found: null, atMs } : unknown;
}
