import { describe, expect, test } from "bun:test";
import {
  type AgentState,
  acknowledged,
  ENDED_MAX,
  enrolled,
  nextResults,
  OUTBOX_MAX,
  repeatEnd,
  report,
  reportEnd,
} from "../../../devices/agent/agent-state.ts";
import { nextWork, takePlan } from "../../../devices/agent/follow-plan.ts";
import { beginRun, stepBegan } from "../../../devices/agent/run-package.ts";
import type { AgentPlan, PlanWork } from "../../../protocols/agent/answers.ts";
import { readResults } from "../../../protocols/agent/requests.ts";
import { AGENT_BODY_BYTES_MAX, RESULTS_MAX } from "../../../protocols/agent/words.ts";

const EMPTY: AgentState = {
  format: 1,
  server: "http://site",
  stableId: "s",
  token: "t",
  nextToken: null,
  device: "d",
  life: 1,
  sequence: 0,
  run: null,
  outbox: [],
  ended: [],
  toldFacts: null,
};
const key = (distribution: string, attempt = 1) => ({ distribution, attempt });
const work = (distribution: string, does: PlanWork["do"] = "apply"): PlanWork => ({
  ...key(distribution),
  operation: "install",
  package: { id: "p", name: "P", version: "1" },
  do: does,
  metrics: [],
  files: [],
  steps: [{ index: 0, kind: "CreateFolder", critical: "continue", path: "\\a" }],
});
const plan = (more: Partial<AgentPlan>): AgentPlan => ({
  sequence: 0,
  work: [],
  cancel: [],
  tell: [],
  next: null,
  ...more,
});
const words = ({ outbox }: AgentState) => outbox.map(({ result }) => result);

describe("results that wait", () => {
  test("are numbered on from what the site told, and go when it has them", () => {
    const told = acknowledged(EMPTY, [], 40);
    const state = report(told, key("a"), [{ result: "accepted" }, { result: "installing" }], 0);
    expect(state.outbox.map(({ sequence }) => sequence)).toEqual([41, 42]);
    expect(words(acknowledged(state, state.outbox.slice(0, 1), 41))).toEqual(["installing"]);
  });

  test("are bounded through weeks without the site, and no end is lost", () => {
    let state = EMPTY;
    for (let n = 0; n < 400; n++) {
      const steps = Array.from({ length: 13 }, () => ({ result: "step-succeeded" as const }));
      state = report(state, key("a", n), steps, 0);
      state = reportEnd(state, key("a", n), [{ result: "succeeded" }], 0);
    }
    expect(state.outbox).toHaveLength(OUTBOX_MAX);
    expect(words(state).filter((word) => word === "succeeded")).toHaveLength(400);
    expect(state.ended.length).toBeLessThanOrEqual(ENDED_MAX);
    expect(nextResults(state)).toHaveLength(RESULTS_MAX);
    const numbers = state.outbox.map(({ sequence }) => sequence);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });

  test("go in pieces that the site takes, whatever is in their texts", () => {
    let state = EMPTY;
    for (const sign of ["\u0001", "字", "a"]) {
      const drafts = Array.from({ length: 200 }, () => ({
        result: "step-failed" as const,
        text: sign.repeat(2_000),
      }));
      state = report(state, key(sign), drafts, 0);
    }
    const sizes: number[] = [];
    while (state.outbox.length > 0) {
      const results = nextResults(state);
      const body = new TextEncoder().encode(JSON.stringify({ results }));
      expect(body.length).toBeLessThanOrEqual(AGENT_BODY_BYTES_MAX);
      expect(readResults(body)).toHaveLength(results.length);
      sizes.push(results.length);
      state = acknowledged(state, results, 0);
    }
    expect(sizes.length).toBeLessThan(8);
  });

  test("an end whose acknowledgement was lost is the same result again, once", () => {
    const ended = reportEnd(EMPTY, key("a"), [{ result: "succeeded" }], 0);
    expect(repeatEnd(ended, key("a"))).toBe(ended);
    const sent = acknowledged(ended, ended.outbox, 0);
    expect(repeatEnd(sent, key("a")).outbox).toEqual(ended.outbox);
    expect(repeatEnd(sent, key("a", 2)).outbox).toEqual([]);
  });
});

