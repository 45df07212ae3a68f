import { describe, expect, test } from "bun:test";
import {
  addDownload,
  deleteEnterprise,
  deleteInventoryNode,
  enrolEnterprise,
  executeDownload,
  getDownloadNode,
  getInventory,
  getInventoryNode,
  pushAtomic,
  replaceDownload,
} from "../../../protocols/csp/enterprise-app-management/commands.ts";
import { readInventory } from "../../../protocols/csp/enterprise-app-management/inventory.ts";
import { readProductIds } from "../../../protocols/csp/inventory.ts";
import { CHALLENGES_MAX } from "../../../protocols/oma-dm/client-state.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import type { SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Element } from "../../../protocols/syncml/element.ts";
import type { Command, Message } from "../../../protocols/syncml/message.ts";
import { converse, type Setting } from "./conversation.ts";
import { kinds, nonce, SECRET_HASH, stored } from "./device-messages.ts";
import { installed, memoryTree, type Nodes } from "./memory-tree.ts";

const EID = "4000000001";
const APP = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";
const DOWNLOAD = {
  productId: APP,
  name: "ContosoApp1",
  url: "https://gateway.example/content/a?b=1&c=<2>",
  version: "2.0.0.0",
};
const enrol = enrolEnterprise("enrol", EID, {
  enrollmentToken: "token",
  certificateSearchCriteria: "Subject=CN%3DDevice-42",
  crlCheck: null,
});
const push = (form: "add" | "replace"): OutgoingCommand =>
  pushAtomic("push", [
    form === "add" ? addDownload("write", EID, DOWNLOAD) : replaceDownload("write", EID, DOWNLOAD),
    executeDownload("exec", EID, APP),
  ]);

const tree = memoryTree({ structData: true });
const enrolled: Nodes = new Map([
  [`${EID}/EnrollmentToken`, "token"],
  ...installed(EID, APP, "1.0.0.0"),
]);
const downloaded: Nodes = new Map([
  ...enrolled,
  [`${EID}/EnterpriseApps/Download/${APP}/Name`, "old"],
  [`${EID}/EnterpriseApps/Download/${APP}/URL`, "old"],
  [`${EID}/EnterpriseApps/Download/${APP}/Version`, "1.0.0.0"],
  [`${EID}/EnterpriseApps/Download/${APP}/DownloadInstall`, "1"],
]);

/** One package of commands after another. */
const packages =
  (...list: readonly (readonly OutgoingCommand[])[]) =>
  (_: readonly SessionEvent[], number: number) =>
    list[number - 1] ?? [];

/** Enrol, read, push, poll, remove, unenrol: all that a site does, in one session. */
const wholeLife: Setting<Nodes> = {
  tree,
  state: new Map(),
  plan: packages(
    [enrol],
    [getInventory("inventory", EID, "StructData"), getInventory("list", EID, "children")],
    [push("add")],
    [getDownloadNode("poll", EID, APP, "Version"), getInventoryNode("app", EID, APP)],
    [deleteInventoryNode("remove", EID, APP), deleteEnterprise("unenrol", EID)],
  ),
};

const AS_EVENTS = [
  "authenticated",
  "alert",
  "dev-info",
  "status enrol",
  "status inventory",
  "results inventory",
  "status list",
  "results list",
  "status push",
  "status write",
  "status exec",
  "status poll",
  "results poll",
  "status app",
  "status remove",
  "status unenrol",
];

const codeOf = (told: readonly SessionEvent[], tag: string): number | undefined =>
  told
    .flatMap((event) => (event.kind === "status" && event.tag === tag ? [event.code] : []))
    .at(-1);

