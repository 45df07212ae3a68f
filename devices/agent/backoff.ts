const FIRST_MS = 1_000;
/** The longest that an agent waits by itself before it asks again. */
export const BACKOFF_MS_MAX = 5 * 60_000;

/**
 * Milliseconds to wait after a failure: twice as long each time, and with chance in it, so that a site that
 * comes back is not asked by all its devices at once. [PROTOCOL.md 1.4]
 *
 * @param failures before this one
 * @param chance 0 to 1
 */
export function backoffMs(failures: number, chance: number): number {
  const full = Math.min(BACKOFF_MS_MAX, FIRST_MS * 2 ** Math.min(failures, 20));
  return Math.round(full * (0.5 + chance / 2));
}
