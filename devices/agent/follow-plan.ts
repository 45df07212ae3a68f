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

/**
 * What of a plan was looked at. `awaited`: it is not as it should be, and the site is to say what is done about it;
 * `settled`: it is, or the site has nothing to say.
 */
export type Looked = ReadonlyMap<PlanWork, "awaited" | "settled">;

/**
 * The first that there is to do, in the plan's order. What was looked at already for this plan is left out, and what
 * comes behind something that is awaited is not begun before it. [4.1, 4.4]
 */
export function nextWork(
  { work }: AgentPlan,
  state: AgentState,
  looked: Looked,
): PlanWork | undefined {
  let isHeld = false;
  for (const one of work) {
    if (one.do === "apply") {
      if (!isHeld && !state.ended.some((known) => isSame(known, one))) return one;
      continue;
    }
    const told = state.outbox.find((result) => isSame(result, one));
    if (!looked.has(one) && !told) return one;
    isHeld ||= looked.get(one) === "awaited" || (told && told.result !== "up-to-date") === true;
  }
  return undefined;
}

function isWaiting({ outbox }: AgentState, key: WorkKey): boolean {
  return outbox.some((one) => isSame(one, key) && one.result === "cancel-refused");
}
