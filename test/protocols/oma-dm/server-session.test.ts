import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../protocols/errors.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import { answer, receive } from "../../../protocols/oma-dm/server-session.ts";
import {
  MAX_MSG_SIZE_MIN,
  SESSION_LIMITS,
  type ServerSession,
} from "../../../protocols/oma-dm/server-state.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import type { Command } from "../../../protocols/syncml/message.ts";
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
  status,
  stored,
} from "./device-messages.ts";

const get = (tag: string, target = `./${tag}`): OutgoingCommand => ({
  name: "Get",
  tag,
  items: [{ target }],
});

describe("the first package", () => {
  test("is told as events and answered Status by Status, then commands follow", () => {
    const received = receive(undefined, packageOne({ cred: BASIC }), context());
    expect(received.turn).toBe("commands");
    expect(received.events.slice(1)).toEqual([
      { kind: "alert", code: 1201, correlator: null, items: [] },
      { kind: "dev-info", info: { devId: "urn:uuid:0001", man: "Contoso", other: {} } },
    ]);
    const add: OutgoingCommand = {
      name: "Add",
      tag: "enrol",
      items: [
        { target: "./A", format: "chr", data: "1" },
        { target: "./B", format: "chr", data: "" },
      ],
    };
    expect(answer(received.session, [add, get("status")]).message).toEqual({
      header: {
        verDtd: "1.2",
        verProto: "DM/1.2",
        sessionId: "1",
        messageId: 1,
        target: { uri: "urn:uuid:0001" },
        source: { uri: "https://gateway.example/syncml" },
        respUri: undefined,
        maxMsgSize: SESSION_LIMITS.messageBytesMax,
        maxObjSize: SESSION_LIMITS.objectBytesMax,
      },
      commands: [
        {
          ...status(1, "0", "SyncHdr", 212, ["https://gateway.example/syncml"]),
          cmdId: "1",
          sourceRefs: ["urn:uuid:0001"],
        },
        { ...status(1, "1", "Alert", 200), cmdId: "2" },
        { ...status(1, "2", "Replace", 200), cmdId: "3" },
        {
          name: "Add",
          cmdId: "4",
          items: [
            { target: "./A", meta: { format: "chr" }, data: "1" },
            { target: "./B", meta: { format: "chr" }, data: "" },
          ],
        },
        { name: "Get", cmdId: "5", items: [{ target: "./status" }] },
      ],
      final: true,
    });
  });

  test("moves the device with RespURI when asked to", () => {
    const respUri = "https://gateway.example/syncml?s=abc";
    const received = receive(undefined, packageOne({ cred: BASIC }), context({ respUri }));
    expect(answer(received.session, []).message.header.respUri).toBe(respUri);
  });

  test.each([
    [{ verDtd: "2.0" }, 505],
    [{ verProto: "SyncML/1.2" }, 513],
    [{ verDtd: "", verProto: "" }, 212],
    [{ verDtd: "1.1", verProto: "DM/1.1" }, 212],
  ])("version %j gives %j", (versions, code) => {
    const received = receive(undefined, packageOne({ cred: BASIC, ...versions }), context());
    expect(received.replyStatuses[0]?.code).toBe(code);
    expect(received.turn).toBe(code === 212 ? "commands" : "ended");
  });

  test("a stranger's version ends nobody's session", () => {
    const { session } = answer(openSession(), [get("a")]);
    const said = message([headerOk(1)], { id: 2, cred: md5("guessed"), verDtd: "2.0" });
    const stranger = receive(session, said, context());
    expect(stranger.replyStatuses[0]?.code).toBe(401);
    const aside = answer(stranger.session, []).session;
    const reply = message([headerOk(1), status(1, "1", "Get", 200)], { id: 2 });
    expect(receive(aside, reply, context())).toMatchObject({ continues: true, turn: "commands" });
  });
});

