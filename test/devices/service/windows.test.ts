import { describe, expect, test } from "bun:test";
import type { DistributionId } from "../../../devices/model/ids.ts";
import { requestUnenrolment } from "../../../devices/service/change-device.ts";
import { requestInstallation, retryInstallation } from "../../../devices/service/installations.ts";
import { type PhoneState, phone } from "../../harness/phone.ts";
import type { RawDevice } from "../../harness/raw-device.ts";
import { SiteCore } from "../../harness/site-core.ts";
import { at, HOUR_MS, MINUTE_MS, moveTo, NOON, newPhone, poll } from "./window-night.ts";

describe("maintenance windows", () => {
  test("S-26 only Automatic work waits for the window; on-demand work runs when asked", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    await core.addWindow("2026-01-01T22:00", 120);
    const { id, raw } = await core.device("one");
    const state = newPhone();
    await raw.session(phone(state));
    const onDemand = await core.distribute("1.0.0.0");
    expect(await core.row(id, onDemand)).toMatchObject({
      reason: "available-on-demand",
      nextAttemptMs: null,
    });
    await moveTo(core, at("23:59"));
    expect(await poll(raw, state)).toEqual([]);
    await moveTo(core, at("24:30"));
    await requestInstallation(
      core.context,
      { site: core.context.site, device: id, distribution: onDemand },
      "test",
    );
    expect(await poll(raw, state)).toEqual(["Atomic"]);
  });

  test("S-27 without a window nothing is installed, and the row says so", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id, raw } = await core.device("one");
    const state = newPhone();
    const distribution = await core.distribute("1.0.0.0", { mode: "automatic" });
    for (let hour = 0; hour < 48; hour += 4) {
      await core.advance(4 * HOUR_MS);
      expect(await poll(raw, state)).toEqual([]);
    }
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      state: "Command Scheduled",
      reason: "no-window",
      nextAttemptMs: null,
    });
  });

  test("S-27 what was removed is repaired in the next window, exactly once", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    await core.addWindow("2026-01-01T22:00", 120);
    const { id, raw } = await core.device("one");
    const state = newPhone();
    const distribution = await core.distribute("1.0.0.0", { mode: "automatic" });
    await raw.session(phone(state));
    await moveTo(core, at("23:59"));
    expect(await poll(raw, state)).toEqual(["Atomic"]);
    state.download = { status: 5 };
    state.installed = "1.0.0.0";
    await moveTo(core, at("24:10"));
    await raw.session(phone(state));
    expect((await core.row(id, distribution)).status).toBe("installed");

    state.installed = null; // Deleted by hand.
    await moveTo(core, at("36:00"));
    expect(await poll(raw, state)).toEqual([]);
    expect(await core.row(id, distribution)).toMatchObject({
      status: "removed_after_installation",
      actor: "user",
      reason: "window",
    });
    await moveTo(core, at("47:59"));
    expect(await poll(raw, state)).toEqual(["Atomic"]);
    expect(await core.row(id, distribution)).toMatchObject({ operation: "repair", attempt: 2 });
    expect(await poll(raw, state)).toEqual([]);
  });

  test("S-29 a missed window is missed, the next one runs it; late in the window is in time", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    await core.addWindow("2026-01-01T22:00", 120);
    const { id, raw } = await core.device("one");
    const state = newPhone();
    await raw.session(phone(state));
    const distribution = await core.distribute("1.0.0.0", { mode: "automatic" });
    const waiting = await core.row(id, distribution);
    expect(waiting.reason).toBe("window");
    expect(waiting.nextAttemptMs).toBeGreaterThanOrEqual(at("22:00"));
    await moveTo(core, at("24:30"));
    expect(await poll(raw, state)).toEqual([]);
    expect((await core.row(id, distribution)).missedOccurrences).toBe(1);
    await moveTo(core, at("47:59"));
    expect(await poll(raw, state)).toEqual(["Atomic"]);
    await moveTo(core, at("48:10"));
    state.download = { status: 5 };
    state.installed = "1.0.0.0";
    await raw.session(phone(state));
    expect(await core.row(id, distribution)).toMatchObject({
      status: "installed",
      missedOccurrences: 0,
    });
  });

  test("an occurrence is missed by Automatic work of ours that stood still in it, and by nothing else", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    await core.addWindow("2026-01-01T22:00", 120);
    const names = ["still", "asked for", "sent", "of an MDM"] as const;
    const devices = await Promise.all(names.map((name) => core.device(name)));
    const state = newPhone();
    for (const { raw } of devices) await raw.session(phone(state));
    const distributions: DistributionId[] = [];
    for (const [index, { id: device }] of devices.entries()) {
      const mode = names[index] === "asked for" ? "on-demand" : "automatic";
      const options = { mode, target: { kind: "device", device } } as const;
      distributions.push(
        names[index] === "of an MDM"
          ? await core.distributeReported("Windows", {}, options)
          : await core.distribute("1.0.0.0", options),
      );
    }
    await moveTo(core, at("23:59"));
    expect(await poll(devices[2]?.raw as RawDevice, state)).toEqual(["Atomic"]);
    await moveTo(core, at("24:30"));
    const missed: Record<string, number> = {};
    for (const [index, { id }] of devices.entries()) {
      const row = await core.row(id, distributions[index] as DistributionId);
      missed[names[index] ?? ""] = row.missedOccurrences;
    }
    expect(missed).toEqual({ still: 1, "asked for": 0, sent: 0, "of an MDM": 0 });
  });

  test("content that comes after the instant is sent while the window is open", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    await core.addWindow("2026-01-01T22:00", 120);
    const { id, raw } = await core.device("one");
    const state = newPhone();
    await raw.session(phone(state));
    const distribution = await core.distribute("1.0.0.0", { mode: "automatic" });
    core.content.clear();
    await moveTo(core, at("23:50"));
    const { instants } = (await core.context.store.view(id)) ?? { instants: [] };
    expect(instants.length).toBeGreaterThan(0);
    await moveTo(core, at("23:58"));
    expect(await poll(raw, state)).toEqual([]);
    expect(await core.row(id, distribution)).toMatchObject({ reason: "content" });
    core.content.add("1".padStart(64, "0"));
    expect(await poll(raw, state)).toEqual(["Atomic"]);
  });
});

