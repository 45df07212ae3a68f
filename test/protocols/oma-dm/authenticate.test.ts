import { describe, expect, test } from "bun:test";
import { basicCredential, secretHashOf } from "../../../protocols/oma-dm/credentials.ts";
import { answer, receive } from "../../../protocols/oma-dm/server-session.ts";
import {
  SESSION_LIMITS,
  type ServerSession,
  type SessionEvent,
} from "../../../protocols/oma-dm/server-state.ts";
import {
  alert,
  BASIC,
  context,
  headerOk,
  kinds,
  md5,
  message,
  nonce,
  openSession,
  packageOne,
  restarted,
  SECRET_HASH,
  stored,
} from "./device-messages.ts";

const WRONG = basicCredential("Bruce2", "wrong");

describe("authentication", () => {
  test("no credentials: 407 with a challenge, and a Status for every command", () => {
    const received = receive(undefined, packageOne(), context({ freshNonce: nonce("n1") }));
    expect(received.turn).toBe("wait");
    expect(received.events).toEqual([
      { kind: "not-authenticated", reason: "missing", attempts: 1 },
    ]);
    expect(answer(received.session, []).message).toMatchObject({
      final: true,
      commands: [
        {
          name: "Status",
          msgRef: "1",
          cmdRef: "0",
          cmd: "SyncHdr",
          code: 407,
          chal: { type: "syncml:auth-md5", format: "b64", nextNonce: nonce("n1") },
        },
        { name: "Status", cmdRef: "1", cmd: "Alert", code: 407 },
        { name: "Status", cmdRef: "2", cmd: "Replace", code: 407 },
      ],
    });
  });

  test("good basic credentials: 212, no challenge, no nonce to store", () => {
    const received = receive(undefined, packageOne({ cred: BASIC }), context());
    expect(received.replyStatuses[0]).toMatchObject({ code: 212, chal: undefined });
    expect(received.events[0]).toEqual({
      kind: "authenticated",
      scheme: "syncml:auth-basic",
      nextNonce: null,
      withPreviousSecret: false,
    });
  });

  test("a good digest: 212 with the nonce of the next session", () => {
    const received = receive(
      undefined,
      packageOne({ cred: md5("kept") }),
      context({ credential: stored({ nextNonce: nonce("kept") }), freshNonce: nonce("next") }),
    );
    expect(received.replyStatuses[0]).toMatchObject({
      code: 212,
      chal: { type: "syncml:auth-md5", nextNonce: nonce("next") },
    });
    expect(received.events[0]).toMatchObject({ kind: "authenticated", nextNonce: nonce("next") });
  });

  test("a digest over a stale nonce: 401, the stored nonce stays, the challenge then works", () => {
    const credential = stored({ nextNonce: nonce("kept"), scheme: "syncml:auth-md5" });
    const first = receive(
      undefined,
      packageOne({ cred: md5("stale") }),
      context({ credential, freshNonce: nonce("challenge") }),
    );
    expect(first.replyStatuses.map(({ code }) => code)).toEqual([401, 401, 401]);
    expect(first.events).toEqual([{ kind: "not-authenticated", reason: "wrong", attempts: 1 }]);
    const sent = answer(first.session, []);

    const second = receive(
      restarted(sent.session),
      message([headerOk(1), alert(1201, "2")], { id: 2, cred: md5("challenge") }),
      context({ credential, freshNonce: nonce("next") }),
    );
    expect(second.turn).toBe("commands");
    expect(second.events[0]).toMatchObject({ kind: "authenticated", nextNonce: nonce("next") });
  });

  test("the stored nonce works as well after a stranger was challenged", () => {
    const credential = stored({ nextNonce: nonce("kept") });
    const stranger = receive(undefined, packageOne({ session: "66" }), context({ credential }));
    const { session } = answer(stranger.session, []);
    const owner = receive(session, packageOne({ cred: md5("kept") }), context({ credential }));
    expect(owner.turn).toBe("commands");
  });

  test("a digest never answers an absent nonce, which could be replayed for ever", () => {
    const received = receive(undefined, packageOne({ cred: md5("") }), context());
    expect(received.replyStatuses[0]?.code).toBe(401);
  });

  test("a challenge counts once answered in a new session, as some devices do", () => {
    const first = receive(undefined, packageOne(), context({ freshNonce: nonce("n") }));
    const { session } = answer(first.session, []);
    const again = receive(session, packageOne({ session: "2", cred: md5("n") }), context());
    expect(again.turn).toBe("commands");
  });

  test("the right password by a weaker scheme than required is refused", () => {
    const credential = stored({ scheme: "syncml:auth-md5", nextNonce: nonce("kept") });
    const received = receive(undefined, packageOne({ cred: BASIC }), context({ credential }));
    expect(received.replyStatuses[0]).toMatchObject({
      code: 401,
      chal: { type: "syncml:auth-md5" },
    });
    expect(received.events[0]).toMatchObject({ kind: "not-authenticated", reason: "scheme" });
  });

  test("required basic is challenged without a nonce", () => {
    const credential = stored({ scheme: "syncml:auth-basic" });
    const received = receive(undefined, packageOne(), context({ credential }));
    expect(received.replyStatuses[0]?.chal).toEqual({ type: "syncml:auth-basic", format: "b64" });
  });

  test("the scheme may not change within a session", () => {
    const { session } = answer(openSession(), [
      { name: "Get", tag: "g", items: [{ target: "./A" }] },
    ]);
    const credential = stored({ nextNonce: nonce("kept") });
    const other = receive(
      session,
      message([headerOk(1)], { id: 2, cred: md5("kept") }),
      context({ credential }),
    );
    expect(other.replyStatuses[0]?.code).toBe(401);
  });

  test("an unknown scheme is wrong, and an unknown device has no right credentials", () => {
    const mac = { type: "syncml:auth-MAC", data: "x" };
    expect(receive(undefined, packageOne({ cred: mac }), context()).replyStatuses[0]?.code).toBe(
      401,
    );
    const nobody = context({ credential: undefined });
    expect(receive(undefined, packageOne({ cred: BASIC }), nobody).replyStatuses[0]?.code).toBe(
      401,
    );
    expect(receive(undefined, packageOne(), nobody).replyStatuses[0]?.code).toBe(407);
  });

  test("during a rotation the former secret works and says so", () => {
    const credential = stored({
      secretHash: secretHashOf("Bruce2", "new"),
      previousSecretHash: SECRET_HASH,
      nextNonce: nonce("kept"),
    });
    for (const cred of [BASIC, md5("kept")]) {
      const received = receive(undefined, packageOne({ cred }), context({ credential }));
      expect(received.events[0]).toMatchObject({
        kind: "authenticated",
        withPreviousSecret: true,
      });
    }
  });

  test(`${SESSION_LIMITS.attemptsMax} bad messages end the session, one less does not`, () => {
    let session: ServerSession | undefined;
    const turns: string[] = [];
    let events: readonly SessionEvent[] = [];
    for (let id = 1; id <= SESSION_LIMITS.attemptsMax; id++) {
      const received = receive(session, packageOne({ id, cred: WRONG }), context());
      turns.push(received.turn);
      events = received.events;
      session = answer(received.session, []).session;
    }
    expect(turns).toEqual(["wait", "wait", "ended"]);
    expect(events).toEqual([{ kind: "not-authenticated", reason: "wrong", attempts: 3 }]);

    const after = receive(session, message([headerOk(3)], { id: 4, cred: BASIC }), context());
    expect(after.turn).toBe("ended");
    expect(after.replyStatuses).toMatchObject([{ cmd: "SyncHdr", code: 506 }]);
    expect(after.events).toEqual([]);
  });

  test("starting again from MsgID 1 gains no attempts", () => {
    const first = answer(receive(undefined, packageOne({ cred: WRONG }), context()).session, []);
    const second = receive(first.session, packageOne({ cred: md5("x") }), context());
    expect(second.events[0]).toMatchObject({ attempts: 2 });
  });

  test("nothing a stranger says becomes an event", () => {
    const said = message(
      [alert(1201), alert(1226, "2"), alert(1223, "3"), { ...headerOk(1), cmdRef: "5" }],
      { cred: WRONG },
    );
    expect(kinds(receive(undefined, said, context()).events)).toEqual(["not-authenticated"]);
  });

  test("a client that repeats its digest in every message stays authenticated", () => {
    const credential = stored({ nextNonce: nonce("kept") });
    const first = receive(
      undefined,
      packageOne({ cred: md5("kept") }),
      context({ credential, freshNonce: nonce("next") }),
    );
    const { session } = answer(first.session, [
      { name: "Get", tag: "g", items: [{ target: "./A" }] },
    ]);
    const second = receive(
      session,
      message([headerOk(1)], { id: 2, cred: md5("kept") }),
      context({ credential: stored({ nextNonce: nonce("next") }) }),
    );
    expect(second.replyStatuses[0]?.code).toBe(212);
    expect(kinds(second.events)).toEqual(["unanswered g"]);
  });

  test("a wrong Cred in an open session is refused", () => {
    const { session } = answer(openSession(), [
      { name: "Get", tag: "g", items: [{ target: "./A" }] },
    ]);
    const bad = receive(session, message([headerOk(1)], { id: 2, cred: WRONG }), context());
    expect(bad.replyStatuses[0]?.code).toBe(401);
    expect(kinds(bad.events)).toEqual(["not-authenticated"]);
  });
});
