import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { DeviceId } from "../../../../devices/model/ids.ts";
import { SESSION_RECORDING_DEFAULT } from "../../../../devices/model/recorded-session.ts";
import { newSessionFile } from "../../../../gateway/db/sessions/session-file.ts";
import {
  NAMELESS_SESSIONS_MAX,
  SqlSessionRecords,
  STRANGER_SESSIONS_MAX,
} from "../../../../gateway/db/sessions/sql-session-records.ts";
import { DEVICE, message, session } from "./a-session.ts";

const OTHER = "1f3b0c2d4e5a69788796a5b4c3d2e1f0" as DeviceId;
const DAY_MS = 24 * 3_600_000;
const KEEP = SESSION_RECORDING_DEFAULT;

const idsOf = (records: SqlSessionRecords, device?: DeviceId) =>
  records.list({ device, limit: 1_000 }, 0).rows.map(({ id }) => id);

describe("SqlSessionRecords", () => {
  let records: SqlSessionRecords;
  beforeEach(() => {
    const open = () => newSessionFile(":memory:", undefined);
    records = new SqlSessionRecords(open(), open);
  });
  afterEach(() => records[Symbol.dispose]());

  test("gives back what was written, page by page, the latest first", () => {
    records.write(
      Array.from({ length: 25 }, (_, index) => ({ session: session(index + 1), messages: [] })),
      KEEP,
    );
    const first = records.list({ limit: 10 }, 0);
    expect(first.rows.map(({ id }) => id)).toEqual([25, 24, 23, 22, 21, 20, 19, 18, 17, 16]);
    expect(first).toMatchObject({ total: 25, next: 16 });
    const last = records.list({ limit: 10, before: 6 }, 0);
    expect(last.rows.map(({ id }) => id)).toEqual([5, 4, 3, 2, 1]);
    expect(last.next).toBeUndefined();
    expect(records.find(7, 0)).toEqual(session(7));
    expect(records.find(99, 0)).toBeUndefined();
    expect(records.lastId()).toBe(25);
  });

  test("a session that is written again keeps its messages and gets the new ones", () => {
    const texts = ["a", "b", "c", "d", "e"];
    records.write([{ session: session(1, { outcome: "running" }), messages: [] }], KEEP);
    const after = (messages: number) => session(1, { messages });
    records.write([{ session: after(2), messages: texts.slice(0, 2).map(message) }], KEEP);
    records.write([{ session: session(2), messages: [message("another")] }], KEEP);
    records.write([{ session: after(5), messages: texts.slice(2).map(message) }], KEEP);
    const shown = (from: number, limit: number) =>
      records.messages(1, from, limit).map(({ text }) => text);
    expect(shown(0, 9)).toEqual(texts);
    for (let from = 0; from < 6; from++)
      expect(shown(from, 2)).toEqual(texts.slice(from, from + 2));
  });

  test("finds the session of a moment", () => {
    for (const id of [10, 20]) records.write([{ session: session(id), messages: [] }], KEEP);
    records.write([{ session: session(30, { authenticated: false }), messages: [] }], KEEP);
    const around = (atMs: number) => records.around(DEVICE, atMs, 0)?.id;
    expect([9_999, 10_000, 19_999, 20_000, 99_000].map(around)).toEqual([
      undefined,
      10,
      10,
      20,
      20,
    ]);
    expect(records.around(OTHER, 99_000, 0)).toBeUndefined();
    expect(records.latest(DEVICE)?.session.id).toBe(20);
  });

  test("of each device the latest are kept, and their messages go with the others", () => {
    const keep = { ...KEEP, perDevice: 3 };
    for (let id = 1; id <= 8; id++) {
      const device = id % 2 === 0 ? DEVICE : OTHER;
      records.write([{ session: session(id, { device }), messages: [message("x")] }], keep);
    }
    expect(idsOf(records, DEVICE)).toEqual([8, 6, 4]);
    expect(idsOf(records, OTHER)).toEqual([7, 5, 3]);
    expect(records.messages(2, 0, 9)).toEqual([]);
    expect(records.messages(4, 0, 9)).toHaveLength(1);
  });

  test("so many are held at every write, also where one is written late or again", () => {
    const keep = { ...KEEP, perDevice: 2 };
    const write = (id: number, authenticated = true) =>
      records.write([{ session: session(id, { authenticated }), messages: [] }], keep);
    for (const id of [2, 3, 4]) write(id);
    expect(idsOf(records)).toEqual([4, 3]);
    write(1);
    expect(idsOf(records)).toEqual([4, 3]);
    write(5, false);
    expect(idsOf(records)).toEqual([5, 4, 3]);
    write(5);
    expect(idsOf(records)).toEqual([5, 4]);
  });

  test("who is not let in cannot push a device's own sessions out", () => {
    records.write([{ session: session(1), messages: [] }], KEEP);
    for (let id = 2; id <= 60; id++) {
      const device = id % 2 === 0 ? DEVICE : null;
      const stranger = session(id, { device, authenticated: false, outcome: "refused" });
      records.write([{ session: stranger, messages: [message("x")] }], KEEP);
    }
    expect(idsOf(records, DEVICE)).toHaveLength(STRANGER_SESSIONS_MAX + 1);
    expect(idsOf(records, DEVICE)).toContain(1);
    expect(idsOf(records)).toHaveLength(STRANGER_SESSIONS_MAX + NAMELESS_SESSIONS_MAX + 1);
  });

  test("what is too old goes, and so does what new settings do not allow", () => {
    for (let id = 1; id <= 10; id++) {
      const lastAtMs = id * DAY_MS;
      records.write([{ session: session(id, { lastAtMs }), messages: [message("x")] }], KEEP);
    }
    expect(records.prune({ ...KEEP, days: 5 }, 10 * DAY_MS)).toBe(4);
    expect(idsOf(records)).toEqual([10, 9, 8, 7, 6, 5]);
    expect(records.prune({ ...KEEP, days: 5, perDevice: 2 }, 10 * DAY_MS)).toBe(4);
    expect(idsOf(records)).toEqual([10, 9]);
    expect(records.prune({ ...KEEP, days: 5 }, 10 * DAY_MS)).toBe(0);
  });
});
