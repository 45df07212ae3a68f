/** The first wait after a failure, and the longest, in milliseconds. */
export const BACKOFF_MS_MIN = 1000;
export const BACKOFF_MS_MAX = 5 * 60 * 1000;

/**
 * How long to wait after the n-th failure in a row (from 1): doubling, and drawn from the upper half
 * so that many sites do not come back together. [PROTOCOL 8.2]
 *
 * @param random uniform in [0, 1)
 * @param atLeastMs what the hub asked for (Retry-After); 0 when it did not
 */
export function backoffMs(failures: number, random: () => number, atLeastMs: number): number {
  const full = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures - 1, 30));
  const drawn = full / 2 + (full / 2) * random();
  return Math.round(atLeastMs > 0 ? atLeastMs * (1 + random() / 4) + drawn / 4 : drawn);
}
