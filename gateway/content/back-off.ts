import type { BackOff } from "../../devices/model/back-off.ts";

/**
 * `away`: nobody answers. `busy`: try later, says the hub. `cut`: the answer broke off. `refused`:
 * the hub answers, but not with this file. `corrupt`: what came is not this file. `no-room`: our disk.
 */
export const FAILURE_KINDS = ["away", "busy", "cut", "refused", "corrupt", "no-room"] as const;
export type FailureKind = (typeof FAILURE_KINDS)[number];

const MINUTE_MS = 60_000;

/**
 * How long to wait after the first failure in a row and at most. Corrupt files are asked for rarely:
 * each attempt may carry gigabytes over a thin line for nothing.
 */
export const BACK_OFF: Readonly<Record<FailureKind, BackOff>> = {
  away: { firstMs: 5_000, maxMs: 5 * MINUTE_MS },
  busy: { firstMs: 10_000, maxMs: 15 * MINUTE_MS },
  cut: { firstMs: 1_000, maxMs: 5 * MINUTE_MS },
  refused: { firstMs: 30_000, maxMs: 15 * MINUTE_MS },
  corrupt: { firstMs: MINUTE_MS, maxMs: 6 * 60 * MINUTE_MS },
  "no-room": { firstMs: MINUTE_MS, maxMs: 15 * MINUTE_MS },
};
