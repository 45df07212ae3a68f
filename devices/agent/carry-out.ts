import { rm } from "node:fs/promises";
import type { PlanStep, PlanWork } from "../../protocols/agent/answers.ts";
import { type AgentState, report, reportEnd } from "./agent-state.ts";
import type { AgentStore } from "./agent-store.ts";
import { forgetDownload } from "./download.ts";
import type { LookAt } from "./metrics.ts";
import { unmetMetrics } from "./metrics.ts";
import type { Draft, End, Outcome, Run, StepTask } from "./run.ts";
import {
  beginRun,
  endOf,
  interrupted,
  isToVerify,
  type Moved,
  resetBegan,
  resetEnded,
  stepBegan,
  stepEnded,
  whatNext,
} from "./run-package.ts";
import { StepError } from "./step-error.ts";
import { partOf, performStep, prepareStep, type Surroundings } from "./steps.ts";

/** How the device is restarted when a package asks for it. */
export interface Restarting {
  /** A program that does it instead; undefined: none. [A-039] */
  hook(): Promise<string | undefined>;
  /** The system itself may be restarted. [D30] */
  readonly isAllowed: boolean;
}

export interface CarryOut {
  readonly store: AgentStore;
  readonly around: Surroundings;
  readonly look: LookAt;
  readonly restarting: Restarting;
  /** Something new is to be sent. */
  readonly reported: () => void;
  readonly say: (text: string) => void;
}

/** Why a step is given up: the site called the work off. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
}

/** Of a restart that was ordered: so long the system may take to end the agent. Milliseconds. */
const RESTART_MS = 5 * 60_000;

/**
 * Carries out a package from its beginning, or from where the last life of the agent left it, to its end. What a
 * step will do is on disk before it does it, and what came of it before the next one begins.
 *
 * @param work undefined: the one that is under way
 * @param cancel aborted with Cancelled when the site calls it off: heard until something was done to the device
 * @throws the reason of `signal`, when the agent is to end
 */
export async function carryOut(
  work: PlanWork | undefined,
  given: CarryOut,
  { signal, cancel }: Signals,
): Promise<End | "cancelled"> {
  try {
    if (work) await begin(given, work);
    else await resume(given, { signal, cancel });
    for (;;) {
      const run = runOf(given.store.state);
      const next = whatNext(run);
      signal.throwIfAborted();
      if (!run.hasActed) cancel.throwIfAborted();
      if (next.kind === "step") await takeStep(given, next.step, { signal, cancel });
      else if (next.kind === "reset") await reset(given, signal);
      else return await end(given, run);
    }
  } catch (error) {
    if (!(error instanceof Cancelled)) throw error;
    await finish(given, [{ result: "cancelled" }]);
    given.say("  Called off.");
    return "cancelled";
  }
}

interface Signals {
  readonly signal: AbortSignal;
  readonly cancel: AbortSignal;
}

async function begin({ store, around, say, reported }: CarryOut, work: PlanWork): Promise<void> {
  say(`${work.package.name} ${work.package.version}: ${work.operation}`);
  await store.change((state) => {
    const { run, drafts } = beginRun(work);
    return { ...report(state, work, drafts, around.clock.now()), run };
  });
  reported();
}

async function takeStep(given: CarryOut, step: PlanStep, signals: Signals): Promise<void> {
  const { work } = runOf(given.store.state);
  const prepared = await attempt(() => prepareStep(step, work, given.around), signals.signal);
  if (prepared.kind === "failed") return await stepDone(given, step, prepared);
  await move(given, (run) => stepBegan(run, prepared));
  await stepDone(given, step, await perform(given, step, prepared, work, signals));
}

/** A step that was under way when the last life of the agent ended. */
async function resume(given: CarryOut, signals: Signals): Promise<void> {
  const { work, at, doing } = runOf(given.store.state);
  const step = work.steps[at];
  given.say(`${work.package.name} ${work.package.version}: going on`);
  if (!doing || !step) return;
  const outcome =
    doing.kind === "program"
      ? interrupted(doing)
      : await perform(given, step, doing, work, signals);
  await stepDone(given, step, outcome);
}

/** Only a download is given up half way, as long as nothing but downloads was done. */
async function perform(
  { around, store }: CarryOut,
  step: PlanStep,
  task: StepTask,
  work: PlanWork,
  { signal, cancel }: Signals,
): Promise<Outcome> {
  const isDroppable = task.kind === "download" && !runOf(store.state).hasActed;
  const heard = isDroppable ? AbortSignal.any([signal, cancel]) : signal;
  return await attempt(() => performStep(step, task, work, around, heard), heard);
}

