import { describe, expect, test } from "bun:test";
import { lostCommands } from "../../../protocols/oma-dm/lost-commands.ts";
import { macHeader, type ReceivedMac, receivedMac } from "../../../protocols/oma-dm/message-mac.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import { answer, receive } from "../../../protocols/oma-dm/server-session.ts";
import type { ServerSession } from "../../../protocols/oma-dm/server-state.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import type { Message } from "../../../protocols/syncml/message.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import {
  alert,
  BASIC,
  context,
  devInfo,
  headerOk,
  kinds,
  md5,
  message,
  nonce,
  openSession,
  packageOne,
  restarted,
  SECRET_HASH,
  status,
  stored,
  USER,
} from "./device-messages.ts";

const MAC = "syncml:auth-MAC";
const get = (tag: string): OutgoingCommand => ({
  name: "Get",
  tag,
  items: [{ target: `./${tag}` }],
});
const bytesOf = (said: Message) => Buffer.from(printXml(encodeMessage(said)));

/** The MAC of a message as it goes over the wire. */
function signed(said: Message, nonceText: string, secretHash = SECRET_HASH): ReceivedMac {
  const bytes = bytesOf(said);
  const header = macHeader({ userName: USER, secretHash, nonce: nonce(nonceText) }, bytes);
  const mac = receivedMac(header, bytes);
  if (mac === undefined) throw new Error("there is a header");
  return mac;
}

/** A MAC that is right for other bytes than those that came. */
function forAnotherBody(said: Message): ReceivedMac {
  const { bodyHash } = signed(said, "n0");
  return { ...signed({ ...said, final: false }, "n0"), bodyHash };
}

describe("a device that signs its messages", () => {
  const credential = (kept: string | null) =>
    stored({ scheme: MAC, nextNonce: kept === null ? null : nonce(kept) });
  const speak = (session: ServerSession | undefined, said: Message, kept: string, fresh: string) =>
    receive(
      session,
      said,
      context({ credential: credential(kept), mac: signed(said, kept), freshNonce: nonce(fresh) }),
    );

  test("is answered 200 with the next nonce, for each message", () => {
    const first = speak(undefined, packageOne(), "n0", "n1");
    expect(first.replyStatuses[0]).toMatchObject({
      code: 200,
      chal: { type: MAC, format: "b64", nextNonce: nonce("n1") },
    });
    expect(first.events[0]).toMatchObject({
      kind: "authenticated",
      scheme: MAC,
      nextNonce: nonce("n1"),
    });
    expect(first.turn).toBe("commands");
    const sent = answer(first.session, [get("a")]);
    const reply = message([headerOk(1), status(1, "4", "Get", 200)], { id: 2 });
    const second = speak(restarted(sent.session), reply, "n1", "n2");
    expect(second.replyStatuses[0]).toMatchObject({ code: 200, chal: { nextNonce: nonce("n2") } });
    expect(kinds(second.events)).toEqual(["authenticated", "status a"]);
  });

  test("without the header is challenged for it, in the first message and in every later one", () => {
    const first = receive(undefined, packageOne(), context({ credential: credential("n0") }));
    expect(first.replyStatuses[0]).toMatchObject({ code: 407, chal: { type: MAC } });
    const open = answer(speak(undefined, packageOne(), "n0", "n1").session, [get("a")]);
    const bare = message([headerOk(1), status(1, "4", "Get", 200)], { id: 2 });
    const second = receive(open.session, bare, context({ credential: credential("n1") }));
    expect(second.replyStatuses[0]).toMatchObject({ code: 407, chal: { type: MAC } });
    expect(kinds(second.events)).toEqual(["not-authenticated"]);
  });

  test.each([
    ["another body", (said: Message) => forAnotherBody(said)],
    ["another secret", (said: Message) => signed(said, "n0", "AAAAAAAAAAAAAAAAAAAAAA==")],
    ["a nonce of before", (said: Message) => signed(said, "old")],
    ["an unreadable header", () => receivedMac("nonsense", new Uint8Array())],
  ])("with %s is refused", (_, sign) => {
    const said = packageOne();
    const received = receive(
      undefined,
      said,
      context({ credential: credential("n0"), mac: sign(said) }),
    );
    expect(received.replyStatuses.map(({ code }) => code)).toEqual([401, 401, 401]);
  });

  test("may answer the challenge that it got, and never an absent nonce", () => {
    const said = packageOne({ id: 2 });
    const first = receive(
      undefined,
      packageOne(),
      context({ credential: credential(null), freshNonce: nonce("c") }),
    );
    const { session } = answer(first.session, []);
    const second = receive(
      session,
      said,
      context({ credential: credential(null), mac: signed(said, "c") }),
    );
    expect(second.turn).toBe("commands");
    const none = receive(
      undefined,
      packageOne(),
      context({ credential: credential(null), mac: signed(packageOne(), "") }),
    );
    expect(none.replyStatuses[0]?.code).toBe(401);
  });

  test("sends it beside the message: a Cred of that type is none", () => {
    const cred = { type: MAC, format: "b64", data: signed(packageOne(), "n0").mac };
    const received = receive(
      undefined,
      packageOne({ cred }),
      context({ credential: credential("n0") }),
    );
    expect(received.replyStatuses[0]?.code).toBe(401);
  });

  test("is not repeated the answer to a message that carries no MAC or another one", () => {
    const open = answer(speak(undefined, packageOne(), "n0", "n1").session, [get("secret")]);
    const right = { credential: credential("n1"), mac: signed(packageOne(), "n0") };
    expect(receive(open.session, packageOne(), context(right)).turn).toBe("repeat");
    for (const mac of [undefined, signed(packageOne(), "guess")]) {
      const received = receive(open.session, packageOne(), context({ ...right, mac }));
      expect(received.turn).toBe("wait");
      expect(JSON.stringify(answer(received.session, []).message)).not.toContain("secret");
    }
  });

  test("a captured message is refused once its nonce was used", () => {
    const captured = packageOne();
    const mac = signed(captured, "n0");
    const open = answer(speak(undefined, captured, "n0", "n1").session, []);
    const over = answer(speak(open.session, packageOne({ session: "2" }), "n1", "n2").session, []);
    const replay = receive(over.session, captured, context({ credential: credential("n2"), mac }));
    expect(replay.replyStatuses[0]?.code).toBe(401);
  });
});

