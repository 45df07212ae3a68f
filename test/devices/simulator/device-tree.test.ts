import { describe, expect, test } from "bun:test";
import { EMPTY_APP_STATE } from "../../../devices/simulator/app-state.ts";
import { type DeviceTreeState, deviceTree } from "../../../devices/simulator/device-tree.ts";
import { type Carried, carryOut } from "../../../protocols/oma-dm/carry-out.ts";
import type { Command, ItemsCommand } from "../../../protocols/syncml/message.ts";

const P1 = "%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D";
const E = "./Vendor/MSFT/EnterpriseAppManagement/4000000001";
const NODE = `${E}/EnterpriseApps/Download/${P1}`;
const TREE = deviceTree(new Map([["DevDetail/SwV", "10.0.15254.603"]]), {
  nowMs: 0,
  structData: true,
});
const FRESH: DeviceTreeState = { apps: EMPTY_APP_STATE, started: [] };
const run = (state: DeviceTreeState, command: Command) => carryOut(TREE, state, command);
const ENROLLED = run(FRESH, items("Add", [`${E}/EnrollmentToken`, "T1"])).state;

function items(name: ItemsCommand["name"], ...targets: [string, string?][]): ItemsCommand {
  return { name, cmdId: "1", items: targets.map(([target, data]) => ({ target, data })) };
}

function atomic(...commands: Command[]): Command {
  return { name: "Atomic", cmdId: "9", commands };
}

const codes = ({ codes: own, members }: Carried): unknown =>
  members.length > 0 ? [own[0]?.code, members.map(codes)] : own.map(({ code }) => code);

const ADD_NODE = items(
  "Add",
  [`${NODE}/Name`, "A"],
  [`${NODE}/URL`, "http://s/a.xap"],
  [`${NODE}/Version`, "2.0"],
  [`${NODE}/DownloadInstall`, "1"],
);
const REPLACE_NODE = items("Replace", [`${NODE}/Name`, "A"], [`${NODE}/URL`, "http://s/b.xap"]);
const EXEC = items("Exec", [`${NODE}/DownloadInstall`, "0"]);

describe("deviceTree()", () => {
  test("an Atomic of Add and Exec starts the download", () => {
    const { carried, state } = run(ENROLLED, atomic(ADD_NODE, EXEC));
    expect(codes(carried)).toEqual([200, [[200, 200, 200, 200], [202]]]);
    expect(state.started).toEqual(["{B316008A-141D-4A79-810F-8B764C4CFDFB}"]);
    expect(state.apps.downloads.size).toBe(1);
  });

  test("an Atomic that meets an existing node undoes everything and says where it failed", () => {
    const { state: once } = run(ENROLLED, atomic(ADD_NODE));
    const crl = items("Add", [`${E}/CRLCheck`, "1"]);
    const { carried, state } = run(once, atomic(crl, ADD_NODE, EXEC));
    expect(codes(carried)).toEqual([507, [[216], [418, 215, 215, 215], [215]]]);
    expect(state).toBe(once);
  });

  test("an Exec that was rolled back has started nothing", () => {
    const { state: once } = run(ENROLLED, ADD_NODE);
    const { state } = run(once, atomic(EXEC, items("Get", [`${NODE}/Nix`])));
    expect(state.started).toEqual([]);
  });

  test("Replace of an expired node is 404 and changes nothing", () => {
    const { carried, state } = run(ENROLLED, atomic(REPLACE_NODE, EXEC));
    expect(codes(carried)).toEqual([507, [[404, 215], [215]]]);
    expect(state).toBe(ENROLLED);
  });

  test("reads DevDetail and lets nobody write it", () => {
    const get = run(ENROLLED, items("Get", ["./DevDetail/SwV"], ["./DevDetail/Nix"]));
    expect(codes(get.carried)).toEqual([200, 404]);
    expect(get.carried.nodes).toEqual([
      { uri: "./DevDetail/SwV", format: "chr", data: "10.0.15254.603" },
    ]);
    expect(codes(run(ENROLLED, items("Replace", ["./DevDetail/SwV", "x"])).carried)).toEqual([405]);
  });

  test("survives commands on any text", () => {
    const odd = ["", "%", "./", `${NODE}/`, `${NODE}//URL`, `${E}/../Status`, "\u0000"];
    for (const name of ["Add", "Get", "Replace", "Delete", "Exec"] as const) {
      for (const target of odd) {
        const done = run(ENROLLED, items(name, [target, target]));
        expect(done.carried.codes[0]?.code).toBeGreaterThanOrEqual(400);
        expect(done.state).toEqual(ENROLLED);
      }
    }
  });
});
