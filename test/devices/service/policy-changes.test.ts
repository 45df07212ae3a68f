import { describe, expect, test } from "bun:test";
import type { DeviceId, DistributionId, GroupName } from "../../../devices/model/ids.ts";
import {
  patchDevice,
  requestEnrolment,
  requestUnenrolment,
} from "../../../devices/service/change-device.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { recordFacts } from "../../../devices/service/record-facts.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { tonight } from "../../../devices/service/tonight.ts";
import { type PhoneState, phone } from "../../harness/phone.ts";
import { SiteCore } from "../../harness/site-core.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Noon in Prague on a winter day: the window opens ten hours later. */
const NOON = Date.parse("2026-11-21T11:00:00Z");
const OPENS = NOON + 10 * HOUR_MS;

function newPhone(change: Partial<PhoneState> = {}): PhoneState {
  return { seen: [], installed: null, download: null, ...change };
}

function ask(core: SiteCore, device: DeviceId, distribution: DistributionId) {
  return requestInstallation(
    core.context,
    { site: core.context.site, device, distribution },
    "test",
  );
}

async function stop(core: SiteCore, id: DistributionId): Promise<void> {
  await core.change({
    distributions: core.policy.distributions.map((one) =>
      one.id === id ? { ...one, stoppedAtMs: core.nowMs } : one,
    ),
  });
}

async function moveTo(core: SiteCore, ms: number): Promise<void> {
  await core.advance(ms - core.nowMs);
}

describe("windows that change", () => {
  /** A device whose work was released in the running window and waits for its content. */
  async function released() {
    const core = await SiteCore.open({ nowMs: NOON });
    await core.addWindow("2026-01-01T22:00", 120);
    const { id, raw } = await core.device("one");
    const state = newPhone();
    await raw.session(phone(state));
    const distribution = await core.distribute("1.0.0.0", { mode: "automatic" });
    await moveTo(core, OPENS - MINUTE_MS);
    core.content.clear();
    const { instants } = (await core.context.store.view(id)) ?? { instants: [] };
    const instantMs = Math.min(...instants.map((one) => one.instantMs));
    await moveTo(core, instantMs);
    await raw.session(phone(state));
    expect(await core.row(id, distribution)).toMatchObject({ reason: "content" });
    core.content.add("1".padStart(64, "0"));
    return { core, id, raw, state, distribution };
  }
  const sends = (commands: readonly { name: string }[]) =>
    commands.some(({ name }) => name === "Atomic");

  test("released work is not sent once its window is switched off", async () => {
    const { core, id, raw, state, distribution } = await released();
    await using _core = core;
    await core.change({ windows: core.policy.windows.map((one) => ({ ...one, enabled: false })) });
    expect(await core.row(id, distribution)).toMatchObject({
      reason: "no-window",
      releasedUntilMs: null,
    });
    expect(sends(await raw.session(phone(state)))).toBe(false);
  });

  test("released work is not sent after the end to which its window was shortened", async () => {
    const { core, id, raw, state, distribution } = await released();
    await using _core = core;
    const minutes = Math.ceil((core.nowMs - OPENS) / MINUTE_MS) + 1;
    await core.change({
      windows: core.policy.windows.map((one) => ({ ...one, durationMinutes: minutes })),
    });
    expect((await core.row(id, distribution)).releasedUntilMs).toBe(OPENS + minutes * MINUTE_MS);
    await moveTo(core, OPENS + minutes * MINUTE_MS);
    expect(sends(await raw.session(phone(state)))).toBe(false);
    expect(await core.row(id, distribution)).toMatchObject({ reason: "window" });
  });

  test("what is found missing at the instant is put back at that instant", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id, raw } = await core.device("one");
    const state = newPhone({ installed: "1.0.0.0" });
    const distribution = await core.distribute("1.0.0.0", { mode: "automatic" });
    await raw.session(phone(state));
    expect((await core.row(id, distribution)).status).toBe("installed");
    await core.addWindow("2026-01-01T22:00", 120);
    state.installed = null;
    await moveTo(core, OPENS + 119 * MINUTE_MS);
    expect(sends(await raw.session(phone(state)))).toBe(true);
    expect(await core.row(id, distribution)).toMatchObject({ operation: "repair", attempt: 2 });
    expect(sends(await raw.session(phone(state)))).toBe(false);
  });

  test("a device that went silent with work in hand wants attention after two windows", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    await core.addWindow("2026-01-01T22:00", 120);
    const { id, raw } = await core.device("one");
    const state = newPhone();
    await raw.session(phone(state));
    const distribution = await core.distribute("1.0.0.0", { mode: "automatic" });
    await moveTo(core, OPENS + 119 * MINUTE_MS);
    expect(sends(await raw.session(phone(state)))).toBe(true);
    const missed: number[] = [];
    for (let night = 0; night < 3; night++) {
      await moveTo(core, OPENS + (night * 24 + 3) * HOUR_MS);
      await core.advance(9 * HOUR_MS);
      missed.push((await core.row(id, distribution)).missedOccurrences);
    }
    expect(missed).toEqual([0, 1, 2]);
  });

  test("tonight is the next window for a device that had its turn in this one", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    await core.addWindow("2026-01-01T22:00", 120);
    const { id, raw } = await core.device("one");
    const state = newPhone();
    await raw.session(phone(state));
    await moveTo(core, OPENS + 119 * MINUTE_MS);
    await raw.session(phone(state));
    await core.distribute("1.0.0.0", { mode: "automatic" });
    const { occurrence, items } = await tonight(core.context, id);
    expect(occurrence?.startMs).toBe(OPENS + 24 * HOUR_MS);
    expect(items).toMatchObject([{ when: "instant", reason: null }]);
  });
});

