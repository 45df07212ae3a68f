import { describe, expect, test } from "bun:test";
import { removeDevice } from "../../../devices/service/change-device.ts";
import { enrolmentCodeHash } from "../../../devices/service/enrol-by-code.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { recordFacts } from "../../../devices/service/record-facts.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { type PhoneState, phone } from "../../harness/phone.ts";
import { RawDevice } from "../../harness/raw-device.ts";
import { SiteCore } from "../../harness/site-core.ts";

const MINUTE_MS = 60_000;

describe("a device that was removed and comes back", () => {
  test("its rows begin anew: nothing of its former life is said to be installed", async () => {
    await using core = await SiteCore.open();
    const stopped = await core.distributeReported("iOS");
    const wanted = { stableId: "ios", platform: "iOS" } as const;
    const { device } = await registerDevice(core.context, wanted, "test");
    const managed = { source: "apple", value: "Managed" } as const;
    await recordFacts(core.context, device.id, [{ ...managed, distribution: stopped }], "test");
    await core.change({
      distributions: core.policy.distributions.map((one) => ({ ...one, stoppedAtMs: core.nowMs })),
    });
    const open = await core.distributeReported("iOS", { version: "2.0" });
    const facts = [{ ...managed, distribution: open, attempt: 1, sequence: 7 }];
    await recordFacts(core.context, device.id, facts, "test");
    await core.advance(MINUTE_MS);
    await removeDevice(core.context, device.id);
    await core.advance(MINUTE_MS);

    const second = await registerDevice(core.context, wanted, "test");
    expect(await core.row(device.id, open)).toMatchObject({
      status: "pending_install",
      version: null,
      incarnation: second.device.incarnation,
      attempt: 1,
      counted: true,
      current: true,
      sinceMs: core.nowMs,
    });
    expect(await core.row(device.id, stopped)).toMatchObject({ counted: false, current: false });

    // The device counts for itself, and begins again.
    const [told] = await recordFacts(core.context, device.id, facts, "test");
    expect(told).toMatchObject({ effect: "moved", installation: { status: "installed" } });
  });

  test("work that its former life had in hand is sent anew", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("1.0.0.0");
    const key = { site: core.context.site, device: id, distribution };
    await requestInstallation(core.context, key, "test");
    const state: PhoneState = { seen: [], installed: null, download: null };
    await raw.session(phone(state));
    expect((await core.row(id, distribution)).offeredAtMs).not.toBeNull();
    await removeDevice(core.context, id);
    const again = await core.device("one");
    expect(await core.row(id, distribution)).toMatchObject({
      offeredAtMs: null,
      requestedAtMs: null,
      reason: "available-on-demand",
    });
    await requestInstallation(core.context, key, "test");
    const sent = await again.raw.session(phone({ ...state, seen: [] }));
    const atomic = sent.find((command) => command.name === "Atomic");
    expect(atomic?.children[0]?.name).toBe("Add");
  });

  test("a removed device enrols again by a one-time code", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    await removeDevice(core.context, id);
    expect((await raw.open()).statuses[0]?.code).toBe(401);
    await core.context.enrolmentCodes.add({
      id: "code-1",
      codeHash: enrolmentCodeHash("ABCD-EFGH-2345"),
      note: "",
      template: "{}",
      stableId: null,
      createdBy: "test",
      createdAtMs: core.nowMs,
      expiresAtMs: core.nowMs + MINUTE_MS,
      usedAtMs: null,
      usedBy: null,
    });
    const fresh = new RawDevice({ ...raw.options, password: "ABCD-EFGH-2345" });
    expect((await fresh.open()).statuses[0]?.code).toBe(212);
    expect(await core.context.store.find(id)).toMatchObject({ removedAtMs: null, incarnation: 2 });
  });

  test("a message that waits while its device is removed is refused", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const { lock, store } = core.context;
    const gate = Promise.withResolvers<void>();
    const holding = lock.run(id, () => gate.promise);
    const removing = removeDevice(core.context, id);
    const opening = raw.open();
    await Bun.sleep(0); // The message has found its device by now.
    gate.resolve();
    await Promise.all([holding, removing]);
    expect((await opening).statuses[0]?.code).toBe(401);
    expect(await store.session(id)).toBeUndefined();
  });
});
