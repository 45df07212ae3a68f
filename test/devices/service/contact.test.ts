import { describe, expect, test } from "bun:test";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import { patchDevice } from "../../../devices/service/change-device.ts";
import {
  CONTACT_NOTE_MS,
  contact,
  hearReports,
  type Offers,
} from "../../../devices/service/contact/contact.ts";
import { deviceOfToken, rotateToken } from "../../../devices/service/contact/device-token.ts";
import {
  refuseCancel,
  reportCancelled,
  reportCheck,
  reportWork,
  type WorkReport,
} from "../../../devices/service/contact/report-work.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { SiteCore } from "../../harness/site-core.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const AGENT = { source: "agent", protocol: "agent" } as const;
const NOON = Date.parse("2026-11-21T12:00:00Z");
/** Of the site's time zone, in which it is 22:00 then. */
const NIGHT = { start: "2026-11-01T22:00", minutes: 120 };

interface Seen {
  readonly work: readonly string[];
  readonly inHand: readonly string[];
  readonly checks: readonly string[];
  readonly ended: readonly string[];
}

/** Comes once, and takes all that it is offered. */
function comes(core: SiteCore, id: DeviceId, protocol: "agent" | "ddi" = "agent"): Promise<Seen> {
  return contact(core.context, id, { protocol }, (offers: Offers) => {
    for (const work of offers.newWork) offers.offered(work);
    const names = (list: Offers["newWork"]) => list.map(({ distribution }) => distribution.id);
    return {
      work: names(offers.newWork),
      inHand: names(offers.inHand),
      checks: names(offers.checks),
      ended: offers.ended.map(({ row }) => row.distribution),
    };
  });
}

function says(
  core: SiteCore,
  id: DeviceId,
  distribution: DistributionId,
  value: string,
  more: Partial<WorkReport> = {},
) {
  return hearReports(core.context, id, "agent", (ledger) =>
    reportWork(core.context, ledger, { ...AGENT, distribution, value, ...more }),
  );
}

async function agent(core: SiteCore, name = "box-1") {
  const made = await registerDevice(
    core.context,
    { stableId: name, platform: "Windows", osPlatform: "Linux", protocol: "agent" },
    "test",
  );
  return { id: made.device.id, token: made.token ?? "" };
}

const key = (core: SiteCore, device: DeviceId, distribution: DistributionId) => ({
  site: core.context.site,
  device,
  distribution,
});

/** On-demand work that was asked for. */
async function asked(core: SiteCore, id: DeviceId, version = "1.0") {
  const distribution = await core.distributeAgent(version, { mode: "on-demand" });
  await requestInstallation(core.context, key(core, id, distribution), "test");
  return distribution;
}

/** A device that has an Automatic package, on the afternoon after. */
async function installed(core: SiteCore) {
  const { id } = await agent(core);
  await core.addWindow(NIGHT.start, NIGHT.minutes);
  const distribution = await core.distributeAgent("1.0", { mode: "automatic" });
  await core.advance(Date.parse("2026-11-21T22:59:00Z") - core.nowMs);
  expect((await comes(core, id)).work).toEqual([distribution]);
  await says(core, id, distribution, "installing", { attempt: 1, sequence: 10 });
  await says(core, id, distribution, "succeeded", { attempt: 1, sequence: 11 });
  await core.advance(Date.parse("2026-11-22T15:00:00Z") - core.nowMs);
  return { id, distribution };
}
const lateInWindow = (core: SiteCore) =>
  core.advance(Date.parse("2026-11-22T22:58:00Z") - core.nowMs);