async function stepDone(given: CarryOut, step: PlanStep, outcome: Outcome): Promise<void> {
  given.say(`  ${step.index + 1}. ${step.kind}: ${told(outcome)}`);
  await move(given, (run) => stepEnded(run, outcome));
}

async function end(given: CarryOut, run: Run): Promise<End> {
  const unmet = isToVerify(run) ? await unmetMetrics(run.work.metrics, given.look) : [];
  const end = endOf(run, unmet);
  await finish(given, [drafted(end)]);
  given.say(`${run.work.package.name}: ${end.result}${end.text ? ` (${end.text})` : ""}`);
  return end;
}

/**
 * What becomes of a step, whatever goes wrong with it: an agent that ended with the error would come to the same one
 * each time it is started, and nobody would hear why.
 *
 * @throws the reason of `signal`, when that was aborted meanwhile
 */
async function attempt<Done>(
  act: () => Promise<Done>,
  signal: AbortSignal,
): Promise<Done | Extract<Outcome, { kind: "failed" }>> {
  try {
    return await act();
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof StepError)) {
      return { kind: "failed", result: "action-failed", text: message(error) };
    }
    const { result, message: text, exitCode } = error;
    return { kind: "failed", result, text, ...(exitCode !== undefined && { exitCode }) };
  }
}

const message = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The restart that the package owes: once, whatever became of the package. [A-037, Q16] */
async function reset(given: CarryOut, signal: AbortSignal): Promise<void> {
  let warning: string | undefined;
  try {
    warning = await restart(given, signal);
  } catch (error) {
    signal.throwIfAborted();
    warning = `the device could not be restarted: ${message(error)}`;
  }
  await move(given, (run) => resetEnded(run, warning));
}

/** @returns why it did not come as it should; undefined: it came */
async function restart(given: CarryOut, signal: AbortSignal): Promise<string | undefined> {
  const { around, store, restarting, say } = given;
  const { machine, clock } = around;
  const boot = await machine.bootId();
  const begun = runOf(store.state).reset;
  if (begun && begun.boot !== boot) return undefined;
  if (begun?.kind === "hook") return "interrupted: the warmboot hook";
  const hook = begun ? undefined : await restarting.hook();
  if (hook === undefined && !restarting.isAllowed) {
    say("  A restart is owed, which this agent may not do (--allow-reboot).");
    return "a restart of the device is owed";
  }
  if (!begun) await move(given, (run) => resetBegan(run, hook ? "hook" : "restart", boot));
  say(hook ? `  Restarting by ${hook}.` : "  Restarting.");
  if (hook === undefined) {
    await machine.restart();
    await clock.sleep(RESTART_MS, signal);
    return "the system did not restart";
  }
  const started = await machine.start({
    program: hook,
    args: [],
    folder: around.folder,
    output: null,
  });
  const code = await started.exited;
  return code === 0 ? undefined : `the warmboot hook ended with ${code ?? "a signal"}`;
}

async function finish(given: CarryOut, drafts: readonly Draft[]): Promise<void> {
  const { store, around, reported } = given;
  const { work } = runOf(store.state);
  await store.change((state) => ({
    ...reportEnd(state, work, drafts, around.clock.now()),
    run: null,
  }));
  reported();
  for (const file of work.files) await forgetDownload(partOf(around.folder, file));
  await rm(`${around.folder}/output.txt`, { force: true });
}

/** One change of the run with what it reports, on disk when this returns. */
async function move(
  { store, around, reported }: CarryOut,
  change: (run: Run) => Moved,
): Promise<void> {
  await store.change((state) => {
    const { run, drafts } = change(runOf(state));
    return { ...report(state, run.work, drafts, around.clock.now()), run };
  });
  reported();
}

function runOf({ run }: AgentState): Run {
  if (run) return run;
  throw new Error("invariant broken: no package is under way");
}

function drafted({ result, text, exitCode, step }: End): Draft {
  return {
    result,
    ...(text !== undefined && { text }),
    ...(exitCode !== undefined && { exitCode }),
    ...(step && { step }),
  };
}

function told(outcome: Outcome): string {
  switch (outcome.kind) {
    case "succeeded":
      return outcome.text === undefined ? "done" : `done (${outcome.text})`;
    case "left-running":
      return outcome.timedOut ? "goes on without being waited for any longer" : "started";
    case "failed":
      return `failed: ${outcome.text}`;
  }
}
