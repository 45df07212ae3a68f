import { describe, expect, test } from "bun:test";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import { answer, receive } from "../../../protocols/oma-dm/server-session.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Command } from "../../../protocols/syncml/message.ts";
import {
  context,
  headerOk,
  kinds,
  message,
  openSession,
  restarted,
  results,
  status,
} from "./device-messages.ts";

const A = "./Vendor/App/%7BAB%7D/Name";
const B = "./Vendor/App/%7BAB%7D/URL";

const add: OutgoingCommand = {
  name: "Add",
  tag: "add",
  items: [
    { target: A, data: "1" },
    { target: B, data: "2" },
  ],
};
const exec: OutgoingCommand = { name: "Exec", tag: "exec", items: [{ target: "./Run" }] };
/** CmdIDs: 4 the Atomic, 5 the Add, 6 the Exec. */
const atomic: OutgoingCommand = { name: "Atomic", tag: "all", commands: [add, exec] };
const inventory: OutgoingCommand = {
  name: "Get",
  tag: "inventory",
  items: [{ target: "./Vendor/Inventory?list=StructData" }],
};

/** What the server hears when it sent these commands and the device says this. */
function heard(
  sent: readonly OutgoingCommand[],
  said: readonly Command[],
): readonly SessionEvent[] {
  const { session } = answer(openSession(), sent);
  return receive(restarted(session), message([headerOk(1), ...said], { id: 2 }), context()).events;
}

const statusEvent = (
  tag: string,
  code: number,
  itemCodes: Record<string, number> = {},
  derived = false,
): SessionEvent => ({ kind: "status", tag, code, itemCodes, answers: [], derived });

describe("Status", () => {
  test("without TargetRef speaks for every item", () => {
    expect(heard([add], [status(1, "4", "Add", 200)])).toEqual([
      statusEvent("add", 200, { [A]: 200, [B]: 200 }),
    ]);
  });

  test("of each item is told once, with the culprit's code for the whole", () => {
    const said = [status(1, "4", "Add", 216, [A]), status(1, "4", "Add", 418, [B])];
    expect(heard([add], said)).toEqual([statusEvent("add", 418, { [A]: 216, [B]: 418 })]);
  });

  test("may name several items", () => {
    expect(heard([add], [status(1, "4", "Add", 404, [A, B])])).toEqual([
      statusEvent("add", 404, { [A]: 404, [B]: 404 }),
    ]);
  });

  test.each([
    ["braces that are not escaped", "./Vendor/App/{AB}/Name"],
    ["other letters", "./vendor/app/%7bab%7d/name"],
    ["no ./ and a slash behind", "Vendor/App/%7BAB%7D/Name/"],
  ])("finds its item in spite of %s", (_, ref) => {
    expect(heard([add], [status(1, "4", "Add", 418, [ref])])).toEqual([
      statusEvent("add", 418, { [A]: 418 }),
    ]);
  });

  test("is matched by reference, in whatever order it comes", () => {
    const said = [
      status(1, "6", "Exec", 202),
      status(1, "5", "Add", 200),
      status(1, "4", "Atomic", 200),
    ];
    expect(heard([atomic], said)).toEqual([
      statusEvent("all", 200),
      statusEvent("add", 200, { [A]: 200, [B]: 200 }),
      statusEvent("exec", 202, { "./Run": 202 }),
    ]);
  });

  test("for nothing of ours is passed over", () => {
    const said = [
      status(7, "4", "Add", 200), // Another message.
      status(1, "99", "Add", 200), // Another command.
      status(1, "4", "Get", 200), // The number, but not the command.
    ];
    expect(heard([add], said)).toEqual([{ kind: "unanswered", tag: "add" }]);
  });

  test("without MsgRef is taken by its CmdRef", () => {
    const said = { ...status(1, "4", "Add", 200), msgRef: "" };
    expect(kinds(heard([add], [said]))).toEqual(["status add"]);
  });

  test("counts once: a second one, the same or another, changes nothing", () => {
    const said = [status(1, "4", "Add", 200), status(1, "4", "Add", 500)];
    expect(heard([add], said)).toEqual([statusEvent("add", 200, { [A]: 200, [B]: 200 })]);
  });

  test("101 keeps the command open: the device is asked to go on", () => {
    const { session } = answer(openSession(), [exec]);
    const busy = message([headerOk(1), status(1, "4", "Exec", 101)], { id: 2 });
    const waiting = receive(session, busy, context());
    expect(waiting).toMatchObject({ turn: "wait", events: [] });
    const asked = answer(waiting.session, []);
    expect(asked.message).toMatchObject({ final: false });
    expect(asked.message.commands.at(-1)).toMatchObject({ name: "Alert", code: 1222 });

    const done = message([headerOk(2), status(1, "4", "Exec", 200)], { id: 3 });
    const received = receive(restarted(asked.session), done, context());
    expect(received.turn).toBe("commands");
    expect(received.events).toEqual([statusEvent("exec", 200, { "./Run": 200 })]);
  });
});

