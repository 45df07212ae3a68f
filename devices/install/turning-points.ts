import type { Installation } from "../model/installation.ts";
import { DECLINED_PAUSE_MS, retryAtMs } from "./waiting.ts";

/**
 * The moments at which a plan could say something else of a row although nothing happened: whatever
 * `plan.ts` and `explain.ts` compare with the time.
 */
export function turningPointsOf(row: Installation): number[] {
  const { releasedUntilMs, observedAtMs } = row;
  return [releasedUntilMs ?? 0, retryAtMs(row), observedAtMs + DECLINED_PAUSE_MS];
}
