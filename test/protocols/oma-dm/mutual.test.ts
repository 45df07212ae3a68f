import { describe, expect, test } from "bun:test";
import type { ClientConfig, ServerDemand } from "../../../protocols/oma-dm/client-state.ts";
import {
  basicCredential,
  digestCredential,
  secretHashOf,
} from "../../../protocols/oma-dm/credentials.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import { OWN_ATTEMPTS_MAX, type OwnCredential } from "../../../protocols/oma-dm/own-credentials.ts";
import { answer, receive } from "../../../protocols/oma-dm/server-session.ts";
import type { ServerSession, SessionEvent } from "../../../protocols/oma-dm/server-state.ts";
import type { Challenge, Command, Message } from "../../../protocols/syncml/message.ts";
import { type Conversation, converse } from "./conversation.ts";
import {
  BASIC,
  context,
  headerOk,
  kinds,
  message,
  nonce,
  packageOne,
  restarted,
  status,
  stored,
} from "./device-messages.ts";
import { holding, type Leaves, leafTree, NO_LEAVES } from "./leaf-tree.ts";

const SERVER = "com.contoso.outpost";
const SECRET = "server-secret";
const own = (changes: Partial<OwnCredential> = {}): OwnCredential => ({
  userName: SERVER,
  secretHash: secretHashOf(SERVER, SECRET),
  scheme: null,
  nonce: null,
  ...changes,
});
const demand = (changes: Partial<ServerDemand> = {}): ServerDemand => ({
  userName: SERVER,
  password: SECRET,
  scheme: "syncml:auth-md5",
  nonce: "",
  perMessage: false,
  ...changes,
});
const add: OutgoingCommand = { name: "Add", tag: "add", items: [{ target: "./A", data: "1" }] };
const exec: OutgoingCommand = { name: "Exec", tag: "exec", items: [{ target: "./Run" }] };
const get: OutgoingCommand = { name: "Get", tag: "get", items: [{ target: "./A" }] };

const plan = (_: readonly SessionEvent[], number: number) => [[add, exec], [get]][number - 1] ?? [];

function talk(
  demands: ServerDemand,
  mine: OwnCredential | undefined,
  config: Partial<ClientConfig> = {},
): Conversation<Leaves> {
  return converse({
    tree: leafTree,
    state: NO_LEAVES,
    plan,
    config: { demands, ...config },
    ...(mine && { own: mine }),
  });
}

const DONE: Leaves = { values: { "./A": "1" }, executed: { "./Run": 1 } };

