import { describe, expect, test } from "bun:test";
import type { DeviceId, DistributionId, PackageId } from "../../../devices/model/ids.ts";
import { requestInstallation, retryInstallation } from "../../../devices/service/installations.ts";
import { recordFacts } from "../../../devices/service/record-facts.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { type PhoneState, phone } from "../../harness/phone.ts";
import { SiteCore } from "../../harness/site-core.ts";

const DAY_MS = 24 * 60 * 60_000;

const keyOf = (core: SiteCore, device: DeviceId, distribution: DistributionId) => ({
  site: core.context.site,
  device,
  distribution,
});

function stop(core: SiteCore, distribution: DistributionId) {
  return core.change({
    distributions: core.policy.distributions.map((one) =>
      one.id === distribution ? { ...one, stoppedAtMs: core.nowMs } : one,
    ),
  });
}

/** A device that has the work in hand when its distribution is stopped. */
async function stoppedInHand(core: SiteCore) {
  const { id, raw } = await core.device("one");
  const state: PhoneState = { seen: [], installed: null, download: null };
  const distribution = await core.distribute("1.0.0.0");
  await requestInstallation(core.context, keyOf(core, id, distribution), "test");
  await raw.session(phone(state));
  state.download = { status: 2 };
  await core.advance(60_000);
  await raw.session(phone(state));
  await stop(core, distribution);
  return { id, raw, state, distribution };
}

describe("work that is stopped while a device has it in hand", () => {
  test("leaves the counts, and says that it cannot be called back", async () => {
    await using core = await SiteCore.open();
    const { id, distribution } = await stoppedInHand(core);
    const row = await core.row(id, distribution);
    expect(row).toMatchObject({ status: "installing", counted: false, reason: "stopped" });
    expect(row.reasonDetail).toBe(
      "the distribution was stopped; the device has the work already and cannot be asked to drop it",
    );
  });

  test("counts again when the device did it all the same [D4]", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await stoppedInHand(core);
    await core.advance(60_000);
    state.download = { status: 5 };
    state.installed = "1.0.0.0";
    await raw.session(phone(state));
    expect(await core.row(id, distribution)).toMatchObject({
      status: "installed",
      version: "1.0.0.0",
      counted: true,
      current: true,
      reason: null,
    });
  });

  test("stays out of the counts when it failed, and cannot be tried again", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, distribution } = await stoppedInHand(core);
    await core.advance(60_000);
    state.download = { status: 6, lastError: -2147009283 };
    await raw.session(phone(state));
    expect(await core.row(id, distribution)).toMatchObject({ status: "failed", counted: false });
    const retry = retryInstallation(core.context, keyOf(core, id, distribution), "test");
    await expect(retry).rejects.toThrow("was stopped");
  });

  test("the inventory tells what became of it when its status is lost", async () => {
    for (const [installed, expected] of [
      ["1.0.0.0", { status: "installed", counted: true }],
      ["3.0.0.0", { status: "installing", counted: false, stale: true }],
      [null, { status: "installing", counted: false, stale: true }],
    ] as const) {
      await using core = await SiteCore.open();
      const { id, raw, state, distribution } = await stoppedInHand(core);
      await core.advance(9 * DAY_MS);
      state.download = null;
      state.installed = installed;
      await raw.session(phone(state));
      expect([installed, await core.row(id, distribution)]).toMatchObject([installed, expected]);
    }
  });

  test("superseded by a newer version, it is counted under its own distribution once it is done", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const state: PhoneState = { seen: [], installed: null, download: null };
    const older = await core.distribute("1.0.0.0");
    await requestInstallation(core.context, keyOf(core, id, older), "test");
    await raw.session(phone(state));
    const newer = await core.distribute("2.0.0.0");
    expect((await core.row(id, older)).counted).toBe(false);
    await core.advance(60_000);
    state.download = { status: 5 };
    state.installed = "1.0.0.0";
    await raw.session(phone(state));
    expect(await core.row(id, older)).toMatchObject({
      status: "installed",
      counted: true,
      current: false,
    });
    expect(await core.row(id, newer)).toMatchObject({
      status: "pending_update",
      counted: true,
      current: true,
    });
  });
});

