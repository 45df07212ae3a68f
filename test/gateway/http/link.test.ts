import { expect, test } from "bun:test";
import { ApiHarness, START_MS } from "./api-harness.ts";
import { ScenarioKit } from "./scenario-kit.ts";

test("the line is told with times as everywhere, and what there is not is null", async () => {
  await using site = await ApiHarness.open();
  const line = await (await ScenarioKit.of(site)).want(200, "GET", "/link");
  expect(line).toMatchObject({
    kind: "site",
    phase: "live",
    connectedSince: new Date(START_MS).toISOString(),
    lastAcknowledged: null,
    nextAttempt: null,
    pendingFacts: 2,
    clockOffsetMs: -3,
  });
  expect(Object.keys(line).filter((name) => /(At|Since)Ms$/.test(name))).toEqual([]);
});

test("the hub has no line of its own: it says how many sites dial in", async () => {
  await using hub = await ApiHarness.open({ role: "hub" });
  expect(await (await ScenarioKit.of(hub)).want(200, "GET", "/link")).toEqual({
    kind: "hub",
    sites: 0,
  });
});
