import { describe, expect, test } from "bun:test";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { SESSION_RECORDING_DEFAULT } from "../../../devices/model/recorded-session.ts";
import {
  SESSIONS_AT_ONCE,
  SESSIONS_HELD_MAX,
  SESSIONS_PER_SECOND,
  STRANGERS_AT_ONCE,
} from "../../../devices/sight/session-sight.ts";
import { exchangeOf, LOGGED_IN, recordOrder, START } from "../../harness/recorded-sessions.ts";
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

  test("so many sessions under way are held, and the longest silent one is let go", async () => {
    using sight = new Sight();
    // Of all that are held, nothing is written before one has a problem.
    sight.recording = { ...SESSION_RECORDING_DEFAULT, record: "problems" };
    const device = (index: number) => index.toString(16).padStart(32, "0") as DeviceId;
    const about = { atMs: NOW_MS, sessionId: "7", hears: "" };
    const first = exchangeOf({
      ...about,
      device: device(0),
      messageId: 1,
      says: START,
      course: { continues: false, events: LOGGED_IN },
    });
    if (first.outcome.kind !== "answered") throw new Error("it was answered");
    const { outcome } = first;
    for (let index = 0; index <= SESSIONS_HELD_MAX; index++) {
      const course = { ...outcome.course, device: device(index) };
      sight.sight.record({ ...first, outcome: { ...outcome, course } });
    }
    await sight.list();
    // The first was let go, and as it comes again the second is.
    for (const index of [0, 2]) {
      sight.sight.record(
        exchangeOf({
          ...about,
          device: device(index),
          messageId: 2,
          says: "",
          course: { isOver: true, events: [{ kind: "aborted", by: "device", reason: "no" }] },
        }),
      );
    }
    const messages = (await sight.list()).map((one) => [one.device, one.messages]);
    expect(messages).toEqual([
      [device(0), 2],
      [device(2), 4],
    ]);
  }, 30_000);

  test("who knocks without a password does not keep sessions of devices from being recorded", async () => {
    using sight = new Sight();
    for (let index = 0; index < 2 * SESSIONS_AT_ONCE + 10; index++) {
      const device = index.toString(16).padStart(32, "0") as DeviceId;
      sight.sight.record(
        exchangeOf({
          device,
          atMs: NOW_MS,
          sessionId: "8",
          messageId: 1,
          says: START,
          hears: "",
          course: {
            turn: "ended",
            continues: false,
            isOver: true,
            events: [{ kind: "not-authenticated", reason: "wrong", attempts: 3 }],
          },
        }),
      );
    }
    await sight.list();
    recordOrder(sight.sight, "f".repeat(32) as DeviceId, NOW_MS);
    await sight.list();
    const { rows, total } = sight.records.list({ limit: 1 }, NOW_MS);
    expect(rows[0]).toMatchObject({ authenticated: true, outcome: "finished" });
    expect(total).toBe(STRANGERS_AT_ONCE + 1);
  }, 30_000);
});
