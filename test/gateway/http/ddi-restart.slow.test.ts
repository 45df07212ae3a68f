import { describe, expect, test } from "bun:test";
import type { DistributionId } from "../../../devices/model/ids.ts";
import { type DdiDevice, DdiSite, stop } from "../../harness/ddi-site.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Of the site's time zone; it is 13:00 there when tests begin. */
const NIGHT = { start: "2026-11-01T22:00", minutes: 120 };

/** What swupdate does with a job, up to its restart. */
async function installs(device: DdiDevice): Promise<{ number: number; path: string }> {
  const number = await device.jobOf("deploymentBase");
  const path = `/deploymentBase/${number}`;
  await device.ask(path);
  for (const line of BEFORE_RESTART) {
    expect(await device.report(path, "proceeding", "none", [line])).toBe(200);
  }
  return { number, path };
}
const BEFORE_RESTART = [
  "Installing Update Chunk Artifacts.",
  "[extract_files] : Found file",
  "Installed Chunk.",
  "All Chunks Installed.",
];

/** What it does after it: it takes what it is shown for what it has installed. */
async function restarts(device: DdiDevice, finished: "success" | "failure" = "success") {
  const { deploymentBase } = await device.poll();
  if (deploymentBase === undefined) return undefined;
  await device.ask(deploymentBase);
  const [, number = ""] = /deploymentBase\/(\d+)/.exec(deploymentBase) ?? [];
  const text = finished === "success" ? "Update Installed." : "Update Failed.";
  const path = `/deploymentBase/${number}`;
  expect(await device.report(path, "closed", finished, [text])).toBe(200);
  return Number(number);
}

async function statusOf(device: DdiDevice, id: DistributionId) {
  const { status, counted } = await device.row(id);
  return { status, counted };
}

describe("an update that waits for its device's restart", () => {
  /** It was installed in the window's last moment. */
  async function overNight(site: DdiSite) {
    await site.core.addWindow(NIGHT.start, NIGHT.minutes);
    const device = await site.device("kiosk-7");
    const distribution = await site.distribute("1.0", { mode: "automatic" });
    site.core.nowMs += 11 * HOUR_MS - 1;
    const job = await installs(device);
    site.core.nowMs += HOUR_MS;
    return { device, distribution, ...job };
  }

  test("is shown after its window as one to be skipped, and its end is believed", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, number, path } = await overNight(site);
    expect(await (await device.ask(path)).json()).toMatchObject({
      deployment: { update: "skip", maintenanceWindow: "unavailable" },
    });
    expect(await device.report(path, "proceeding", "none", ["a line of its log"])).toBe(200);
    expect((await device.row(distribution)).status).toBe("installing");
    expect(await restarts(device)).toBe(number);
    expect(await statusOf(device, distribution)).toEqual({ status: "installed", counted: true });
  });

  test("fails where the device says so", async () => {
    await using site = await DdiSite.open();
    const { device, distribution } = await overNight(site);
    await restarts(device, "failure");
    expect((await device.row(distribution)).status).toBe("failed");
  });

  test("is begun anew in the next window by a device that knows nothing of it any more", async () => {
    await using site = await DdiSite.open();
    const { device, distribution, number, path } = await overNight(site);
    await device.ask(path);
    await device.report(path, "closed", "success", ["Skipped Update."]);
    expect(await device.row(distribution)).toMatchObject({
      status: "pending_install",
      reason: "window",
    });
    expect((await device.poll()).deploymentBase).toBeUndefined();
    site.core.nowMs += DAY_MS - HOUR_MS;
    const anew = await device.jobOf("deploymentBase");
    expect(anew).toBeGreaterThan(number);
    expect(await (await device.ask(`/deploymentBase/${anew}`)).json()).toMatchObject({
      deployment: { update: "forced" },
    });
  });

  test("is not asked to be dropped when it is stopped, and counts once it is told", async () => {
    await using site = await DdiSite.open();
    const device = await site.device("kiosk-7");
    const distribution = await site.distribute("1.0");
    await device.request(distribution);
    const { number, path } = await installs(device);
    await stop(site, distribution);
    expect(Object.keys(await device.poll())).toContain("deploymentBase");
    expect((await device.ask(`/cancelAction/${number}`)).status).toBe(404);
    // Whoever lost what it had done is not to do it again.
    expect(await (await device.ask(path)).json()).toMatchObject({ deployment: { update: "skip" } });
    expect(await statusOf(device, distribution)).toEqual({ status: "installing", counted: false });
    expect(await restarts(device)).toBe(number);
    expect(await statusOf(device, distribution)).toEqual({ status: "installed", counted: true });
  });

  test("that was stopped ends where the device knows nothing of it", async () => {
    await using site = await DdiSite.open();
    const device = await site.device("kiosk-7");
    const distribution = await site.distribute("1.0");
    await device.request(distribution);
    const { path } = await installs(device);
    await stop(site, distribution);
    await device.ask(path);
    await device.report(path, "closed", "success", ["Skipped Update."]);
    expect(await statusOf(device, distribution)).toEqual({
      status: "pending_install",
      counted: false,
    });
    expect(Object.keys(await device.poll())).toEqual(["configData"]);
  });

  test("is dropped for what comes after it", async () => {
    await using site = await DdiSite.open();
    const device = await site.device("kiosk-7");
    const former = await site.distribute("1.0");
    await device.request(former);
    const { number } = await installs(device);
    const newer = await site.distribute("2.0");
    expect(await device.jobOf("deploymentBase")).toBe(number);
    await device.request(newer);
    expect(await device.jobOf("cancelAction")).toBe(number);
    expect(await device.report(`/cancelAction/${number}`, "closed", "success")).toBe(200);
    expect(await device.jobOf("deploymentBase")).toBeGreaterThan(number);
    expect(await statusOf(device, former)).toEqual({ status: "pending_install", counted: false });
  });

  test("comes before everything else that is in hand", async () => {
    await using site = await DdiSite.open();
    await site.core.addWindow(NIGHT.start, NIGHT.minutes);
    const device = await site.device("kiosk-7");
    const nightly = await site.distribute("1.0", { mode: "automatic" });
    site.core.nowMs += 11 * HOUR_MS - 1;
    const begun = `/deploymentBase/${await device.jobOf("deploymentBase")}`;
    await device.ask(begun);
    await device.report(begun, "proceeding", "none", ["Installing Update Chunk Artifacts."]);
    site.core.nowMs += HOUR_MS;
    const other = await site.distribute("5.0", {}, { app: "other-image" });
    await device.request(other);
    const { number } = await installs(device);
    site.core.nowMs += DAY_MS - HOUR_MS;
    expect(await restarts(device)).toBe(number);
    expect((await device.row(other)).status).toBe("installed");
    expect((await device.row(nightly)).status).toBe("installing");
  });
});

