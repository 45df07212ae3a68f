import { describe, expect, test } from "bun:test";
import {
  answerDocument,
  type DocumentTalk,
  documentProblem,
  NEW_TALK,
} from "../../../protocols/oma-dm/answer-document.ts";
import { type Carried, carryOut, notCarriedOut } from "../../../protocols/oma-dm/carry-out.ts";
import { decodeMessage } from "../../../protocols/syncml/decode-message.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import { ENCODINGS, printDocument } from "../../../protocols/syncml/encoding.ts";
import type { Command, Header, Message } from "../../../protocols/syncml/message.ts";

const HEADER: Header = {
  verDtd: "1.2",
  verProto: "DM/1.2",
  sessionId: "9",
  messageId: 1,
  target: { uri: "urn:device" },
  source: { uri: "https://mdm.example" },
};
const GET: Command = { name: "Get", cmdId: "2", items: [{ target: "./Apps" }] };
const MORE: Command = { name: "Alert", cmdId: "2", code: 1222, items: [] };

/** A list of so many leaves of 100 characters. */
const list = (leaves: number, data = "x".repeat(100)): Carried => ({
  command: GET,
  codes: [{ target: "./Apps", code: 200 }],
  nodes: Array.from({ length: leaves }, (_, n) => ({ uri: `./Apps/${n}`, format: "chr", data })),
  members: [],
});

/** Asks for the rest until it has come; every answer with its bytes. */
function drain(first: Carried[], header: Partial<Header>, encoding: "xml" | "wbxml") {
  const sizeOf = (message: Message) => printDocument(encodeMessage(message), encoding).byteLength;
  const answers: { readonly message: Message; readonly bytes: number }[] = [];
  let talk: DocumentTalk = NEW_TALK;
  for (let messageId = 1; messageId < 50; messageId++) {
    const isFirst = messageId === 1;
    const asked: Message = {
      header: { ...HEADER, ...(isFirst && header), messageId },
      commands: isFirst ? first.map(({ command }) => command) : [MORE],
      final: true,
    };
    const carried = isFirst ? first : [notCarriedOut(MORE, 200)];
    const answer = answerDocument(asked, carried, talk, sizeOf);
    talk = answer.talk;
    const bytes = printDocument(answer.root, encoding).byteLength;
    const message = decodeMessage(answer.root);
    answers.push({ message, bytes });
    if (message.final) return answers;
  }
  throw new Error("it never ends");
}

const sourcesIn = (message: Message) =>
  message.commands.flatMap((one) =>
    one.name === "Results" ? one.items.map(({ source }) => source) : [],
  );

describe.each(ENCODINGS)("the answer to a message with MaxMsgSize, in %s", (encoding) => {
  test("comes in as many messages as it takes, each within it, nothing lost or twice", () => {
    const answers = drain([list(80)], { maxMsgSize: 2_000 }, encoding);
    expect(answers.length).toBeGreaterThan(4);
    for (const { bytes } of answers) expect(bytes).toBeLessThanOrEqual(2_000);
    const uris = Array.from({ length: 80 }, (_, n) => `./Apps/${n}`);
    expect(answers.flatMap(({ message }) => sourcesIn(message))).toEqual(uris);
    const codes = answers.flatMap(({ message }) =>
      message.commands.flatMap((one) => (one.name === "Status" && one.cmd === "Get" ? [one] : [])),
    );
    expect(codes.map(({ code, msgRef }) => [code, msgRef])).toEqual([[200, "1"]]);
    expect(answers.map(({ message }) => message.header.messageId)).toEqual(
      answers.map((_, index) => index + 1),
    );
  });

  test("is one message where it fits, and where no size is given", () => {
    expect(drain([list(80)], {}, encoding)).toHaveLength(1);
    expect(drain([list(3)], { maxMsgSize: 5_000 }, encoding)).toHaveLength(1);
    // Too small to be meant: not even a header would fit.
    expect(drain([list(80)], { maxMsgSize: 10 }, encoding)).toHaveLength(1);
  });

  test("says 413 of a value that no message can hold, and 416 of one over MaxObjSize", () => {
    const giant = list(1, "y".repeat(4_000));
    for (const [header, code] of [
      [{ maxMsgSize: 3_000 }, 413],
      [{ maxObjSize: 3_000 }, 416],
    ] as const) {
      const [answer] = drain([giant], header, encoding);
      expect(answer?.message.commands).toMatchObject([
        { name: "Status", cmd: "SyncHdr", code: 200 },
        { name: "Status", cmd: "Get", code },
      ]);
    }
  });
});

