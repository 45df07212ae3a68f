import { describe, expect, test } from "bun:test";
import { ROOT } from "../../../devices/simulator/app-nodes.ts";
import { type AppState, EMPTY_APP_STATE } from "../../../devices/simulator/app-state.ts";
import { type Carried, type CarryContext, carryOut } from "../../../devices/simulator/carry-out.ts";
import { PROFILES } from "../../../devices/simulator/profiles.ts";
import type { Command, ItemsCommand } from "../../../protocols/syncml/message.ts";

const P1 = "%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D";
const E = `${ROOT}/4000000001`;
const NODE = `${E}/EnterpriseApps/Download/${P1}`;
const CONTEXT: CarryContext = {
  nowMs: 0,
  profile: PROFILES.standard,
  info: new Map([["DevDetail/SwV", "10.0.15254.603"]]),
};

const enrolled = carryOut(
  EMPTY_APP_STATE,
  items("Add", [`${E}/EnrollmentToken`, "T1"]),
  CONTEXT,
).state;

function items(name: ItemsCommand["name"], ...targets: [string, string?][]): ItemsCommand {
  return { name, cmdId: "1", items: targets.map(([target, data]) => ({ target, data })) };
}

function atomic(...commands: Command[]): Command {
  return { name: "Atomic", cmdId: "9", commands };
}

const codes = ({ codes: own, inner }: Carried): unknown =>
  inner.length > 0 ? [own[0]?.code, inner.map(codes)] : own.map(({ code }) => code);

const ADD_NODE = items(
  "Add",
  [`${NODE}/Name`, "A"],
  [`${NODE}/URL`, "http://s/a.xap"],
  [`${NODE}/Version`, "2.0"],
  [`${NODE}/DownloadInstall`, "1"],
);
const REPLACE_NODE = items(
  "Replace",
  [`${NODE}/Name`, "A"],
  [`${NODE}/URL`, "http://s/b.xap"],
  [`${NODE}/Version`, "3.0"],
);
const EXEC = items("Exec", [`${NODE}/DownloadInstall`, "0"]);

describe("carryOut()", () => {
  test("an Atomic of Add and Exec starts the download", () => {
    const { carried, started, state } = carryOut(enrolled, atomic(ADD_NODE, EXEC), CONTEXT);
    expect(codes(carried)).toEqual([200, [[200, 200, 200, 200], [202]]]);
    expect(started).toEqual(["{B316008A-141D-4A79-810F-8B764C4CFDFB}"]);
    expect(state.downloads.size).toBe(1);
  });

  test("an Atomic that meets an existing node undoes everything and says where it failed", () => {
    const { state: once } = carryOut(enrolled, atomic(ADD_NODE, EXEC), CONTEXT);
    const crl = items("Add", [`${E}/CRLCheck`, "1"]);
    const { carried, started, state } = carryOut(once, atomic(crl, ADD_NODE, EXEC), CONTEXT);
    expect(codes(carried)).toEqual([507, [[216], [418, 418, 418, 418], [215]]]);
    expect(started).toEqual([]);
    expect(state).toBe(once);
  });

  test("items of the failing command that went well are undone too", () => {
    const { state: once } = carryOut(
      enrolled,
      items("Add", [`${NODE}/URL`, "http://s/a.xap"]),
      CONTEXT,
    );
    const { carried, state } = carryOut(once, atomic(ADD_NODE), CONTEXT);
    expect(codes(carried)).toEqual([507, [[216, 418, 216, 216]]]);
    expect(state).toBe(once);
  });

  test("Replace of an expired node is 404 and changes nothing", () => {
    const { carried, state } = carryOut(enrolled, atomic(REPLACE_NODE, EXEC), CONTEXT);
    expect(codes(carried)).toEqual([507, [[404, 404, 404], [215]]]);
    expect(state).toBe(enrolled);
  });

  test("a Sequence goes on after a failure", () => {
    const sequence: Command = { name: "Sequence", cmdId: "1", commands: [EXEC, ADD_NODE] };
    const { carried } = carryOut(enrolled, sequence, CONTEXT);
    expect(codes(carried)).toEqual([200, [[404], [200, 200, 200, 200]]]);
  });

  test.each(["Atomic", "Sequence"] as const)("the legacy client answers %s with 501", (name) => {
    const command: Command = { name, cmdId: "1", commands: [ADD_NODE] };
    const context = { ...CONTEXT, profile: PROFILES.legacy };
    const { carried, state } = carryOut(enrolled, command, context);
    expect(codes(carried)).toEqual([501]);
    expect(state).toBe(enrolled);
  });

  test("reads DevDetail and lets nobody write it", () => {
    const get = carryOut(enrolled, items("Get", ["./DevDetail/SwV"], ["./DevDetail/Nix"]), CONTEXT);
    expect(codes(get.carried)).toEqual([200, 404]);
    expect(get.carried.results[0]?.[0]?.data).toBe("10.0.15254.603");
    const put = carryOut(enrolled, items("Replace", ["./DevDetail/SwV", "x"]), CONTEXT);
    expect(codes(put.carried)).toEqual([405]);
  });

  test("a command without items is incomplete", () => {
    expect(codes(carryOut(enrolled, items("Get"), CONTEXT).carried)).toEqual([412]);
  });

  test("every node of the tree survives a command with any text", () => {
    const odd = [
      "",
      "%",
      "./",
      `${NODE}/`,
      `${NODE}//URL`,
      "./Vendor/MSFT/EnterpriseAppManagement/*/Status",
      "\u0000",
    ];
    for (const name of ["Add", "Get", "Replace", "Delete", "Exec"] as const) {
      for (const target of odd) {
        const done = carryOut(enrolled, items(name, [target, target]), CONTEXT);
        expect(done.carried.codes[0]?.code).toBeGreaterThanOrEqual(400);
        expect<AppState>(done.state).toBe(enrolled);
      }
    }
  });
});