describe("a contact", () => {
  test("offers work once as new, then as in hand until its end is told, with a reason", async () => {
    await using core = await SiteCore.open();
    const { id } = await agent(core);
    const distribution = await asked(core, id);
    expect(await comes(core, id)).toMatchObject({ work: [distribution], inHand: [] });
    expect(await comes(core, id)).toMatchObject({ work: [], inHand: [distribution] });
    core.restart();
    expect(await comes(core, id)).toMatchObject({ work: [], inHand: [distribution] });
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      reason: "contact",
      offeredAtMs: core.nowMs,
    });
    await says(core, id, distribution, "succeeded", { attempt: 1, sequence: 5 });
    expect(await comes(core, id)).toMatchObject({ work: [], inHand: [] });
    expect(await core.row(id, distribution)).toMatchObject({
      status: "installed",
      version: "1.0",
      reason: null,
      sequence: 5,
    });
  });

  test("in which nothing happened is written once a minute", async () => {
    await using core = await SiteCore.open();
    const { id } = await agent(core);
    await comes(core, id);
    core.nowMs += CONTACT_NOTE_MS - 1;
    await comes(core, id);
    expect((await core.context.store.find(id))?.lastContactMs).toBe(NOON);
    core.nowMs += 1;
    await comes(core, id);
    expect((await core.context.store.find(id))?.lastContactMs).toBe(NOON + CONTACT_NOTE_MS);
  });

  test("takes in facts and attributes, and what they make relevant is offered at once", async () => {
    await using core = await SiteCore.open();
    const { id } = await agent(core);
    const distribution = await core.distributeAgent(
      "1.0",
      { mode: "on-demand" },
      {},
      {
        targeting: { cpu: "ARM", osMajor: null, osPlatform: null },
      },
    );
    await requestInstallation(core.context, key(core, id, distribution), "test");
    const told = await contact(
      core.context,
      id,
      {
        protocol: "agent",
        facts: { cpu: "MIPS", osMajor: 6 },
        attributes: () => [{ name: "rack", value: "7", atMs: core.nowMs }],
      },
      ({ newWork, ledger }) => ({ work: newWork.length, device: ledger.device }),
    );
    expect(told).toMatchObject({ work: 0, device: { cpu: "MIPS", osMajor: 6 } });
    expect((await core.row(id, distribution)).status).toBe("not_relevant");
    expect(await core.context.store.attributes(id)).toMatchObject([{ name: "rack", value: "7" }]);
    const again = await contact(
      core.context,
      id,
      { protocol: "agent", facts: { cpu: "arm" } },
      ({ newWork }) => newWork.length,
    );
    expect(again).toBe(1);
    // Each time it was another device: one fact for each, also within the minute.
    const facts = await core.facts(id);
    const cpus = facts.flatMap(({ value }) => /"cpu":"(\w+)"/.exec(value)?.[1] ?? []);
    expect(cpus).toEqual(["MIPS", "arm"]);
  });

  test("is only for devices of its protocol, and not after their removal", async () => {
    await using core = await SiteCore.open();
    const { id } = await agent(core);
    const { id: phone } = await core.device("phone");
    expect(comes(core, phone)).rejects.toThrow("no device");
    expect(comes(core, id, "ddi")).rejects.toThrow("no device");
  });

  test("says when something comes up next", async () => {
    await using core = await SiteCore.open();
    const { id } = await agent(core);
    await core.addWindow(NIGHT.start, NIGHT.minutes);
    await core.distributeAgent("1.0", { mode: "automatic" });
    const next = await contact(core.context, id, { protocol: "agent" }, (offers) => ({
      atMs: offers.nextContactMs,
      instants: offers.ledger.instants,
    }));
    expect(next.atMs).toBe(Math.min(...next.instants.map(({ instantMs }) => instantMs)));
  });
});

describe("work that a device has not begun", () => {
  test("is withdrawn when its window ends, and comes again in the next", async () => {
    await using core = await SiteCore.open();
    const { id } = await agent(core);
    await core.addWindow(NIGHT.start, NIGHT.minutes);
    const distribution = await core.distributeAgent("1.0", { mode: "automatic" });
    await core.advance(Date.parse("2026-11-21T22:59:00Z") - core.nowMs);
    expect((await comes(core, id)).work).toEqual([distribution]);
    await core.advance(2 * MINUTE_MS);
    expect(await comes(core, id)).toMatchObject({ work: [], inHand: [] });
    expect(await core.row(id, distribution)).toMatchObject({ reason: "window", offeredAtMs: null });
    await core.advance(Date.parse("2026-11-22T22:59:00Z") - core.nowMs);
    expect((await comes(core, id)).work).toEqual([distribution]);
  });

  test("goes on after the window once it was begun [Q27]", async () => {
    await using core = await SiteCore.open();
    const { id } = await agent(core);
    await core.addWindow(NIGHT.start, NIGHT.minutes);
    const distribution = await core.distributeAgent("1.0", { mode: "automatic" });
    await core.advance(Date.parse("2026-11-21T22:59:00Z") - core.nowMs);
    await comes(core, id);
    await says(core, id, distribution, "installing", { attempt: 1, sequence: 2 });
    await core.advance(2 * MINUTE_MS);
    expect(await comes(core, id)).toMatchObject({ inHand: [distribution] });
  });

  test("is held while the device is out of compliance", async () => {
    await using core = await SiteCore.open();
    const { id } = await agent(core);
    const distribution = await asked(core, id);
    await comes(core, id);
    await patchDevice(core.context, id, { compliance: "out-of-compliance" });
    expect(await comes(core, id)).toMatchObject({ work: [], inHand: [] });
    expect((await core.row(id, distribution)).reason).toBe("compliance");
    await patchDevice(core.context, id, { compliance: "compliant" });
    expect(await comes(core, id)).toMatchObject({ work: [distribution] });
  });
});

