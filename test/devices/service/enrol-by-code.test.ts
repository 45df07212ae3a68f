import { describe, expect, test } from "bun:test";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import { patchDevice, removeDevice } from "../../../devices/service/change-device.ts";
import { enrolmentCodeHash } from "../../../devices/service/enrol-by-code.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { SqlKnockList } from "../../../gateway/db/stores/access-store-knocks.ts";
import { type PhoneState, phone, shapes } from "../../harness/phone.ts";
import { RawDevice } from "../../harness/raw-device.ts";
import { SiteCore } from "../../harness/site-core.ts";

const MINUTE_MS = 60_000;
const CODE = "ABCD-EFGH-2345-6789";

async function addCode(core: SiteCore, stableId: string | null, code = CODE): Promise<void> {
  await core.context.enrolmentCodes.add({
    id: `code-${code}`,
    codeHash: enrolmentCodeHash(code),
    note: "",
    template: "{}",
    stableId,
    createdBy: "test",
    createdAtMs: core.nowMs,
    expiresAtMs: core.nowMs + 60 * MINUTE_MS,
    usedAtMs: null,
    usedBy: null,
  });
}

const usedAt = async (core: SiteCore, code = CODE) =>
  (await core.context.enrolmentCodes.find(enrolmentCodeHash(code)))?.usedAtMs;

const codeOf = async (raw: RawDevice) => (await raw.open()).statuses[0]?.code;

/** The same device, or one that says so, with another password. */
const showing = (raw: RawDevice, password: string, deviceId = raw.options.deviceId) =>
  new RawDevice({ ...raw.options, deviceId, user: deviceId, password });

async function installed(core: SiteCore, id: DeviceId, raw: RawDevice): Promise<DistributionId> {
  const distribution = await core.distribute("1.0.0.0");
  const key = { site: core.context.site, device: id, distribution };
  await requestInstallation(core.context, key, "test");
  const state: PhoneState = { seen: [], installed: null, download: null };
  await raw.session(phone(state));
  await core.advance(MINUTE_MS);
  state.download = { status: 5 };
  state.installed = "1.0.0.0";
  await raw.session(phone(state));
  expect((await core.row(id, distribution)).status).toBe("installed");
  return distribution;
}

describe("a re-imaged device", () => {
  test("enrols anew with a code for it: a new life, a new secret, and what it was told to be", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("till", { name: "Till 4", ownership: "corporate" });
    const distribution = await installed(core, id, raw);
    const before = await core.context.store.find(id);
    await patchDevice(core.context, id, { cpu: "ARM" });
    await addCode(core, raw.options.deviceId);

    const fresh = showing(raw, "abcd efgh 2345 6789");
    const commands = await fresh.session(phone({ seen: [], installed: null, download: null }));
    expect(shapes(commands)[0]).toBe("Add /EnrollmentToken+/CertificateSearchCriteria");
    expect(await core.context.store.find(id)).toMatchObject({
      name: "Till 4",
      ownership: "corporate",
      cpu: "ARM",
      incarnation: (before?.incarnation ?? 0) + 1,
      enrolment: "enabled",
    });
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      version: null,
      attempt: 1,
      counted: true,
      reason: "available-on-demand",
    });
    expect(await codeOf(raw)).toBe(401);
    expect(await codeOf(fresh)).toBe(212);
    expect(await usedAt(core)).toBe(core.nowMs);
  });

  test("a lost answer costs nothing: the same message again gets the same answer, in one new life", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("till");
    await addCode(core, raw.options.deviceId);
    const fresh = showing(raw, CODE);
    await fresh.open();
    const [first, second] = await Promise.all([
      fresh.send(fresh.lastSent),
      fresh.send(fresh.lastSent),
    ]);
    expect(await first.text()).toBe(await second.text());
    expect((await core.context.store.find(id))?.incarnation).toBe(2);
  });

  test("two messages at once with one code make one new life", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("till");
    await addCode(core, raw.options.deviceId);
    const codes = await Promise.all([codeOf(showing(raw, CODE)), codeOf(showing(raw, CODE))]);
    expect(codes).toEqual([212, 212]);
    expect((await core.context.store.find(id))?.incarnation).toBe(2);
  });

  test("ends the session of its former life, and is not held up by wrong passwords before", async () => {
    await using core = await SiteCore.open();
    const { raw } = await core.device("till");
    const open = await raw.open();
    const lost = showing(raw, "of the image");
    for (let guess = 0; guess < 10; guess++) await lost.open();
    await expect(lost.open()).rejects.toThrow("HTTP 429");
    await addCode(core, raw.options.deviceId);
    expect(await codeOf(showing(raw, CODE))).toBe(212);
    const answer = await raw.reply(open, phone({ seen: [] }));
    expect(answer.statuses[0]?.code).toBe(401);
    expect(answer.commands).toEqual([]);
  });
});