describe("a device that wants to know who its server is", () => {
  test("begins with an empty nonce, and says 212 with the next one", () => {
    const { told, state, own: mine, device, messages } = talk(demand(), own());
    expect(state).toEqual(DONE);
    expect(kinds(told)).toEqual([
      "authenticated",
      "alert",
      "dev-info",
      "own-accepted",
      "status add",
      "status exec",
      "status get",
      "results get",
    ]);
    const given = device.find((event) => event.kind === "server-nonce");
    expect(mine).toMatchObject({ scheme: "syncml:auth-md5", nonce: given?.nonce ?? "none" });
    const creds = messages.map((one) => (one.from === "server" ? one.message.header.cred : null));
    // With the first message; 212 holds for the session.
    expect(creds.filter((cred) => cred !== null && cred !== undefined)).toEqual([
      digestCredential(secretHashOf(SERVER, SECRET), ""),
    ]);
    expect(messages[1]?.message.header.source.name).toBe(SERVER);
  });

  test("is answered at once in the next session, with the nonce that was kept", () => {
    const first = talk(demand(), own());
    const kept = first.own?.nonce ?? "";
    const next = talk(demand({ nonce: kept }), first.own);
    expect(next.messages).toHaveLength(first.messages.length);
    expect(next.own?.nonce).not.toBe(kept);
  });

  test("with a stale nonce refuses everything, and everything is sent again, once", () => {
    const { told, state, messages } = talk(demand({ nonce: nonce("moved") }), own());
    expect(state).toEqual(DONE);
    expect(told.filter((event) => event.kind === "status").map(({ tag }) => tag)).toEqual([
      "add",
      "exec",
      "get",
    ]);
    const refusal = messages[2]?.message.commands ?? [];
    expect(refusal.map((one) => (one.name === "Status" ? one.code : 0))).toEqual([401, 401, 401]);
    const ids = messages.map((one) => one.message.header.messageId);
    expect(ids).toEqual(ids.map((_, index) => Math.floor(index / 2) + 1));
  });

  test("that asks with every message gets it with every message, each over the new nonce", () => {
    const { state, messages, told } = talk(demand({ perMessage: true }), own());
    expect(state).toEqual(DONE);
    expect(kinds(told).filter((kind) => kind === "own-accepted")).toHaveLength(2);
    const creds = messages.flatMap((one) =>
      one.from === "server" ? [one.message.header.cred?.data] : [],
    );
    expect(new Set(creds).size).toBe(creds.length);
  });

  test.each([false, true])("by a MAC of every message; the device signs as well: %p", (both) => {
    const demands = demand({ scheme: "syncml:auth-MAC" });
    const config = both ? ({ scheme: "syncml:auth-MAC", nonce: nonce("kept") } as const) : {};
    const {
      state,
      told,
      own: mine,
      messages,
    } = converse({
      tree: leafTree,
      state: NO_LEAVES,
      plan,
      config: { demands, ...config },
      own: own(),
      credential: stored(both ? { scheme: "syncml:auth-MAC", nextNonce: nonce("kept") } : {}),
    });
    expect(state).toEqual(DONE);
    expect(kinds(told)).toContain("own-accepted");
    expect(mine?.scheme).toBe("syncml:auth-MAC");
    for (const one of messages) expect(one.message.header.cred?.type).not.toBe("syncml:auth-MAC");
  });

  test("by a MAC: from the second session on the first message is signed already", () => {
    const demands = demand({ scheme: "syncml:auth-MAC" });
    const first = talk(demands, own());
    const kept = first.device.filter((event) => event.kind === "server-nonce").at(-1)?.nonce;
    expect(first.own?.nonce).toBe(kept ?? "none");
    const second = talk({ ...demands, nonce: kept ?? "" }, first.own);
    expect(second.messages.length).toBe(first.messages.length - 2);
  });

  test("and is told a wrong password gives up, having carried out nothing", () => {
    const wrong = own({ secretHash: secretHashOf(SERVER, "wrong") });
    const { told, state, device } = talk(demand(), wrong);
    expect(state).toEqual(NO_LEAVES);
    expect(device.at(-1)).toEqual({ kind: "ended", reason: "distrusted" });
    expect(kinds(told)).not.toContain("status add");
  });

  test("where none is set is heard, and nothing was carried out", () => {
    const { told, state, device } = talk(demand(), undefined);
    expect(state).toEqual(NO_LEAVES);
    expect(told).toContainEqual({ kind: "own-refused", problem: "none-set" });
    expect(kinds(told)).toEqual(
      expect.arrayContaining(["not-sent add", "not-sent exec", "aborted"]),
    );
    expect(device.at(-1)).toEqual({ kind: "ended", reason: "done" });
  });

  test("keeps no nonce of a server that it does not trust", () => {
    const wrong = own({ secretHash: secretHashOf(SERVER, "wrong") });
    const { device } = talk(demand(), wrong, { scheme: "syncml:auth-md5", nonce: nonce("stale") });
    expect(device.map(({ kind }) => kind)).toEqual(["ended"]);
  });
});

