import { describe, expect, test } from "bun:test";
import {
  type Decision,
  foldDecision,
  foldRemark,
  foldReport,
  type Report,
} from "../../../devices/install/fold.ts";
import type { Hlc } from "../../../devices/model/hlc.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import { rowOf } from "../../contracts/site-rows.ts";
import { aDevice } from "../a-device.ts";

const NOW = 1_795_000_000_000;
const STAMP = "01a1000000000000" as Hlc;
const device = aDevice({ incarnation: 2, sequence: 40 });

function aRow(change: Partial<Installation> = {}): Installation {
  return rowOf("one", "d1", {
    platform: "Windows",
    status: "installing",
    state: "App is being installed",
    operation: "install",
    targetVersion: "2.0",
    version: null,
    incarnation: 2,
    attempt: 2,
    sequence: 7,
    source: "windows-csp",
    nativeValue: "2",
    observedAtMs: NOW - 1000,
    sinceMs: NOW - 1000,
    anomaly: false,
    stale: false,
    ...change,
  });
}

function aReport(change: Partial<Report> = {}): Report {
  return {
    source: "windows-csp",
    protocol: "api",
    value: "5",
    meaning: { status: "installed", state: "App is installed" },
    lastError: null,
    text: null,
    version: null,
    atMs: NOW,
    attempt: null,
    sequence: null,
    by: "device",
    ...change,
  };
}

describe("foldReport()", () => {
  test("takes the device's own numbers, and counts on for a device that has none [D11]", () => {
    const own = foldReport(device, aRow(), aReport({ attempt: 2, sequence: 8 }), STAMP);
    expect([own.row.attempt, own.row.sequence, own.device.sequence]).toEqual([2, 8, 40]);
    const counted = foldReport(device, aRow(), aReport(), STAMP);
    expect([counted.row.sequence, counted.device.sequence]).toEqual([41, 41]);
  });

  test.each([
    ["an earlier attempt", { attempt: 1, sequence: 99 }],
    ["an earlier number", { attempt: 2, sequence: 6 }],
    ["an earlier number of the row's attempt", { sequence: 6 }],
  ])("%s goes to history only [D1]", (_name, numbers) => {
    const row = aRow();
    const folded = foldReport(device, row, aReport(numbers), STAMP);
    expect(folded.row).toBe(row);
    expect(folded.fact).toMatchObject({ effect: "late", status: "installed", ...numbers });
  });

  test("what was said in a former life is no measure for this one", () => {
    const row = aRow({ incarnation: 1, attempt: 9, sequence: 99 });
    const folded = foldReport(device, row, aReport({ attempt: 1, sequence: 1 }), STAMP);
    expect(folded.row).toMatchObject({ status: "installed", incarnation: 2, attempt: 1 });
  });

  test("the same report again is a repetition; another one under a taken number is heard", () => {
    const { row } = foldReport(device, aRow(), aReport({ attempt: 2, sequence: 8 }), STAMP);
    const again = foldReport(device, row, aReport({ attempt: 2, sequence: 8 }), STAMP);
    expect([again.row, again.fact.effect]).toEqual([row, "repeated"]);
    const other = aReport({
      attempt: 2,
      sequence: 8,
      value: "6",
      meaning: { status: "failed", state: "Installation failed" },
    });
    expect(foldReport(device, row, other, STAMP).row.status).toBe("failed");
  });

  test("a move that the table does not expect is taken, and marked [D1]", () => {
    const row = aRow({ status: "pending_install", state: null });
    const meaning = { status: "removed_after_installation", state: null } as const;
    expect(foldReport(device, row, aReport({ meaning }), STAMP).row).toMatchObject({
      status: "removed_after_installation",
      anomaly: true,
    });
  });

  test.each([
    ["the wanted version when it is installed", {}, {}, "2.0"],
    ["what the device says", {}, { version: "2.1" }, "2.1"],
    [
      "none when it is removed",
      { version: "1.0" },
      { meaning: { status: "removed_after_installation", state: null } },
      null,
    ],
    [
      "the former one when an update fails",
      { version: "1.0" },
      { meaning: { status: "failed", state: null } },
      "1.0",
    ],
    [
      "not the wanted one when a higher one is there",
      { version: "1.0" },
      { lastError: 0x80073d06 | 0 },
      null,
    ],
    ["the higher one when it is known", { version: "3.0" }, { lastError: 0x80073d06 | 0 }, "3.0"],
    ["the wanted one when the error is 0", {}, { lastError: 0 }, "2.0"],
  ] as const)("the version is %s", (_name, row, report, expected) => {
    expect(foldReport(device, aRow(row), aReport(report), STAMP).row.version).toBe(expected);
  });

  test("since is kept while status and state are, observed is not", () => {
    const row = aRow({ status: "installed", state: "App is installed", version: "1.0" });
    const folded = foldReport(device, row, aReport({ version: "2.0" }), STAMP);
    expect(folded.row).toMatchObject({ sinceMs: NOW - 1000, observedAtMs: NOW, version: "2.0" });
  });
});

describe("foldRemark()", () => {
  test("is history that names no status, so that nobody takes it for the row's words", () => {
    const fact = foldRemark(device, aRow(), aReport({ value: "log", text: "no room" }), STAMP);
    expect(fact).toMatchObject({
      ...{ kind: "report", value: "log", text: "no room", effect: "none" },
      ...{ status: null, state: null, attempt: 2, sequence: 7 },
    });
  });
});

describe("foldDecision()", () => {
  const decision = (change: Decision["change"]): Decision => ({
    value: "released",
    by: "site",
    atMs: NOW,
    text: null,
    protocol: "site",
    change,
  });

  test("takes a number only for a change of status or state", () => {
    const noted = foldDecision(device, aRow(), decision({ releasedUntilMs: NOW + 1 }), STAMP);
    expect([noted.row.sequence, noted.row.hlc, noted.device.sequence]).toEqual([7, STAMP, 40]);
    expect(noted.fact).toMatchObject({ sequence: 7, hlc: STAMP, value: "released" });
    const change = { status: "pending_install", state: "Command Scheduled" } as const;
    const moved = foldDecision(device, aRow(), decision(change), STAMP);
    expect([moved.row.sequence, moved.device.sequence, moved.row.sinceMs]).toEqual([41, 41, NOW]);
  });
});
