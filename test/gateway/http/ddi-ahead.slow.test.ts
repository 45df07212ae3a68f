import { describe, expect, test } from "bun:test";
import { type DdiDevice, DdiSite, stop } from "../../harness/ddi-site.ts";

const RAUC = "rauc-hawkbit-c-agent/1.0";
const HOUR_MS = 3_600_000;
/** Of the site's time zone; it is 13:00 there when tests begin. */
const NIGHT = { start: "2026-11-01T22:00", minutes: 120 };

/** It has fetched ahead of its window, and waits. */
async function fetched(site: DdiSite) {
  await site.core.addWindow(NIGHT.start, NIGHT.minutes);
  const device = await site.device("kiosk-7");
  device.userAgent = RAUC;
  const distribution = await site.distribute("1.0", { mode: "automatic" });
  const number = await device.jobOf("deploymentBase");
  const path = `/deploymentBase/${number}`;
  await device.ask(path);
  await device.report(path, "proceeding", "none", ["File checksum OK."]);
  return { device, distribution, number, path };
}

async function drops(device: DdiDevice, number: number): Promise<void> {
  expect(await device.jobOf("cancelAction")).toBe(number);
  expect((await device.ask(`/cancelAction/${number}`)).status).toBe(200);
  expect(await device.report(`/cancelAction/${number}`, "closed", "success")).toBe(200);
}

describe("what was fetched ahead of a window", () => {
  test("is dropped when it is stopped, and its row says so", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, number, path } = await fetched(site);
    await stop(site, distribution);
    expect((await device.ask(path)).status).toBe(404);
    await drops(device, number);
    expect(await device.row(distribution)).toMatchObject({
      status: "pending_install",
      reason: "stopped",
      counted: false,
      nativeValue: "cancelled",
    });
    expect(Object.keys(await device.poll())).toEqual(["configData"]);
    expect(await device.report(path, "proceeding")).toBe(410);
  });

  test("is dropped before what supersedes it is fetched", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, number } = await fetched(site);
    await site.distribute("2.0", { mode: "automatic" });
    await drops(device, number);
    expect(await device.jobOf("deploymentBase")).toBeGreaterThan(number);
    expect((await device.row(distribution)).reason).toBe("superseded");
  });

  test("is not dropped again by whoever cannot; what it then says counts", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, number, path } = await fetched(site);
    await stop(site, distribution);
    expect(await device.report(`/cancelAction/${number}`, "rejected")).toBe(200);
    expect(Object.keys(await device.poll())).toEqual(["configData"]);
    expect(await device.report(path, "closed", "failure", ["no space"])).toBe(200);
    expect((await device.row(distribution)).status).toBe("failed");
  });

  test("that was dropped and is wanted again is fetched again", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, number } = await fetched(site);
    await stop(site, distribution);
    await drops(device, number);
    const distributions = site.core.policy.distributions.map((one) => ({
      ...one,
      stoppedAtMs: null,
    }));
    await site.core.change({ distributions });
    expect(await device.jobOf("deploymentBase")).toBeGreaterThan(number);
    site.core.nowMs += 11 * HOUR_MS - 1;
    const path = `/deploymentBase/${await device.jobOf("deploymentBase")}`;
    await device.ask(path);
    await device.report(path, "proceeding");
    await device.report(path, "closed", "success");
    expect((await device.row(distribution)).status).toBe("installed");
  });

  test("and was never told of is not to be dropped", async () => {
    await using site = await DdiSite.open();
    await site.core.addWindow(NIGHT.start, NIGHT.minutes);
    const device = await site.device("kiosk-7");
    device.userAgent = RAUC;
    const distribution = await site.distribute("1.0", { mode: "automatic" });
    await device.jobOf("deploymentBase"); // It has seen the link, and has not come for the job.
    await stop(site, distribution);
    expect(Object.keys(await device.poll())).toEqual(["configData"]);
  });
});

describe("what is only to be fetched", () => {
  async function onlyFetched(site: DdiSite) {
    const device = await site.device("kiosk-7");
    const distribution = await site.distribute("1.0", {}, { handling: "download-only" });
    await device.request(distribution);
    const number = await device.jobOf("deploymentBase");
    const path = `/deploymentBase/${number}`;
    await device.ask(path);
    return { device, distribution, number, path };
  }

  for (const execution of ["downloaded", "closed"]) {
    test(`is there, and not installed, when the device says ${execution}`, async () => {
      await using site = await DdiSite.open();
      const { device, distribution, path } = await onlyFetched(site);
      expect(await device.report(path, execution, "success", ["Download complete."])).toBe(200);
      const row = await device.row(distribution);
      expect(row).toMatchObject({ status: "pending_install", reason: "contact", version: null });
      expect(row.reasonDetail).toContain("only to be fetched");
      expect(row.lastErrorText).toContain("Download complete.");
      expect(Object.keys(await device.poll())).toEqual(["configData"]);
      expect(await device.report(path, execution, "success")).toBe(200); // The answer was lost.
      expect(await device.report(path, "proceeding")).toBe(410);
      // The device is through with it: there is nothing to drop.
      await stop(site, distribution);
      expect(Object.keys(await device.poll())).toEqual(["configData"]);
      expect(await device.row(distribution)).toMatchObject({ reason: "stopped", counted: false });
    });
  }

  for (const [finished, status] of [
    ["success", "installed"],
    ["failure", "failed"],
  ] as const) {
    test(`may be installed later by the device: one late end counts (${finished})`, async () => {
      await using site = await DdiSite.open();
      const { device, distribution, number, path } = await onlyFetched(site);
      await device.report(path, "downloaded", "success");
      expect(await device.report(path, "closed", finished, ["By its user."])).toBe(200);
      expect((await device.row(distribution)).status).toBe(status);
      const other = finished === "success" ? "failure" : "success";
      expect(await device.report(path, "closed", other)).toBe(410);
      expect((await device.row(distribution)).status).toBe(status);
      expect((await device.ask(`/installedBase/${number}`)).status).toBe(
        finished === "success" ? 200 : 404,
      );
    });
  }

  test("fails where the client skips it", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, path } = await onlyFetched(site);
    expect(await device.report(path, "closed", "success", ["Skipped Update."])).toBe(200);
    const row = await device.row(distribution);
    expect(row).toMatchObject({ status: "failed", reason: null, anomaly: false });
    expect(row.lastErrorText).toContain("Skipped Update.");
    expect(Object.keys(await device.poll())).toEqual(["configData"]);
  });
});