describe("a whole session", () => {
  test("with basic credentials", () => {
    const { told, device, state } = converse(wholeLife);
    expect(kinds(told)).toEqual(AS_EVENTS);
    expect(codeOf(told, "enrol")).toBe(200);
    expect(codeOf(told, "exec")).toBe(202);
    expect(codeOf(told, "app")).toBe(404); // Only downloaded, not yet installed.
    expect(told).toContainEqual(
      expect.objectContaining({
        kind: "results",
        tag: "poll",
        items: [expect.objectContaining({ data: "2.0.0.0" })],
      }),
    );
    expect(state.size).toBe(0);
    expect(device.at(-1)).toEqual({ kind: "ended", reason: "done" });
  });

  test("with MD5, from the very first contact on: challenged once, then never again", () => {
    const md5 = { scheme: "syncml:auth-md5" as const };
    const first = converse({
      ...wholeLife,
      config: { ...md5, waitsForChallenge: true },
      credential: stored(md5),
    });
    expect(kinds(first.told)).toEqual(["not-authenticated", ...AS_EVENTS]);
    expect(first.nonce).toBe(first.credential.nextNonce);
    const next = converse({
      ...wholeLife,
      config: { ...md5, sessionId: "2", nonce: first.nonce },
      credential: first.credential,
    });
    expect(kinds(next.told)).toEqual(AS_EVENTS);
    expect(next.credential.nextNonce).not.toBe(first.credential.nextNonce);
  });

  test("with a stale nonce: one challenge, as if nothing were", () => {
    const { told, messages } = converse({
      ...wholeLife,
      config: { scheme: "syncml:auth-md5", nonce: nonce("stale") },
      credential: stored({ scheme: "syncml:auth-md5", nextNonce: nonce("kept") }),
    });
    expect(kinds(told)).toEqual(["not-authenticated", ...AS_EVENTS]);
    expect(messages.map(({ message }) => message.header.messageId)).toEqual(
      messages.map((_, index) => Math.floor(index / 2) + 1),
    );
  });

  test("of a device that offers basic where MD5 is required: it takes the better scheme", () => {
    const { told } = converse({ ...wholeLife, credential: stored({ scheme: "syncml:auth-md5" }) });
    expect(told[0]).toMatchObject({ kind: "not-authenticated", reason: "scheme" });
    expect(told[1]).toMatchObject({ kind: "authenticated", scheme: "syncml:auth-md5" });
  });

  test("with a wrong password ends on both sides", () => {
    const { told, device } = converse({ ...wholeLife, config: { password: "wrong" } });
    expect(kinds(told)).toEqual(Array(1 + CHALLENGES_MAX).fill("not-authenticated"));
    expect(device).toEqual([{ kind: "ended", reason: "refused" }]);
  });

  test("in which every message arrives three times tells everything once", () => {
    const { told, state } = converse({ ...wholeLife, sendings: 3 });
    expect(kinds(told)).toEqual(AS_EVENTS);
    expect(state.size).toBe(0);
  });

  test("whose answers come in small parts tells the same, once", () => {
    for (const answersMax of [1, 2, 3]) {
      const { told, messages } = converse({ ...wholeLife, config: { answersMax } });
      expect([...kinds(told)].sort()).toEqual([...AS_EVENTS].sort());
      expect(messages.some(({ message }) => !message.final)).toBe(true);
    }
  });
});

describe("a device that takes only small messages", () => {
  test.each([1850, 2000])("of %p bytes tells the same, and gets no larger one", (maxMsgSize) => {
    const { told, messages } = converse({ ...wholeLife, config: { maxMsgSize } });
    expect(kinds(told)).toEqual(AS_EVENTS);
    const sizes = messages.flatMap(({ from, bytes }) => (from === "server" ? [bytes] : []));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(maxMsgSize);
  });

  test("that no message has room for is told so, and what has room goes on", () => {
    const { told, device } = converse({ ...wholeLife, config: { maxMsgSize: 1300 } });
    expect(told).toContainEqual({
      kind: "status",
      tag: "push",
      code: 413,
      itemCodes: {},
      answers: [],
      derived: true,
    });
    expect(codeOf(told, "exec")).toBe(215);
    expect(codeOf(told, "enrol")).toBe(200);
    expect(device.at(-1)).toEqual({ kind: "ended", reason: "done" });
  });
});

describe("installing where an earlier download node is left [E-086, S-40]", () => {
  const plan: Setting<Nodes>["plan"] = (told, number) => {
    if (number === 1) return [push("add")];
    return number === 2 && codeOf(told, "write") === 418 ? [push("replace")] : [];
  };

  test("418 on the Add undoes the Atomic; the Replace then works", () => {
    const { told, state, messages } = converse({ tree, state: downloaded, plan });
    expect(told.filter(({ kind }) => kind === "status")).toMatchObject([
      { tag: "push", code: 507 },
      { tag: "write", code: 418 },
      { tag: "exec", code: 215 },
      { tag: "push", code: 200 },
      { tag: "write", code: 200 },
      { tag: "exec", code: 202 },
    ]);
    expect(state.get(`${EID}/EnterpriseApps/Download/${APP}/URL`)).toBe(DOWNLOAD.url);
    const second = messages[3]?.message.commands.find(({ name }) => name === "Atomic");
    expect(JSON.stringify(second)).not.toContain('"Add"');
  });

  test("404 on the Replace tells that the node is gone", () => {
    const { told, state } = converse({
      tree,
      state: enrolled,
      plan: packages([push("replace")]),
    });
    expect(codeOf(told, "write")).toBe(404);
    expect(state).toEqual(enrolled);
  });
});

