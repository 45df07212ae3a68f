import { describe, expect, test } from "bun:test";
import { readPlan } from "../../../protocols/agent/answers.ts";
import {
  readEnrol,
  readNewToken,
  readPoll,
  readResults,
} from "../../../protocols/agent/requests.ts";
import { RESULTS_MAX, SEQUENCE_MAX } from "../../../protocols/agent/words.ts";

const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const RESULT = { distribution: "d1", attempt: 1, sequence: 7, result: "succeeded" };
const ENROL = { versions: [1], stableId: "box", platform: "Windows", token: "t".repeat(32) };

describe("messages of agents", () => {
  test("an empty check-in says nothing new, what is not known is skipped", () => {
    expect(readPoll(new Uint8Array())).toEqual({});
    expect(readPoll(bytes({ facts: { cpu: "ARM", colour: "red" }, mood: 1 }))).toEqual({
      facts: { cpu: "ARM" },
    });
  });

  test("[1.3] what is wrong is named by its pointer", () => {
    const wrong: [string, () => unknown][] = [
      ["no JSON", () => readPoll(new TextEncoder().encode("{"))],
      ["no JSON in UTF-8", () => readPoll(Uint8Array.of(0xff, 0xfe))],
      ["/facts/osMajor", () => readPoll(bytes({ facts: { osMajor: "six" } }))],
      ["/inventory/0/name", () => readPoll(bytes({ inventory: [{ version: "1" }] }))],
      ["/results/0/result", () => readResults(bytes({ results: [{ ...RESULT, result: "fine" }] }))],
      ["/results/0/sequence", () => readResults(bytes({ results: [{ ...RESULT, sequence: 0 }] }))],
      [
        "/results/0/sequence",
        () => readResults(bytes({ results: [{ ...RESULT, sequence: SEQUENCE_MAX + 1 }] })),
      ],
      ["/results/0/error", () => readResults(bytes({ results: [{ ...RESULT, error: 2 ** 31 }] }))],
      ["/results", () => readResults(bytes({ results: Array(RESULTS_MAX + 1).fill(RESULT) }))],
      ["/token", () => readEnrol(bytes({ ...ENROL, token: "short" }))],
      ["/token", () => readNewToken(bytes({ token: `${"t".repeat(40)} ` }))],
      ["/platform", () => readEnrol(bytes({ ...ENROL, platform: "iOS" }))],
      ["the message", () => readPoll(bytes([]))],
    ];
    for (const [pointer, read] of wrong) expect(read).toThrow(pointer);
  });

  test("a plan is read as it was meant, and a step of an unknown kind is refused", () => {
    const work = {
      distribution: "d1",
      attempt: 1,
      operation: "install",
      package: { id: "p", name: "P", version: "1" },
      do: "apply",
      metrics: [],
      steps: [{ kind: "Run", index: 0, critical: "continue", command: "a", timeout: -1 }],
      files: [],
    };
    const plan = { sequence: 3, work: [work], cancel: [], tell: [], next: null };
    expect(readPlan(bytes(plan))).toEqual(plan as never);
    const odd = { ...work, steps: [{ ...work.steps[0], kind: "Format" }] };
    expect(() => readPlan(bytes({ ...plan, work: [odd] }))).toThrow(
      ["", "work", 0, "steps", 0].join("/"),
    );
  });
});
