import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { ATTRIBUTES_MAX } from "../../../devices/model/agent-device.ts";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import { patchDevice, removeDevice } from "../../../devices/service/change-device.ts";
import { requestInstallation, retryInstallation } from "../../../devices/service/installations.ts";
import { BEARER_LIFE_MS } from "../../../devices/service/mender/authenticate.ts";
import { LOG_PIECES_MAX } from "../../../devices/service/mender/hear-log.ts";
import { SqlKnockList } from "../../../gateway/db/stores/access-store-knocks.ts";
import { siteUseCases } from "../../../gateway/roles/site-use-cases.ts";
import { AUTH_BYTES_MAX } from "../../../protocols/mender/auth-request.ts";
import { LOG_BYTES_MAX } from "../../../protocols/mender/device-log.ts";
import { INVENTORY_BYTES_MAX } from "../../../protocols/mender/inventory.ts";
import { NEXT_BYTES_MAX } from "../../../protocols/mender/next-request.ts";
import { DEPLOYMENT_STATUSES, STATUS_BYTES_MAX } from "../../../protocols/mender/status.ts";
import { MENDER_DEPLOYMENTS, MenderDevice } from "../../harness/mender-device.ts";
import { MenderSite } from "../../harness/mender-site.ts";

const NEXT = "/api/devices/v2/deployments/device/deployments/next";

function changeDistribution(site: MenderSite, id: DistributionId, change: object): Promise<void> {
  const distributions = site.core.policy.distributions.map((one) =>
    one.id === id ? { ...one, ...change } : one,
  );
  return site.core.change({ distributions });
}

const stop = (site: MenderSite, id: DistributionId) =>
  changeDistribution(site, id, { stoppedAtMs: site.core.nowMs });

const values = async (site: MenderSite, id: DeviceId) =>
  (await site.core.facts(id)).map(({ value }) => value);

