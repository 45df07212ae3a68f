import { describe, expect, test } from "bun:test";
import {
  BYTES_KEPT_MAX,
  KeptSoFar,
  MESSAGES_KEPT_MAX,
} from "../../../devices/sight/message-sizes.ts";
import {
  exchangeOf,
  itemXml,
  LOGGED_IN,
  START,
  statusXml,
} from "../../harness/recorded-sessions.ts";
import { DEVICE, NAME, NOW_MS, Sight } from "./a-sight.ts";

const said = (change: Partial<Parameters<typeof exchangeOf>[0]>) =>
  exchangeOf({
    device: DEVICE,
    externalId: NAME,
    atMs: NOW_MS,
    sessionId: "7",
    messageId: 1,
    says: START,
    hears: "",
    ...change,
  });

const FIRST = { continues: false, events: LOGGED_IN };

describe("a session in the middle of which the gateway is started again", () => {
  test("has the answers to commands of before", async () => {
    using before = new Sight();
    const get = `<Get><CmdID>2</CmdID>${itemXml("./a")}</Get>`;
    const exec = `<Exec><CmdID>3</CmdID>${itemXml("./b")}</Exec>`;
    before.sight.record(said({ hears: get + exec, course: FIRST }));
    await before.list();
    const after = new Sight(before.records);
    const says = statusXml(1, 1, "Get", "2", 200) + statusXml(2, 1, "Exec", "3", 500);
    after.sight.record(said({ messageId: 2, says, course: { isOver: true } }));
    const session = await after.only();
    expect(session.commands.map(({ command, status }) => [command, status])).toEqual([
      ["Get", 200],
      ["Exec", 500],
    ]);
    expect(session).toMatchObject({ outcome: "finished", hasProblem: true });
    expect(session).not.toHaveProperty("unanswered");
  });

  test("keeps no more messages than any other", async () => {
    using before = new Sight();
    const half = MESSAGES_KEPT_MAX / 2;
    before.sight.record(said({ course: FIRST }));
    const next = said({ messageId: 2, says: "" });
    // Each has an answer.
    for (let count = 1; count < half - 5; count++) before.sight.record(next);
    await before.list();
    const after = new Sight(before.records);
    for (let count = 0; count < 10; count++) after.sight.record(next);
    const { id, messages, messagesNotKept } = await after.only();
    expect([messages, messagesNotKept]).toEqual([MESSAGES_KEPT_MAX + 10, 10]);
    expect(after.records.messages(id, 0, 999)).toHaveLength(MESSAGES_KEPT_MAX);
  });
});

describe("of one session so much is kept", () => {
  test("so many messages", () => {
    const kept = new KeptSoFar(0, 0);
    for (let count = 0; count < MESSAGES_KEPT_MAX; count++) expect(kept.takes(1, true)).toBe(true);
    expect(kept.takes(1, true)).toBe(false);
  });

  test("so many bytes, and nothing behind what was too much", () => {
    const kept = new KeptSoFar(0, 0);
    expect(kept.takes(BYTES_KEPT_MAX - 1, true)).toBe(true);
    expect(kept.takes(2, true)).toBe(false);
    expect(kept.takes(1, true)).toBe(false);
    expect(new KeptSoFar(0, 0).takes(BYTES_KEPT_MAX, true)).toBe(true);
  });
});
