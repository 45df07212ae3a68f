import type { Platform } from "../model/device.ts";
import { STATUSES, type Status } from "../model/installation.ts";
import { MATRIX_ROWS } from "./matrix-rows.ts";

/** A (platform, status, state) as it travels: one small integer. [D12] */
export interface NumberedRow {
  readonly platform: Platform;
  readonly status: Status;
  readonly state: string | null;
}

/**
 * The numbers are positions in this list, and sites of different versions talk to each other: the
 * order never changes and additions go to the end. First the 56 rows, then the iOS rows as Windows
 * has them, then every status without a state.
 */
export const NUMBERED_ROWS: readonly NumberedRow[] = [
  ...MATRIX_ROWS.map(({ platform, canonicalStatus, state }) => ({
    platform,
    status: canonicalStatus,
    state,
  })),
  ...MATRIX_ROWS.filter((row) => row.platform === "iOS").map(({ canonicalStatus, state }) => ({
    platform: "Windows" as const,
    status: canonicalStatus,
    state,
  })),
  ...(["iOS", "Windows", "Android"] as const).flatMap((platform) =>
    STATUSES.map((status) => ({ platform, status, state: null })),
  ),
];

const NUMBERS: ReadonlyMap<string, number> = new Map(
  NUMBERED_ROWS.map((row, index) => [keyOf(row.platform, row.status, row.state), index]),
);

/** Undefined for a state that the platform does not have. */
export function rowNumberOf(
  platform: Platform,
  status: Status,
  state: string | null,
): number | undefined {
  return NUMBERS.get(keyOf(platform, status, state));
}

/** Undefined for a number that this version does not know. */
export function rowOfNumber(number: number): NumberedRow | undefined {
  return NUMBERED_ROWS[number];
}

function keyOf(platform: Platform, status: Status, state: string | null): string {
  return `${platform}|${status}|${state ?? ""}`;
}
