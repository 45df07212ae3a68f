import { describe, expect, test } from "bun:test";
import { removeDevice } from "../../../devices/service/change-device.ts";
import { enrolmentCodeHash } from "../../../devices/service/enrol-by-code.ts";
import { FAILURES_MAX } from "../../../devices/service/login-guard.ts";
import { recordFacts } from "../../../devices/service/record-facts.ts";
import { registerDevice, rotateSecret } from "../../../devices/service/register-device.ts";
import { phone } from "../../harness/phone.ts";
import { RawDevice } from "../../harness/raw-device.ts";
import { SiteCore } from "../../harness/site-core.ts";

describe("registering devices", () => {
  test("a device is known once; a removed one comes back under a greater incarnation", async () => {
    await using core = await SiteCore.open();
    const wanted = { stableId: "urn:imei:1", platform: "Windows" } as const;
    const first = await registerDevice(core.context, wanted, "test");
    await expect(registerDevice(core.context, wanted, "test")).rejects.toThrow("known already");
    await removeDevice(core.context, first.device.id);
    await removeDevice(core.context, first.device.id);
    const second = await registerDevice(core.context, wanted, "test");
    expect(second.device.id).toBe(first.device.id);
    expect(second.device.incarnation).toBeGreaterThan(first.device.incarnation);
    expect(second.device.removedAtMs).toBeNull();
  });

  test("a block from before the clock was set back does not hold", async () => {
    await using core = await SiteCore.open();
    const { raw } = await core.device("blocked");
    const guesser = new RawDevice({ ...raw.options, password: "not the password" });
    for (let guess = 0; guess < FAILURES_MAX; guess++) await guesser.open();
    await expect(raw.open()).rejects.toThrow("HTTP 429");
    core.nowMs -= 24 * 60 * 60_000;
    expect((await raw.open()).statuses[0]?.code).toBe(212);
  });

  test("an enrolment code makes a device known once, with the code as its password", async () => {
    await using core = await SiteCore.open();
    const { enrolmentCodes, store } = core.context;
    await enrolmentCodes.add({
      id: "code-1",
      codeHash: enrolmentCodeHash("ABCD-EFGH-2345"),
      note: "",
      template: JSON.stringify({ name: "front desk", osPlatform: "Windows 10 Mobile" }),
      stableId: null,
      createdBy: "test",
      createdAtMs: core.nowMs,
      expiresAtMs: core.nowMs + 60_000,
      usedAtMs: null,
      usedBy: null,
    });
    const play = (deviceId: string, password: string) =>
      new RawDevice({
        url: "http://site.test/syncml",
        deviceId,
        user: deviceId,
        password,
        fetch: core.fetch,
      });
    const answer = await play("urn:new:1", "abcd efgh 2345").open();
    expect(answer.statuses[0]?.code).toBe(212);
    const device = await store.findByAlias("oma-dm", "urn:new:1");
    expect(device).toMatchObject({ name: "front desk", osPlatform: "Windows 10 Mobile" });
    expect((await play("urn:new:1", "abcd efgh 2345").open()).statuses[0]?.code).toBe(212);

    const stranger = await play("urn:new:2", "abcd efgh 2345").open();
    expect(stranger.statuses[0]?.code).toBe(401);
    expect(await store.findByAlias("oma-dm", "urn:new:2")).toBeUndefined();
  });

  test("after a rotation the former password works until the new one was used", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const next = await rotateSecret(core.context, id);
    const renewed = new RawDevice({ ...raw.options, password: next });
    expect((await raw.open()).statuses[0]?.code).toBe(212);
    expect((await renewed.open()).statuses[0]?.code).toBe(212);
    expect((await raw.open()).statuses[0]?.code).toBe(401);
  });

  test("a removed device is refused and stays removed", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    await removeDevice(core.context, id);
    expect((await raw.open()).statuses[0]?.code).toBe(401);
    expect((await core.context.store.find(id))?.removedAtMs).toBe(core.nowMs);
  });

  test("a device that guesses is made to wait", async () => {
    await using core = await SiteCore.open();
    const { raw } = await core.device("one");
    const guess = new RawDevice({ ...raw.options, password: "wrong" });
    for (let attempt = 0; attempt < 10; attempt++) await guess.open();
    await expect(guess.open()).rejects.toThrow("HTTP 429");
    await core.advance(60 * 60_000);
    expect((await raw.open()).statuses[0]?.code).toBe(212);
  });

  test("md5 credentials work with the nonce of the challenge, then with the stored one", async () => {
    await using core = await SiteCore.open();
    const { raw } = await core.device("one");
    const digest = new RawDevice({ ...raw.options, auth: "md5" });
    expect((await digest.open()).statuses[0]?.code).toBe(212);
    expect(digest.answers).toHaveLength(2);
    expect((await digest.open()).statuses[0]?.code).toBe(212);
    expect(digest.answers).toHaveLength(1);
  });
});

