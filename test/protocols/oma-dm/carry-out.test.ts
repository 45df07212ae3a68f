import { describe, expect, test } from "bun:test";
import { answerCommand } from "../../../protocols/oma-dm/answer-commands.ts";
import {
  type Carried,
  carryOut,
  type ManagementTree,
} from "../../../protocols/oma-dm/carry-out.ts";
import { CommandNumbers } from "../../../protocols/oma-dm/number-commands.ts";
import type { UserPrompt, UserReply } from "../../../protocols/oma-dm/user-alert.ts";
import type { Command, ItemsCommand } from "../../../protocols/syncml/message.ts";

/** A tree of flat names: Add once, Replace and Get when there, Exec of `fire` cannot be undone. */
const tree: ManagementTree<readonly string[]> = {
  execute(state, { command, uri }) {
    const known = state.includes(uri);
    const reply = (code: number, next = state) => ({ state: next, code, nodes: [] });
    switch (command) {
      case "Add":
        return known ? reply(418) : reply(200, [...state, uri]);
      case "Delete":
        return known
          ? reply(
              200,
              state.filter((name) => name !== uri),
            )
          : reply(404);
      case "Exec":
        return uri === "fire" ? { ...reply(202), irrevocable: true } : reply(500);
      case "Get":
        return known
          ? { ...reply(200), nodes: [{ uri, format: "chr", data: `value of ${uri}` }] }
          : reply(404);
      default:
        return reply(known ? 200 : 404);
    }
  },
};

let cmdId = 0;
function command(name: ItemsCommand["name"], ...targets: string[]): ItemsCommand {
  cmdId += 1;
  return { name, cmdId: String(cmdId), items: targets.map((target) => ({ target, data: "" })) };
}

const container = (name: "Atomic" | "Sequence", ...commands: Command[]): Command => ({
  name,
  cmdId: "0",
  commands,
});

/** A tree of leaves with values, in front of which a user sits who answers from a list. */
interface Desk {
  readonly leaves: Readonly<Record<string, string>>;
  readonly replies: readonly UserReply[];
  readonly asked: readonly UserPrompt[];
}
const desk: ManagementTree<Desk> = {
  execute(state, { command, uri, data }) {
    const { leaves } = state;
    const value = leaves[uri];
    const reply = (code: number, next = leaves) => ({
      state: { ...state, leaves: next },
      code,
      nodes: [],
    });
    if (command === "Get" && uri === "folder") {
      return { ...reply(200), nodes: [{ uri, format: "node", data: "a/b" }] };
    }
    if (command === "Get") {
      return value === undefined
        ? reply(404)
        : { ...reply(200), nodes: [{ uri, format: "chr", data: value }] };
    }
    if (command === "Add" && value !== undefined) return reply(418);
    if (command === "Replace" && value === undefined) return reply(404);
    return reply(200, { ...leaves, [uri]: data });
  },
  ask(state, prompt) {
    const [reply = { code: 408, answers: [] }, ...replies] = state.replies;
    return { ...reply, state: { ...state, replies, asked: [...state.asked, prompt] } };
  },
};

function atDesk(leaves: Desk["leaves"], replies: readonly UserReply[], given: Command) {
  const before = { leaves, replies, asked: [] };
  const done = carryOut(desk, before, given);
  return { ...done, said: saidBy(done.carried) };
}

const confirm: Command = {
  name: "Alert",
  cmdId: "7",
  code: 1101,
  items: [{ data: "MAXDT=20" }, { data: "Now?" }],
};
const NO = { code: 304, answers: [] };
const CANCEL = { code: 214, answers: [] };

/** The device's answers as `Cmd code` or `Cmd target code`. */
function answers(state: readonly string[], given: Command) {
  const done = carryOut(tree, state, given);
  return { state: done.state, said: saidBy(done.carried) };
}