describe("a report", () => {
  test("of a former attempt is history, an end that comes twice is one end [D1]", async () => {
    await using core = await SiteCore.open();
    const { id } = await agent(core);
    const distribution = await asked(core, id);
    await comes(core, id);
    const end = { attempt: 1, sequence: 9, text: "step 2 failed" };
    expect(await says(core, id, distribution, "action-failed", end)).toEqual({ effect: "moved" });
    expect(await says(core, id, distribution, "action-failed", end)).toEqual({
      effect: "repeated",
    });
    expect(await says(core, id, distribution, "installing", { attempt: 1, sequence: 8 })).toEqual({
      effect: "late",
    });
    expect((await core.row(id, distribution)).status).toBe("failed");
  });

  test("in unknown words or of unknown work is refused with the reason", async () => {
    await using core = await SiteCore.open();
    const { id } = await agent(core);
    const distribution = await asked(core, id);
    expect(await says(core, id, distribution, "splendid")).toEqual({
      refused: '"splendid" is no value of agent on Windows',
    });
    expect(await says(core, id, "other" as DistributionId, "succeeded")).toEqual({
      refused: "the distribution other is not for this device",
    });
    expect((await core.facts(id)).map(({ value }) => value)).not.toContain("splendid");
  });

  test("that an app was taken off shows first that it was there", async () => {
    await using core = await SiteCore.open();
    const { id } = await agent(core);
    const distribution = await core.distributeAgent("1.0", {
      mode: "on-demand",
      operation: "uninstall",
    });
    await requestInstallation(core.context, key(core, id, distribution), "test");
    await comes(core, id);
    await says(core, id, distribution, "uninstalled", { attempt: 1, sequence: 3 });
    expect(await core.row(id, distribution)).toMatchObject({
      status: "removed_after_installation",
      actor: "mdm",
      anomaly: false,
      reason: null,
    });
    expect(await comes(core, id)).toMatchObject({ work: [], inHand: [] });
  });
});

describe("work that was stopped in hand [D4]", () => {
  async function stopped(core: SiteCore) {
    const { id } = await agent(core);
    const distribution = await asked(core, id);
    await comes(core, id);
    await says(core, id, distribution, "installing", { attempt: 1, sequence: 2 });
    await core.change({
      distributions: core.policy.distributions.map((one) => ({ ...one, stoppedAtMs: core.nowMs })),
    });
    expect(await comes(core, id)).toMatchObject({ inHand: [], ended: [distribution] });
    expect((await core.row(id, distribution)).reasonDetail).toEndWith(
      "is asked to drop it if it still can",
    );
    return { id, distribution };
  }

  test("is called off, and out of hand once the device says so", async () => {
    await using core = await SiteCore.open();
    const { id, distribution } = await stopped(core);
    await hearReports(core.context, id, "agent", (ledger) =>
      reportCancelled(core.context, ledger, { ...AGENT, distribution, attempt: 1, sequence: 3 }),
    );
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      counted: false,
      reason: "stopped",
      anomaly: false,
    });
    expect((await comes(core, id)).ended).toEqual([]);
  });

  test("is not called off again where the device cannot, and its end counts", async () => {
    await using core = await SiteCore.open();
    const { id, distribution } = await stopped(core);
    await hearReports(core.context, id, "agent", (ledger) =>
      refuseCancel(core.context, ledger, { ...AGENT, distribution, attempt: 1, sequence: 3 }),
    );
    expect((await comes(core, id)).ended).toEqual([]);
    await says(core, id, distribution, "succeeded", { attempt: 1, sequence: 4 });
    expect(await core.row(id, distribution)).toMatchObject({ status: "installed", counted: true });
  });
});