describe("what a device may send", () => {
  test.each<[string, Command, number]>([
    ["an event", alert(1224, "5"), 200],
    ["a generic alert", alert(1226, "5"), 200],
    ["DevInfo", devInfo("5"), 200],
    ["a Replace elsewhere", { name: "Replace", cmdId: "5", items: [{ target: "./X" }] }, 405],
    [
      "a name that only begins alike",
      { name: "Replace", cmdId: "5", items: [{ source: "./DevInfoX/Man", data: "x" }] },
      405,
    ],
    ["an Add", { name: "Add", cmdId: "5", items: [{ target: "./X" }] }, 405],
    ["an Atomic", { name: "Atomic", cmdId: "5", commands: [alert(1226, "6")] }, 405],
    ["a Put", { name: "Unknown", element: "Put", cmdId: "5" }, 501],
    ["an alert of the server's", alert(1100, "5"), 406],
    ["an unknown alert", alert(1300, "5"), 406],
    ["an alert without a code", alert(0, "5"), 400],
    ["a command without CmdID", alert(1226, ""), 400],
  ])("%s", (_, command, code) => {
    const received = receive(undefined, message([command], { cred: BASIC }), context());
    expect(received.replyStatuses[1]).toMatchObject({ code });
    expect(received.replyStatuses).toHaveLength(2);
    const told = received.events.some(({ kind }) => kind === "alert" || kind === "dev-info");
    expect(told).toBe(code === 200);
  });

  test("an alert comes with its correlator and items", () => {
    const items = [{ source: "./X", meta: { type: "Reversed-Domain-Name:x" }, data: "0" }];
    const said: Command = { name: "Alert", cmdId: "5", code: 1226, correlator: "job", items };
    const received = receive(undefined, message([said], { cred: BASIC }), context());
    expect(received.events[1]).toEqual({ kind: "alert", code: 1226, correlator: "job", items });
  });
});

describe("the end of a session", () => {
  test("no commands end it, with every Status and Final", () => {
    const { message: last } = answer(openSession(), []);
    expect(last.final).toBe(true);
    expect(last.commands.map(({ name }) => name)).toEqual(["Status", "Status", "Status"]);
  });

  test("Alert 1223 is answered and nothing more is said", () => {
    const { session } = answer(openSession(), [get("a")]);
    const aborted = receive(
      session,
      message([headerOk(1), alert(1223, "2")], { id: 2 }),
      context(),
    );
    expect(aborted.turn).toBe("ended");
    expect(aborted.events).toEqual([
      { kind: "in-doubt", tag: "a" },
      { kind: "aborted", by: "device", reason: "the device aborted the session" },
    ]);
    const last = answer(aborted.session, []);
    expect(last.message.commands).toMatchObject([
      { name: "Status", cmd: "SyncHdr", code: 200 },
      { name: "Status", cmd: "Alert", code: 200 },
    ]);
    const late = receive(last.session, message([headerOk(2)], { id: 3 }), context());
    expect(late.replyStatuses).toMatchObject([{ code: 506 }]);
  });

  test("a device that refuses our header, wanting our credentials, is heard", () => {
    const { session } = answer(openSession(), [get("a")]);
    const refused = message([status(1, "0", "SyncHdr", 401), status(1, "4", "Get", 401)], {
      id: 2,
    });
    const received = receive(session, refused, context());
    expect(received.turn).toBe("ended");
    expect(kinds(received.events)).toEqual(["not-sent a", "own-refused", "aborted"]);
    expect(received.events[1]).toEqual({ kind: "own-refused", problem: "none-set" });
  });

  test("the server aborts at its limit of messages, not one before", () => {
    const limits = { ...SESSION_LIMITS, messagesMax: 4 };
    let session: ServerSession = openSession();
    const turns: string[] = [];
    for (let id = 2; id <= 4; id++) {
      session = answer(session, [get(`g${id}`)]).session;
      const received = receive(session, message([headerOk(id - 1)], { id }), context({ limits }));
      turns.push(received.turn);
      session = received.session;
    }
    expect(turns).toEqual(["commands", "commands", "ended"]);
    const { message: last } = answer(session, []);
    expect(last.commands.at(-1)).toMatchObject({ name: "Alert", code: 1223 });
    expect(last).toMatchObject({ final: true, header: { messageId: 4 } });
  });
});

describe("a package in several messages", () => {
  test("is asked for: Status and Alert 1222, no Final, no commands", () => {
    const { session } = answer(openSession(), [get("a")]);
    const part = message([headerOk(1), status(1, "4", "Get", 200)], { id: 2, final: false });
    const received = receive(session, part, context());
    expect(received.turn).toBe("next-message");
    const asked = answer(received.session, []);
    expect(asked.message.commands).toMatchObject([
      { name: "Status", cmd: "SyncHdr" },
      { name: "Alert", code: 1222 },
    ]);
    expect(asked.message.final).toBe(false);

    const rest = message([headerOk(2), status(2, "2", "Alert", 200)], { id: 3 });
    const done = receive(restarted(asked.session), rest, context());
    expect(done.turn).toBe("commands");
    expect(kinds(received.events)).toEqual(["status a"]);
    expect(done.events).toEqual([]); // Told with the first part, not again.
  });

  test("commands out of turn are a mistake of ours", () => {
    const part = message([alert(1201)], { cred: BASIC, final: false });
    const received = receive(undefined, part, context());
    expect(() => answer(received.session, [get("a")])).toThrow("server's turn");
    const sent = answer(openSession(), [get("a")]);
    expect(() => answer(sent.session, [get("b")])).toThrow("server's turn");
  });

  test("two commands may not carry one tag", () => {
    expect(() => answer(openSession(), [get("a"), get("a")])).toThrow("carry the tag a");
  });
});

