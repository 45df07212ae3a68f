import { describe, expect, test } from "bun:test";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { SESSIONS_AT_ONCE, SESSIONS_PER_SECOND } from "../../../devices/sight/session-sight.ts";
import { recordOrder } from "../../harness/recorded-sessions.ts";
import { NOW_MS, Sight } from "./a-sight.ts";

describe("SessionSight", () => {
  test("in a rush some sessions are recorded, and those with a problem", async () => {
    using sight = new Sight();
    const device = (index: number) => index.toString(16).padStart(32, "0") as DeviceId;
    for (let index = 0; index < SESSIONS_AT_ONCE + 40; index++) {
      recordOrder(sight.sight, device(index), NOW_MS);
    }
    for (let index = 0; index < 5; index++) {
      recordOrder(sight.sight, device(1_000 + index), NOW_MS, { code: 500 });
    }
    await sight.list();
    const total = (hasProblem?: true) => sight.records.list({ limit: 1, hasProblem }, NOW_MS).total;
    expect([total(), total(true), sight.lost]).toEqual([SESSIONS_AT_ONCE + 5, 5, 40]);
    sight.elapsedMs += 1_000;
    for (let index = 0; index < SESSIONS_PER_SECOND + 7; index++) {
      recordOrder(sight.sight, device(2_000 + index), NOW_MS);
    }
    await sight.list();
    expect([total(), sight.lost]).toEqual([SESSIONS_AT_ONCE + 5 + SESSIONS_PER_SECOND, 47]);
  }, 30_000);
});