describe("a health check [Q28]", () => {
  const answers = (
    core: SiteCore,
    id: DeviceId,
    distribution: DistributionId,
    outcome: "holds" | "drifted",
  ) =>
    hearReports(core.context, id, "agent", (ledger) =>
      reportCheck(core.context, ledger, { ...AGENT, distribution, attempt: 1 }, outcome),
    );

  test("is asked for at the instant, until it is answered, once in an occurrence", async () => {
    await using core = await SiteCore.open();
    const { id, distribution } = await installed(core);
    expect((await comes(core, id)).checks).toEqual([]);
    await lateInWindow(core);
    expect((await comes(core, id)).checks).toEqual([distribution]);
    core.restart();
    expect((await comes(core, id)).checks).toEqual([distribution]);
    expect(await answers(core, id, distribution, "holds")).toEqual({ effect: "repeated" });
    expect((await comes(core, id)).checks).toEqual([]);
    expect((await core.row(id, distribution)).status).toBe("installed");
  });

  test("that is not answered is not asked for after the window", async () => {
    await using core = await SiteCore.open();
    const { id } = await installed(core);
    await lateInWindow(core);
    await comes(core, id);
    await core.advance(HOUR_MS);
    expect((await comes(core, id)).checks).toEqual([]);
  });

  test("that finds drift is followed by one repair [S-27]", async () => {
    await using core = await SiteCore.open();
    const { id, distribution } = await installed(core);
    await lateInWindow(core);
    await comes(core, id);
    await answers(core, id, distribution, "drifted");
    expect(await answers(core, id, distribution, "drifted")).toEqual({ effect: "late" });
    expect(await core.row(id, distribution)).toMatchObject({
      status: "installing",
      operation: "repair",
      attempt: 2,
      anomaly: false,
    });
    expect(await comes(core, id)).toMatchObject({ work: [distribution], checks: [] });
    await says(core, id, distribution, "succeeded", { attempt: 2, sequence: 90 });
    expect(await comes(core, id)).toMatchObject({ work: [], inHand: [], checks: [] });
    expect(await core.row(id, distribution)).toMatchObject({
      status: "installed",
      operation: "repair",
    });
    const repairs = (await core.facts(id)).filter(({ value }) => value === "repaired");
    expect(repairs).toHaveLength(1);
  });

  test("that was not asked for is written down, and changes nothing before the instant", async () => {
    await using core = await SiteCore.open();
    const { id, distribution } = await installed(core);
    expect(await answers(core, id, distribution, "drifted")).toEqual({ effect: "none" });
    expect((await core.row(id, distribution)).status).toBe("installed");
    await lateInWindow(core);
    expect((await comes(core, id)).checks).toEqual([distribution]);
  });
});

describe("a token", () => {
  test("is of one device and one protocol, and the former one works until the new one was used", async () => {
    await using core = await SiteCore.open();
    const { id, token } = await agent(core);
    expect((await deviceOfToken(core.context, "agent", token))?.id).toBe(id);
    expect(await deviceOfToken(core.context, "ddi", token)).toBeUndefined();
    expect(await deviceOfToken(core.context, "agent", `${token}x`)).toBeUndefined();
    const next = await rotateToken(core.context, id);
    expect((await deviceOfToken(core.context, "agent", token))?.id).toBe(id);
    expect((await deviceOfToken(core.context, "agent", next))?.id).toBe(id);
    expect(await deviceOfToken(core.context, "agent", token)).toBeUndefined();
    core.restart();
    expect((await deviceOfToken(core.context, "agent", next))?.id).toBe(id);
  });

  test("ends where its device enrols anew in another protocol", async () => {
    await using core = await SiteCore.open();
    const { id, token } = await agent(core);
    const wanted = { stableId: "box-1", platform: "Windows" } as const;
    expect(registerDevice(core.context, wanted, "test")).rejects.toThrow("known already");
    const { device } = await registerDevice(core.context, wanted, "test", { reimaged: true });
    expect(device).toMatchObject({ id, protocol: "oma-dm" });
    expect(await deviceOfToken(core.context, "agent", token)).toBeUndefined();
  });
});
