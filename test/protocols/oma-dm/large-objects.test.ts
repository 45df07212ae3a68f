import { describe, expect, test } from "bun:test";
import { siftCommands } from "../../../protocols/oma-dm/answer-message.ts";
import { takeMessage } from "../../../protocols/oma-dm/incoming-object.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import { answer, receive } from "../../../protocols/oma-dm/server-session.ts";
import {
  SESSION_LIMITS,
  type ServerSession,
  type SessionEvent,
} from "../../../protocols/oma-dm/server-state.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import type { Command, Item, Message } from "../../../protocols/syncml/message.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import { type Conversation, converse, type Setting } from "./conversation.ts";
import {
  alert,
  context,
  headerOk,
  kinds,
  message,
  openSession,
  restarted,
  status,
} from "./device-messages.ts";
import { holding, type Leaves, leafTree, NO_LEAVES } from "./leaf-tree.ts";

/** Text that takes more room on the wire than in memory, in several ways. */
const LARGE = "äöü <&> 🚚 plain text. ".repeat(400);
const write = (data: string, tag = "write"): OutgoingCommand => ({
  name: "Add",
  tag,
  items: [{ target: `./${tag}`, format: "chr", data }],
});
const read = (tag: string): OutgoingCommand => ({
  name: "Get",
  tag,
  items: [{ target: `./${tag}` }],
});
const packages =
  (...list: readonly (readonly OutgoingCommand[])[]) =>
  (_: readonly SessionEvent[], number: number) =>
    list[number - 1] ?? [];

function talk(setting: Partial<Setting<Leaves>>): Conversation<Leaves> {
  return converse({ tree: leafTree, state: NO_LEAVES, plan: packages(), ...setting });
}
const serverSizes = ({ messages }: Conversation<Leaves>) =>
  messages.flatMap(({ from, bytes }) => (from === "server" ? [bytes] : []));
const deviceSizes = ({ messages }: Conversation<Leaves>) =>
  messages.flatMap(({ from, bytes }) => (from === "device" ? [bytes] : []));
const codeOf = (told: readonly SessionEvent[], tag: string) =>
  told.flatMap((event) => (event.kind === "status" && event.tag === tag ? [event.code] : []));