describe("MsgID and SessionID", () => {
  test("our MsgIDs rise by one, from one", () => {
    let session = openSession();
    const ids: number[] = [];
    for (let id = 2; id < 6; id++) {
      const sent = answer(session, [get("a")]);
      ids.push(sent.message.header.messageId);
      session = receive(sent.session, message([headerOk(id - 1)], { id }), context()).session;
    }
    expect(ids).toEqual([1, 2, 3, 4]);
  });

  test("a repeated message gets the same bytes again, and no events", () => {
    const { session } = answer(openSession(), [get("a")]);
    const reply = message([headerOk(1), status(1, "4", "Get", 200), alert(1226, "3")], { id: 2 });
    const first = receive(session, reply, context());
    const sent = answer(first.session, [get("b")]);
    const again = receive(restarted(sent.session), restarted(reply), context());
    expect(again).toMatchObject({ turn: "repeat", events: [] });
    const resent = answer(again.session, []);
    expect(print(resent.message)).toBe(print(sent.message));
    expect(restarted(resent.session)).toEqual(restarted(sent.session));
  });

  test("a restart between taking in and answering loses nothing", () => {
    const { session } = answer(openSession(), [get("a")]);
    const reply = message([headerOk(1), status(1, "4", "Get", 200)], { id: 2 });
    const first = receive(session, reply, context());
    expect(kinds(first.events)).toEqual(["status a"]);
    const again = receive(restarted(first.session), reply, context());
    expect(again).toMatchObject({ turn: "commands", events: [] });
    expect(again.replyStatuses).toEqual(first.replyStatuses);
  });

  test("a number that goes back is refused by rule, and the session stays", () => {
    let session = answer(openSession(), [get("a")]).session;
    session = receive(session, message([headerOk(1)], { id: 5 }), context()).session;
    session = answer(session, [get("b")]).session;
    expect(ruleOf(session, message([headerOk(2)], { id: 4 }))).toBe("dm-message-order");
    // The same number with another content is not shown our last answer.
    expect(ruleOf(session, message([headerOk(2)], { id: 5 }))).toBe("dm-message-order");
    expect(receive(session, message([headerOk(2)], { id: 6 }), context()).turn).toBe("commands");
  });

  test("a device that starts afresh under its old SessionID gets a new session", () => {
    const { session } = answer(openSession(), [get("a")]);
    const second = receive(session, message([headerOk(1)], { id: 2 }), context());
    const { session: sent } = answer(second.session, [get("b")]);
    const again = receive(sent, packageOne({ cred: BASIC }), context());
    expect(again.turn).toBe("commands");
    // A late answer to a message of the former one is not taken for one of this.
    expect(answer(again.session, []).message.header.messageId).toBe(3);
  });

  test("a simple device that sends the very same first message each time gets new work", () => {
    const sent = answer(openSession(), []); // Nothing to do: the session is over.
    const again = receive(sent.session, packageOne({ cred: BASIC }), context());
    expect(again.turn).toBe("commands");
    const busy = answer(again.session, [get("a")]);
    // While there is work under way the same message is a repetition.
    expect(receive(busy.session, packageOne({ cred: BASIC }), context()).turn).toBe("repeat");
  });

  test("a first message that was refused is heard once its secret has become right", () => {
    const wrong = stored({ secretHash: "AAAAAAAAAAAAAAAAAAAAAA==" });
    const first = receive(undefined, packageOne({ cred: BASIC }), context({ credential: wrong }));
    const sent = answer(first.session, []);
    const same = receive(sent.session, packageOne({ cred: BASIC }), context({ credential: wrong }));
    expect(same).toMatchObject({ turn: "repeat", events: [] });
    expect(receive(sent.session, packageOne({ cred: BASIC }), context()).turn).toBe("commands");
  });

  test("a lost last answer to a digest is repeated", () => {
    const credential = stored({ nextNonce: nonce("kept") });
    const first = packageOne({ cred: md5("kept") });
    const sent = answer(receive(undefined, first, context({ credential })).session, []);
    const again = receive(
      sent.session,
      first,
      context({ credential: stored({ nextNonce: nonce("n") }) }),
    );
    expect(again.turn).toBe("repeat");
    expect(answer(again.session, []).message).toEqual(sent.message);
  });

  test("SessionID is opaque text", () => {
    const received = receive(undefined, packageOne({ session: "0x2A/é", cred: BASIC }), context());
    expect(answer(received.session, []).message.header.sessionId).toBe("0x2A/é");
  });

  test("an unknown session without credentials is challenged", () => {
    const lost = receive(undefined, message([headerOk(3)], { id: 4 }), context());
    expect(lost.replyStatuses[0]?.code).toBe(407);
  });
});