describe("distributions that are stopped or superseded", () => {
  test("a fall-back is not sent for work that was stopped meanwhile", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("2.0.0.0");
    await ask(core, id, distribution);
    const state = newPhone({
      say: ({ name }) =>
        name === "Atomic" ? { code: 507, members: [{ code: 418 }, { code: 216 }] } : undefined,
    });
    let answer = await raw.open();
    while (!answer.commands.some(({ name }) => name === "Atomic")) {
      answer = await raw.reply(answer, phone(state));
    }
    await stop(core, distribution);
    const next = await raw.reply(answer, phone(state));
    expect(next.commands).toEqual([]);
    expect(await core.row(id, distribution)).toMatchObject({ reason: "stopped", counted: false });
  });

  test("work that newer work overtook begins anew when that one is stopped", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id, raw } = await core.device("one");
    const state = newPhone();
    const first = await core.distribute("1.0.0.0");
    await ask(core, id, first);
    await raw.session(phone(state));
    await core.advance(MINUTE_MS);
    state.download = { status: 2 };
    await raw.session(phone(state));
    const second = await core.distribute("2.0.0.0");
    await ask(core, id, second);
    await core.advance(MINUTE_MS);
    await raw.session(phone(state));
    await core.advance(MINUTE_MS);
    await stop(core, second);
    expect(await core.row(id, first)).toMatchObject({
      status: "pending_install",
      counted: true,
      offeredAtMs: null,
      attempt: 2,
      reason: "available-on-demand",
    });
  });

  test("an app that is gone is gone for an older distribution that holds again, too", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id, raw } = await core.device("one");
    const state = newPhone({ installed: "1.0.0.0" });
    const first = await core.distribute("1.0.0.0", { mode: "automatic" });
    await raw.session(phone(state));
    await core.advance(25 * HOUR_MS);
    const second = await core.distribute("2.0.0.0");
    state.installed = "2.0.0.0";
    await raw.session(phone(state));
    expect((await core.row(id, second)).status).toBe("installed");
    await stop(core, second);
    expect(await core.row(id, first)).toMatchObject({ status: "installed" });
    state.installed = null;
    await core.advance(25 * HOUR_MS);
    await raw.session(phone(state));
    for (const distribution of [first, second]) {
      expect(await core.row(id, distribution)).toMatchObject({
        status: "removed_after_installation",
        version: null,
      });
    }
  });

  test("a distribution whose revision cannot be read supersedes nothing", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id } = await core.device("one");
    const first = await core.distribute("1.0.0.0");
    await core.distribute("2.0.0.0");
    const [broken] = core.policy.distributions;
    if (!broken) throw new Error("no distribution");
    const revisions = new Map(core.policy.revisions);
    revisions.delete(broken.revision);
    await core.change({ revisions });
    expect(await core.row(id, first)).toMatchObject({
      counted: true,
      reason: "available-on-demand",
    });
  });
});

