import { describe, expect, test } from "bun:test";
import type { DistributionId, PackageId } from "../../../devices/model/ids.ts";
import { type DirectFact, recordFacts } from "../../../devices/service/record-facts.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { SiteCore } from "../../harness/site-core.ts";

const HOUR_MS = 3_600_000;

async function iphone(core: SiteCore) {
  const wanted = { stableId: "ios", platform: "iOS" } as const;
  const { device } = await registerDevice(core.context, wanted, "test");
  const tell = async (
    distribution: DistributionId,
    fact: Omit<DirectFact, "distribution" | "source">,
  ) => {
    const facts = [{ distribution, source: "apple" as const, ...fact }];
    const [recorded] = await recordFacts(core.context, device.id, facts, "test");
    if (!recorded) throw new Error("nothing was recorded");
    return recorded;
  };
  return { id: device.id, tell };
}

describe("direct facts [D13]", () => {
  test("a device that counts for itself is heard from its first number on", async () => {
    await using core = await SiteCore.open();
    const first = await core.distributeReported("iOS");
    const { tell } = await iphone(core);
    const { effect, installation } = await tell(first, {
      value: "Installing",
      attempt: 1,
      sequence: 1,
    });
    expect([effect, installation.status, installation.sequence]).toEqual([
      "moved",
      "installing",
      1,
    ]);
  });

  test("decisions of the site do not use up the device's numbers", async () => {
    await using core = await SiteCore.open();
    const first = await core.distributeReported("iOS");
    const { id, tell } = await iphone(core);
    await tell(first, { value: "Installing", attempt: 1, sequence: 5 });
    await core.distributeReported("iOS", { version: "2.0" }); // Supersedes the first.
    expect((await core.row(id, first)).reason).toBe("superseded");
    const told = await tell(first, { value: "Managed", attempt: 1, sequence: 6 });
    expect([told.effect, told.installation.status]).toEqual(["moved", "installed"]);
  });

  test("a time to come is taken for now", async () => {
    await using core = await SiteCore.open();
    const first = await core.distributeReported("iOS");
    const { tell } = await iphone(core);
    const { installation } = await tell(first, {
      value: "Managed",
      atMs: core.nowMs + 9 * HOUR_MS,
    });
    expect(installation).toMatchObject({ observedAtMs: core.nowMs, sinceMs: core.nowMs });
  });

  test("the same word under a new number changes no since", async () => {
    await using core = await SiteCore.open();
    const first = await core.distributeReported("iOS");
    const { tell } = await iphone(core);
    await tell(first, { value: "Managed", attempt: 1, sequence: 1 });
    const sinceMs = core.nowMs;
    await core.advance(HOUR_MS);
    const { installation } = await tell(first, { value: "Managed", attempt: 1, sequence: 2 });
    expect(installation).toMatchObject({ sinceMs, observedAtMs: core.nowMs, sequence: 2 });
  });

  test("an app that was reported removed is not taken for present by the next distribution", async () => {
    await using core = await SiteCore.open();
    const first = await core.distributeReported("iOS");
    const { id, tell } = await iphone(core);
    await tell(first, { value: "Managed" });
    await core.advance(HOUR_MS);
    const second = await core.distributeReported("iOS", { version: "2.0" });
    expect(await core.row(id, second)).toMatchObject({ status: "pending_update", version: "1.0" });
    await tell(second, { value: "ManagedButUninstalled" });
    await core.advance(HOUR_MS);
    const third = await core.distributeReported("iOS", { version: "3.0" });
    expect(await core.row(id, third)).toMatchObject({ status: "pending_install", version: null });
  });

  test("what only an MDM can do is never promised or retried by the site", async () => {
    await using core = await SiteCore.open();
    await core.addWindow("2026-01-01T22:00", 120);
    const app = "reported-windows" as PackageId;
    const distribution = await core.distributeReported("Windows");
    await core.change({
      distributions: core.policy.distributions.map((one) => ({
        ...one,
        mode: "automatic" as const,
      })),
    });
    const { id, raw } = await core.device("one");
    const tell = (value: string, lastError?: number) =>
      recordFacts(
        core.context,
        id,
        [{ distribution, source: "windows-csp", value, lastError }],
        "test",
      );
    await tell("7", -2147012889); // A failure that may pass.
    expect(await core.row(id, distribution)).toMatchObject({
      package: app,
      status: "failed",
      reason: null,
    });
    await core.advance(12 * HOUR_MS);
    await raw.open();
    expect(await core.row(id, distribution)).toMatchObject({ status: "failed", attempt: 1 });
  });
});
