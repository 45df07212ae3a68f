/** How long to wait after failures in a row. */
export interface BackOff {
  /** After the first. */
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Milliseconds to wait after so many failures in a row (at least 1): doubling, and drawn from the upper half, so
 * that not all who failed together come back together.
 *
 * @param chance 0 to 1
 */
export function backOffMs({ firstMs, maxMs }: BackOff, failures: number, chance: number): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return Math.round(full * (0.5 + chance / 2));
}