function saidBy(carried: Carried): readonly string[] {
  return answerCommand(carried, "1", new CommandNumbers()).map((one) => {
    if (one.name === "Status") {
      return [one.cmd, ...one.targetRefs, one.code, ...one.items.map(({ data }) => data)].join(" ");
    }
    return one.name === "Results" ? `Results ${one.items[0]?.data}` : one.name;
  });
}

describe("carryOut()", () => {
  test("items are independent outside of an Atomic", () => {
    expect(answers(["a"], command("Add", "a", "b"))).toEqual({
      state: ["a", "b"],
      said: ["Add a 418", "Add b 200"],
    });
  });

  test("one Status speaks for items that ended alike, and Results follow their Get", () => {
    expect(answers(["a", "b"], command("Replace", "a", "b")).said).toEqual(["Replace 200"]);
    expect(answers(["a"], command("Get", "a")).said).toEqual(["Get 200", "Results value of a"]);
    expect(answers([], command("Get", "a")).said).toEqual(["Get 404"]);
  });

  test("a good Atomic keeps everything", () => {
    const atomic = container("Atomic", command("Add", "a", "b"), command("Exec", "fire"));
    expect(answers([], atomic)).toEqual({
      state: ["a", "b"],
      said: ["Atomic 200", "Add 200", "Exec 202"],
    });
  });

  test("a bad Atomic undoes everything: 507, 216, the culprit's code, 215 [Q40]", () => {
    const atomic = container(
      "Atomic",
      command("Add", "a"),
      command("Add", "b", "old", "c"),
      command("Exec", "fire"),
    );
    expect(answers(["old"], atomic)).toEqual({
      state: ["old"],
      said: ["Atomic 507", "Add 216", "Add b 216", "Add old 418", "Add c 215", "Exec 215"],
    });
  });

  test("what cannot be undone says 516", () => {
    const atomic = container("Atomic", command("Exec", "fire"), command("Replace", "none"));
    expect(answers([], atomic).said).toEqual(["Atomic 507", "Exec 516", "Replace 404"]);
  });

  test("an Atomic in an Atomic is undone with it", () => {
    const inner = container("Atomic", command("Add", "a"));
    expect(answers([], container("Atomic", inner, command("Exec", "dud")))).toEqual({
      state: [],
      said: ["Atomic 507", "Atomic 216", "Add 216", "Exec 500"],
    });
    const failing = container("Sequence", command("Add", "a"), command("Exec", "dud"));
    expect(answers([], container("Atomic", failing, inner)).said).toEqual([
      "Atomic 507",
      "Sequence 216",
      "Add 216",
      "Exec 500",
      "Atomic 215",
      "Add 215",
    ]);
  });

  test("a Sequence goes on after a failure", () => {
    const sequence = container("Sequence", command("Exec", "dud"), command("Add", "a"));
    expect(answers([], sequence)).toEqual({
      state: ["a"],
      said: ["Sequence 200", "Exec 500", "Add 200"],
    });
  });

  test("what a device does not know is said to be so, and is not lost", () => {
    expect(answers([], command("Copy", "a")).said).toEqual(["Copy 412"]);
    expect(answers([], command("Add")).said).toEqual(["Add 412"]);
    const put: Command = { name: "Unknown", element: "Put", cmdId: "9" };
    expect(answers([], put).said).toEqual(["Put 501"]);
    const display: Command = { name: "Alert", cmdId: "9", code: 1100, items: [] };
    expect(answers([], display).said).toEqual(["Alert 406"]);
  });
});

