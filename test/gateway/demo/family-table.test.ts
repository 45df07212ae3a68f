import { describe, expect, test } from "bun:test";
import type { FleetDevice, Progress } from "../../../devices/simulator/fleet.ts";
import { FAMILIES } from "../../../gateway/demo/families.ts";
import { familiesWithout, familyGroups } from "../../../gateway/demo/family-table.ts";
import { untruths } from "../../../gateway/demo/truth.ts";
import { ROW } from "./row.ts";

const FAILED = {
  ...ROW,
  status: "failed",
  statusLabel: "Failed",
  state: "Installation failed",
  nativeValue: "6",
  lastErrorHex: "0x80073CF9",
  lastErrorText: "no room",
  reason: "retry-backoff",
};

describe("familyGroups()", () => {
  test("counts what is alike, in the order of the families, with evidence and reason", () => {
    const other = { ...FAILED, lastErrorText: "no room at all" };
    const untold = { ...ROW, package: "ipads", state: null, nativeValue: null, reason: "window" };
    const [handhelds, ...others] = familyGroups([ROW, FAILED, other, untold], FAMILIES);
    expect(handhelds).toEqual({
      title: "Windows handhelds: Stock Count 2.0.0.0",
      rows: [
        ["2", "Failed", "Installation failed, waits: retry-backoff", "6 0x80073CF9 no room"],
        ["1", "Installed", "App is installed", "5"],
      ],
    });
    expect(others.find(({ title }) => title.startsWith("iPads"))?.rows).toEqual([
      ["1", "Installed", "waits: window", "-"],
    ]);
  });

  test("families that nothing is known of are named", () => {
    const missing = familiesWithout([ROW], FAMILIES).map(({ id }) => id);
    expect(missing).toEqual(FAMILIES.map(({ id }) => id).filter((id) => id !== "handhelds"));
  });
});

describe("untruths()", () => {
  const device = (name: string, ...progress: Progress[]): FleetDevice => ({
    plan: { stableId: name, name, manufacturer: "", model: "", seed: 1 },
    dueMs: 0,
    busy: false,
    progress: () => progress,
    step: async () => ({ session: undefined }),
    contact: async () => ({ messages: 0, end: "done" }),
  });

  test("finds none where devices and rows agree", async () => {
    const failed = { ...FAILED, deviceName: "till-2" };
    const devices = [device("till-1", "failed", "installed"), device("till-2", "failed")];
    expect(await untruths([ROW, failed], devices)).toEqual([]);
  });

  test("finds what was said to be installed and is not, what was lost, and who has no row", async () => {
    const failed = { ...FAILED, deviceName: "till-2" };
    const devices = [device("till-1", "failed"), device("till-2", "installed"), device("till-3")];
    expect(await untruths([ROW, failed], devices)).toEqual([
      "till-1 does not have the app: Installed",
      "till-2 has the app: Failed",
      "till-3 has no row",
    ]);
  });
});