describe("what administrators do", () => {
  test("S-46 unenrolment removes the apps and stops all work until enrolled again", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id, raw } = await core.device("one");
    const state: PhoneState = { ...newPhone(), installed: "1.0.0.0" };
    await raw.session(phone(state));
    const distribution = await core.distribute("1.0.0.0");
    expect((await core.row(id, distribution)).status).toBe("installed");
    await requestUnenrolment(core.context, id, "admin");
    const commands = await raw.session(phone(state));
    expect(commands.map((command) => command.name)).toEqual(["Delete"]);
    expect(await core.row(id, distribution)).toMatchObject({
      status: "removed_after_installation",
      actor: "mdm",
    });
    const next = await core.distribute("2.0.0.0");
    await requestInstallation(
      core.context,
      { site: core.context.site, device: id, distribution: next },
      "test",
    );
    expect(await raw.session(phone(state))).toEqual([]);
    expect(await core.row(id, next)).toMatchObject({ reason: "enrolment" });
  });

  test("S-53 a stopped distribution leaves the counts, what was installed stays", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const done = await core.device("done");
    const open = await core.device("open");
    const second = await core.distribute("2.0.0.0");
    await requestInstallation(
      core.context,
      { site: core.context.site, device: done.id, distribution: second },
      "test",
    );
    const state = newPhone();
    await done.raw.session(phone(state));
    state.download = { status: 5 };
    state.installed = "2.0.0.0";
    await core.advance(MINUTE_MS);
    await done.raw.session(phone(state));
    await core.change({
      distributions: core.policy.distributions.map((one) => ({ ...one, stoppedAtMs: core.nowMs })),
    });
    const third = await core.distribute("3.0.0.0");
    expect(await core.row(done.id, second)).toMatchObject({ status: "installed", counted: true });
    expect(await core.row(open.id, second)).toMatchObject({ counted: false, reason: "stopped" });
    expect(await core.row(done.id, third)).toMatchObject({
      status: "pending_update",
      version: "2.0.0.0",
      current: true,
    });
    expect((await core.row(done.id, second)).current).toBe(false);
  });

  test("S-61 a retry is a new attempt that starts pending", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("1.0.0.0");
    const key = { site: core.context.site, device: id, distribution };
    await requestInstallation(core.context, key, "test");
    const state = newPhone();
    await raw.session(phone(state));
    state.download = { status: 7, lastError: -2145844844 };
    await core.advance(MINUTE_MS);
    await raw.session(phone(state));
    expect((await core.row(id, distribution)).status).toBe("failed");
    await retryInstallation(core.context, key, "test");
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      attempt: 2,
      lastError: null,
    });
    expect(await poll(raw, state)).toEqual(["Atomic"]);
    await expect(retryInstallation(core.context, key, "test")).rejects.toThrow("only failed work");
  });
});