describe("following a plan", () => {
  test("the first work comes first, and what has ended is not done again", () => {
    const both = plan({ work: [work("a"), work("b")] });
    expect(nextWork(both, EMPTY, new Map())?.distribution).toBe("a");
    const ended = reportEnd(EMPTY, key("a"), [{ result: "succeeded" }], 0);
    expect(nextWork(both, ended, new Map())?.distribution).toBe("b");
    const taken = takePlan(acknowledged(ended, ended.outbox, 0), both, 0);
    expect(words(taken.state)).toEqual(["succeeded"]);
  });

  test("what was looked at is looked at again only for another plan", () => {
    const looked = work("a", "evaluate");
    const one = plan({ work: [looked] });
    expect(nextWork(one, EMPTY, new Map())).toBe(looked);
    expect(nextWork(one, EMPTY, new Map([[looked, "settled"]]))).toBeUndefined();
    const waiting = report(EMPTY, key("a"), [{ result: "provision-needed" }], 0);
    expect(nextWork(plan({ work: [work("a", "evaluate")] }), waiting, new Map())).toBeUndefined();
  });

  test("what comes behind something that is awaited is not begun before it [4.1, 4.4]", () => {
    const [first, second, third] = [work("a", "evaluate"), work("b", "check"), work("c")];
    const all = plan({ work: [first, second, third] });
    expect(nextWork(all, EMPTY, new Map([[first, "awaited"]]))).toBe(second);
    const both = new Map([
      [first, "awaited" as const],
      [second, "settled" as const],
    ]);
    expect(nextWork(all, EMPTY, both)).toBeUndefined();
    expect(nextWork(all, EMPTY, both.set(first, "settled"))).toBe(third);
    // Another plan came meanwhile, and what was found has not been sent.
    for (const [result, expected] of [
      ["provision-needed", undefined],
      ["up-to-date", third],
    ] as const) {
      const told = report(EMPTY, key("a"), [{ result }], 0);
      expect(nextWork(all, told, new Map([[second, "settled"]]))).toBe(expected);
    }
    const before = plan({ work: [third, first] });
    expect(nextWork(before, EMPTY, new Map([[first, "awaited"]]))).toBe(third);
  });

  test("work that is called off before it was begun is dropped and never done", () => {
    const off = plan({ cancel: [{ ...key("a"), reason: "stopped" }] });
    const { state, toStop } = takePlan(EMPTY, off, 0);
    expect(toStop).toBe(false);
    expect(words(state)).toEqual(["cancelled"]);
    expect(nextWork(plan({ work: [work("a")] }), state, new Map())).toBeUndefined();
    expect(words(takePlan(state, off, 0).state)).toEqual(["cancelled"]);
  });

  test("work that has changed nothing yet is stopped, work that has is not", () => {
    const off = plan({ cancel: [{ ...key("a"), reason: "superseded" }] });
    const { run } = beginRun(work("a"));
    expect(takePlan({ ...EMPTY, run }, off, 0)).toMatchObject({ toStop: true });
    const acting = { ...EMPTY, run: stepBegan(run, { kind: "create", items: [] }).run };
    const { state, toStop } = takePlan(acting, off, 0);
    expect(toStop).toBe(false);
    expect(words(state)).toEqual(["cancel-refused"]);
    expect(words(takePlan(state, off, 0).state)).toEqual(["cancel-refused"]);
  });
});

test("what was done in a former life of the device counts no more, in this one it does [2.3]", () => {
  const done = reportEnd(EMPTY, key("a"), [{ result: "succeeded" }], 0);
  const answer = { version: 1, device: "d", sequence: 9 };
  const offered = plan({ work: [work("a")] });
  const isDoneAgain = (state: AgentState) => nextWork(offered, state, new Map()) !== undefined;
  expect(isDoneAgain(enrolled(done, { ...answer, life: 1 }))).toBe(false);
  expect(isDoneAgain(enrolled(done, answer))).toBe(false);
  const next = enrolled(done, { ...answer, life: 2 });
  expect(isDoneAgain(next)).toBe(true);
  expect(next).toMatchObject({ life: 2, sequence: 9, toldFacts: null });
  expect(words(next)).toEqual(["succeeded"]);
});