describe("a device with a verified client certificate", () => {
  const certified = (changes: Parameters<typeof stored>[0] = {}) =>
    context({ credential: stored(changes), certified: true });

  test("needs no Cred, and is not challenged", () => {
    const received = receive(undefined, packageOne(), certified());
    expect(received.replyStatuses[0]).toMatchObject({ code: 212, chal: undefined });
    expect(received.events[0]).toMatchObject({ scheme: "certificate", nextNonce: null });
    expect(received.turn).toBe("commands");
  });

  test("shows it with every message: without it the session goes on for nobody", () => {
    const { session } = answer(receive(undefined, packageOne(), certified()).session, [get("a")]);
    const reply = message([headerOk(1), status(1, "4", "Get", 200)], { id: 2 });
    const stranger = receive(session, reply, context());
    expect(stranger.replyStatuses[0]?.code).toBe(401);
    expect(stranger.turn).toBe("ended");
    const after = answer(stranger.session, []);
    const owner = receive(restarted(after.session), reply, certified());
    expect(kinds(owner.events)).toEqual(["status a"]);
  });

  test("where nothing else is taken, the right password is of no use, and the session ends", () => {
    const received = receive(
      undefined,
      packageOne({ cred: BASIC }),
      context({ credential: stored({ scheme: "certificate" }) }),
    );
    expect(received.events).toEqual([
      { kind: "not-authenticated", reason: "certificate", attempts: 1 },
    ]);
    expect(received.turn).toBe("ended");
    expect(receive(undefined, packageOne(), certified({ scheme: "certificate" })).turn).toBe(
      "commands",
    );
  });

  test("of nobody that is known is worth nothing", () => {
    const received = receive(
      undefined,
      packageOne(),
      context({ credential: undefined, certified: true }),
    );
    expect(received.replyStatuses[0]?.code).toBe(407);
  });
});

describe("what is required of a device", () => {
  test.each([
    ["any", "syncml:auth-basic"],
    ["syncml:auth-basic", "syncml:auth-basic"],
    ["syncml:auth-basic", "syncml:auth-md5"],
    ["syncml:auth-md5", "syncml:auth-md5"],
    ["syncml:auth-md5", MAC],
  ] as const)("at least %s takes %s", (scheme, offered) => {
    const said = packageOne(
      offered === "syncml:auth-basic"
        ? { cred: BASIC }
        : offered === "syncml:auth-md5"
          ? { cred: md5("kept") }
          : {},
    );
    const mac = offered === MAC ? signed(said, "kept") : undefined;
    const credential = stored({ scheme, nextNonce: nonce("kept") });
    expect(receive(undefined, said, context({ credential, mac })).turn).toBe("commands");
  });

  test("a device that was asked for one scheme and offers another ends its session", () => {
    const credential = stored({ scheme: "syncml:auth-md5", nextNonce: nonce("kept") });
    const first = receive(undefined, packageOne({ cred: BASIC }), context({ credential }));
    expect(first.turn).toBe("wait"); // It could not know.
    const { session } = answer(first.session, []);
    const again = packageOne({ id: 2, cred: BASIC });
    const second = receive(session, again, context({ credential }));
    expect(second.replyStatuses[0]).toMatchObject({ code: 401, chal: { type: "syncml:auth-md5" } });
    expect(second.turn).toBe("ended");
  });
});

