import type { BackOff } from "../model/back-off.ts";

/** How an agent waits by itself before it asks again, after failures in a row. [PROTOCOL.md 1.4] */
export const RETRY: BackOff = { firstMs: 1_000, maxMs: 5 * 60_000 };