describe("Mender: auth_requests", () => {
  test.each([
    ["RSA", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["ECDSA", () => generateKeyPairSync("ec", { namedCurve: "P-256" })],
    ["Ed25519", () => generateKeyPairSync("ed25519")],
  ])(
    "a device with a key of %s is let in when devices are accepted by themselves",
    async (_, make) => {
      await using site = await MenderSite.open();
      site.settings.autoAccept = true;
      const box = new MenderDevice(site.fetch, { keys: make() });
      expect(await box.authenticate()).toBe(200);
      expect(await box.next()).toBeUndefined();
      expect(await site.knocks()).toEqual([]);
    },
  );

  test("an unknown device is 401 and knocks, whatever the order of its identity", async () => {
    await using site = await MenderSite.open();
    const one = new MenderDevice(site.fetch, { identity: { sn: "7", mac: "02" } });
    const same = new MenderDevice(site.fetch, {
      identity: { mac: "02", sn: "7" },
      keys: one.keys,
    });
    expect([await one.authenticate(), await same.authenticate()]).toEqual([401, 401]);
    expect(await site.knocks()).toMatchObject([
      { externalId: '{"mac":"02","sn":"7"}', name: "02 7", osPlatform: "Linux" },
    ]);
  });

  test("one that shows another key is refused and shown, and its former key still works", async () => {
    await using site = await MenderSite.open();
    site.settings.autoAccept = true;
    const { box } = await site.device();
    const other = new MenderDevice(site.fetch, { identity: box.identity });
    expect(await other.authenticate()).toBe(401);
    expect(await site.knocks()).toMatchObject([{ note: "it is known with another key or token" }]);
    expect(await box.authenticate()).toBe(200);
  });

  test("one that was removed waits for an administrator, and its token ends at once", async () => {
    await using site = await MenderSite.open();
    site.settings.autoAccept = true;
    const { id, box } = await site.device();
    await removeDevice(site.core.context, id);
    expect((await box.send("POST", NEXT, {})).status).toBe(401);
    expect(await box.authenticate()).toBe(401);
    expect(await site.knocks()).toMatchObject([{ note: "it was removed" }]);
  });

  test("approving another key begins the device's next life, and ends what the former key opened", async () => {
    await using site = await MenderSite.open();
    const { context } = site.core;
    const { id, box } = await site.device();
    const distribution = await site.asked(id);
    const former = (await box.next())?.id ?? "";
    const other = new MenderDevice(site.fetch, { identity: box.identity });
    expect(await other.authenticate()).toBe(401);
    const [knock] = await new SqlKnockList(site.core.database).list();
    if (!knock) throw new Error("no knock");
    const approved = await siteUseCases(context).approveKnock(knock, {}, "test");
    expect(approved.device).toMatchObject({ id, protocol: "mender", incarnation: 2 });
    expect([await other.authenticate(), await box.authenticate()]).toEqual([200, 401]);
    expect(await box.says(former, "success")).toBe(401);
    expect(await other.says(former, "success")).toBe(404);
    expect(await site.core.row(id, distribution)).toMatchObject({ status: "pending_install" });
  });

  test("the key of another device lets nobody in", async () => {
    await using site = await MenderSite.open();
    site.settings.autoAccept = true;
    const { box } = await site.device();
    const clone = new MenderDevice(site.fetch, { identity: { mac: "clone" }, keys: box.keys });
    expect(await clone.authenticate()).toBe(401);
    expect(await site.knocks()).toHaveLength(1);
  });

  test("what is not signed, or no request, lets nobody in and leaves no knock", async () => {
    await using site = await MenderSite.open();
    const box = new MenderDevice(site.fetch);
    const body = box.authBody();
    const signature = box.signatureOf(body);
    const stranger = new MenderDevice(site.fetch);
    const weak = new MenderDevice(site.fetch, {
      keys: generateKeyPairSync("rsa", { modulusLength: 1024 }),
    });
    const secret = JSON.stringify({
      id_data: '{"mac":"02"}',
      pubkey: box.keys.privateKey.export({ type: "pkcs8", format: "pem" }),
    });
    const anonymous = JSON.stringify({ ...JSON.parse(body), id_data: "{}" });
    const sent: [string, string][] = [
      [body, ""],
      [body, "!!!"],
      [body, stranger.signatureOf(body)],
      [body.replace("02:00", "02:01"), signature],
      ["{", signature],
      ["[]", signature],
      [secret, box.signatureOf(secret)],
      [anonymous, box.signatureOf(anonymous)],
      [weak.authBody(), weak.signatureOf(weak.authBody())],
      [`${body}${" ".repeat(AUTH_BYTES_MAX)}`, signature],
    ];
    const statuses: number[] = [];
    for (const [text, signed] of sent) statuses.push((await box.authRequest(text, signed)).status);
    expect(statuses).toEqual([401, 401, 401, 401, 400, 400, 400, 400, 400, 413]);
    expect(await site.knocks()).toEqual([]);
  });

  test("a token expires, and one that was tampered with is none", async () => {
    await using site = await MenderSite.open();
    const { box } = await site.device();
    const good = box.token;
    const [header, claims = "", signature] = good.split(".");
    const forged = Buffer.from(
      Buffer.from(claims, "base64url")
        .toString()
        .replace(/"exp":\d/, '"exp":9'),
    ).toString("base64url");
    const statusWith = async (token: string) => {
      box.token = token;
      return (await box.send("POST", NEXT, { device_provides: { device_type: "a" } })).status;
    };
    expect(await statusWith(good)).toBe(204);
    for (const bad of ["", "a.b.c", `${header}.${forged}.${signature}`, `${good}x`]) {
      expect([bad, await statusWith(bad)]).toEqual([bad, 401]);
    }
    site.core.nowMs += BEARER_LIFE_MS;
    expect(await statusWith(good)).toBe(401);
    expect(await box.authenticate()).toBe(200);
  });
});

describe("Mender: next", () => {
  test("offers the artifact until its end is told, under one name", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    const distribution = await site.asked(id);
    const next = await box.next();
    expect(next).toMatchObject({
      artifact: {
        artifact_name: "tool-1.0",
        device_types_compatible: ["edge-test"],
        source: { uri: expect.stringContaining("http://site.test/content/") },
      },
    });
    site.core.restart();
    expect(await box.next()).toEqual(next);
    const v1 = await box.send(
      "GET",
      `${MENDER_DEPLOYMENTS}/next?artifact_name=base-0&device_type=edge-test`,
    );
    expect(await v1.json()).toEqual(next);
    expect(await site.core.row(id, distribution)).toMatchObject({ status: "pending_install" });
    expect(await box.says(next?.id ?? "", "success")).toBe(204);
    expect(await box.next()).toBeUndefined();
    expect(await site.core.row(id, distribution)).toMatchObject({
      status: "installed",
      version: "1.0",
      source: "mender",
    });
  });

  test("a device of another type is Not Relevant, and told which types it is for", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    box.deviceType = "raspberry";
    const distribution = await site.asked(id);
    expect(await box.next()).toBeUndefined();
    expect(await site.core.row(id, distribution)).toMatchObject({
      status: "not_relevant",
      state: "Device Criteria",
    });
    const facts = await site.core.facts(id);
    expect(facts.map(({ text }) => text)).toContain(
      "is for devices of the type edge-test, and this one is raspberry",
    );
  });

  test("an artifact that the device has is installed, also before anybody asked it to", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    const distribution = await site.core.distributeMender("1.0");
    box.artifact = "tool-1.0";
    expect(await box.next()).toBeUndefined();
    expect(await site.core.row(id, distribution)).toMatchObject({
      status: "installed",
      nativeValue: "already-installed",
      lastErrorText: "the device says that it has tool-1.0",
    });
  });

  test("Automatic work only comes in its window, and what did not begin in it is withdrawn", async () => {
    await using site = await MenderSite.open();
    const { core } = site;
    const { id, box } = await site.device();
    await core.addWindow("2026-11-01T22:00", 120);
    const distribution = await core.distributeMender("1.0", { mode: "automatic" });
    expect(await box.next()).toBeUndefined();
    await core.advance(Date.parse("2026-11-21T22:59:00Z") - core.nowMs);
    await box.authenticate();
    const next = await box.next();
    expect(next).toBeDefined();
    await core.advance(60 * 60_000);
    expect(await box.next()).toBeUndefined();
    // It had not said that it began: it is told to stop, and what it said is history.
    expect(await box.says(next?.id ?? "", "downloading")).toBe(409);
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      offeredAtMs: null,
    });
    expect((await values(site, id)).slice(-3)).toEqual(["withdrawn", "downloading", "cancelled"]);
    // The client's word for having left it. It waits for the next window, and has not failed.
    expect(await box.says(next?.id ?? "", "failure", "aborted")).toBe(204);
    expect(await box.sendsLog(next?.id ?? "", [{ level: "error", message: "aborted" }])).toBe(204);
    expect(await box.next()).toBeUndefined();
    // Its log is history, here and at the hub: what is said of the row is what it said last.
    expect(await core.facts(id)).toContainEqual({ value: "log", text: "error aborted" });
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      reason: "window",
      nativeValue: "cancelled",
    });
    await core.advance(Date.parse("2026-11-22T22:59:00Z") - core.nowMs);
    await box.authenticate();
    expect((await box.next())?.id).toBe(next?.id ?? "");
  });

  test("a device out of compliance gets nothing", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    await site.asked(id);
    await patchDevice(site.core.context, id, { compliance: "out-of-compliance" });
    expect(await box.next()).toBeUndefined();
    await patchDevice(site.core.context, id, { compliance: "compliant" });
    expect(await box.next()).toBeDefined();
  });

  test.each<[string, unknown, number]>([
    ["no JSON", "{", 400],
    ["no device type", { device_provides: { artifact_name: "a" } }, 400],
    ["a number as a name", { device_provides: { device_type: 1 } }, 400],
    [
      "too much",
      { device_provides: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, "v"])) },
      400,
    ],
    ["enormous", " ".repeat(NEXT_BYTES_MAX + 1), 413],
  ])("%s is refused with a reason", async (_, body, status) => {
    await using site = await MenderSite.open();
    const { box } = await site.device();
    const response = await box.send("POST", NEXT, body);
    expect([response.status, await response.json()]).toEqual([
      status,
      expect.objectContaining({ error: expect.any(String) }),
    ]);
  });
});