describe("weak clients", () => {
  const isStatus = (command: Command) => command.name === "Status";
  const WEAK: readonly [string, Partial<Setting<Nodes>>, (readonly string[])?][] = [
    ["without CmdRef for SyncHdr", { weaken: eachStatus(withoutHeaderRef) }],
    ["with Status elements backwards", { weaken: (message) => reversed(message, isStatus) }],
    ["with a CmdID that comes again and again", { weaken: (message) => sameIds(message) }],
    ["with Data first in a Status", { weakenElement: (element) => dataFirst(element) }],
    ["with Format in capitals", { weakenElement: (element) => upperFormat(element) }],
    ["without a namespace", { weakenElement: (element) => withNamespace(element, "") }],
    ["of SyncML 1.1", { weakenElement: (element) => withNamespace(element, "SYNCML:SYNCML1.1") }],
    ["without a Status for an Atomic", { weaken: (message) => without(message, "Atomic") }],
  ];

  test.each([...WEAK])("%s: everything is understood", (_, weakness) => {
    const { told } = converse({ ...wholeLife, ...weakness });
    expect([...kinds(told)].sort()).toEqual([...AS_EVENTS].sort());
    expect(codeOf(told, "push")).toBe(200);
    expect(codeOf(told, "exec")).toBe(202);
  });

  test("without StructData: 406, then the tree is walked", () => {
    const { told } = converse({
      tree: memoryTree({ structData: false }),
      state: enrolled,
      plan: (events, number) => {
        if (number === 1) return [getInventory("tree", EID, "StructData")];
        if (number === 2) return [getInventory("list", EID, "children")];
        if (number > 3) return [];
        const list = events.find((event) => event.kind === "results" && event.tag === "list");
        const children = list?.kind === "results" ? readProductIds(list.items[0]?.data ?? "") : [];
        return children.flatMap((app) =>
          (["Version", "Title"] as const).map((leaf) =>
            getInventoryNode(`walk ${leaf} ${app}`, EID, app, leaf),
          ),
        );
      },
    });
    expect(codeOf(told, "tree")).toBe(406);
    const walked = told.flatMap((event) =>
      event.kind === "results" && event.tag.startsWith("walk") ? event.items : [],
    );
    expect(readInventory(walked)).toEqual({
      products: [
        {
          productId: APP,
          version: "1.0.0.0",
          title: "App",
          publisher: null,
          installDate: null,
          installDateRaw: null,
        },
      ],
      warnings: [],
    });
  });
});

test("the secret itself is never in what the server stores", () => {
  expect(JSON.stringify(stored())).not.toContain("OhBehave");
  expect(stored().secretHash).toBe(SECRET_HASH);
});

function eachStatus(change: (command: Command) => Command): (message: Message) => Message {
  return (message) => ({ ...message, commands: message.commands.map(change) });
}

function withoutHeaderRef(command: Command): Command {
  return command.name === "Status" && command.cmd === "SyncHdr"
    ? { ...command, cmdRef: undefined }
    : command;
}

function reversed(message: Message, isStatus: (command: Command) => boolean): Message {
  const statuses = message.commands.filter(isStatus).reverse();
  return {
    ...message,
    commands: [...statuses, ...message.commands.filter((command) => !isStatus(command))],
  };
}

function sameIds(message: Message): Message {
  return { ...message, commands: message.commands.map((command) => ({ ...command, cmdId: "1" })) };
}

function without(message: Message, cmd: string): Message {
  const commands = message.commands.filter((one) => one.name !== "Status" || one.cmd !== cmd);
  return { ...message, commands };
}

function dataFirst(element: Element): Element {
  const children = element.children.map(dataFirst);
  if (element.name !== "Status") return { ...element, children };
  const isData = ({ name }: Element) => name === "Data";
  return {
    ...element,
    children: [...children.filter(isData), ...children.filter((child) => !isData(child))],
  };
}

function upperFormat(element: Element): Element {
  const text = element.name === "Format" ? element.text.toUpperCase() : element.text;
  return { ...element, text, children: element.children.map(upperFormat) };
}

function withNamespace(element: Element, namespace: string): Element {
  const children = element.children.map((child) => withNamespace(child, namespace));
  return { ...element, children, namespace };
}