describe("an object that is larger than the device's messages", () => {
  test.each([1500, 3000, 5000])("goes in chunks into messages of %p bytes", (maxMsgSize) => {
    const after = write("1", "after");
    const done = talk({
      plan: packages([write(LARGE), after], [read("write")]),
      config: { maxMsgSize, largeObjects: true },
      largeObjects: true,
    });
    expect(done.state.values).toEqual({ "./write": LARGE, "./after": "1" });
    expect(codeOf(done.told, "write")).toEqual([200, 200]);
    expect(codeOf(done.told, "after")).toEqual([200]);
    expect(Math.max(...serverSizes(done))).toBeLessThanOrEqual(maxMsgSize);

    const chunks = done.messages.flatMap(({ from, message: { commands, final } }) =>
      from !== "server"
        ? []
        : commands.flatMap((one) => (one.name === "Add" ? [{ ...one, final }] : [])),
    );
    const ofObject = chunks.filter(({ items }) => items[0]?.target === "./write");
    expect(ofObject.length).toBeGreaterThan(2);
    // The size in the first chunk only, MoreData in all but the last, Final only with that.
    expect(ofObject.map(({ items }) => items[0]?.meta?.size)).toEqual([
      Buffer.byteLength(LARGE),
      ...ofObject.slice(1).map(() => undefined),
    ]);
    const isLast = ofObject.map((_, index) => index === ofObject.length - 1);
    expect(ofObject.map(({ items }) => items[0]?.moreData !== true)).toEqual(isLast);
    expect(ofObject.map(({ final }) => final)).toEqual(isLast);
    // Nothing between the chunks, and each is answered 213.
    expect(chunks.map(({ items }) => items[0]?.target)).toEqual([
      ...ofObject.map(() => "./write"),
      "./after",
    ]);
    const codes = done.messages.flatMap(({ from, message: { commands } }) =>
      from !== "device"
        ? []
        : commands.flatMap((one) => (one.name === "Status" && one.cmd === "Add" ? [one.code] : [])),
    );
    expect(codes).toEqual([...ofObject.slice(1).map(() => 213), 200, 200]);
  });

  test("is never cut for a device that has not said that it takes chunks", () => {
    const done = talk({
      plan: packages([write(LARGE), write("1", "after")]),
      config: { maxMsgSize: 3000 },
    });
    expect(done.state.values).toEqual({ "./after": "1" });
    expect(codeOf(done.told, "write")).toEqual([413]);
    expect(codeOf(done.told, "after")).toEqual([200]);
  });

  test("inside an Atomic is not cut either: the Atomic has to fit whole", () => {
    const atomic: OutgoingCommand = { name: "Atomic", tag: "all", commands: [write(LARGE)] };
    const done = talk({
      plan: packages([atomic]),
      config: { maxMsgSize: 3000, largeObjects: true },
      largeObjects: true,
    });
    expect(done.state).toEqual(NO_LEAVES);
    expect([codeOf(done.told, "all"), codeOf(done.told, "write")]).toEqual([[413], [215]]);
  });

  test("is not sent over the device's MaxObjSize, whatever its messages hold", () => {
    const bytes = Buffer.byteLength(LARGE);
    for (const [maxObjSize, code] of [
      [bytes, 200],
      [bytes - 1, 416],
    ] as const) {
      const done = talk({ plan: packages([write(LARGE)]), config: { maxObjSize } });
      expect(codeOf(done.told, "write")).toEqual([code]);
    }
  });

  test("goes on after a restart of both sides between any two chunks", () => {
    // `converse` restarts both sides before every message, and here every message comes twice.
    const done = talk({
      plan: packages([write(LARGE)]),
      config: { maxMsgSize: 2000, largeObjects: true },
      largeObjects: true,
      sendings: 2,
    });
    expect(done.state.values).toEqual({ "./write": LARGE });
    expect(codeOf(done.told, "write")).toEqual([200]);
  });

  test("in a command of several items takes only its own item in chunks", () => {
    const command: OutgoingCommand = {
      name: "Add",
      tag: "many",
      items: [
        { target: "./1", data: "one" },
        { target: "./2", data: LARGE },
        { target: "./3", data: "three" },
        { target: "./4", data: "again" },
      ],
    };
    const done = talk({
      state: holding({ "./4": "old" }),
      plan: packages([command]),
      config: { maxMsgSize: 3000, largeObjects: true },
      largeObjects: true,
    });
    expect(done.state.values).toEqual({
      "./1": "one",
      "./2": LARGE,
      "./3": "three",
      "./4": "old",
    });
    const told = done.told.filter((event) => event.kind === "status");
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      tag: "many",
      code: 418,
      itemCodes: { "./1": 200, "./2": 200, "./3": 200, "./4": 418 },
    });
  });

  test("of many items goes item by item, also without chunks", () => {
    const items = Array.from({ length: 30 }, (_, i) => ({
      target: `./${i}`,
      data: "x".repeat(150),
    }));
    const done = talk({
      plan: packages([{ name: "Add", tag: "many", items }]),
      config: { maxMsgSize: 2500 },
    });
    expect(Object.keys(done.state.values)).toHaveLength(30);
    const told = done.told.filter((event) => event.kind === "status");
    expect(told).toMatchObject([{ tag: "many", code: 200 }]);
    expect(Object.keys(told[0]?.kind === "status" ? told[0].itemCodes : {})).toHaveLength(30);
    expect(Math.max(...serverSizes(done))).toBeLessThanOrEqual(2500);
  });
});