describe("devices that a revision is not for", () => {
  async function raise(core: SiteCore, minimumOsVersion: string): Promise<void> {
    const revisions = [...core.policy.revisions].map(
      ([id, one]) => [id, { ...one, minimumOsVersion }] as const,
    );
    await core.change({ revisions: new Map(revisions) });
  }

  test("an update for a later system is not sent to a device that has the app", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id, raw } = await core.device("one", { osVersion: "10.0.1", osMajor: 10 });
    const state = newPhone({ installed: "1.0.0.0" });
    await raw.session(phone(state));
    const update = await core.distribute("2.0.0.0");
    expect((await core.row(id, update)).status).toBe("pending_update");
    await ask(core, id, update);
    await raise(core, "11.0");
    expect(await core.row(id, update)).toMatchObject({
      status: "failed",
      state: "Relevance criteria not met",
      anomaly: false,
    });
    const commands = await raw.session(phone(state));
    expect(commands.map(({ name }) => name)).not.toContain("Atomic");

    const next = await core.distribute("3.0.0.0");
    await raise(core, "11.0");
    expect(await core.row(id, next)).toMatchObject({
      status: "failed",
      state: "Relevance criteria not met",
    });
    await patchDevice(core.context, id, { osVersion: "11.2", osMajor: 11 });
    expect(await core.row(id, next)).toMatchObject({ status: "pending_update", attempt: 2 });
  });

  test("a device that was updated is asked for its system again, and comes in", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id, raw } = await core.device("one", { osVersion: "10.0.1", osMajor: 10 });
    await raw.session(phone(newPhone()));
    const distribution = await core.distribute("2.0.0.0");
    await raise(core, "11.0");
    expect(await core.row(id, distribution)).toMatchObject({
      status: "not_relevant",
      state: "OS Criteria",
    });
    await core.advance(25 * HOUR_MS);
    const state = newPhone({
      say: ({ name, items: [item] }) =>
        name === "Get" && item?.uri === "./DevDetail/SwV"
          ? { code: 200, results: [{ uri: item.uri, data: "11.4.2" }] }
          : undefined,
    });
    await raw.session(phone(state));
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      reason: "available-on-demand",
    });
    expect(await core.context.store.find(id)).toMatchObject({ osVersion: "11.4.2", osMajor: 11 });
  });

  test("an Android device that is not compatible comes back when it is", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const wanted = { stableId: "droid", platform: "Android", osVersion: "9" } as const;
    const { device } = await registerDevice(core.context, wanted, "test");
    const distribution = await core.distributeReported("Android", { minimumOsVersion: "10" });
    expect(await core.row(device.id, distribution)).toMatchObject({
      status: "failed",
      state: "App is not compatible with this device",
    });
    await patchDevice(core.context, device.id, { osVersion: "10" });
    expect((await core.row(device.id, distribution)).status).toBe("pending_install");
    await patchDevice(core.context, device.id, { compliance: "out-of-compliance" });
    expect(await core.row(device.id, distribution)).toMatchObject({
      state: "Device is out of compliance",
      reason: "compliance",
    });
    await patchDevice(core.context, device.id, { compliance: "compliant" });
    expect(await core.row(device.id, distribution)).toMatchObject({
      state: "App not installed",
      reason: "contact",
    });
  });

  test("an update of whoever has the app does not put it back where it was taken off", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    await core.addWindow("2026-01-01T22:00", 120);
    const { id, raw } = await core.device("one");
    const state = newPhone({ installed: "1.0.0.0" });
    const distribution = await core.distribute("1.0.0.0", { mode: "automatic", updateOnly: true });
    await raw.session(phone(state));
    expect((await core.row(id, distribution)).status).toBe("installed");
    state.installed = null;
    await moveTo(core, OPENS + 119 * MINUTE_MS);
    const commands = await raw.session(phone(state));
    expect(commands.map(({ name }) => name)).not.toContain("Atomic");
    expect(await core.row(id, distribution)).toMatchObject({
      status: "removed_after_installation",
      reason: null,
    });
  });
});

