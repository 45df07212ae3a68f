import { hasWildcard, wildcard } from "../install/wildcards.ts";
import type { Machine } from "./machine.ts";
import type { TerminateTask } from "./run.ts";
import { StepError } from "./step-error.ts";

/**
 * The processes that a Terminate means. Wildcards never mean the agent, what it runs under, or the system.
 *
 * @throws StepError when none runs [A-055, Q25]
 */
export async function prepareTerminate(modules: string, machine: Machine): Promise<TerminateTask> {
  const all = await machine.processes();
  const meant = all.filter(({ names }) => names.some(wildcard(modules)));
  const processes = meant.filter(({ isProtected }) => !isProtected);
  if (processes.length === 0) {
    const isSystem = meant.length > 0 && !hasWildcard(modules);
    throw new StepError(
      "action-failed",
      isSystem ? `${modules} belongs to the system or to the agent` : `${modules} is not running`,
    );
  }
  return {
    kind: "terminate",
    processes: processes.map(({ pid, startedAt, name }) => ({ pid, startedAt, name })),
  };
}

/** Doing it again ends what is left of them. @throws StepError when one cannot be ended */
export async function performTerminate(
  { processes }: TerminateTask,
  machine: Machine,
): Promise<string> {
  const problems: string[] = [];
  for (const process of processes) {
    try {
      await machine.end(process);
    } catch (error) {
      problems.push(error instanceof Error ? error.message : String(error));
    }
  }
  if (problems.length > 0) throw new StepError("action-failed", problems.join("; "));
  return `ended: ${processes.map(({ name }) => name).join(", ")}`;
}