/** The server's end alone, with a device that says what the test wants. */
describe("a device's answer to a chunk", () => {
  const options = { largeObjects: true };
  const after = write("1", "after");
  const SIZE = Buffer.byteLength(LARGE);

  function begin(...more: readonly OutgoingCommand[]) {
    const open = openSession({ maxMsgSize: 2000 });
    // Package 1 leaves no room beside its Status elements: they go first.
    const first = answer(open, [write(LARGE), ...more], options);
    expect(first.message.final).toBe(false);
    expect(first.message.commands.every(({ name }) => name === "Status")).toBe(true);
    return say(first.session, [headerOk(1), alert(1222, "2")], 2);
  }
  function say(session: ServerSession, said: readonly Command[], id: number, final = false) {
    const received = receive(restarted(session), message(said, { id, final }), context());
    const { session: next, message: sent } = answer(received.session, [], options);
    return { ...received, session: next, message: sent };
  }
  const addOf = (sent: Message) => sent.commands.find(({ name }) => name === "Add");
  const taken = (session: ServerSession, code: number) =>
    status(session.serverMessageId, session.outstanding[0]?.cmdId, "Add", code);

  test("213 is followed by the next chunk", () => {
    const first = begin();
    expect(addOf(first.message)).toMatchObject({ items: [{ moreData: true }] });
    const second = say(first.session, [taken(first.session, 213), alert(1222, "3")], 3);
    expect(addOf(second.message)).toMatchObject({ items: [{ moreData: true }] });
    expect(addOf(second.message)).not.toMatchObject({ items: [{ meta: { size: SIZE } }] });
    expect(second.events).toEqual([]);
  });

  test("without a word about a chunk the object is not continued: its end could pass for all of it", () => {
    const first = begin();
    const second = say(first.session, [taken(first.session, 213)], 3);
    const again = say(second.session, [alert(1222, "2")], 4);
    expect(addOf(again.message)).toMatchObject({ items: [{ meta: { size: SIZE } }] });
    const failed = say(again.session, [alert(1222, "2")], 5);
    expect(failed.events).toMatchObject([{ kind: "status", tag: "write", code: 424 }]);
  });

  test.each([413, 416, 420, 500])("%p ends the object, and what comes next goes on", (code) => {
    const first = begin(after);
    const next = say(first.session, [taken(first.session, code)], 3);
    expect(next.events).toMatchObject([{ kind: "status", tag: "write", code }]);
    expect(addOf(next.message)).toMatchObject({ items: [{ target: "./after" }] });
    expect(next.message.final).toBe(true);
  });

  test("200 to a chunk is a device that took a part for the whole: once more, then it failed", () => {
    const first = begin();
    const again = say(first.session, [taken(first.session, 200)], 3);
    expect(again.events).toEqual([]);
    expect(addOf(again.message)).toMatchObject({ items: [{ meta: { size: SIZE } }] });
    const failed = say(again.session, [taken(again.session, 200)], 4);
    expect(failed.events).toMatchObject([{ kind: "status", tag: "write", code: 424 }]);
    expect(failed.turn).toBe("commands");
  });

  test("Alert 1225 sends it once more from its beginning", () => {
    const first = begin();
    const second = say(first.session, [taken(first.session, 213)], 3);
    const again = say(second.session, [alert(1225, "2")], 4);
    expect(again.replyStatuses.at(-1)).toMatchObject({ cmd: "Alert", code: 200 });
    expect(addOf(again.message)).toEqual({
      ...addOf(first.message),
      cmdId: addOf(again.message)?.cmdId,
    } as Command);
  });

  test("a session that is lost between two chunks leaves the object as not sent", () => {
    const first = begin(after);
    const other = receive(
      first.session,
      message([alert(1201)], {
        session: "2",
        cred: { type: "syncml:auth-basic", data: "QnJ1Y2UyOk9oQmVoYXZl" },
      }),
      context(),
    );
    expect(kinds(other.events)).toEqual([
      "not-sent write",
      "not-sent after",
      "authenticated",
      "alert",
    ]);
  });
});

