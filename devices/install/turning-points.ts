import type { Distribution } from "../model/distribution.ts";
import type { Installation } from "../model/installation.ts";
import { scheduleAt } from "../windows/schedule.ts";
import { DECLINED_PAUSE_MS, retryAtMs } from "./waiting.ts";

/**
 * The moments at which a plan could say something else of a row although nothing happened: whatever
 * `plan.ts` and `explain.ts` compare with the time.
 */
export function turningPointsOf(
  row: Installation,
  distribution: Pick<Distribution, "schedule"> | undefined,
  nowMs: number,
): number[] {
  const { releasedUntilMs, observedAtMs } = row;
  const points = [releasedUntilMs ?? 0, retryAtMs(row), observedAtMs + DECLINED_PAUSE_MS];
  const schedule = distribution?.schedule ?? null;
  if (schedule === null) return points;
  const { openUntilMs, nextMs } = scheduleAt(schedule, nowMs);
  return [...points, openUntilMs ?? 0, nextMs ?? 0];
}
