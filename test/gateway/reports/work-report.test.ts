import { describe, expect, test } from "bun:test";
import {
  readStepText,
  readUnmet,
  stepText,
  unmetText,
} from "../../../devices/install/work-words.ts";
import type { Fact } from "../../../devices/model/fact.ts";
import { type Action, CRITICAL_DEFAULT } from "../../../devices/model/install-action.ts";
import { WORDS_CHARACTERS_MAX } from "../../../devices/model/limits.ts";
import type { NumberedMetric } from "../../../devices/model/metric.ts";
import type { AgentInstall } from "../../../devices/model/package.ts";
import { workReport } from "../../../gateway/reports/work-report.ts";

const ANY = { cpu: null, osMajor: null, osPlatform: null };
const run = (command: string): Action => ({
  ...{ kind: "Run", command, timeout: -1 },
  ...{ critical: CRITICAL_DEFAULT, targeting: ANY },
});
const size = (number: number, cpu: string | null = null): NumberedMetric => ({
  kind: "FileSize",
  number,
  file: `\\f${number}`,
  operator: "EQ",
  size: 5,
  source: { file: "f", virtualFile: null },
  targeting: { ...ANY, cpu },
});
const INSTALL: AgentInstall = {
  files: [],
  actions: [run("a.exe"), run("b.exe"), run("c.exe")],
  uninstall: [run("undo.exe")],
  metrics: [size(1), size(2), size(3, "MIPS")],
};
const ROW = { attempt: 1, operation: "install", incarnation: 7 } as const;
const DEVICE = { cpu: "ARM", osMajor: 6, osPlatform: "PocketPC" };

let clock = 1_000;
function fact(value: string, more: Partial<Fact> = {}): Fact {
  clock += 1_000;
  const base = {
    kind: "report",
    source: "agent",
    incarnation: 7,
    attempt: 1,
    operation: "install",
  };
  return { ...base, value, text: null, status: null, atMs: clock, ...more } as Fact;
}
const step = (index: number, result: string, exitCode: number | null, text: string | null = null) =>
  fact(`step-${result}`, { text: stepText({ index, kind: "Run", exitCode, text }) });
const report = (facts: readonly Fact[], more: object = {}) =>
  workReport({ row: ROW, facts, install: INSTALL, device: DEVICE, ...more });
const outcomes = (facts: readonly Fact[], more = {}) =>
  report(facts, more).steps.map(({ outcome }) => outcome);
const metrics = (facts: readonly Fact[]) =>
  report(facts).metrics.map(({ outcome, found }) => found ?? outcome);

describe("what an agent says in one line", () => {
  test.each([
    { index: 2, kind: "Run", exitCode: 5, text: "no licence: call us" },
    { index: 0, kind: "CopyFiles", exitCode: null, text: "exit codes are for others" },
    { index: 11, kind: "Install", exitCode: -1, text: null },
    { index: 3, kind: "WarmBoot", exitCode: null, text: null },
    { index: 3, kind: "Run", exitCode: 1, text: "two\nlines" },
  ])("of a step is read as it was written: %j", (words) => {
    expect(readStepText(stepText(words))).toEqual(words);
  });

  test("of metrics is read by their numbers, whatever their files are called", () => {
    const unmet = [
      { metric: 1, reason: "\\a; metric: b is not there" },
      { metric: 12, reason: "\\c has 5 bytes, wanted EQ 6" },
    ];
    expect([...readUnmet(unmetText(unmet))]).toEqual(unmet.map((one) => [one.metric, one.reason]));
    expect(readUnmet("the disk is full").size).toBe(0);
    expect(readStepText("the disk is full")).toBeUndefined();
  });
});