describe("direct facts", () => {
  test("S-02 ten iOS devices fall into buckets whose sum is ten", async () => {
    await using core = await SiteCore.open();
    const distribution = await core.distributeReported("iOS", { minimumOsVersion: "15" });
    const values = [
      ...Array<string>(4).fill("Managed"),
      "PromptingForUpdate",
      "Queued",
      "Queued",
      "NeedsRedemption",
      "UserRejected",
    ];
    for (const [index, value] of values.entries()) {
      const { device } = await registerDevice(
        core.context,
        { stableId: `ios-${index}`, platform: "iOS", osVersion: "16.1" },
        "test",
      );
      const [fact] = await recordFacts(
        core.context,
        device.id,
        [{ distribution, source: "apple", value }],
        "test",
      );
      expect(fact?.installation.anomaly).toBe(value === "PromptingForUpdate");
    }
    const { device: old } = await registerDevice(
      core.context,
      { stableId: "ios-9", platform: "iOS", osVersion: "14.2" },
      "test",
    );
    expect(await core.row(old.id, distribution)).toMatchObject({
      status: "not_relevant",
      state: "OS Criteria",
    });
  });

  test("a wrong value, or a distribution that is not for the device, stores nothing at all", async () => {
    await using core = await SiteCore.open();
    const distribution = await core.distributeReported("iOS");
    const { device } = await registerDevice(
      core.context,
      { stableId: "ios", platform: "iOS" },
      "test",
    );
    const facts = [
      { distribution, source: "apple", value: "Managed" },
      { distribution, source: "apple", value: "Nonsense" },
      { distribution: "unknown" as typeof distribution, source: "apple", value: "Managed" },
    ] as const;
    const refusal = await recordFacts(core.context, device.id, facts, "test").catch(
      (error) => error,
    );
    expect(refusal.fields).toMatchObject([{ pointer: "/1/value" }, { pointer: "/2/distribution" }]);
    expect((await core.row(device.id, distribution)).status).toBe("pending_install");
  });

  test("late and repeated reports change nothing, unexpected ones are marked", async () => {
    await using core = await SiteCore.open();
    const distribution = await core.distributeReported("iOS");
    const { device } = await registerDevice(
      core.context,
      { stableId: "ios", platform: "iOS" },
      "test",
    );
    const tell = async (value: string, attempt?: number, sequence?: number) => {
      const [fact] = await recordFacts(
        core.context,
        device.id,
        [{ distribution, source: "apple", value, attempt, sequence }],
        "test",
      );
      return [fact?.effect, fact?.installation.status, fact?.installation.anomaly];
    };
    expect(await tell("Installing", 1, 10)).toEqual(["moved", "installing", false]);
    expect(await tell("Managed", 1, 12)).toEqual(["moved", "installed", false]);
    expect(await tell("ValidatingPurchase", 1, 11)).toEqual(["late", "installed", false]);
    expect(await tell("Managed", 1, 12)).toEqual(["repeated", "installed", false]);
    expect(await tell("Queued", 1, 13)).toEqual(["moved", "pending_install", true]);
  });
});

test("phone() answers an unknown node with 404", () => {
  const reply = phone({ seen: [] })({
    name: "Get",
    cmdId: "1",
    items: [{ uri: "./Nothing", data: undefined, format: undefined }],
    children: [],
  });
  expect(reply.code).toBe(404);
});
