import { describe, expect, test } from "bun:test";
import { answerCommand } from "../../../protocols/oma-dm/answer-commands.ts";
import { carryOut, type ManagementTree } from "../../../protocols/oma-dm/carry-out.ts";
import { CommandNumbers } from "../../../protocols/oma-dm/number-commands.ts";
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

/** The device's answers as `Cmd code` or `Cmd target code`. */
function answers(state: readonly string[], given: Command) {
  const done = carryOut(tree, state, given);
  const said = answerCommand(done.carried, "1", new CommandNumbers()).map((one) => {
    if (one.name === "Status") return [one.cmd, ...one.targetRefs, one.code].join(" ");
    return one.name === "Results" ? `Results ${one.items[0]?.data}` : one.name;
  });
  return { state: done.state, said };
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
    expect(answers([], command("Copy", "a")).said).toEqual(["Copy 406"]);
    expect(answers([], command("Add")).said).toEqual(["Add 412"]);
    const put: Command = { name: "Unknown", element: "Put", cmdId: "9" };
    expect(answers([], put).said).toEqual(["Put 501"]);
    const display: Command = { name: "Alert", cmdId: "9", code: 1100, items: [] };
    expect(answers([], display).said).toEqual(["Alert 406"]);
  });
});
