import { describe, expect, test } from "bun:test";
import { AppError } from "../../../devices/model/errors.ts";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { SESSION_RECORDING_DEFAULT } from "../../../devices/model/recorded-session.ts";
import { STRANGER_MESSAGES_KEPT_MAX } from "../../../devices/sight/message-sizes.ts";
import { NOT_RECORDED, REPLACED } from "../../../devices/sight/reasons.ts";
import { COMMANDS_LISTED_MAX } from "../../../devices/sight/session-draft.ts";
import {
  BYTES_SEEN_MAX,
  BYTES_WAITING_MAX,
  PAUSE_MS,
  STRANGERS_AT_ONCE,
} from "../../../devices/sight/session-sight.ts";
import { NAMELESS_SESSIONS_MAX } from "../../../gateway/db/sessions/sql-session-records.ts";
import { PROBLEM_CHARACTERS_MAX } from "../../../protocols/errors.ts";
import {
  CRED,
  exchangeOf,
  itemXml,
  LOGGED_IN,
  recordOrder,
  recordRefused,
  recordSome,
  START,
  statusXml,
} from "../../harness/recorded-sessions.ts";
import { DEVICE, NAME, NOW_MS, Sight } from "./a-sight.ts";

const MINUTE_MS = 60_000;
const OTHER_DEVICE = "1f3b0c2d4e5a69788796a5b4c3d2e1f0" as DeviceId;
const ABORTED = [{ kind: "aborted", by: "device", reason: "it was cancelled" }] as const;

const said = (change: Partial<Parameters<typeof exchangeOf>[0]> = {}) =>
  exchangeOf({
    device: DEVICE,
    externalId: NAME,
    atMs: NOW_MS,
    sessionId: "7",
    messageId: 1,
    says: START,
    hears: statusXml(1, 1, "SyncHdr", "0", 212),
    header: CRED,
    course: { continues: false, events: LOGGED_IN },
    ...change,
  });