describe("two sessions of one device at once", () => {
  test("the newer one goes on, the older one is refused, and neither hears the other", () => {
    const older = answer(openSession({ session: "A" }), [get("a")]);
    const begun = receive(older.session, packageOne({ session: "B", cred: BASIC }), context());
    expect(kinds(begun.events)).toEqual(["in-doubt a", "authenticated", "alert", "dev-info"]);
    expect(begun.continues).toBe(false);
    const newer = answer(begun.session, [get("b")]);

    const late = message([headerOk(1), status(1, "4", "Get", 200)], {
      id: 2,
      session: "A",
      cred: BASIC,
    });
    const refused = receive(newer.session, late, context());
    expect(refused.events).toEqual([]);
    expect(refused.replyStatuses).toMatchObject([{ cmd: "SyncHdr", code: 506 }]);
    expect(refused.turn).toBe("ended");

    const sent = answer(refused.session, []);
    const reply = message([headerOk(1), status(1, "4", "Get", 200)], { id: 2, session: "B" });
    const goesOn = receive(restarted(sent.session), reply, context());
    expect(kinds(goesOn.events)).toEqual(["status b"]);
    expect(goesOn.continues).toBe(true);
  });

  test("the rest of a session that the server has lost is refused, and begins nothing", () => {
    const rest = message([headerOk(3), status(3, "4", "Get", 200)], { id: 4, cred: BASIC });
    const received = receive(undefined, rest, context());
    expect(received).toMatchObject({ events: [], turn: "ended", continues: false });
    expect(received.replyStatuses).toMatchObject([{ cmd: "SyncHdr", code: 506 }]);
    const { session } = answer(received.session, []);
    const fresh = receive(session, packageOne({ cred: BASIC }), context());
    expect(fresh.turn).toBe("commands");
  });
});

describe("a message with wrong credentials inside an open session", () => {
  const reply = message([headerOk(1), status(1, "4", "Get", 200)], { id: 2 });
  const withBasic: Message = { ...reply, header: { ...reply.header, cred: BASIC } };

  test.each([
    ["the next number", 2],
    ["a number far ahead", 1000],
  ])("with %s does not disturb the session, with or without a Cred", (_, id) => {
    for (const owner of [reply, withBasic]) {
      const open = answer(openSession(), [get("a")]);
      const bad = message([headerOk(1)], { id, cred: md5("wrong") });
      const stranger = receive(open.session, bad, context());
      expect(stranger.replyStatuses[0]?.code).toBe(401);
      const { session } = answer(stranger.session, []);
      const received = receive(restarted(session), owner, context());
      expect(kinds(received.events).at(-1)).toBe("status a");
      expect(received.continues).toBe(true);
    }
  });

  test("lets the device start over under its SessionID, and our MsgIDs go on", () => {
    const open = answer(openSession(), [get("a")]);
    const bad = message([headerOk(1)], { id: 2, cred: md5("wrong") });
    const { session, message: challenge } = answer(
      receive(open.session, bad, context()).session,
      [],
    );
    expect(challenge.header.messageId).toBe(2);
    const again = message([headerOk(2), alert(1201, "2"), devInfo("3")], { id: 3, cred: BASIC });
    const received = receive(session, again, context());
    expect(kinds(received.events)).toEqual(["in-doubt a", "authenticated", "alert", "dev-info"]);
    expect(answer(received.session, []).message.header.messageId).toBe(3);
  });
});

test("what a broken session leaves behind: sent is in doubt, unsent is not sent, answered is known", () => {
  const many = Array.from({ length: 30 }, (_, i) => get(`g${i}`));
  const atomic: OutgoingCommand = { name: "Atomic", tag: "all", commands: [get("in")] };
  const open = answer(openSession({ maxMsgSize: 2000 }), [...many, atomic]);
  const { outstanding, queued } = open.session;
  expect(outstanding.length).toBeGreaterThan(1);
  const answered = status(1, outstanding[0]?.cmdId, "Get", 200);
  const part = message([headerOk(1), answered], { id: 2, final: false });
  const { session } = answer(receive(open.session, part, context()).session, []);
  expect(kinds(lostCommands(session))).toEqual([
    ...outstanding.slice(1).map(({ tag }) => `in-doubt ${tag}`),
    ...queued.slice(0, -1).map(({ tag }) => `not-sent ${tag}`),
    "not-sent all",
    "not-sent in",
  ]);
});