describe("a large object of the device's", () => {
  const device = { largeObjects: true, sendBytesMax: 2000 };

  test("comes in chunks that are answered 213 and asked for with Alert 1222", () => {
    const done = talk({
      state: holding({ "./large": LARGE, "./small": "1" }),
      plan: packages([read("large"), read("small")]),
      config: device,
    });
    const results = done.told.flatMap((event) => (event.kind === "results" ? event.items : []));
    expect(results.map(({ data }) => data)).toEqual([LARGE, "1"]);
    expect(codeOf(done.told, "large")).toEqual([200]);
    expect(Math.max(...deviceSizes(done))).toBeLessThanOrEqual(2000);
    const answers = done.messages.flatMap(({ from, message: { commands } }) =>
      from === "server" ? commands : [],
    );
    const chunked = answers.filter((one) => one.name === "Status" && one.cmd === "Results");
    expect(chunked.length).toBeGreaterThan(3);
    for (const one of chunked) expect(one).toMatchObject({ code: 213 });
  });

  test("of many items comes item by item", () => {
    const values = Object.fromEntries(
      Array.from({ length: 40 }, (_, i) => [`./n${i}`, "x".repeat(100)]),
    );
    const items = Object.keys(values).map((target) => ({ target }));
    const done = talk({
      state: holding(values),
      plan: packages([{ name: "Get", tag: "all", items }]),
      config: { sendBytesMax: 2000 },
    });
    const results = done.told.flatMap((event) => (event.kind === "results" ? event.items : []));
    expect(new Set(results.map(({ source }) => source)).size).toBe(40);
    expect(Math.max(...deviceSizes(done))).toBeLessThanOrEqual(2000);
  });

  test("is not sent by a device without chunks: its Get says 413", () => {
    const done = talk({
      state: holding({ "./large": LARGE }),
      plan: packages([read("large")]),
      config: { sendBytesMax: 2000 },
    });
    expect(kinds(done.told)).toContain("status large");
    expect(codeOf(done.told, "large")).toEqual([413]);
    expect(kinds(done.told)).not.toContain("results large");
  });

  test("over the server's MaxObjSize is not sent: its Get says 416", () => {
    const limits = { ...SESSION_LIMITS, objectBytesMax: 1000 };
    const done = talk({
      state: holding({ "./large": LARGE }),
      plan: packages([read("large")]),
      config: device,
      limits,
    });
    expect(codeOf(done.told, "large")).toEqual([416]);
  });
});