describe("SessionSight", () => {
  test("tells what was ordered and what came back", async () => {
    using sight = new Sight();
    recordOrder(sight.sight, DEVICE, NOW_MS);
    expect(await sight.only()).toMatchObject({
      device: DEVICE,
      externalId: NAME,
      sessionId: "7",
      startedAtMs: NOW_MS,
      lastAtMs: NOW_MS + 2_400,
      startedBy: "device",
      scheme: "syncml:auth-md5",
      authenticated: true,
      outcome: "finished",
      reason: null,
      hasProblem: false,
      messages: 4,
      commands: [
        { from: "server", command: "Atomic", about: "2 commands", status: 200 },
        { from: "server", command: "Add", status: 200 },
        { from: "server", command: "Exec", status: 200 },
      ],
    });
  });

  test("a command that fails is a problem, though the session finished", async () => {
    using sight = new Sight();
    recordOrder(sight.sight, DEVICE, NOW_MS, { code: 500 });
    const session = await sight.only();
    expect(session).toMatchObject({ outcome: "finished", hasProblem: true });
    expect(session.commands.map(({ command, status }) => [command, status])).toEqual([
      ["Atomic", 507],
      ["Add", 216],
      ["Exec", 500],
    ]);
  });

  test("no secret is kept, whatever kind of session it is from", async () => {
    using sight = new Sight();
    recordSome(sight.sight, DEVICE, NOW_MS, NAME);
    const sessions = await sight.list();
    expect(sessions.map(({ outcome }) => outcome)).toEqual([
      "unreadable",
      "cut",
      "refused",
      "finished",
      "finished",
    ]);
    const messages = sessions.flatMap(({ id }) => sight.records.messages(id, 0, 100));
    expect(messages.length).toBeGreaterThan(10);
    expect(JSON.stringify([sessions, messages])).not.toContain("SECRET");
  });

  test("a refusal says why, and what was shown", async () => {
    using sight = new Sight();
    recordRefused(sight.sight, DEVICE, NOW_MS);
    const session = await sight.only();
    expect(session).toMatchObject({
      outcome: "refused",
      authenticated: false,
      failedAttempts: 3,
      scheme: "syncml:auth-md5",
      hasProblem: true,
    });
    expect(session.reason).toContain("does not fit");
  });

  test("a challenge and the answer to it are one session", async () => {
    using sight = new Sight();
    const challenged = { kind: "not-authenticated", reason: "missing", attempts: 1 } as const;
    sight.sight.record(
      said({ header: "", course: { continues: false, turn: "wait", events: [challenged] } }),
    );
    sight.sight.record(said({ messageId: 2 }));
    sight.sight.record(said({ messageId: 3, says: "", course: { isOver: true } }));
    expect(await sight.only()).toMatchObject({
      outcome: "finished",
      failedAttempts: 1,
      messages: 6,
      reason: null,
    });
  });

  test("a stranger in a device's name does not end the device's session", async () => {
    using sight = new Sight();
    const wrong = { kind: "not-authenticated", reason: "wrong", attempts: 1 } as const;
    sight.sight.record(said());
    sight.sight.record(
      said({ sessionId: "8", course: { continues: false, turn: "wait", events: [wrong] } }),
    );
    sight.sight.record(said({ messageId: 2, says: "", course: { isOver: true } }));
    sight.nowMs += 11 * MINUTE_MS;
    const [stranger, own] = await sight.list();
    expect(own).toMatchObject({ sessionId: "7", outcome: "finished", messages: 4 });
    expect(stranger).toMatchObject({ sessionId: "8", outcome: "cut", authenticated: false });
  });

  test("a session is cut when the device begins another one, or is silent for too long", async () => {
    using sight = new Sight();
    sight.sight.record(said());
    sight.sight.record(said({ sessionId: "8" }));
    expect((await sight.list()).map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ["running", null],
      ["cut", REPLACED],
    ]);
    sight.nowMs += 11 * MINUTE_MS;
    const [last] = await sight.list();
    expect(last).toMatchObject({ outcome: "cut", hasProblem: true });
    expect(last?.reason).toContain("was not heard again");
    const cut = sight.records.list({ limit: 9, outcome: "cut" }, sight.nowMs);
    expect(cut.total).toBe(2);
    expect(sight.records.list({ limit: 9, outcome: "running" }, sight.nowMs).total).toBe(0);
    expect(sight.records.list({ limit: 9, hasProblem: true }, sight.nowMs).total).toBe(2);
  });

  test("a message that comes again is counted and shown as such", async () => {
    using sight = new Sight();
    recordOrder(sight.sight, DEVICE, NOW_MS);
    sight.sight.record(
      said({ messageId: 2, says: "", course: { turn: "repeat", continues: true } }),
    );
    const session = await sight.only();
    expect(session).toMatchObject({ outcome: "finished", messages: 6 });
    const repeated = sight.records.messages(session.id, 0, 9).map((one) => one.repeated);
    expect(repeated).toEqual([false, false, false, false, true, true]);
  });

  test("a session goes on in the records after a restart in the middle of it", async () => {
    using before = new Sight();
    before.sight.record(said());
    const { id } = await before.only();
    const after = new Sight(before.records);
    after.sight.record(said({ messageId: 2, says: "", course: { isOver: true, continues: true } }));
    expect(await after.only()).toMatchObject({ id, outcome: "finished", messages: 4 });
    expect(before.records.messages(id, 0, 9)).toHaveLength(4);
  });

  test("a stranger's session does not hide the device's after a restart", async () => {
    using before = new Sight();
    const wrong = { kind: "not-authenticated", reason: "wrong", attempts: 1 } as const;
    before.sight.record(said());
    const knock = { continues: false, turn: "wait", events: [wrong] } as const;
    before.sight.record(said({ sessionId: "8", course: knock }));
    await before.list();
    const after = new Sight(before.records);
    after.sight.record(said({ messageId: 2, says: "", course: { isOver: true, continues: true } }));
    const sessions = (await after.list()).map(({ sessionId, messages }) => [sessionId, messages]);
    expect(sessions).toEqual([
      ["8", 2],
      ["7", 4],
    ]);
  });

  test("who is turned away again and again gets one entry, with few of its messages", async () => {
    using sight = new Sight();
    for (let count = 0; count < 50; count++) {
      sight.sight.record({
        ...said({ sessionId: String(count) }),
        outcome: { kind: "turned-away", problem: "too many wrong credentials" },
      });
    }
    const session = await sight.only();
    expect(session).toMatchObject({
      outcome: "refused",
      reason: "too many wrong credentials",
      messages: 50,
      messagesNotKept: 50 - STRANGER_MESSAGES_KEPT_MAX,
    });
    expect(sight.records.messages(session.id, 0, 99)).toHaveLength(STRANGER_MESSAGES_KEPT_MAX);
  });

  test("strangers are not recorded, but for what cannot be read at all", async () => {
    using sight = new Sight();
    sight.sight.record({
      ...said({ externalId: "urn:uuid:nobody" }),
      outcome: { kind: "turned-away", problem: "no" },
    });
    sight.sight.recordUnreadable({
      atMs: NOW_MS,
      address: "192.0.2.1",
      encoding: "xml",
      bytes: Buffer.from("<SyncML><Source><LocURI>urn:uuid:nobody</LocURI></Source>"),
      problem: "xml-malformed: unclosed tag",
    });
    expect(await sight.only()).toMatchObject({
      device: null,
      externalId: "",
      outcome: "unreadable",
      reason: "xml-malformed: unclosed tag",
    });
  });

  test("what is said of a message is cut to a length", async () => {
    using sight = new Sight();
    sight.sight.recordUnreadable({
      atMs: NOW_MS,
      address: "192.0.2.1",
      encoding: "xml",
      bytes: Buffer.from("<a/>"),
      problem: "x".repeat(300_000),
    });
    const { id, reason } = await sight.only();
    expect(reason).toHaveLength(PROBLEM_CHARACTERS_MAX);
    expect(sight.records.messages(id, 0, 1)[0]?.problem).toHaveLength(PROBLEM_CHARACTERS_MAX);
  });

  test("of unreadable messages, which anybody can send, only so many are looked at", async () => {
    using sight = new Sight();
    for (let count = 0; count < STRANGERS_AT_ONCE + 10; count++) {
      sight.sight.recordUnreadable({
        atMs: NOW_MS,
        address: "192.0.2.1",
        encoding: "wbxml",
        bytes: new Uint8Array([2, 0xa4, 1, 0x6a, 0]),
        problem: "wbxml-truncated: the document ends too early",
      });
    }
    expect(await sight.list()).toHaveLength(NAMELESS_SESSIONS_MAX);
    expect(sight.lost).toBe(10);
  });

  test("where only problems are wanted, a session without one leaves nothing", async () => {
    using sight = new Sight();
    sight.recording = { ...SESSION_RECORDING_DEFAULT, record: "problems" };
    recordOrder(sight.sight, DEVICE, NOW_MS);
    recordOrder(sight.sight, DEVICE, NOW_MS, { sessionId: "8", code: 500 });
    const failed = await sight.only();
    expect(failed).toMatchObject({ sessionId: "8", messages: 4 });
    // Its first message was held until it was known what became of it.
    expect(sight.records.messages(failed.id, 0, 9)).toHaveLength(4);
  });

  test("nothing is recorded where recording is off", async () => {
    using sight = new Sight();
    sight.recording = { ...SESSION_RECORDING_DEFAULT, record: "off" };
    recordOrder(sight.sight, DEVICE, NOW_MS);
    expect(await sight.list()).toEqual([]);
  });

  test("what was seen before recording was switched off is kept", async () => {
    using sight = new Sight();
    recordOrder(sight.sight, DEVICE, NOW_MS);
    sight.recording = { ...SESSION_RECORDING_DEFAULT, record: "off" };
    recordOrder(sight.sight, OTHER_DEVICE, NOW_MS);
    expect((await sight.list()).map(({ device }) => device)).toEqual([DEVICE]);
  });

  test("a session in the middle of which recording is switched off is recorded to its end", async () => {
    using sight = new Sight();
    sight.sight.record(said());
    await sight.list();
    sight.recording = { ...SESSION_RECORDING_DEFAULT, record: "off" };
    sight.sight.record(said({ messageId: 2, says: "", course: { isOver: true, continues: true } }));
    sight.sight.record(said({ sessionId: "8" }));
    sight.sight.record(said({ sessionId: "8", messageId: 2, course: { continues: true } }));
    sight.nowMs += 11 * MINUTE_MS;
    expect(await sight.only()).toMatchObject({
      sessionId: "7",
      outcome: "finished",
      messages: 4,
      hasProblem: false,
    });
  });

  test("after a full disk, recording begins again, and says what it does not know", async () => {
    using sight = new Sight();
    const { room } = sight;
    sight.sight.record(said());
    await sight.list();
    sight.room = async () => {
      throw new AppError("no-room", "The gateway's disk is full.");
    };
    sight.sight.record(said({ messageId: 2, course: { continues: true } }));
    await sight.list();
    sight.room = room;
    sight.elapsedMs += PAUSE_MS - 1;
    recordOrder(sight.sight, OTHER_DEVICE, NOW_MS);
    expect((await sight.list()).map(({ device }) => device)).toEqual([DEVICE]);
    sight.elapsedMs += 1;
    recordOrder(sight.sight, OTHER_DEVICE, NOW_MS);
    sight.nowMs += 11 * MINUTE_MS;
    const [other, own] = await sight.list();
    expect(other).toMatchObject({ device: OTHER_DEVICE, outcome: "finished" });
    expect(own).toMatchObject({ outcome: "cut", messages: 4, messagesNotKept: 2 });
    expect(own?.reason).toBe(NOT_RECORDED);
    expect(sight.sight.problem).toBeNull();
    expect(sight.records.messages(own?.id ?? 0, 0, 9)).toHaveLength(2);
  });

  test("a session goes on after a full disk, with what came after it", async () => {
    using sight = new Sight();
    const { room } = sight;
    sight.sight.record(said());
    await sight.list();
    sight.room = async () => {
      throw new AppError("no-room", "The gateway's disk is full.");
    };
    sight.sight.record(said({ messageId: 2, course: { continues: true } }));
    await sight.list();
    sight.room = room;
    sight.elapsedMs += PAUSE_MS;
    sight.sight.record(said({ messageId: 3, says: "", course: { isOver: true, continues: true } }));
    const session = await sight.only();
    expect(session).toMatchObject({ outcome: "finished", reason: null, hasProblem: false });
    expect(sight.records.messages(session.id, 0, 9)).toHaveLength(4);
  });

  test("what waits to be written is decided at once where it is too much, however it came", async () => {
    using sight = new Sight();
    sight.recording = { ...SESSION_RECORDING_DEFAULT, record: "problems" };
    const exchange = said();
    const bytes = new Uint8Array(1024 * 1024 - exchange.request.bytes.length);
    const large = { ...exchange, request: { ...exchange.request, bytes } };
    sight.sight.record(large);
    // Others are written in between, and their bytes only are off the count.
    for (let mebibyte = 1; mebibyte < BYTES_WAITING_MAX / 1024 / 1024 + 2; mebibyte++) {
      recordOrder(sight.sight, OTHER_DEVICE, NOW_MS, { code: 500 });
      const device = mebibyte.toString(16).padStart(32, "0") as DeviceId;
      const { outcome } = said({ device });
      sight.sight.record({ ...large, outcome });
      await sight.list();
    }
    sight.sight.record(
      said({
        messageId: 2,
        hears: "",
        says: "",
        course: { isOver: true, continues: true, events: ABORTED },
      }),
    );
    const own = (await sight.list()).find(({ device }) => device === DEVICE);
    expect(own).toMatchObject({ outcome: "aborted", messages: 4, messagesNotKept: 2 });
  });

  test("a full disk stops the recording and is told; nobody else hears of it", async () => {
    using sight = new Sight();
    sight.room = async () => {
      throw new AppError("no-room", "The gateway's disk is full.");
    };
    recordOrder(sight.sight, DEVICE, NOW_MS);
    expect(await sight.list()).toEqual([]);
    expect(sight.sight.problem).toBe("The gateway's disk is full.");
    recordOrder(sight.sight, DEVICE, NOW_MS, { sessionId: "8" });
    expect(await sight.list()).toEqual([]);
    expect(sight.lost).toBeGreaterThan(2);
  });

  test("what comes faster than it can be looked at is counted and let go", async () => {
    using sight = new Sight();
    const exchange = said();
    const bytes = new Uint8Array(BYTES_SEEN_MAX / 4);
    const large = { ...exchange, request: { ...exchange.request, bytes } };
    for (let count = 0; count < 10; count++) sight.sight.record(large);
    await sight.list();
    expect(sight.lost).toBeGreaterThan(4);
    expect(sight.lost).toBeLessThan(10);
  });

  test("a long session lists so many commands and counts the rest", async () => {
    using sight = new Sight();
    const gets = Array.from(
      { length: COMMANDS_LISTED_MAX + 5 },
      (_, index) => `<Get><CmdID>${index + 2}</CmdID>${itemXml(`./DevInfo/${index}`)}</Get>`,
    );
    sight.sight.record(said({ hears: statusXml(1, 1, "SyncHdr", "0", 212) + gets.join("") }));
    const session = await sight.only();
    expect(session.commands).toHaveLength(COMMANDS_LISTED_MAX);
    expect(session.moreCommands).toBe(5);
  });

  test("the pieces of one object are one command", async () => {
    using sight = new Sight();
    const piece = (id: number, more: string) =>
      `<Replace><CmdID>${id}</CmdID><Item><Target><LocURI>./a</LocURI></Target><Data>x</Data>${more}</Item></Replace>`;
    sight.sight.record(said({ hears: piece(2, "<MoreData/>") }));
    sight.sight.record(
      said({
        messageId: 2,
        says: statusXml(1, 1, "Replace", "2", 213),
        hears: piece(3, ""),
        course: { continues: true },
      }),
    );
    sight.sight.record(
      said({
        messageId: 3,
        says: statusXml(1, 2, "Replace", "3", 200),
        hears: "",
        course: { continues: true, isOver: true },
      }),
    );
    expect((await sight.only()).commands).toEqual([
      { from: "server", command: "Replace", about: "./a", more: 0, status: 200 },
    ]);
  });
});