describe("reports that come after a stop", () => {
  async function reported(core: SiteCore) {
    const distribution = await core.distributeReported("iOS");
    const { device } = await registerDevice(
      core.context,
      { stableId: "ios", platform: "iOS" },
      "test",
    );
    const tell = async (value: string, more: { attempt?: number; sequence?: number } = {}) => {
      const [fact] = await recordFacts(
        core.context,
        device.id,
        [{ distribution, source: "apple", value, ...more }],
        "test",
      );
      return [fact?.effect, fact?.installation.status, fact?.installation.counted];
    };
    return { id: device.id, distribution, tell };
  }

  test("an install that is told late counts, told twice it counts once, a late step does not", async () => {
    await using core = await SiteCore.open();
    const { distribution, tell } = await reported(core);
    expect(await tell("Installing", { attempt: 1, sequence: 10 })).toEqual([
      "moved",
      "installing",
      true,
    ]);
    await stop(core, distribution);
    const installed = { attempt: 1, sequence: 12 };
    expect(await tell("Managed", installed)).toEqual(["moved", "installed", true]);
    expect(await tell("Managed", installed)).toEqual(["repeated", "installed", true]);
    expect(await tell("ValidatingPurchase", { attempt: 1, sequence: 11 })).toEqual([
      "late",
      "installed",
      true,
    ]);
    expect(await tell("Queued", { attempt: 1, sequence: 13 })).toEqual([
      "moved",
      "pending_install",
      false,
    ]);
  });

  test("an app that goes after the stop is counted as removed, and cannot be asked for", async () => {
    await using core = await SiteCore.open();
    const { id, distribution, tell } = await reported(core);
    await tell("Managed");
    await stop(core, distribution);
    expect(await tell("ManagedButUninstalled")).toEqual([
      "moved",
      "removed_after_installation",
      true,
    ]);
    const request = requestInstallation(core.context, keyOf(core, id, distribution), "test");
    await expect(request).rejects.toThrow("was stopped");
    expect((await core.row(id, distribution)).status).toBe("removed_after_installation");
  });
});

describe("two packages of one product", () => {
  test("are one app to a device: the newest distribution is planned, and the other one says so [D3]", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const ofSite = await core.distribute("1.0.0.0");
    await requestInstallation(core.context, keyOf(core, id, ofSite), "test");
    // The site worked alone, and the hub has a package of its own for this product.
    const hubs = "hub-app" as PackageId;
    const ofHub = await core.distribute("2.0.0.0");
    const [revision] = [...core.policy.revisions.values()].slice(-1);
    const app = core.policy.packages.get("contoso-app" as PackageId);
    if (!app || !revision) throw new Error("no package");
    await core.change({
      packages: new Map([...core.policy.packages, [hubs, { ...app, id: hubs }]]),
      revisions: new Map([...core.policy.revisions, [revision.id, { ...revision, package: hubs }]]),
      distributions: core.policy.distributions.map((one) =>
        one.id === ofHub ? { ...one, package: hubs } : one,
      ),
    });
    await requestInstallation(core.context, keyOf(core, id, ofHub), "test");
    const request = requestInstallation(core.context, keyOf(core, id, ofSite), "test");
    await expect(request).rejects.toThrow(`superseded by distribution ${ofHub}`);
    const commands = await raw.session(phone({ seen: [], installed: null, download: null }));
    expect(commands.filter(({ name }) => name === "Atomic")).toHaveLength(1);
    expect(await core.row(id, ofSite)).toMatchObject({ counted: false, reason: "superseded" });
    expect(await core.row(id, ofHub)).toMatchObject({ nativeValue: "accepted" });
  });
});