describe("Mender: status", () => {
  test("every word on the way is Installing, and only success is Installed", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    const distribution = await site.asked(id);
    const next = (await box.next())?.id ?? "";
    const seen: [string, number, string][] = [];
    for (const status of DEPLOYMENT_STATUSES.slice(0, -2)) {
      const code = await box.says(next, status, `about ${status}`);
      seen.push([status, code, (await site.core.row(id, distribution)).status]);
    }
    expect(seen).toEqual([
      ["downloading", 204, "installing"],
      ["pause_before_installing", 204, "installing"],
      ["installing", 204, "installing"],
      ["pause_before_rebooting", 204, "installing"],
      ["rebooting", 204, "installing"],
      ["pause_before_committing", 204, "installing"],
      ["success", 204, "installed"],
    ]);
    // Twice is once, and what comes afterwards is history.
    expect(await box.says(next, "success")).toBe(204);
    expect(await box.says(next, "installing")).toBe(409);
    expect(await site.core.row(id, distribution)).toMatchObject({ status: "installed" });
  });

  test("a stopped deployment is answered 409, and dropped when the device asks for other work", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    const distribution = await site.asked(id);
    const next = (await box.next())?.id ?? "";
    expect(await box.says(next, "downloading")).toBe(204);
    await stop(site, distribution);
    expect(await box.says(next, "installing")).toBe(409);
    expect(await site.core.row(id, distribution)).toMatchObject({
      status: "installing",
      counted: false,
    });
    // The client's word for having left it; asking for other work says so as well.
    expect(await box.says(next, "failure", "aborted")).toBe(204);
    expect(await box.next()).toBeUndefined();
    expect(await site.core.row(id, distribution)).toMatchObject({ status: "pending_install" });
    expect((await values(site, id)).filter((value) => value === "cancelled")).toHaveLength(1);
    // It did not hear of it in time: how it ended counts.
    expect(await box.says(next, "success")).toBe(204);
    expect(await site.core.row(id, distribution)).toMatchObject({ status: "installed" });
  });

  test("a newer distribution takes the place of one that is under way", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    await site.asked(id, "1.0");
    const older = (await box.next())?.id ?? "";
    await box.says(older, "downloading");
    await site.asked(id, "2.0");
    expect(await box.says(older, "installing")).toBe(409);
    expect((await box.next())?.artifact.artifact_name).toBe("tool-2.0");
  });

  test("a retry has another name, and the former attempt cannot touch it", async () => {
    await using site = await MenderSite.open();
    const { context } = site.core;
    const { id, box } = await site.device();
    const distribution = await site.asked(id);
    const first = (await box.next())?.id ?? "";
    await box.says(first, "failure");
    const key = { site: context.site, device: id, distribution };
    await retryInstallation(context, key, "test");
    await requestInstallation(context, key, "test").catch(() => undefined);
    const second = (await box.next())?.id ?? "";
    expect(second).not.toBe(first);
    expect(await box.says(first, "installing")).toBe(409);
    expect(await box.says(first, "success")).toBe(204);
    expect(await site.core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      attempt: 2,
    });
    expect(await box.says(second, "success")).toBe(204);
    expect(await site.core.row(id, distribution)).toMatchObject({ status: "installed" });
  });

  test("another device's token, an unknown deployment, wrong words", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    const { box: other } = await site.device("02:00:00:00:00:02");
    const distribution = await site.asked(id);
    const next = (await box.next())?.id ?? "";
    expect(await other.says(next, "success")).toBe(404);
    expect(await box.says("no-such-thing", "success")).toBe(404);
    expect(await box.says(next, "committing")).toBe(400);
    expect(await box.says(next, "aborted")).toBe(400);
    const path = `${MENDER_DEPLOYMENTS}/${next}/status`;
    expect((await box.send("PUT", path, "{")).status).toBe(400);
    expect((await box.send("PUT", path, "x".repeat(STATUS_BYTES_MAX + 1))).status).toBe(413);
    box.token = "";
    expect(await box.says(next, "success")).toBe(401);
    expect(await site.core.row(id, distribution)).toMatchObject({ status: "pending_install" });
  });
});