describe("takeMessage()", () => {
  const LIMITS = { objectBytesMax: 100, chunksMax: 4 };
  const chunk = (data: string, more: boolean, changes: Partial<Item> = {}): Command => ({
    name: "Results",
    cmdId: "5",
    msgRef: "1",
    cmdRef: "4",
    items: [{ source: "./A", data, ...(more && { moreData: true }), ...changes }],
  });
  const sized = (data: string, size: number, format = "chr") =>
    chunk(data, true, { meta: { size, format } });
  /** Message by message, what the commands turned out to be, restarted in between. */
  function take(...messages: readonly (readonly Command[])[]): readonly string[] {
    let incoming: Parameters<typeof takeMessage>[0] = null;
    return messages.flatMap((commands) => {
      const done = takeMessage(incoming && restarted(incoming), commands, LIMITS);
      incoming = done.incoming;
      return done.taken.map((one) => {
        if (one.kind === "broken") return `broken ${one.object.item.source}`;
        if (one.kind === "chunk") return `${one.command.name} ${one.code}`;
        const { command } = one;
        if (command.name === "Results") return `whole ${command.items.map(({ data }) => data)}`;
        return command.name === "Alert" ? `Alert ${command.code}` : command.name;
      });
    });
  }

  test("puts chunks together, and checks the size that the first one told", () => {
    expect(take([sized("ab", 5)], [chunk("c", true)], [chunk("de", false)])).toEqual([
      "Results 213",
      "Results 213",
      "whole abcde",
    ]);
  });

  test.each([
    ["too little", 6],
    ["too much", 4],
  ])("a size that is not so: %s", (_, size) => {
    const said = take([sized("ab", size)], [chunk("cde", false)]);
    expect(said).toEqual(["Results 213", "Results 424"]);
  });

  test("stops as soon as there is more than was announced", () => {
    expect(take([sized("ab", 3)], [chunk("cd", true)], [chunk("e", false)])).toEqual([
      "Results 213",
      "Results 424",
      "Results 424",
    ]);
  });

  test("what was refused is refused to its end: its last chunk is no whole object", () => {
    const first = chunk("ab", true); // Without a size.
    expect(take([first], [chunk("c", true)], [chunk("d", false)], [chunk("e", false)])).toEqual([
      "Results 411",
      "Results 411",
      "Results 411",
      "whole e",
    ]);
    // Its sender has heard, and begins again or says something else: nothing is broken by that.
    expect(take([first], [sized("ab", 3)], [chunk("c", false)])).toEqual([
      "Results 411",
      "Results 213",
      "whole abc",
    ]);
    expect(take([first], [headerOk(1)], [chunk("x", false)])).toEqual([
      "Results 411",
      "Status",
      "whole x",
    ]);
  });

  test("a size that is missing, and one that is too large", () => {
    expect(take([chunk("ab", true)])).toEqual(["Results 411"]);
    expect(take([sized("ab", LIMITS.objectBytesMax + 1)])).toEqual(["Results 416"]);
    expect(take([sized("a".repeat(LIMITS.objectBytesMax), LIMITS.objectBytesMax)])).toEqual([
      "Results 213",
    ]);
  });

  test(`more than ${LIMITS.chunksMax} chunks are refused`, () => {
    const some = Array.from({ length: LIMITS.chunksMax - 1 }, () => [chunk("a", true)]);
    const many = [[sized("a", 50)], ...some, [chunk("a", true)]];
    expect(take(...many).at(-1)).toBe("Results 413");
    expect(take(...many.slice(0, -1)).at(-1)).toBe("Results 213");
  });

  test("the size of base64 may count the text or the bytes behind it", () => {
    const text = Buffer.from("0123456789").toString("base64");
    const [head, tail] = [text.slice(0, 7), text.slice(7)];
    for (const size of [text.length, 10]) {
      expect(take([sized(head, size, "b64")], [chunk(tail, false)]).at(-1)).toBe(`whole ${text}`);
    }
    for (const size of [9, 11, text.length + 1]) {
      expect(take([sized(head, size, "b64")], [chunk(tail, false)]).at(-1)).toBe("Results 424");
    }
  });

  test("another command before the end breaks it, and is heard itself", () => {
    const event: Command = { ...alert(1226, "7") };
    expect(take([sized("ab", 5)], [event, chunk("cde", false)])).toEqual([
      "Results 213",
      "broken ./A",
      "Alert 1226",
      "whole cde",
    ]);
    const other = chunk("x", false, { source: "./B" });
    expect(take([sized("ab", 5)], [other])).toEqual(["Results 213", "broken ./A", "whole x"]);
  });

  test("a message without its next chunk breaks it; a sign of life does not", () => {
    expect(take([sized("ab", 5)], [headerOk(2)])).toEqual(["Results 213", "Status", "broken ./A"]);
    expect(take([sized("ab", 5)], [])).toEqual(["Results 213", "broken ./A"]);
    const alive: Command = {
      name: "Alert",
      cmdId: "2",
      code: 1224,
      items: [
        { meta: { type: "Reversed-Domain-Name:com.microsoft.mdm.requestpending" }, data: "1" },
      ],
    };
    expect(take([sized("ab", 5)], [alive], [chunk("cde", false)])).toEqual([
      "Results 213",
      "Alert 1224",
      "whole abcde",
    ]);
  });

  test("Status and the flow of the session may stand beside a chunk", () => {
    expect(
      take(
        [sized("ab", 5)],
        [headerOk(2), chunk("c", true)],
        [alert(1222, "2"), chunk("de", false)],
      ),
    ).toEqual(["Results 213", "Status", "Results 213", "Alert 1222", "whole abcde"]);
  });

  test("whole items may come before and behind it, and are heard with it", () => {
    const item = (source: string, data: string): Item => ({ source, data });
    const results = (...items: readonly Item[]): Command => ({
      name: "Results",
      cmdId: "5",
      msgRef: "1",
      cmdRef: "4",
      items,
    });
    expect(
      take(
        [
          results(item("./X", "1"), {
            source: "./A",
            meta: { size: 4 },
            data: "ab",
            moreData: true,
          }),
        ],
        [results(item("./A", "cd"), item("./Y", "2"))],
      ),
    ).toEqual(["Results 213", "whole 1,abcd,2"]);
    // A chunk that something stands behind is no chunk.
    expect(
      take([results({ source: "./A", data: "ab", moreData: true }, item("./Y", "2"))]),
    ).toEqual(["Results 400"]);
  });

  test("an alert may carry one", () => {
    const event = (data: string, more: boolean): Command => ({
      name: "Alert",
      cmdId: "2",
      code: 1226,
      items: [{ source: "./A", meta: { size: 4 }, data, ...(more && { moreData: true }) }],
    });
    const { taken } = takeMessage(
      takeMessage(null, [event("ab", true)], LIMITS).incoming,
      [event("cd", false)],
      LIMITS,
    );
    expect(taken).toMatchObject([
      { kind: "whole", command: { code: 1226, items: [{ data: "abcd" }] } },
    ]);
  });
});

