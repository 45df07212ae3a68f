import { describe, expect, test } from "bun:test";
import { CspTalks, TALK_LIFE_MS, TALKS_MAX } from "../../../gateway/http/csp-talks.ts";
import { type DocumentTalk, NEW_TALK } from "../../../protocols/oma-dm/answer-document.ts";
import type { Message } from "../../../protocols/syncml/message.ts";

const TALK: DocumentTalk = { ...NEW_TALK, maxMsgSize: 5_000 };

function message(sessionId: string, messageId: number): Message {
  const target = { uri: "./Devices/one" };
  const source = { uri: "https://upstream.test" };
  const header = { verDtd: "1.2", verProto: "DM/1.2", sessionId, messageId, target, source };
  return { header, commands: [], final: true };
}

const of = (talks: CspTalks, sessionId: string, nowMs = 0) =>
  talks.of("one", "key", message(sessionId, 2), nowMs);

describe("what is remembered of talks with upstream servers", () => {
  test("is the talks that were kept last, so many of them", () => {
    const talks = new CspTalks();
    const keep = (n: number) => talks.keep("one", "key", message(String(n), 1), TALK, 0);
    for (let n = 0; n < TALKS_MAX; n++) keep(n);
    expect([of(talks, "0"), of(talks, "1")]).toEqual([TALK, TALK]);
    keep(0); // Goes on: 1 is the oldest now.
    keep(TALKS_MAX);
    expect([of(talks, "0"), of(talks, "1"), of(talks, "2")]).toEqual([TALK, NEW_TALK, TALK]);
    expect(of(talks, String(TALKS_MAX))).toEqual(TALK);
  });

  test("is forgotten when its server was silent for too long", () => {
    const talks = new CspTalks();
    talks.keep("one", "key", message("1", 1), TALK, 1_000);
    expect(of(talks, "1", 1_000 + TALK_LIFE_MS - 1)).toEqual(TALK);
    expect(of(talks, "1", 1_000 + TALK_LIFE_MS)).toEqual(NEW_TALK);
  });

  test("is one device's, one server's and one session's, which begins with its first message", () => {
    const talks = new CspTalks();
    talks.keep("one", "key", message("1", 1), TALK, 0);
    expect(talks.of("two", "key", message("1", 2), 0)).toEqual(NEW_TALK);
    expect(talks.of("one", "other", message("1", 2), 0)).toEqual(NEW_TALK);
    expect(of(talks, "2")).toEqual(NEW_TALK);
    expect(talks.of("one", "key", message("1", 1), 0)).toEqual(NEW_TALK);
    expect(of(talks, "1")).toEqual(TALK);
  });
});