describe("Copy", () => {
  const copy = (source: string | undefined, target: string): Command => ({
    name: "Copy",
    cmdId: "3",
    items: [{ source, target }],
  });

  test("writes what a leaf holds to another, whether that is there or not", () => {
    expect(atDesk({ a: "1" }, [], copy("a", "b")).state.leaves).toEqual({ a: "1", b: "1" });
    expect(atDesk({ a: "1", b: "2" }, [], copy("a", "b")).state.leaves).toEqual({ a: "1", b: "1" });
  });

  test.each([
    ["no source", undefined, 412],
    ["a source that is not there", "x", 404],
    ["an interior node", "folder", 405],
  ])("with %s does nothing", (_, source, code) => {
    const done = atDesk({ a: "1" }, [], copy(source, "b"));
    expect(done.said).toEqual([`Copy ${code}`]);
    expect(done.state.leaves).toEqual({ a: "1" });
  });

  test("is undone with its Atomic", () => {
    const atomic = container("Atomic", copy("a", "b"), command("Replace", "none"));
    const done = atDesk({ a: "1" }, [], atomic);
    expect(done.said).toEqual(["Atomic 507", "Copy 216", "Replace 404"]);
    expect(done.state.leaves).toEqual({ a: "1" });
  });
});

describe("a user who is asked", () => {
  const add = command("Add", "new");

  test("sees the text and the hints, and their answer comes in the Status", () => {
    const input: Command = {
      name: "Alert",
      cmdId: "7",
      code: 1102,
      items: [{ data: "MAXLEN=5&IT=N&ET=P&unknown=1" }, { data: "Number?" }],
    };
    const done = atDesk({}, [{ code: 200, answers: ["42"] }], input);
    expect(done.said).toEqual(["Alert 200 42"]);
    expect(done.state.asked).toEqual([
      {
        kind: "input",
        text: "Number?",
        choices: [],
        options: { maxLength: 5, input: "number", hidden: true },
      },
    ]);
  });

  test("who says no changes nothing outside of a container", () => {
    expect(atDesk({}, [NO], confirm)).toMatchObject({ said: ["Alert 304"], isCancelled: false });
  });

  test("who says no stops a Sequence", () => {
    const done = atDesk({}, [NO], container("Sequence", confirm, add));
    expect(done.said).toEqual(["Sequence 200", "Alert 304", "Add 215"]);
    expect(done.state.leaves).toEqual({});
  });

  test("who says no fails an Atomic", () => {
    const done = atDesk({}, [NO], container("Atomic", add, confirm));
    expect(done.said).toEqual(["Atomic 507", "Add 216", "Alert 304"]);
    expect(done.state.leaves).toEqual({});
  });

  test("who cancels stops everything that comes after, also behind the container", () => {
    expect(atDesk({}, [CANCEL], confirm).isCancelled).toBe(true);
    expect(atDesk({}, [CANCEL], container("Sequence", confirm, add)).isCancelled).toBe(true);
  });

  test("by an alert without a text, or on a device without a screen, is not asked", () => {
    const empty: Command = { name: "Alert", cmdId: "7", code: 1101, items: [{}] };
    expect(atDesk({}, [NO], empty).said).toEqual(["Alert 406"]);
    expect(answers([], confirm).said).toEqual(["Alert 406"]);
  });
});

describe("a client that is strict about an Atomic", () => {
  const strict = { noGet: true, noAtomic: true };
  const said = (given: Command) => saidBy(carryOut(tree, ["a"], given, strict).carried);

  test("answers 500 to a Get and to an Atomic inside one", () => {
    expect(said(container("Atomic", command("Add", "b"), command("Get", "a")))).toEqual([
      "Atomic 507",
      "Add 216",
      "Get 500",
    ]);
    expect(said(container("Atomic", container("Atomic", command("Add", "b"))))).toEqual([
      "Atomic 507",
      "Atomic 500",
    ]);
  });

  test("has nothing against them elsewhere", () => {
    expect(said(container("Sequence", command("Get", "a")))).toEqual([
      "Sequence 200",
      "Get 200",
      "Results value of a",
    ]);
  });
});

test("a command that wants no Status gets none, and its Results all the same", () => {
  const silent: Command = { ...command("Get", "a"), noResp: true };
  expect(answers(["a"], silent).said).toEqual(["Results value of a"]);
});