describe("a code and who may use it", () => {
  test("one for another device takes nobody over, and is not used up", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("till");
    const other = await core.device("other");
    await addCode(core, other.raw.options.deviceId);
    expect(await codeOf(showing(raw, CODE))).toBe(401);
    expect(await codeOf(showing(raw, CODE, "urn:uuid:stranger"))).toBe(401);
    expect(await usedAt(core)).toBeNull();
    expect(await codeOf(raw)).toBe(212);
    expect((await core.context.store.find(id))?.incarnation).toBe(1);
    expect(await codeOf(showing(raw, CODE, other.raw.options.deviceId))).toBe(212);
  });

  test("one for any device takes the place of none that is served, and is left for a stranger", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("till");
    await addCode(core, null);
    expect(await codeOf(showing(raw, CODE))).toBe(401);
    expect(await usedAt(core)).toBeNull();
    expect(await codeOf(raw)).toBe(212);
    expect((await core.context.store.find(id))?.incarnation).toBe(1);
    expect(await codeOf(showing(raw, CODE, "urn:uuid:stranger"))).toBe(212);
  });

  test("one for a device that is not known yet is for it alone", async () => {
    await using core = await SiteCore.open();
    const { raw } = await core.device("till");
    await addCode(core, "urn:uuid:new");
    expect(await codeOf(showing(raw, CODE, "urn:uuid:stranger"))).toBe(401);
    expect(await codeOf(showing(raw, CODE, "urn:uuid:new"))).toBe(212);
    expect(await codeOf(showing(raw, CODE, "urn:uuid:stranger"))).toBe(401);
  });

  test.each([
    ["of one device", true],
    ["of any", false],
  ])("a removed device comes back with a code %s", async (_, isBound) => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("till");
    await removeDevice(core.context, id);
    await addCode(core, isBound ? raw.options.deviceId : null);
    expect(await codeOf(showing(raw, CODE))).toBe(212);
    expect(await core.context.store.find(id)).toMatchObject({ removedAtMs: null, incarnation: 2 });
  });

  test("a name that no device can have uses no code up and is not kept among those that knocked", async () => {
    await using core = await SiteCore.open();
    const { raw } = await core.device("till");
    await addCode(core, null);
    const endless = showing(raw, CODE, `imei:${"1".repeat(252)}`);
    await expect(endless.open()).rejects.toThrow("dm-device-name");
    expect(await usedAt(core)).toBeNull();
    expect(await new SqlKnockList(core.database).list()).toEqual([]);
    expect(await codeOf(showing(raw, CODE, `imei:${"1".repeat(251)}`))).toBe(212);
  });

  test("an expired one, or one used before, opens nothing", async () => {
    await using core = await SiteCore.open();
    const { raw } = await core.device("till");
    await addCode(core, raw.options.deviceId);
    await core.advance(60 * MINUTE_MS);
    expect(await codeOf(showing(raw, CODE))).toBe(401);
    const again = "AAAA-BBBB-CCCC-DDDD";
    await addCode(core, raw.options.deviceId, again);
    expect(await codeOf(showing(raw, again))).toBe(212);
    const rotated = showing(raw, "something else");
    expect(await codeOf(rotated)).toBe(401);
  });

  test("a device whose credential is not here goes on in its life, with a code of either kind", async () => {
    for (const isBound of [true, false]) {
      await using core = await SiteCore.open();
      const { id, raw } = await core.device("till");
      const distribution = await installed(core, id, raw);
      // As after a box was replaced: the hub knows the device, but no secret.
      const { store } = core.context;
      core.forgetCredential(id);
      core.restart();
      await addCode(core, isBound ? raw.options.deviceId : null);
      const fresh = showing(raw, CODE);
      await fresh.session(phone({ seen: [], installed: "1.0.0.0", download: null }));
      expect((await store.find(id))?.incarnation).toBe(1);
      expect(await core.row(id, distribution)).toMatchObject({ status: "installed", attempt: 1 });
    }
  });
});
