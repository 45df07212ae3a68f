import { describe, expect, test } from "bun:test";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import { answer, receive } from "../../../protocols/oma-dm/server-session.ts";
import { decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import { ENCODINGS, parseDocument, printDocument } from "../../../protocols/syncml/encoding.ts";
import type { Command, Message } from "../../../protocols/syncml/message.ts";
import { context, headerOk, message, openSession, restarted, status } from "./device-messages.ts";

const EXEC: OutgoingCommand = {
  name: "Exec",
  tag: "install",
  correlator: "job-1",
  items: [{ target: "./App/Install", data: "0" }],
};
const HEARTBEAT: Command = {
  name: "Alert",
  cmdId: "2",
  code: 1224,
  items: [{ meta: { type: "Reversed-Domain-Name:com.microsoft.mdm.requestpending" }, data: "1" }],
};

describe.each(ENCODINGS)("what a device reports of the work it was given, in %s", (encoding) => {
  const onTheWire = (said: Message) =>
    decodeMessage(parseDocument(printDocument(encodeMessage(said), encoding), encoding));

  test("a sign of life keeps the session, and nothing counts as unanswered", () => {
    let { session } = answer(openSession(), [EXEC]);
    for (const id of [2, 3, 4]) {
      const said = onTheWire(message([headerOk(id - 1), HEARTBEAT], { id }));
      const alive = receive(restarted(session), said, context());
      expect(alive.turn).toBe("wait");
      expect(alive.events.map(({ kind }) => kind)).toEqual(["alert"]);
      const answered = answer(alive.session, []);
      expect(answered.message.commands).toMatchObject([
        { name: "Status", cmd: "SyncHdr", code: 200 },
        { name: "Status", cmd: "Alert", code: 200 },
        { name: "Alert", code: 1222 },
      ]);
      expect(answered.message.final).toBe(false);
      ({ session } = answered);
    }
    const done = onTheWire(message([headerOk(4), status(1, "4", "Exec", 200)], { id: 5 }));
    const ended = receive(restarted(session), done, context());
    expect(ended.turn).toBe("commands");
    expect(ended.events).toMatchObject([{ kind: "status", tag: "install", code: 200 }]);
  });

  test("a sign of life while nothing is asked does not keep the session open", () => {
    const { session } = answer(openSession(), []);
    const said = onTheWire(message([headerOk(1), HEARTBEAT], { id: 2 }));
    expect(receive(session, said, context()).turn).toBe("commands");
  });

  test("a 1226 with the Exec's Correlator may come before its Status, with a Mark", () => {
    const { session, message: sent } = answer(openSession(), [EXEC]);
    expect(onTheWire(sent).commands.at(-1)).toMatchObject({ name: "Exec", correlator: "job-1" });
    const meta = { type: "org.example: done", format: "int", mark: "critical" };
    const alert: Command = {
      name: "Alert",
      cmdId: "2",
      code: 1226,
      correlator: "job-1",
      items: [{ source: "./App/Install", meta, data: "1603" }],
    };
    const said = [headerOk(1), alert, status(1, "4", "Exec", 202)];
    const received = receive(session, onTheWire(message(said, { id: 2 })), context());
    expect(received.events).toMatchObject([
      {
        kind: "alert",
        code: 1226,
        correlator: "job-1",
        // The blank behind the colon is read away. [syncml 1]
        items: [
          { source: "./App/Install", meta: { ...meta, type: "org.example:done" }, data: "1603" },
        ],
      },
      { kind: "status", tag: "install", code: 202 },
    ]);
    expect(received.turn).toBe("commands");
    expect(answer(received.session, []).message.commands).toMatchObject([
      { cmd: "SyncHdr", code: 200 },
      { cmd: "Alert", cmdRef: "2", code: 200 },
    ]);
  });

  test("the same one a second time is told a second time: whoever listens knows it by its Correlator", () => {
    const { session } = answer(openSession(), [EXEC]);
    const alert = (cmdId: string): Command => ({
      ...{ name: "Alert", cmdId, code: 1226, correlator: "job-1" },
      items: [{ meta: { type: "org.example: done" }, data: "0" }],
    });
    const said = message([headerOk(1), alert("2"), alert("3")], { id: 2 });
    const { events } = receive(session, onTheWire(said), context());
    expect(events.map((event) => event.kind)).toEqual(["alert", "alert", "unanswered"]);
  });
});