test("work in hand of a device that was unenrolled waits for its enrolment, and is sent again", async () => {
  await using core = await SiteCore.open({ nowMs: NOON });
  const { id, raw } = await core.device("one");
  const state = newPhone();
  const distribution = await core.distribute("1.0.0.0");
  await ask(core, id, distribution);
  await raw.session(phone(state));
  expect(await core.row(id, distribution)).toMatchObject({
    nativeValue: "accepted",
    lastErrorText: null,
  });
  await requestUnenrolment(core.context, id, "admin");
  await raw.session(phone(state));
  expect(await core.row(id, distribution)).toMatchObject({ reason: "enrolment" });
  await requestEnrolment(core.context, id, "admin");
  const commands = await raw.session(phone(state));
  expect(commands.map(({ name }) => name)).toContain("Atomic");
});

test("a device that leaves the group of a distribution leaves its counts, and comes back to them", async () => {
  await using core = await SiteCore.open({ nowMs: NOON });
  const group = "handhelds" as GroupName;
  const filter = "ownership:corporate";
  const members = { kind: "filter", filter } as const;
  await core.change({ groups: new Map([[group, { name: group, description: "", members }]]) });
  const { id, raw } = await core.device("one", { ownership: "corporate" });
  const distribution = await core.distribute("1.0.0.0", { target: { kind: "group", group } });
  await ask(core, id, distribution);
  await patchDevice(core.context, id, { ownership: "personal" });
  expect(await core.row(id, distribution)).toMatchObject({ counted: false, reason: "stopped" });
  const commands = await raw.session(phone(newPhone()));
  expect(commands.map(({ name }) => name)).not.toContain("Atomic");
  await patchDevice(core.context, id, { ownership: "corporate" });
  expect(await core.row(id, distribution)).toMatchObject({
    counted: true,
    reason: "available-on-demand",
  });
});

describe("versions", () => {
  test("a higher version that is there is not said to be the wanted one", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id, raw } = await core.device("one");
    const state = newPhone();
    const distribution = await core.distribute("2.0.0.0");
    await ask(core, id, distribution);
    await raw.session(phone(state));
    await core.advance(MINUTE_MS);
    state.download = { status: 6, lastError: 0x80073d06 | 0 };
    await raw.session(phone(state));
    expect(await core.row(id, distribution)).toMatchObject({ status: "installed", version: null });
    await core.advance(MINUTE_MS);
    state.installed = "3.0.0.0";
    await raw.session(phone(state));
    expect(await core.row(id, distribution)).toMatchObject({
      status: "installed",
      version: "3.0.0.0",
    });
  });

  test("a failed update of an app that is gone is no longer retried as an update", async () => {
    await using core = await SiteCore.open({ nowMs: NOON });
    const { id, raw } = await core.device("one");
    const state = newPhone({ installed: "1.0.0.0" });
    await raw.session(phone(state));
    const distribution = await core.distribute("2.0.0.0");
    const fact = { distribution, source: "windows-csp", value: "6" } as const;
    await recordFacts(core.context, id, [fact], "test");
    expect(await core.row(id, distribution)).toMatchObject({
      status: "failed",
      version: "1.0.0.0",
    });
    state.installed = null;
    await core.advance(25 * HOUR_MS);
    await raw.session(phone(state));
    expect((await core.row(id, distribution)).status).toBe("removed_after_installation");
    await ask(core, id, distribution);
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      operation: "install",
    });
  });
});
