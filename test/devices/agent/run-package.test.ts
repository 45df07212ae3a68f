import { describe, expect, test } from "bun:test";
import type { Draft, Outcome, Run } from "../../../devices/agent/run.ts";
import {
  beginRun,
  endOf,
  interrupted,
  isToVerify,
  resetBegan,
  resetEnded,
  stepBegan,
  stepEnded,
  whatNext,
} from "../../../devices/agent/run-package.ts";
import type { PlanStep, PlanWork } from "../../../protocols/agent/answers.ts";

type Critical = PlanStep["critical"];

function step(index: number, more: Partial<PlanStep> = {}): PlanStep {
  return {
    index,
    kind: "CreateFolder",
    critical: "continue only on success",
    path: `\\${index}`,
    ...more,
  } as PlanStep;
}

function work(steps: readonly PlanStep[], more: Partial<PlanWork> = {}): PlanWork {
  return {
    distribution: "d",
    attempt: 1,
    operation: "install",
    package: { id: "p", name: "P", version: "1" },
    do: "apply",
    metrics: [],
    files: [],
    ...more,
    steps: [...steps],
  };
}

const SUCCESS: Outcome = { kind: "succeeded" };
const FAILURE: Outcome = { kind: "failed", result: "action-failed", text: "no" };

/** Runs a package whose steps end as told; gives which were carried out, and all that was reported. */
function play(given: PlanWork, outcome: (index: number) => Outcome) {
  const ran: number[] = [];
  const begun = beginRun(given);
  let run: Run = begun.run;
  const drafts: Draft[] = [...begun.drafts];
  let resets = 0;
  for (;;) {
    const next = whatNext(run);
    if (next.kind === "finish") break;
    if (next.kind === "reset") {
      resets += 1;
      run = resetEnded(resetBegan(run, "hook", "boot").run, undefined).run;
      continue;
    }
    ran.push(next.step.index);
    for (const moved of [
      (one: Run) => stepBegan(one, { kind: "create", items: [] }),
      (one: Run) => stepEnded(one, outcome(next.step.index)),
    ]) {
      const { run: after, drafts: more } = moved(run);
      run = after;
      drafts.push(...more);
    }
  }
  return { ran, end: endOf(run, []), drafts, resets, run };
}

describe("S-15: Critical decides on the steps that follow [4.9]", () => {
  test.each<[Critical, "fails" | "succeeds", readonly number[], string]>([
    ["continue only on success", "fails", [0], "action-failed"],
    ["continue only on success", "succeeds", [0, 1, 2], "succeeded"],
    ["continue", "fails", [0, 1, 2], "succeeded-with-warning"],
    ["continue", "succeeds", [0, 1, 2], "succeeded"],
    ["continue only on error", "fails", [0, 1, 2], "succeeded"],
    ["continue only on error", "succeeds", [0], "guard-satisfied"],
  ])("%s, and the first %s", (critical, first, ran, result) => {
    const steps = [step(0, { critical }), step(1), step(2)];
    const played = play(work(steps), (n) => (n === 0 && first === "fails" ? FAILURE : SUCCESS));
    expect(played.ran).toEqual([...ran]);
    expect(played.end.result).toBe(result as typeof played.end.result);
  });

  test("a failure says which step failed and how", () => {
    const { end, drafts } = play(work([step(0), step(1)]), (n) => (n === 1 ? FAILURE : SUCCESS));
    expect(end).toEqual({
      result: "action-failed",
      text: "no",
      step: { index: 1, kind: "CreateFolder" },
    });
    expect(drafts.map(({ result }) => result)).toEqual([
      "accepted",
      "installing",
      "step-succeeded",
      "step-failed",
    ]);
  });

  test("what was left running is a success, and keeps nobody from going on (Q15)", () => {
    const left: Outcome = { kind: "left-running", timedOut: true };
    const { end, drafts, ran } = play(work([step(0), step(1)]), (n) => (n === 0 ? left : SUCCESS));
    expect(ran).toEqual([0, 1]);
    expect(end.result).toBe("succeeded");
    expect(drafts).toContainEqual({
      result: "step-timed-out",
      step: { index: 0, kind: "CreateFolder" },
      text: "timed_out_continue",
    });
  });
});

