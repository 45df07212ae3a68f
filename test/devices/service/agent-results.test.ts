import { describe, expect, test } from "bun:test";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import { checkIn } from "../../../devices/service/agent/check-in.ts";
import { INVENTORY_AGE_MS } from "../../../devices/service/agent/inventory.ts";
import { takeResults } from "../../../devices/service/agent/take-results.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import type { AgentPlan } from "../../../protocols/agent/answers.ts";
import type { AgentResult, PollRequest } from "../../../protocols/agent/requests.ts";
import { SiteCore } from "../../harness/site-core.ts";

async function enrolled(core: SiteCore, reimaged = false): Promise<DeviceId> {
  const made = await registerDevice(
    core.context,
    { stableId: "box-1", platform: "Windows", osPlatform: "Linux", protocol: "agent" },
    "test",
    { reimaged },
  );
  return made.device.id;
}

async function polls(core: SiteCore, id: DeviceId, told: PollRequest = {}): Promise<AgentPlan> {
  const token = { device: id, protocol: "agent" as const, digest: "", previousDigest: null };
  return checkIn(core.context, id, told, {
    token: { ...token, createdAtMs: core.nowMs },
    baseUrl: () => "http://site.test",
  });
}

/** @param first the number of the first */
function says(
  core: SiteCore,
  id: DeviceId,
  distribution: string,
  first: number,
  words: readonly (AgentResult["result"] | Partial<AgentResult>)[],
  attempt = 1,
) {
  const results = words.map((word, n) => ({
    distribution,
    attempt,
    sequence: first + n,
    ...(typeof word === "string" ? { result: word } : { result: "accepted" as const, ...word }),
  }));
  return takeResults(core.context, id, results);
}

async function asked(core: SiteCore, id: DeviceId): Promise<DistributionId> {
  const distribution = await core.distributeAgent("1.0", {}, { metrics: [] });
  await ask(core, id, distribution);
  return distribution;
}
const ask = (core: SiteCore, device: DeviceId, distribution: DistributionId) =>
  requestInstallation(core.context, { site: core.context.site, device, distribution }, "test");

const WAY = ["accepted", "downloading", "step-succeeded", "succeeded"] as const;

describe("an agent's numbers", () => {
  test("of a former life are not those of the next", async () => {
    await using core = await SiteCore.open();
    const id = await enrolled(core);
    const distribution = await asked(core, id);
    let plan = await polls(core, id);
    await says(core, id, distribution, plan.sequence + 1, [
      "accepted",
      "downloading",
      ...Array(20).fill("step-succeeded"),
    ]);
    await enrolled(core, true);
    await ask(core, id, distribution);
    plan = await polls(core, id);
    expect(plan.work).toHaveLength(1);
    await says(core, id, distribution, plan.sequence + 1, WAY);
    expect(await core.row(id, distribution)).toMatchObject({ status: "installed" });
    expect((await polls(core, id)).work).toEqual([]);
  });

  test("are told past all that was heard: a machine that was set back begins behind them", async () => {
    await using core = await SiteCore.open();
    const id = await enrolled(core);
    const distribution = await asked(core, id);
    await polls(core, id);
    await says(core, id, distribution, 1, [
      "accepted",
      "downloading",
      ...Array(20).fill("step-succeeded"),
    ]);
    expect((await polls(core, id)).sequence).toBeGreaterThanOrEqual(22);
  });
});

test("work that was dropped and is wanted again is another attempt", async () => {
  await using core = await SiteCore.open();
  const id = await enrolled(core);
  const distribution = await asked(core, id);
  await polls(core, id);
  await says(core, id, distribution, 1, ["accepted", "downloading"]);
  const stop = (stoppedAtMs: number | null) =>
    core.change({
      distributions: core.policy.distributions.map((one) => ({ ...one, stoppedAtMs })),
    });
  await stop(core.nowMs);
  const plan = await polls(core, id);
  expect(plan.cancel).toMatchObject([{ distribution, attempt: 1 }]);
  await says(core, id, distribution, 3, ["cancelled"]);
  await stop(null);
  await ask(core, id, distribution);
  expect((await polls(core, id)).work).toMatchObject([{ distribution, attempt: 2 }]);
});

test("work that is wanted again before the agent could say that it dropped it, too", async () => {
  await using core = await SiteCore.open();
  const id = await enrolled(core);
  const distribution = await asked(core, id);
  await polls(core, id);
  const stop = (stoppedAtMs: number | null) =>
    core.change({
      distributions: core.policy.distributions.map((one) => ({ ...one, stoppedAtMs })),
    });
  await stop(core.nowMs);
  await polls(core, id);
  await stop(null);
  await says(core, id, distribution, 3, ["cancelled"]);
  await ask(core, id, distribution);
  expect((await polls(core, id)).work).toMatchObject([{ distribution, attempt: 2 }]);
});

test("a device's clock that cannot be believed says nothing", async () => {
  await using core = await SiteCore.open();
  const id = await enrolled(core);
  const distribution = await asked(core, id);
  await polls(core, id);
  const offeredMs = core.nowMs;
  core.nowMs += 60_000;
  const times = {
    "1970-01-01T00:00:10.000Z": core.nowMs,
    "0001-01-01T00:00:10.000Z": core.nowMs,
    "2999-01-01T00:00:10.000Z": core.nowMs,
    [new Date(offeredMs - 1).toISOString()]: core.nowMs,
    [new Date(offeredMs + 5).toISOString()]: offeredMs + 5,
  };
  for (const [n, [at, expected]] of Object.entries(times).entries()) {
    const result = n % 2 === 0 ? ("downloading" as const) : ("reboot-pending" as const);
    await says(core, id, distribution, n + 1, [{ result, at }]);
    expect([at, (await core.row(id, distribution)).observedAtMs]).toEqual([at, expected]);
  }
});

test("what is installed is asked for again after work, and a day later", async () => {
  await using core = await SiteCore.open();
  const id = await enrolled(core);
  const distribution = await asked(core, id);
  const isAsked = async () => (await polls(core, id)).tell.includes("inventory");
  const tells = async () => {
    core.nowMs += 1_000;
    await polls(core, id, { inventory: [{ name: "vim" }] });
    core.nowMs += 1_000;
  };
  expect(await isAsked()).toBe(true);
  await tells();
  expect(await isAsked()).toBe(false);
  await says(core, id, distribution, 1, ["accepted", "installing"]);
  expect(await isAsked()).toBe(false);
  await says(core, id, distribution, 3, ["succeeded"]);
  expect(await isAsked()).toBe(true);
  await tells();
  expect(await isAsked()).toBe(false);
  await ask(core, id, await core.distributeAgent("2.0", {}, { metrics: [] }));
  const [work] = (await polls(core, id)).work;
  await says(core, id, work?.distribution ?? "", 4, ["succeeded"], work?.attempt);
  expect(await isAsked()).toBe(true);
  core.nowMs -= 3_600_000; // The site's clock is set back: it is not asked without end.
  await tells();
  expect(await isAsked()).toBe(false);
  core.nowMs += INVENTORY_AGE_MS;
  expect(await isAsked()).toBe(true);
});
