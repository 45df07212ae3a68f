import type { PlanStep, PlanWork } from "../../protocols/agent/answers.ts";
import type { StepResult } from "../../protocols/agent/words.ts";
import { unmetText } from "../install/work-words.ts";
import type { Unmet } from "./metrics.ts";
import type { Draft, End, Outcome, ResetKind, Run, StepTask } from "./run.ts";

/** What there is to do next. */
export type Next =
  | { readonly kind: "step"; readonly step: PlanStep }
  | { readonly kind: "reset" }
  | { readonly kind: "finish" };

/** A state, and what is to be reported of the way to it. */
export interface Moved {
  readonly run: Run;
  readonly drafts: readonly Draft[];
}

export function beginRun(work: PlanWork): Moved {
  const run: Run = {
    work,
    at: 0,
    doing: null,
    hasActed: false,
    isTargeted: false,
    leftRunning: false,
    warnings: [],
    owesReset: false,
    reset: null,
    end: null,
  };
  return settle({ run, drafts: [{ result: "accepted" }] });
}

export function whatNext(run: Run): Next {
  const step = run.work.steps[run.at];
  if (run.end === null && step) return { kind: "step", step };
  return run.owesReset ? { kind: "reset" } : { kind: "finish" };
}

/** The step is about to be carried out in this way. */
export function stepBegan(run: Run, doing: StepTask): Moved {
  const isDownload = doing.kind === "download";
  const word = isDownload
    ? "downloading"
    : run.work.operation === "uninstall"
      ? "uninstalling"
      : "installing";
  return {
    run: { ...run, doing, hasActed: run.hasActed || !isDownload },
    drafts: run.hasActed ? [] : [{ result: word }],
  };
}

/** What follows is decided by Critical. [A-003..A-005, Q13, Q15] */
export function stepEnded(run: Run, outcome: Outcome): Moved {
  const step = run.work.steps[run.at];
  if (!step || run.end) throw new Error("invariant broken: no step is under way");
  return settle(judge({ ...run, doing: null, isTargeted: true }, step, outcome));
}

/**
 * What a process that was begun and whose end nobody saw comes to: it is not begun again. [decisions.md]
 */
export function interrupted(task: Extract<StepTask, { kind: "program" }>): Outcome {
  return {
    kind: "failed",
    result: "action-failed",
    text: `interrupted: the agent was ended while ${task.program} ran; it is not known how it ended`,
  };
}

/** The restart that the package owes is about to come. It is begun once. [A-037, Q16] */
export function resetBegan(run: Run, kind: ResetKind, boot: string): Moved {
  return {
    run: { ...run, reset: { kind, boot } },
    drafts: [{ result: "rebooting", text: kind === "hook" ? "by the warmboot hook" : "" }],
  };
}

/** @param warning why it did not come as it should; undefined: it came */
export function resetEnded(run: Run, warning: string | undefined): Moved {
  const warnings = warning === undefined ? run.warnings : [...run.warnings, warning];
  return { run: { ...run, owesReset: false, reset: null, warnings }, drafts: [] };
}

/** Whether the device is looked at once more before success is claimed. */
export function isToVerify({ work, end }: Run): boolean {
  return end !== null && SUCCESSES.has(end.result) && work.operation !== "uninstall";
}

/** @param unmet why metrics do not hold after all was done */
export function endOf(run: Run, unmet: readonly Unmet[]): End {
  const { end, work, leftRunning } = run;
  if (end === null) throw new Error("invariant broken: its steps are not done");
  if (unmet.length > 0 && !leftRunning) return { result: "check-failed", text: unmetText(unmet) };
  // What still runs may yet come to it.
  const open = unmet.length > 0 ? ["a program still runs", unmetText(unmet)] : [];
  const text = [...run.warnings, ...open].join("; ");
  if (work.operation === "uninstall") {
    if (SUCCESSES.has(end.result)) return { result: "uninstalled", ...(text && { text }) };
    const nothing =
      end.result === NOTHING_TO_DO ? { text: "no step of it is for this device" } : {};
    return { ...end, ...nothing, result: "uninstall-failed" };
  }
  if (!SUCCESSES.has(end.result) || text === "") return end;
  return { result: end.result === "succeeded" ? "succeeded-with-warning" : end.result, text };
}

const SUCCESSES: ReadonlySet<string> = new Set(["succeeded", "guard-satisfied"]);
const NOTHING_TO_DO = "guard-nothing-to-do";

/** Passes over what takes no time: steps for other devices, steps that cannot be, the note of a restart. */
function settle(moved: Moved): Moved {
  const { run } = moved;
  const step = run.work.steps[run.at];
  if (run.end) return moved;
  if (!step) {
    const result = run.isTargeted ? "succeeded" : NOTHING_TO_DO;
    return { ...moved, run: { ...run, end: { result } } };
  }
  if (step.skip !== undefined) {
    const draft = stepDraft(step, "step-skipped", step.skip);
    return settle({ run: { ...run, at: run.at + 1 }, drafts: [...moved.drafts, draft] });
  }
  const targeted = { ...run, isTargeted: true };
  if (step.problem !== undefined) {
    const outcome = { kind: "failed", result: "action-failed", text: step.problem } as const;
    return settle(after(moved, judge(targeted, step, outcome)));
  }
  if (step.kind !== "WarmBoot") return moved;
  const owing = { ...targeted, owesReset: true, hasActed: true };
  const pending: Moved = { run: owing, drafts: [...moved.drafts, { result: "reboot-pending" }] };
  return settle(after(pending, judge(owing, step, { kind: "succeeded" })));
}

function judge(run: Run, step: PlanStep, outcome: Outcome): Moved {
  const at = run.at + 1;
  if (outcome.kind !== "failed") {
    const isLeft = outcome.kind === "left-running";
    const word = isLeft && outcome.timedOut ? "step-timed-out" : "step-succeeded";
    const said = isLeft ? (outcome.timedOut ? TIMED_OUT : NOT_WAITED) : outcome.text;
    const draft = stepDraft(step, word, said, isLeft ? undefined : outcome.exitCode);
    const end: End | null =
      step.critical === "continue only on error" ? { result: "guard-satisfied" } : null;
    return {
      run: { ...run, at, end, leftRunning: run.leftRunning || isLeft },
      drafts: [draft],
    };
  }
  const { result, text, exitCode } = outcome;
  const drafts = [stepDraft(step, "step-failed", text, exitCode)];
  switch (step.critical) {
    case "continue only on success": {
      // Which step it was is a field of its own: whoever reads it says so in words.
      const ended = { index: step.index, kind: step.kind };
      const code = exitCode === undefined ? {} : { exitCode };
      return { run: { ...run, at, end: { result, text, step: ended, ...code } }, drafts };
    }
    case "continue": {
      const warning = `step ${step.index + 1}, ${step.kind}: ${text}`;
      return { run: { ...run, at, warnings: [...run.warnings, warning] }, drafts };
    }
    case "continue only on error":
      return { run: { ...run, at }, drafts };
  }
}

const TIMED_OUT = "timed_out_continue";
const NOT_WAITED = "launched_no_wait";

function stepDraft(
  { index, kind }: PlanStep,
  result: StepResult,
  text: string | undefined,
  exitCode?: number,
): Draft {
  return {
    result,
    step: { index, kind },
    ...(text !== undefined && text !== "" && { text }),
    ...(exitCode !== undefined && { exitCode }),
  };
}

function after(before: Moved, { run, drafts }: Moved): Moved {
  return { run, drafts: [...before.drafts, ...drafts] };
}
