import type { AgentPlan, PlanWork } from "../../protocols/agent/answers.ts";
import {
  type AgentState,
  isSame,
  repeatEnd,
  report,
  reportEnd,
  type WorkKey,
} from "./agent-state.ts";

/**
 * Takes a plan in: ends whose acknowledgement was lost are said again, and what is called off is answered. Work that is
 * under way is another's to stop: `toStop` says that it can be. [4.11, 6.1]
 */
export function takePlan(
  before: AgentState,
  plan: AgentPlan,
  nowMs: number,
): { readonly state: AgentState; readonly toStop: boolean } {
  let state: AgentState = { ...before, sequence: Math.max(before.sequence, plan.sequence) };
  let toStop = false;
  for (const work of plan.work) if (work.do === "apply") state = repeatEnd(state, work);
  for (const called of plan.cancel) {
    if (state.run && isSame(state.run.work, called)) {
      if (!state.run.hasActed) toStop = true;
      else if (!isWaiting(state, called)) {
        const text = "it has begun to change the device";
        state = report(state, called, [{ result: "cancel-refused", text }], nowMs);
      }
    } else if (state.ended.some((one) => isSame(one, called))) state = repeatEnd(state, called);
    else state = reportEnd(state, called, [{ result: "cancelled" }], nowMs);
  }
  return { state, toStop };
}

/** The first that there is to do, in the plan's order. What was looked at already for this plan is left out. */
export function nextWork(
  { work }: AgentPlan,
  state: AgentState,
  looked: ReadonlySet<PlanWork>,
): PlanWork | undefined {
  return work.find((one) =>
    one.do === "apply"
      ? !state.ended.some((known) => isSame(known, one))
      : !looked.has(one) && !state.outbox.some((result) => isSame(result, one)),
  );
}

function isWaiting({ outbox }: AgentState, key: WorkKey): boolean {
  return outbox.some((one) => isSame(one, key) && one.result === "cancel-refused");
}