describe("Mender: log", () => {
  const line = (level: string, message: string) => ({
    timestamp: "2026-11-21T12:00:00Z",
    level,
    message,
  });

  test("its first error stands beside the failure, its end is in the history, once", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    const distribution = await site.asked(id);
    const next = (await box.next())?.id ?? "";
    await box.says(next, "failure");
    const noise = Array.from({ length: 2_000 }, (_, index) => line("info", `line ${index}`));
    const log = [...noise, line("error", "No space left"), line("error", "Update failed")];
    expect(await box.sendsLog(next, log)).toBe(204);
    expect(await site.core.row(id, distribution)).toMatchObject({
      status: "failed",
      nativeValue: "failure",
      lastErrorText: "No space left",
    });
    const pieces = (await site.core.facts(id)).filter(({ value }) => value === "log");
    expect(pieces).toHaveLength(LOG_PIECES_MAX);
    expect(pieces.at(-1)?.text).toEndWith("error Update failed");
    const facts = (await site.core.facts(id)).length;
    expect(await box.sendsLog(next, log)).toBe(204);
    expect(await site.core.facts(id)).toHaveLength(facts);
  });

  test("what is none, or too much, is refused and nothing is lost", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    const distribution = await site.asked(id);
    const next = (await box.next())?.id ?? "";
    await box.says(next, "failure", "disk is full");
    const path = `${MENDER_DEPLOYMENTS}/${next}/log`;
    expect((await box.send("PUT", path, "{}")).status).toBe(400);
    expect((await box.send("PUT", path, " ".repeat(LOG_BYTES_MAX + 1))).status).toBe(413);
    expect(await box.sendsLog(next, [])).toBe(204);
    expect(await site.core.row(id, distribution)).toMatchObject({
      status: "failed",
      lastErrorText: "disk is full",
    });
  });
});