describe("answerDocument()", () => {
  const answerTo = (message: Partial<Message>, carried: readonly Carried[] = [], talk = NEW_TALK) =>
    answerDocument({ header: HEADER, commands: [], final: true, ...message }, carried, talk);

  test("asks for the rest of a package whose message is not its last", () => {
    const { root } = answerTo({ commands: [GET], final: false }, [list(1)]);
    const { commands, final } = decodeMessage(root);
    expect(commands.map(({ name }) => name)).toEqual(["Status", "Status", "Results", "Alert"]);
    expect(commands.at(-1)).toMatchObject({ code: 1222 });
    expect(final).toBe(false);
  });

  test("forgets what was unsent when the server aborts", () => {
    const { talk } = answerTo({ header: { ...HEADER, maxMsgSize: 2_000 }, commands: [GET] }, [
      list(80),
    ]);
    expect(talk.unsent).not.toEqual([]);
    const abort: Command = { name: "Alert", cmdId: "2", code: 1223, items: [] };
    const after = answerTo({ commands: [abort] }, [notCarriedOut(abort, 200)], talk);
    expect(after.talk.unsent).toEqual([]);
    expect(decodeMessage(after.root).final).toBe(true);
  });

  test("leaves the Status elements out where the header wants none, but not the Results", () => {
    const { root } = answerTo({ header: { ...HEADER, noResp: true }, commands: [GET] }, [list(1)]);
    expect(decodeMessage(root).commands).toMatchObject([
      { name: "Status", cmd: "SyncHdr" },
      { name: "Results" },
    ]);
  });

  test.each([
    [{ verDtd: "2.0" }, 505],
    [{ verProto: "SyncML/1.2" }, 513],
  ])("a header with %p is answered %p, and nothing else", (change, code) => {
    const message: Message = { header: { ...HEADER, ...change }, commands: [GET], final: true };
    expect(documentProblem(message)).toBe(code);
    expect(decodeMessage(answerDocument(message, []).root).commands).toMatchObject([
      { name: "Status", cmd: "SyncHdr", code },
    ]);
  });
});

describe("carryOut() refuses what a real client refuses", () => {
  const tree = {
    execute: (state: readonly string[], { uri, data }: { uri: string; data: string }) => ({
      state: [...state, `${uri}=${data}`],
      code: 200,
      nodes: [],
    }),
  };

  test("a chunk that nobody has put together is not taken for the whole: 406", () => {
    const items = [
      { target: "./a", data: "whole" },
      { target: "./b", data: "half", moreData: true },
    ] as const;
    const { state, carried } = carryOut(tree, [], { name: "Replace", cmdId: "1", items });
    expect(state).toEqual(["./a=whole"]);
    expect(carried.codes.map(({ code }) => code)).toEqual([200, 406]);
    const atomic = {
      name: "Atomic",
      cmdId: "1",
      commands: [{ name: "Replace", cmdId: "2", items }],
    } as const;
    expect(carryOut(tree, [], atomic).state).toEqual([]);
  });

  test("a command without a CmdID is 400, and an Atomic with one is undone", () => {
    const good = { name: "Add", cmdId: "2", items: [{ target: "./a", data: "1" }] } as const;
    const bad = { ...good, cmdId: "" };
    expect(carryOut(tree, [], bad)).toMatchObject({
      state: [],
      carried: { codes: [{ code: 400 }] },
    });
    const done = carryOut(tree, [], { name: "Atomic", cmdId: "1", commands: [good, bad] });
    expect(done.state).toEqual([]);
    expect(done.carried.members.map(({ codes }) => codes[0]?.code)).toEqual([216, 400]);
  });
});