describe("what weak clients leave out", () => {
  test("a good Atomic without a Status of its own", () => {
    const said = [status(1, "5", "Add", 200), status(1, "6", "Exec", 202)];
    expect(heard([atomic], said).at(-1)).toEqual(statusEvent("all", 200, {}, true));
  });

  test("a bad Atomic without a Status of its own", () => {
    const said = [status(1, "5", "Add", 418), status(1, "6", "Exec", 215)];
    expect(heard([atomic], said).at(-1)).toEqual(statusEvent("all", 507, {}, true));
  });

  test("an Atomic of which one member is not answered stays open", () => {
    const events = heard([atomic], [status(1, "5", "Add", 200)]);
    expect(kinds(events)).toEqual(["status add", "unanswered all", "unanswered exec"]);
  });

  test.each([
    [200, 200],
    [501, 215],
    [507, 215],
  ])("members without a Status, in an Atomic that says %p, share its fate", (code, fate) => {
    const lacks: SessionEvent[] = code === 501 ? [{ kind: "lacks", feature: "Atomic" }] : [];
    expect(heard([atomic], [status(1, "4", "Atomic", code)])).toEqual([
      statusEvent("all", code),
      ...lacks,
      statusEvent("add", fate, { [A]: fate, [B]: fate }, true),
      statusEvent("exec", fate, { "./Run": fate }, true),
    ]);
  });

  test("a Sequence is answered when it begins, which says nothing about its members", () => {
    const sequence: OutgoingCommand = { name: "Sequence", tag: "all", commands: [exec] };
    expect(kinds(heard([sequence], [status(1, "4", "Sequence", 200)]))).toEqual([
      "status all",
      "unanswered exec",
    ]);
  });

  test("the Status of a Get that has Results", () => {
    const said = [results(1, "4", [["./Vendor/Inventory", "x"]])];
    expect(kinds(heard([inventory], said))).toEqual(["results inventory", "status inventory"]);
  });

  test("every Status: each command is told to be unanswered, once", () => {
    expect(kinds(heard([atomic, inventory], []))).toEqual([
      "unanswered all",
      "unanswered add",
      "unanswered exec",
      "unanswered inventory",
    ]);
  });
});

describe("Results", () => {
  const item = ["./Vendor/Inventory/x", "1"] as const;
  const version: OutgoingCommand = {
    name: "Get",
    tag: "version",
    items: [{ target: "./Version" }],
  };

  test("in many parts are one event", () => {
    const said = [
      status(1, "4", "Get", 200),
      results(1, "4", [item]),
      results(1, "4", [["./Vendor/Inventory/y", "2"]]),
    ];
    expect(heard([inventory], said)).toMatchObject([
      { kind: "status", tag: "inventory" },
      { kind: "results", tag: "inventory", items: [{ data: "1" }, { data: "2" }] },
    ]);
  });

  test.each([
    ["no MsgRef", results(undefined, "4", [item])],
    ["a CmdRef of another command", results(1, "5", [item])],
    ["a CmdRef of nothing", results(1, "77", [item])],
    ["escaped letters", results(1, "9", [["./Vendor/%49nventory/x", "1"]])],
  ])("with %s go to the Get they are about", (_, said) => {
    const events = heard([inventory, version], [said]);
    expect(kinds(events)).toContain("results inventory");
    expect(kinds(events)).not.toContain("results version");
  });

  test("about something that nobody asked for are passed over", () => {
    const said = results(1, "9", [["./Vendor/InventoryOfOthers/x", "1"]]);
    expect(kinds(heard([inventory], [said]))).toEqual(["unanswered inventory"]);
  });

  test("of a leaf without Source are about what the Get asked for", () => {
    const events = heard([version], [results(1, "4", [[undefined, "7"]])]);
    expect(events[0]).toMatchObject({ items: [{ source: "./Version", data: "7" }] });
  });
});