describe("workReport()", () => {
  test("says of each step what became of it, and which were not reached", () => {
    const facts = [
      fact("installing"),
      step(0, "succeeded", 0),
      step(1, "failed", 5, "no licence"),
      fact("action-failed", { status: "failed" }),
    ];
    expect(report(facts).steps).toMatchObject([
      { index: 0, outcome: "succeeded", exitCode: 0, text: null, atMs: facts[1]?.atMs },
      { index: 1, outcome: "failed", exitCode: 5, text: "no licence", atMs: facts[2]?.atMs },
      { index: 2, outcome: "not-run", exitCode: null, atMs: null },
    ]);
    expect(outcomes(facts.slice(0, 2))).toEqual(["succeeded", "waits", "waits"]);
    expect(outcomes([step(0, "skipped", null), step(1, "timed-out", null)])).toEqual([
      "skipped",
      "timed-out",
      "waits",
    ]);
  });

  test("shows the row's attempt, another one when asked for, else the last that was told of", () => {
    const facts = [
      step(0, "failed", 1),
      { ...step(0, "succeeded", 0), attempt: 2 },
      { ...step(1, "succeeded", 0), attempt: 2 },
    ];
    const second = { row: { ...ROW, attempt: 2 } };
    expect(report(facts, second)).toMatchObject({ attempt: 2, attempts: [1, 2] });
    expect(outcomes(facts, second)).toEqual(["succeeded", "succeeded", "waits"]);
    expect(outcomes(facts, { ...second, attempt: 1 })).toEqual(["failed", "waits", "waits"]);
    expect(report(facts, { row: { ...ROW, attempt: 3 } }).attempt).toBe(2);
    expect(report(facts, { ...second, attempt: 9 }).attempt).toBe(2);
  });

  test("of a removal shows the steps that take it off, and no metrics", () => {
    const removal = report([], { row: { ...ROW, operation: "uninstall" } });
    expect(removal.steps.map(({ action }) => action)).toEqual([...INSTALL.uninstall]);
    expect(removal.metrics).toEqual([]);
  });

  test("leaves out what was told in a former life, by others, or decided here", () => {
    const own = step(0, "failed", 1);
    expect(outcomes([{ ...own, incarnation: 6 }])).toEqual(["waits", "waits", "waits"]);
    expect(outcomes([{ ...own, source: "ddi" }])).toEqual(["waits", "waits", "waits"]);
    expect(outcomes([{ ...own, kind: "decision" }])).toEqual(["waits", "waits", "waits"]);
  });

  test("says of each metric what was found at the last look", () => {
    expect(metrics([])).toEqual(["not-known", "not-known", "not-targeted"]);
    const found = "\\f2 is not there";
    const before = fact("provision-needed", { text: unmetText([{ metric: 2, reason: found }]) });
    expect(metrics([before])).toEqual(["holds", found, "not-targeted"]);
    expect(metrics([before, fact("succeeded")])).toEqual(["holds", "holds", "not-targeted"]);
    const drift = fact("drifted", { text: unmetText([{ metric: 1, reason: "gone" }]) });
    expect(metrics([before, fact("up-to-date"), drift])).toEqual(["gone", "holds", "not-targeted"]);
  });

  test("what still runs may yet come to it", () => {
    const text = `step 1 failed; a program still runs; ${unmetText([{ metric: 2, reason: "gone" }])}`;
    const open = fact("succeeded-with-warning", { text });
    expect(metrics([open])).toEqual(["holds", "gone", "not-targeted"]);
  });

  test("claims nothing where not all that was said is here", () => {
    const open = ["not-known", "not-known", "not-targeted"];
    expect(metrics([fact("provision-needed", { text: "something is missing" })])).toEqual(open);
    const reason = "x".repeat(WORDS_CHARACTERS_MAX);
    const cut = unmetText([{ metric: 1, reason }]).slice(0, WORDS_CHARACTERS_MAX);
    const [first, second] = metrics([fact("provision-needed", { text: cut })]);
    expect([first?.slice(0, 3), second]).toEqual(["xxx", "not-known"]);
  });
});