describe("the server's answer to an object that broke", () => {
  const get: OutgoingCommand = { name: "Get", tag: "get", items: [{ target: "./A" }] };
  const part: Command = {
    name: "Results",
    cmdId: "3",
    msgRef: "1",
    cmdRef: "4",
    items: [{ source: "./A", meta: { size: 10 }, data: "abc", moreData: true }],
  };

  test("is Alert 1225, naming it, and the session goes on", () => {
    const { session } = answer(openSession(), [get]);
    const first = receive(
      session,
      message([headerOk(1), status(1, "4", "Get", 200), part], { id: 2, final: false }),
      context(),
    );
    expect(first.turn).toBe("next-message");
    const asked = answer(first.session, []);
    expect(asked.message.commands).toMatchObject([
      { cmd: "SyncHdr", code: 200 },
      { cmd: "Results", code: 213 },
      { name: "Alert", code: 1222 },
    ]);
    const broken = receive(restarted(asked.session), message([headerOk(2)], { id: 3 }), context());
    expect(broken.turn).toBe("commands");
    expect(kinds(broken.events)).toEqual([]);
    expect(answer(broken.session, []).message.commands.at(-1)).toEqual({
      name: "Alert",
      cmdId: "2",
      code: 1225,
      items: [{ source: "./A", target: undefined }],
    });
  });
});

test("Status elements that no message has room for go with the next ones, and none is left out", () => {
  const alerts = Array.from({ length: 40 }, (_, i) => alert(1224, String(i + 10)));
  const open = openSession({ maxMsgSize: 1500 });
  const { session } = answer(open, [{ name: "Get", tag: "g", items: [{ target: "./A" }] }]);
  const many = message([headerOk(1), status(1, "4", "Get", 200), ...alerts], { id: 2 });
  let received = receive(restarted(session), many, context());
  const refs: string[] = [];
  let sent = answer(received.session, []);
  for (let id = 3; !sent.message.final; id++) {
    expect(sizeOf(sent.message)).toBeLessThanOrEqual(1500);
    refs.push(...refsIn(sent.message));
    const more = message([headerOk(id - 1), alert(1222, "2")], { id, final: false });
    received = receive(restarted(sent.session), more, context());
    sent = answer(received.session, []);
  }
  refs.push(...refsIn(sent.message));
  expect(refs).toEqual(alerts.map((one) => (one.name === "Alert" ? one.cmdId : "")));

  function refsIn({ commands }: Message): string[] {
    return commands.flatMap((one) =>
      one.name === "Status" && one.msgRef === "2" && one.cmd === "Alert" ? [one.cmdRef ?? ""] : [],
    );
  }
});

test("siftCommands() says what can never be sent, before anything is", () => {
  const session = openSession({ maxMsgSize: 2000 });
  const commands = [write("1", "small"), write(LARGE), read("x")];
  const without = siftCommands(session, commands, {});
  expect(without.sendable.map(({ tag }) => tag)).toEqual(["small", "x"]);
  expect(without.refused).toMatchObject([{ tag: "write", code: 413, derived: true }]);
  const withChunks = siftCommands(session, commands, { largeObjects: true });
  expect(withChunks).toEqual({ sendable: commands, refused: [] });
});

function sizeOf(sent: Message): number {
  return Buffer.byteLength(printXml(encodeMessage(sent)));
}