describe("swupdate's word after its restart", () => {
  for (const finished of ["success", "failure"] as const) {
    test(`is not about a job that it has not begun (${finished})`, async () => {
      await using site = await DdiSite.open();
      const device = await site.device("kiosk-7");
      const distribution = await site.distribute("1.0");
      await device.request(distribution);
      // It was updated by a technician with a stick.
      await restarts(device, finished);
      expect((await device.row(distribution)).status).toBe("pending_install");
      const [fact] = (await site.core.facts(device.id)).slice(-1);
      expect(fact).toMatchObject({ value: "rejected" });
      expect(fact?.text).toContain("has not begun");
      const { number } = await installs(device);
      expect(await restarts(device)).toBe(number);
      expect((await device.row(distribution)).status).toBe("installed");
    });
  }
});

test("swupdate begins nothing outside of a window: its first word is refused, and written down", async () => {
  await using site = await DdiSite.open();
  await site.core.addWindow(NIGHT.start, NIGHT.minutes);
  const device = await site.device("kiosk-7");
  const distribution = await site.distribute("1.0", { mode: "automatic" });
  site.core.nowMs += 11 * HOUR_MS - 1;
  const path = `/deploymentBase/${await device.jobOf("deploymentBase")}`;
  await device.ask(path);
  const begin = (cnt: number) =>
    device.send("POST", `${path}/feedback`, {
      status: {
        execution: "proceeding",
        result: { finished: "none", progress: { cnt, of: 2 } },
        details: ["Installing Update Chunk Artifacts."],
      },
    });
  const late = async (status: number) => {
    expect(await device.row(distribution)).toMatchObject({
      status: "pending_install",
      reason: "window",
      offeredAtMs: null,
    });
    expect(status).toBe(410);
    const refused = (await site.core.facts(device.id)).findLast(({ value }) => value !== "retried");
    expect(refused?.text).toContain("not begun outside of its window");
  };
  site.core.nowMs += 2;
  await late((await begin(0)).status);

  // In the next it begins; its second module may come later; from the start it may not go again.
  site.core.nowMs += DAY_MS - 2;
  expect(`/deploymentBase/${await device.jobOf("deploymentBase")}`).toBe(path);
  expect((await begin(0)).status).toBe(200);
  site.core.nowMs += 2;
  expect((await begin(1)).status).toBe(200);
  expect((await device.row(distribution)).status).toBe("installing");
  await late((await begin(0)).status);
});

test("an order to drop something does not end what else a device has begun", async () => {
  await using site = await DdiSite.open();
  await site.core.addWindow(NIGHT.start, NIGHT.minutes);
  const device = await site.device("kiosk-7");
  const nightly = await site.distribute("1.0", { mode: "automatic" });
  site.core.nowMs += 11 * HOUR_MS - 1;
  const looked = await device.jobOf("deploymentBase");
  await device.ask(`/deploymentBase/${looked}`);
  site.core.nowMs += HOUR_MS;
  const other = await site.distribute("5.0", {}, { app: "other-image" });
  await device.request(other);
  const path = `/deploymentBase/${await device.jobOf("deploymentBase")}`;
  await device.report(path, "proceeding", "none", ["Installing Update Chunk Artifacts."]);
  await stop(site, nightly);
  expect(`/deploymentBase/${await device.jobOf("deploymentBase")}`).toBe(path);
  await device.report(path, "closed", "success");
  expect(await device.jobOf("cancelAction")).toBe(looked);
});