describe("a stranger who knows the device's name", () => {
  const running = () => answer(openSession(), [get("secret")]).session;
  const owner = message([headerOk(1), status(1, "4", "Get", 200)], { id: 2 });

  test.each([
    ["another SessionID", packageOne({ session: "66" })],
    ["the same SessionID", message([alert(1201), devInfo("3")])],
  ])("cannot end its session with %s", (_, first) => {
    const stranger = receive(running(), first, context());
    expect(stranger.turn).toBe("wait");
    const challenged = answer(stranger.session, []);
    expect(print(challenged.message)).not.toContain("secret");
    const received = receive(restarted(challenged.session), owner, context());
    expect(kinds(received.events)).toEqual(["status secret"]);
    expect(received.turn).toBe("commands");
  });

  test("is not shown the last answer for guessing its number", () => {
    const guess = message([alert(1201)]);
    const received = receive(running(), guess, context());
    expect(print(answer(received.session, []).message)).not.toContain("secret");
  });

  test("keeps only one session suspended, however often it knocks", () => {
    let session = running();
    for (let n = 0; n < 20; n++) {
      const knock = receive(session, packageOne({ session: `s${n}` }), context());
      session = answer(knock.session, []).session;
    }
    expect(session.suspended?.suspended).toBeNull();
    expect(JSON.stringify(session).length).toBeLessThan(6000);
    expect(receive(session, owner, context()).turn).toBe("commands");
  });
});

describe("MaxMsgSize", () => {
  const many = Array.from({ length: 40 }, (_, i) => get(`g${i}`, `./Vendor/MSFT/Node/${i}`));
  const tags = many.map(({ tag }) => tag);

  test.each([MAX_MSG_SIZE_MIN, 2000, 3000, 100_000])(
    "of %p bytes is kept, and every command goes out once, in order",
    (maxMsgSize) => {
      let session = openSession({ maxMsgSize });
      let sent = answer(session, many);
      const gone: string[] = [];
      for (let id = 2; ; id++) {
        expect(sent.session.outstanding.length).toBeGreaterThan(0);
        gone.push(...sent.session.outstanding.map(({ tag }) => tag));
        const size = print(sent.message).length;
        expect(size).toBeLessThanOrEqual(maxMsgSize);
        const said = message([headerOk(id - 1)], { id });
        const received = receive(restarted(sent.session), said, context());
        session = received.session;
        if (received.turn === "commands") break;
        expect(received.turn).toBe("wait");
        sent = answer(session, []);
      }
      expect(gone).toEqual(tags);
    },
  );

  test("that not even a header would fit into is passed over", () => {
    const { session } = answer(openSession({ maxMsgSize: MAX_MSG_SIZE_MIN - 1 }), many);
    expect(session.outstanding).toHaveLength(many.length);
  });

  test("leaves nothing behind when the device aborts", () => {
    const { session } = answer(openSession({ maxMsgSize: 1000 }), many);
    const aborted = receive(session, message([alert(1223)], { id: 2 }), context());
    expect(aborted.session).toMatchObject({ queued: [], outstanding: [] });
  });
});

function print(sent: Parameters<typeof encodeMessage>[0]): string {
  return printXml(encodeMessage(sent));
}

function ruleOf(session: ServerSession, said: Parameters<typeof receive>[1]): string {
  try {
    receive(session, said, context());
  } catch (error) {
    if (error instanceof ProtocolError) return error.rule;
    throw error;
  }
  return "accepted";
}
