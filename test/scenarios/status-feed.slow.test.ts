import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { Scenario } from "../harness/scenario.ts";
import { distributeReported, FeedingMdm, movesOf } from "../harness/status-feed.ts";

const Counts = z.looseObject({
  buckets: z.record(z.string(), z.looseObject({ count: z.number(), link: z.string() })),
});
const Shown = z.looseObject({
  statusLabel: z.string(),
  state: z.string(),
  description: z.string().min(1),
});
const MINUTE_MS = 60_000;

describe("status feeds: rows of devices that others look after", () => {
  let site: Scenario;
  let apple: FeedingMdm;
  let android: FeedingMdm;

  beforeAll(async () => {
    site = await Scenario.start({ role: "site" });
    await site.prepare();
    apple = await FeedingMdm.of(site, "apple");
    android = await FeedingMdm.of(site, "android");
  }, 60_000);
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
  });

  const iphone = (name: string, more: Readonly<Record<string, unknown>> = {}) =>
    site.device(name, { platform: "iOS", osVersion: "17.0", ...more });
  const addPackage = (id: string, platform: "iOS" | "Android" | "Windows") =>
    site.api.send("/api/v1/packages", {
      method: "POST",
      json: { id, name: `com.contoso.${id}`, platform },
    });
  /** When an MDM read something, minutes after the scenario began. */
  const at = (minutes: number) =>
    new Date(site.gateway.nowMs - 60 * MINUTE_MS + minutes * MINUTE_MS).toISOString();

  test("[11.2, 11.3] S-02 one feed about ten devices: counts, and as many rows behind each", async () => {
    await addPackage("s02", "iOS");
    const told = [
      ...Array<string>(4).fill("Managed"),
      "PromptingForUpdate",
      "Queued",
      "Queued",
      "NeedsRedemption",
      "UserRejected",
    ];
    const ids: string[] = [];
    for (let n = 0; n < 10; n++) {
      ids.push((await iphone(`s02-${n}`, { osVersion: n === 9 ? "14.0" : "17.0" })).id);
    }
    const revision = { minimumOsVersion: "15" };
    const distribution = await distributeReported(site, "s02", "1.0", { revision, devices: ids });
    const { devices } = await apple.feed(
      told.map((status, n) => ({
        device: `urn:uuid:s02-${n}`,
        apps: [{ package: "com.contoso.s02", status }],
      })),
    );
    const effects = devices.map((one) => one.apps?.[0]?.effect);
    const [moved, born] = ["moved", "repeated"]; // A row is born as Queued says it.
    expect(effects).toEqual([...Array(5).fill(moved), born, born, moved, moved]);
    const { buckets } = await site.api.request(`/api/v1/distributions/${distribution}`, Counts);
    const shown: string[] = [];
    for (const [bucket, expected] of Object.entries({
      received: 5,
      pending: 3,
      failed: 1,
      not_applicable: 1,
      removed: 0,
    })) {
      const { count, link } = buckets[bucket] ?? { count: -1, link: "" };
      expect([bucket, count]).toEqual([bucket, expected]);
      const { rows } = await site.api.request(link, z.looseObject({ rows: z.array(Shown) }));
      expect(rows).toHaveLength(expected);
      for (const row of rows) shown.push(`${row.statusLabel}/${row.state}`);
    }
    expect(shown.sort()).toEqual(
      [
        ...Array<string>(4).fill("Installed/App is installed"),
        "Failed/User rejected app install",
        "Installing/Scheduled for installation. Waiting for redemption code",
        "Not Relevant/OS Criteria",
        "Pending Install/Command Scheduled",
        "Pending Install/Command Scheduled",
        "Pending Update/Prompted user for app update",
      ].sort(),
    );
  });

  test("[11.7] S-03 the whole path of a paid app; a redemption code is asked for once", async () => {
    await addPackage("s03", "iOS");
    const { id } = await iphone("s03");
    const distribution = await distributeReported(site, "s03", "1.0", { devices: [id] });
    const asked: string[] = [];
    for (const [n, status] of [
      "Queued",
      "NeedsRedemption",
      "Redeeming",
      "Prompting",
      "PromptingForLogin",
      "ValidatingPurchase",
      "Installing",
      "Managed",
    ].entries()) {
      // The MDM reads its list twice a minute, and forwards it each time.
      for (const repeated of [false, true]) {
        const { commands } = await apple.tell(id, "s03", status, {
          at: new Date(Date.parse(at(n)) + (repeated ? 30_000 : 0)).toISOString(),
        });
        asked.push(...(commands ?? []).map(({ command }) => `${command} after ${status}`));
      }
    }
    expect(asked).toEqual(["ApplyRedemptionCode after NeedsRedemption"]);
    const moves = await movesOf(site, id, distribution);
    expect(moves.map(({ status, state }) => [status, state])).toEqual([
      ["pending_install", "Command Scheduled"],
      ["installing", "Scheduled for installation. Waiting for redemption code"],
      ["installing", "Redeeming the redemption code"],
      ["installing", "Prompted user for installation"],
      ["installing", "Prompted user for app store login"],
      ["installing", "Validating app purchase"],
      ["installing", "App is being installed"],
      ["installed", "App is installed"],
    ]);
  });

  test("S-04 who is not relevant is never asked for, and comes back with a newer OS", async () => {
    await addPackage("s04-old", "iOS");
    await addPackage("s04-store", "iOS");
    await addPackage("s04-device", "iOS");
    await addPackage("s04-user", "iOS");
    const old = (await iphone("s04-old", { osVersion: "14.0" })).id;
    const shared = (await iphone("s04-shared", { shared: true })).id;
    const personal = (await iphone("s04-personal", { userEnrolled: true })).id;
    const nobodys = (await iphone("s04-nobodys", { userAssigned: false })).id;
    const cases = [
      {
        device: old,
        app: "s04-old",
        revision: { minimumOsVersion: "15" },
        state: "OS Criteria",
        condition: "15",
      },
      {
        device: shared,
        app: "s04-store",
        revision: { storeApp: true },
        state: "Device Criteria",
        condition: "shared devices",
      },
      {
        device: personal,
        app: "s04-device",
        revision: { storeApp: true, licence: "device" },
        state: "Device Criteria",
        condition: "enrolled by their user",
      },
      {
        device: nobodys,
        app: "s04-user",
        revision: { storeApp: true, licence: "user" },
        state: "Device Criteria",
        condition: "assigned user",
      },
    ];
    for (const { device, app, revision, state, condition } of cases) {
      const distribution = await distributeReported(site, app, "1.0", {
        revision,
        devices: [device],
      });
      const { devices } = await apple.feed([{ device, apps: [] }]);
      expect(devices[0]).toMatchObject({ apps: [], commands: [], wanted: [] });
      const row = await site.row(device, distribution);
      expect([row.statusLabel, row.state]).toEqual(["Not Relevant", state]);
      const history = await site.history(device, distribution);
      expect(history.map(({ text }) => text).join()).toContain(condition);
    }
    const { devices } = await apple.feed([{ device: old, facts: { osVersion: "15.0" }, apps: [] }]);
    expect(devices[0]?.wanted).toMatchObject([
      { package: "s04-old", operation: "install", version: "1.0" },
    ]);
    expect((await site.row(old, "s04-old-1-0")).statusLabel).toBe("Pending Install");
  });

  test("S-06 an app that was there before: installed three times, and not managed at last", async () => {
    await addPackage("s06", "iOS");
    const { id } = await iphone("s06");
    const distribution = await distributeReported(site, "s06", "1.0", { devices: [id] });
    for (const [n, status] of [
      "UserInstalledApp",
      "PromptingForManagement",
      "ManagementRejected",
    ].entries()) {
      await apple.tell(id, "s06", status, { at: at(n) });
    }
    expect(
      (await movesOf(site, id, distribution)).map(({ status, state }) => [status, state]),
    ).toEqual([
      ["installed", "User installed the app before managed app installation"],
      ["installed", "Prompted user for management of installed app"],
      ["installed", "User rejected management of installed app"],
    ]);
    expect(await site.row(id, distribution)).toMatchObject({ bucket: "received", managed: false });
  });

  test("S-07 removed and back, in one distribution", async () => {
    await addPackage("s07", "iOS");
    const { id } = await iphone("s07");
    const distribution = await distributeReported(site, "s07", "1.0", { devices: [id] });
    for (const [n, status] of ["Managed", "ManagedButUninstalled", "Managed"].entries()) {
      await apple.tell(id, "s07", status, { at: at(n) });
    }
    expect(
      (await movesOf(site, id, distribution)).map(({ status, state }) => [status, state]),
    ).toEqual([
      ["installed", "App is installed"],
      ["removed_after_installation", "App is uninstalled"],
      ["installed", "App is installed"],
    ]);
    expect(await site.rows(`device:${id} package:s07`)).toHaveLength(1);
  });

  test("S-08 an update, and a user who refuses it", async () => {
    await addPackage("s08", "iOS");
    const ids = [(await iphone("s08-a")).id, (await iphone("s08-b")).id];
    const [updated = "", refused = ""] = ids;
    await distributeReported(site, "s08", "1.0", { devices: ids });
    for (const id of ids) await apple.tell(id, "s08", "Managed", { version: "1.0", at: at(0) });
    const second = await distributeReported(site, "s08", "2.0", { devices: ids });
    for (const [n, status] of [
      "PromptingForUpdate",
      "PromptingForUpdateLogin",
      "Updating",
      "ValidatingUpdate",
    ].entries()) {
      await apple.tell(updated, "s08", status, { at: at(1 + n) });
    }
    await apple.tell(updated, "s08", "Managed", { version: "2.0", at: at(6) });
    await apple.tell(refused, "s08", "UpdateRejected", { at: at(2) });
    expect((await movesOf(site, updated, second)).map(({ status }) => status)).toEqual([
      "pending_update",
      "pending_update",
      "updating",
      "updating",
      "installed",
    ]);
    expect(await site.row(updated, second)).toMatchObject({ version: "2.0", bucket: "received" });
    expect(await site.row(refused, second)).toMatchObject({
      statusLabel: "Upgrade Failed",
      state: "User rejected app update",
      version: "1.0",
      bucket: "failed",
    });
  });

  test("S-09 the six failures of Windows, each with its code signed and in hexadecimal", async () => {
    await addPackage("s09", "Windows");
    const failures = [
      [7, -2147012889, "Failed download", "0x80072EE7"],
      [6, -2146893819, "Failed decryption", "0x80090005"],
      [6, -2146958841, "Failed checksum validation", "0x80080207"],
      [6, -2147024703, "Failed to launch installer", "0x800700C1"],
      [6, -2147009287, "Installation failed", "0x80073CF9"],
      [6, -2147009283, "Relevance criteria not met", "0x80073CFD"],
    ] as const;
    const ids: string[] = [];
    for (const [n] of failures.entries()) ids.push((await site.device(`s09-${n}`)).id);
    const distribution = await distributeReported(site, "s09", "1.0", { devices: ids });
    for (const [n, [status, lastError, state, hex]] of failures.entries()) {
      const id = ids[n] ?? "";
      await site.api.send(`/api/v1/devices/${id}/facts`, {
        method: "POST",
        json: [{ distribution, source: "windows-csp", value: String(status), lastError }],
      });
      expect(await site.row(id, distribution)).toMatchObject({
        statusLabel: "Failed",
        state,
        lastError,
        lastErrorHex: hex,
      });
    }
  });

  test("S-10 the same error while it is tried again and at last, found by status and by state", async () => {
    await addPackage("s10", "Android");
    const ids = [
      (await site.device("s10-a", { platform: "Android" })).id,
      (await site.device("s10-b", { platform: "Android" })).id,
    ];
    const [first = "", second = ""] = ids;
    const distribution = await distributeReported(site, "s10", "1.0", { devices: ids });
    const error = "Unexpected error occurred";
    for (const id of ids) await android.tell(id, "s10", `Installing/${error}`, { at: at(0) });
    await android.tell(first, "s10", `Failed/${error}`, { at: at(1) });
    expect(
      (await movesOf(site, first, distribution)).map(({ status, state }) => [status, state]),
    ).toEqual([
      ["installing", error],
      ["failed", error],
    ]);
    const found = async (filter: string) =>
      (await site.rows(`distribution:${distribution} ${filter}`))
        .map(({ device }) => device)
        .sort();
    expect(await found(`status:Failed state:"${error}"`)).toEqual([first]);
    expect(await found(`state:"${error}"`)).toEqual([first, second].sort());
  });

  test("S-11 a higher version on an Android device is a success, and nothing is wanted of it", async () => {
    await addPackage("s11", "Android");
    const { id } = await site.device("s11", { platform: "Android" });
    const distribution = await distributeReported(site, "s11", "2.0", { devices: [id] });
    const taken = await android.tell(id, "s11", "Success/Higher version of app is installed", {
      version: "3.0",
    });
    expect(taken.wanted).toEqual([]);
    expect(await site.row(id, distribution)).toMatchObject({
      statusLabel: "Success",
      state: "Higher version of app is installed",
      version: "3.0",
      bucket: "received",
    });
  });

  test("S-61 retried from the report, wanted again of the MDM; stopping leaves what is installed", async () => {
    await addPackage("s61", "Android");
    const ids: string[] = [];
    for (let n = 0; n < 5; n++)
      ids.push((await site.device(`s61-${n}`, { platform: "Android" })).id);
    const distribution = await distributeReported(site, "s61", "1.0", { devices: ids });
    const [installed = ""] = ids;
    const failed = ids.slice(1, 4);
    await android.tell(installed, "s61", "Success/Installed");
    for (const id of failed)
      await android.tell(id, "s61", "Failed/Request to OEM server failed", { at: at(0) });
    const rows = await site.rows(`distribution:${distribution} status:failed`);
    expect(rows.map(({ device }) => device).sort()).toEqual([...failed].sort());
    await site.api.send("/api/v1/installations/retry", {
      method: "POST",
      json: { ids: rows.map(({ id }) => id) },
    });
    expect(
      await site.rows(`distribution:${distribution} status:pending_install attempt:2`),
    ).toHaveLength(3);
    // The list that was read before the retry is history; the MDM is told what is to be done again.
    const again = await android.tell(
      failed[0] ?? "",
      "s61",
      "Failed/Request to OEM server failed",
      { at: at(0) },
    );
    expect(again).toMatchObject({
      apps: [{ effect: "late" }],
      wanted: [{ distribution, attempt: 2 }],
    });
    await android.tell(failed[0] ?? "", "s61", "Success/Installed");
    await site.api.send(`/api/v1/distributions/${distribution}/stop`, { method: "POST" });
    const left = await site.rows(`distribution:${distribution}`);
    expect(left.map(({ device }) => device).sort()).toEqual([installed, failed[0] ?? ""].sort());
    expect((await android.feed([{ device: ids[4], apps: [] }])).devices[0]?.wanted).toEqual([]);
  });

  test("[11.4] what cannot be taken is named in its place, and costs the others nothing", async () => {
    await addPackage("mixed", "iOS");
    const ids = [(await iphone("mixed-a")).id, (await iphone("mixed-b")).id];
    const distribution = await distributeReported(site, "mixed", "1.0", { devices: ids });
    const { devices } = await apple.feed([
      { device: "nobody", apps: [{ package: "mixed", status: "Managed" }] },
      {
        device: ids[0],
        apps: [
          { package: "mixed", status: "Rejoicing" },
          { package: "unheard-of", status: "Managed" },
          { distribution, status: "Installing" },
        ],
      },
      { device: ids[1], apps: [{ package: "mixed", status: "Managed" }] },
    ]);
    expect(devices).toMatchObject([
      { refused: "this site has no such device" },
      {
        apps: [
          { refused: '"Rejoicing" is no value of the source apple on iOS' },
          { refused: "there is no package unheard-of for iOS" },
          { effect: "moved" },
        ],
      },
      { apps: [{ effect: "moved" }] },
    ]);
    expect((await site.row(ids[0] ?? "", distribution)).status).toBe("installing");
    expect((await site.row(ids[1] ?? "", distribution)).status).toBe("installed");
    const shapeless = await apple.post({
      source: "apple",
      devices: [{ device: ids[0], apps: [{ status: "Failed" }] }],
    });
    expect([shapeless.status, await shapeless.text()]).toEqual([
      422,
      expect.stringContaining("/devices/0/apps/0"),
    ]);
  });

  test("[11.6] what is told once is on the disk before the answer: the power fails right behind it", async () => {
    await addPackage("once", "iOS");
    const { id } = await iphone("once");
    const distribution = await distributeReported(site, "once", "1.0", { devices: [id] });
    await apple.tell(id, "once", "UserRejected", { at: at(5), unusedRedemptionCode: "X7K-221" });
    await site.gateway.kill();
    await site.gateway.restart();
    expect((await site.row(id, distribution)).state).toBe("User rejected app install");
    const [told] = await movesOf(site, id, distribution);
    expect(told).toMatchObject({ value: "UserRejected", text: "unused redemption code: X7K-221" });
    // Told once, too late to count, it is on record all the same.
    await apple.tell(id, "once", "Managed", { at: at(9) });
    await apple.tell(id, "once", "Failed", { at: at(7) });
    expect(
      (await movesOf(site, id, distribution)).map(({ value, effect }) => [value, effect]),
    ).toEqual([
      ["UserRejected", "moved"],
      ["Managed", "moved"],
      ["Failed", "late"],
    ]);
  });
});