describe("what a device says about our credentials", () => {
  const chal = (type: string, text: string): Challenge => ({
    type,
    format: "b64",
    nextNonce: nonce(text),
  });
  const header = (msgRef: number, code: number, challenge?: Challenge): Command => ({
    ...status(msgRef, "0", "SyncHdr", code),
    chal: challenge,
  });

  function open(): ServerSession {
    const received = receive(undefined, packageOne({ cred: BASIC }), context({ own: own() }));
    return answer(received.session, [add, exec], { own: own() }).session;
  }
  const hear = (session: ServerSession, said: Message) =>
    receive(restarted(session), said, context({ own: own() }));

  test("Data 0, as one client says before it has seen any, is no answer to the commands", () => {
    const bare = { ...status(1, "0", "SyncHdr", 0) };
    const refused = [bare, status(1, "4", "Add", 0), status(1, "5", "Exec", 0)];
    const received = hear(open(), message(refused, { id: 2 }));
    expect(received.events).toEqual([]);
    expect(received.turn).toBe("wait");
    const again = answer(received.session, [], { own: own() });
    expect(again.message.commands.slice(1).map(({ name }) => name)).toEqual(["Add", "Exec"]);
    expect(again.message.header.cred).toEqual(digestCredential(own().secretHash, ""));
  });

  test("a challenge for a MAC moves us there for the session", () => {
    const said = message([header(1, 401, chal("syncml:auth-MAC", "m1"))], { id: 2 });
    const { session, turn } = hear(open(), said);
    expect(turn).toBe("wait");
    const again = answer(session, [], { own: own() });
    expect(again.message.header.cred).toBeUndefined();
    expect(again.mac).toEqual({
      userName: SERVER,
      secretHash: own().secretHash,
      nonce: nonce("m1"),
    });
    // A repetition is signed as it was, whatever came since.
    const repeated = answer(hear(again.session, said).session, [], { own: own() });
    expect(repeated.mac).toEqual(again.mac);
  });

  test("a challenge for the password itself ends the session: it is never sent", () => {
    const received = hear(
      open(),
      message([header(1, 401, chal("syncml:auth-basic", ""))], { id: 2 }),
    );
    expect(kinds(received.events)).toEqual([
      "not-sent add",
      "not-sent exec",
      "own-refused",
      "aborted",
    ]);
    expect(received.events[2]).toEqual({ kind: "own-refused", problem: "clear-text" });
    const { message: last } = answer(received.session, [], { own: own() });
    expect(JSON.stringify(last)).not.toContain(basicCredential(SERVER, SECRET).data);
  });

  test(`${OWN_ATTEMPTS_MAX} refusals in a row end the session`, () => {
    let session = open();
    const problems: unknown[] = [];
    for (let id = 2; id < 2 + OWN_ATTEMPTS_MAX; id++) {
      const said = message([header(id - 1, 401, chal("syncml:auth-md5", `c${id}`))], { id });
      const received = hear(session, said);
      problems.push(...received.events.filter(({ kind }) => kind === "own-refused"));
      session = answer(received.session, [], { own: own() }).session;
    }
    expect(problems).toEqual([{ kind: "own-refused", problem: "wrong" }]);
    expect(session.phase).toBe("closed");
  });

  test("the nonce of a refusal is for the next try only; one of a success is kept", () => {
    const refused = hear(
      open(),
      message([header(1, 401, chal("syncml:auth-md5", "try"))], { id: 2 }),
    );
    expect(refused.events).toEqual([]);
    const again = answer(refused.session, [], { own: own() });
    expect(again.message.header.cred).toEqual(digestCredential(own().secretHash, nonce("try")));
    const accepted = hear(
      again.session,
      message(
        [
          header(2, 212, chal("syncml:auth-md5", "next")),
          status(2, "2", "Add", 200),
          status(2, "3", "Exec", 202),
        ],
        { id: 3 },
      ),
    );
    expect(accepted.events[0]).toEqual({
      kind: "own-accepted",
      scheme: "syncml:auth-md5",
      nonce: nonce("next"),
    });
    expect(answer(accepted.session, [get], { own: own() }).message.header.cred).toBeUndefined();
  });

  test("a stranger is shown neither our credentials nor our signature", () => {
    const received = receive(undefined, packageOne(), context({ own: own() }));
    const sent = answer(received.session, [], { own: own() });
    expect(sent.message.header.cred).toBeUndefined();
    expect(sent.mac).toBeUndefined();
  });

  test("a device that never asks for them is not disturbed by them", () => {
    const { state } = converse({ tree: leafTree, state: holding({}), plan, own: own() });
    expect(state).toEqual(DONE);
    const said = message([headerOk(1), status(1, "4", "Add", 200), status(1, "5", "Exec", 202)], {
      id: 2,
    });
    expect(kinds(hear(open(), said).events)).toEqual(["own-accepted", "status add", "status exec"]);
  });
});
