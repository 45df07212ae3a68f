import { describe, expect, test } from "bun:test";
import type { Installation } from "../../../gateway/client/rows.ts";
import { COMPARED, countByStatus, differences } from "../../../gateway/demo/compare.ts";

const ROW: Installation = {
  id: "vienna.d.1",
  site: "vienna",
  deviceName: "till-1",
  packageName: "Stock",
  status: "installed",
  statusLabel: "Installed",
  state: "App is installed",
  bucket: "received",
  operation: "install",
  targetVersion: "2.0",
  version: "2.0",
  attempt: 1,
  observed: "2026-03-07T22:30:00.000Z",
  nativeValue: "5",
  lastErrorHex: null,
  reason: null,
};

describe("differences()", () => {
  test("finds none in equal reports, whatever their order", () => {
    const other = { ...ROW, id: "lisbon.d.2" };
    expect(differences([ROW, other], [other, ROW])).toEqual([]);
  });

  test.each(COMPARED.map((column) => [column]))("finds another %s", (column) => {
    const changed = { ...ROW, [column]: column === "attempt" ? 2 : "other" };
    expect(differences([ROW], [changed])).toHaveLength(1);
  });

  test("finds rows that one side does not have", () => {
    expect(differences([ROW], [])).toEqual(["vienna till-1: the hub does not have it"]);
    expect(differences([], [ROW])).toEqual(["vienna till-1: only the hub has it"]);
  });
});

describe("countByStatus()", () => {
  test("counts by status and state", () => {
    const failed = { ...ROW, id: "x", statusLabel: "Failed", state: null };
    expect(countByStatus([ROW, failed, ROW])).toEqual([
      { status: "Failed", state: null, reason: null, count: 1 },
      { status: "Installed", state: "App is installed", reason: null, count: 2 },
    ]);
  });
});
