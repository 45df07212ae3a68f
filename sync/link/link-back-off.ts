import { type BackOff, backOffMs } from "../../devices/model/back-off.ts";

/** After failures of the link. [PROTOCOL 8.2] */
export const LINK_BACK_OFF: BackOff = { firstMs: 1000, maxMs: 5 * 60 * 1000 };

/**
 * How long to wait after the n-th failure in a row (from 1). [PROTOCOL 8.2]
 *
 * @param random uniform in [0, 1)
 * @param atLeastMs what the hub asked for (Retry-After); 0 when it did not
 */
export function linkBackOffMs(failures: number, random: () => number, atLeastMs: number): number {
  const drawn = backOffMs(LINK_BACK_OFF, failures, random());
  return atLeastMs > 0 ? Math.round(atLeastMs * (1 + random() / 4) + drawn / 4) : drawn;
}