describe("targeting (Q14)", () => {
  test("a step for other devices is reported and decides nothing", () => {
    const skipped = step(0, { critical: "continue only on error", skip: "for ARM" });
    const { ran, drafts, end } = play(work([skipped, step(1)]), () => SUCCESS);
    expect(ran).toEqual([1]);
    expect(drafts[1]).toEqual({
      result: "step-skipped",
      step: { index: 0, kind: "CreateFolder" },
      text: "for ARM",
    });
    expect(end.result).toBe("succeeded");
  });

  test("a package without a step for this device had nothing to do", () => {
    expect(play(work([step(0, { skip: "x" })]), () => SUCCESS).end.result).toBe(
      "guard-nothing-to-do",
    );
  });

  test("a step with a problem fails with it", () => {
    const { ran, end } = play(work([step(0, { problem: "no token %X%" }), step(1)]), () => SUCCESS);
    expect(ran).toEqual([]);
    expect(end.text).toBe("no token %X%");
  });
});

describe("WarmBoot (A-037, Q16)", () => {
  const boot = (index: number) => step(index, { kind: "WarmBoot" } as Partial<PlanStep>);

  test("two of them are one restart, when all steps are done", () => {
    const { ran, resets, end, drafts } = play(
      work([boot(0), step(1), boot(2), step(3)]),
      () => SUCCESS,
    );
    expect(ran).toEqual([1, 3]);
    expect(resets).toBe(1);
    expect(end.result).toBe("succeeded");
    expect(drafts.filter(({ result }) => result === "reboot-pending")).toHaveLength(2);
  });

  test("it is owed too when a later step fails, and not when an earlier one did", () => {
    const late = play(work([boot(0), step(1)]), () => FAILURE);
    expect(late).toMatchObject({ resets: 1, end: { result: "action-failed" } });
    expect(play(work([step(0), boot(1)]), () => FAILURE).resets).toBe(0);
  });

  test("one that could not be is a warning", () => {
    const { run } = beginRun(work([boot(0)]));
    expect(endOf(resetEnded(run, "owed").run, [])).toEqual({
      result: "succeeded-with-warning",
      text: "owed",
    });
  });
});

describe("ends", () => {
  test("of a removal they have their own words", () => {
    const removal = work([step(0)], { operation: "uninstall" });
    expect(play(removal, () => SUCCESS).end.result).toBe("uninstalled");
    expect(play(removal, () => FAILURE).end.result).toBe("uninstall-failed");
    const others = work([step(0, { skip: "not-targeted" })], { operation: "uninstall" });
    expect(play(others, () => SUCCESS).end).toEqual({
      result: "uninstall-failed",
      text: "no step of it is for this device",
    });
    expect(play(removal, () => SUCCESS).drafts[1]?.result).toBe("uninstalling");
  });

  test("success is only claimed when the metrics hold; what still runs may yet come to it", () => {
    const metrics: PlanWork["metrics"] = [
      { kind: "FileSize", number: 1, file: "\\a", operator: "EQ", size: 1 },
    ];
    const done = play(work([step(0)], { metrics }), () => SUCCESS).run;
    expect(isToVerify(done)).toBe(true);
    expect(endOf(done, [{ metric: 1, reason: "\\a is not there" }])).toEqual({
      result: "check-failed",
      text: "metric 1: \\a is not there",
    });
    const left: Outcome = { kind: "left-running", timedOut: false };
    const running = play(work([step(0)], { metrics }), () => left).run;
    expect(endOf(running, [])).toEqual({ result: "succeeded" });
    expect(endOf(running, [{ metric: 1, reason: "\\a is not there" }])).toEqual({
      result: "succeeded-with-warning",
      text: "a program still runs; metric 1: \\a is not there",
    });
    const guard = play(work([step(0, { critical: "continue only on error" })]), () => SUCCESS).run;
    expect(isToVerify(guard)).toBe(true);
    expect(endOf(guard, [{ metric: 1, reason: "\\a is not there" }]).result).toBe("check-failed");
    expect(endOf({ ...guard, warnings: ["x"] }, [])).toEqual({
      result: "guard-satisfied",
      text: "x",
    });
    expect(isToVerify(play(work([step(0)], { metrics }), () => FAILURE).run)).toBe(false);
  });

  test("a program whose end nobody saw failed as interrupted", () => {
    expect(
      interrupted({ kind: "program", program: "/x", args: [], folder: "/", timeout: -1 }),
    ).toMatchObject({
      kind: "failed",
      text: expect.stringContaining("interrupted"),
    });
  });
});
