import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ANSWER_MS } from "../../../gateway/http/idempotency.ts";
import { ApiHarness } from "./api-harness.ts";
import { jsonOf } from "./scenario-kit.ts";

let harness: ApiHarness;
let headers: Record<string, string>;
beforeEach(async () => {
  harness = await ApiHarness.open();
  headers = await harness.token("admin");
});
afterEach(() => harness[Symbol.asyncDispose]());

function post(path: string, key: string, json: unknown, more: Record<string, string> = {}) {
  return harness.ask("POST", path, {
    headers: { ...headers, "Idempotency-Key": key, ...more },
    json,
  });
}

describe("Idempotency-Key", () => {
  test("the same request again gets the first answer, and is done once", async () => {
    const first = await post("/windows", "k1", window("A"));
    const again = await post("/windows", "k1", window("A"));
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(await jsonOf(again)).toEqual(await jsonOf(first));
    expect(harness.deps.policy.read().windows).toHaveLength(1);
  });

  test("a secret is shown once: the repeated answer has none", async () => {
    const first = await jsonOf(await post("/tokens", "k2", { name: "ci" }));
    const again = await jsonOf(await post("/tokens", "k2", { name: "ci" }));
    expect(first.token).toStartWith("outpost_");
    expect(again).toEqual({ ...first, token: null });
    const tokens = await harness.deps.tokens.list();
    expect(tokens.filter(({ name }) => name === "ci")).toHaveLength(1);
  });

  test("another request under the key is refused", async () => {
    await post("/windows", "k3", window("A"));
    const answer = await post("/windows", "k3", window("B"));
    expect(answer.status).toBe(422);
  });

  test("keys belong to whoever sends them, and to one address", async () => {
    await post("/windows", "k4", window("A"));
    const other = await harness.token("operator");
    const theirs = await post("/windows", "k4", window("B"), other);
    expect(theirs.status).toBe(201);
    expect((await post("/tokens", "k4", { name: "x" })).status).toBe(201);
  });

  test("a refusal is repeated as well; what asks to come again is not kept", async () => {
    const refused = await post("/windows", "k5", { name: "" });
    expect(refused.status).toBe(422);
    const again = await post("/windows", "k5", { name: "" });
    expect(again.headers.get("Idempotent-Replayed")).toBe("true");
    expect(again.headers.get("Content-Type")).toBe("application/problem+json");
    const viewer = await harness.token("viewer");
    await post("/windows", "k6", window("A"), viewer);
    const forbidden = await post("/windows", "k6", window("A"), viewer);
    expect(forbidden.status).toBe(403);
    expect(forbidden.headers.get("Idempotent-Replayed")).toBeNull();
  });

  test("two at the same time are one", async () => {
    const answers = await Promise.all([
      post("/tokens", "k7", { name: "twin" }),
      post("/tokens", "k7", { name: "twin" }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409]);
  });

  test("after a day the key is new", async () => {
    await post("/tokens", "k8", { name: "daily" });
    harness.nowMs += ANSWER_MS;
    const answer = await post("/tokens", "k8", { name: "daily" });
    expect(answer.headers.get("Idempotent-Replayed")).toBeNull();
    const repeated = await post("/tokens", "k8", { name: "daily" });
    expect(repeated.headers.get("Idempotent-Replayed")).toBe("true");
  });

  test.each(["", "a b", "ä", "x".repeat(129)])("%p is no key", async (key) => {
    const answer = await post("/windows", key, window("A"));
    expect(answer.status).toBe(400);
  });
});

function window(name: string) {
  return { name, start: "2026-11-21T22:00", recurrence: "FREQ=DAILY", durationMinutes: 120 };
}