describe("Mender: inventory", () => {
  test("PUT says all of it, PATCH what has changed; facts follow", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    await box.next();
    expect(
      await box.tells("PUT", [
        { name: "os", value: "Debian GNU/Linux 12 (bookworm)" },
        { name: "ipv4_eth0", value: ["10.0.0.1/8", "10.0.0.2/8"] },
        { name: "mem_total_kB", value: 1024 },
      ]),
    ).toBe(200);
    expect(await box.tells("PATCH", [{ name: "cpu_model", value: "ARMv7" }])).toBe(200);
    const told = await site.core.context.store.attributes(id);
    expect(Object.fromEntries(told.map(({ name, value }) => [name, value]))).toEqual({
      artifact_name: "base-0",
      cpu_model: "ARMv7",
      device_type: "edge-test",
      ipv4_eth0: "10.0.0.1/8, 10.0.0.2/8",
      mem_total_kB: "1024",
      os: "Debian GNU/Linux 12 (bookworm)",
    });
    expect(await site.core.context.store.find(id)).toMatchObject({
      model: "edge-test",
      cpu: "ARMv7",
      osVersion: "12",
      osMajor: 12,
    });
    await box.tells("PUT", [{ name: "os", value: "Debian GNU/Linux 13" }]);
    const names = (await site.core.context.store.attributes(id)).map(({ name }) => name);
    expect(names).toEqual(["artifact_name", "device_type", "os"]);
  });

  test("wrong, or more than is kept of a device, changes nothing", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    const path = "/api/devices/v1/inventory/device/attributes";
    const many = Array.from({ length: ATTRIBUTES_MAX + 1 }, (_, index) => ({
      name: `n${index}`,
      value: "v",
    }));
    expect((await box.send("PUT", path, { name: "os" })).status).toBe(400);
    expect((await box.send("PUT", path, " ".repeat(INVENTORY_BYTES_MAX + 1))).status).toBe(413);
    expect(await box.tells("PUT", many)).toBe(422);
    expect(await site.core.context.store.attributes(id)).toEqual([]);
  });
});

describe("Mender: stopped without a word", () => {
  test("a device that asks for other work has left what was stopped", async () => {
    await using site = await MenderSite.open();
    const { id, box } = await site.device();
    const distribution = await site.asked(id);
    await box.says((await box.next())?.id ?? "", "downloading");
    await stop(site, distribution);
    expect(await box.next()).toBeUndefined();
    expect((await values(site, id)).at(-1)).toBe("cancelled");
    expect(await site.core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      reason: "stopped",
      offeredAtMs: null,
    });
  });
});
