import { describe, expect, test } from "bun:test";
import type { DeviceId } from "../../../devices/model/ids.ts";
import { requestEnrolment, requestUnenrolment } from "../../../devices/service/change-device.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { alertXml, loginAlert, type PcState, pc, shortly } from "../../harness/pc.ts";
import type { RawDevice } from "../../harness/raw-device.ts";
import { FAMILY, MSI_V1, SiteCore } from "../../harness/site-core.ts";

const GOODBYE = alertXml(9, 1226, "com.microsoft:mdm.unenrollment.userrequest", "", "1");
const UNENROL = "./Vendor/MSFT/DMClient/Provider/outpost/Unenroll";

/** A PC with an MSI and a packaged app on it, both by this site. */
async function start(core: SiteCore) {
  const { id, raw } = await core.device("pc", {
    osPlatform: "Windows 11 Pro",
    osVersion: "10.0.26100.1",
  });
  raw.alerts = loginAlert("user");
  const msi = await core.distributeMsi("1.0.0");
  const msix = await core.distributeMsix("1.0.0.0");
  const state: PcState = { seen: [], msi: {}, packages: {} };
  await raw.session(pc(state));
  for (const distribution of [msi, msix]) {
    const key = { site: core.context.site, device: id, distribution };
    await requestInstallation(core.context, key, "test");
  }
  await raw.session(pc(state));
  state.msi = { [MSI_V1]: { status: 70, version: "1.0.0", name: "Tools" } };
  state.packages = { [FAMILY]: `Contoso.App_1.0.0.0_x64__8wekyb3d8bbwe` };
  await core.advance(60_000);
  await raw.session(pc(state));
  return { id, raw, state, msi, msix };
}

const seen = ({ state }: { state: PcState }) => shortly(state.seen.splice(0));

async function events(core: SiteCore, id: DeviceId) {
  const facts = await core.facts(id);
  return facts.flatMap(({ text }) =>
    text?.match(/unenrol|user removed|enrolled again/) ? [text] : [],
  );
}

/** The PC hangs up on the command, and calls again to say goodbye. */
async function leave(raw: RawDevice, state: PcState) {
  await raw.open();
  raw.alerts = loginAlert("user") + GOODBYE;
  return raw.session(pc(state));
}

describe("unenrolment of a PC", () => {
  test("of one that is unenrolled changes nothing: it has no account to come with", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state } = await start(core);
    await leave(raw, state);
    const before = await events(core, id);
    const device = await requestUnenrolment(core.context, id, "eva");
    expect(device.enrolment).toBe("unenrolled");
    expect((await core.context.store.find(id))?.enrolment).toBe("unenrolled");
    expect(await events(core, id)).toEqual(before);
    // To be enrolled again is another thing, and can be taken back.
    await requestEnrolment(core.context, id, "eva");
    expect((await requestUnenrolment(core.context, id, "eva")).enrolment).toBe("unenrol-requested");
  });

  test("by the server: an Exec alone, no answer, a goodbye, and then nothing more is said", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, msi, msix } = await start(core);
    await requestUnenrolment(core.context, id, "eva");
    const asked = await raw.open();
    expect(asked.commands).toMatchObject([
      { name: "Exec", items: [{ uri: UNENROL, format: "chr", data: "outpost" }] },
    ]);
    raw.alerts = loginAlert("user") + GOODBYE;
    expect(await raw.session(pc(state))).toEqual([]);
    expect((await core.context.store.find(id))?.enrolment).toBe("unenrolled");
    expect(await core.row(id, msix)).toMatchObject({
      status: "removed_after_installation",
      actor: "mdm",
    });
    expect(await core.row(id, msi)).toMatchObject({ status: "installed" });
    expect(await events(core, id)).toEqual([
      "to be unenrolled",
      // Of the packaged app that went with the account, and of the PC.
      "it was unenrolled, as an administrator wanted",
      "it was unenrolled, as an administrator wanted",
    ]);
    // It could not go through with it and calls again: it is left alone until an administrator says so.
    raw.alerts = loginAlert("user");
    expect(await raw.session(pc(state))).toEqual([]);
    await requestEnrolment(core.context, id, "eva");
    await core.advance(24 * 60 * 60_000);
    expect((await raw.session(pc(state))).length).toBeGreaterThan(0);
  });

  test("by its user: recorded with who and when, open work waits for its enrolment", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, msix } = await start(core);
    raw.alerts = loginAlert("user") + GOODBYE;
    expect(await raw.session(pc(state))).toEqual([]);
    const later = await core.distributeMsi("2.0.0", {}, "{22222222-3C38-4D2B-9B9A-0CB37243539C}");
    expect((await core.context.store.find(id))?.enrolment).toBe("unenrolled");
    expect(await core.row(id, msix)).toMatchObject({ status: "removed_after_installation" });
    expect(await events(core, id)).toContain("its user removed the enterprise account");
    const key = { site: core.context.site, device: id, distribution: later };
    await requestInstallation(core.context, key, "test");
    expect(await core.row(id, later)).toMatchObject({
      reason: "enrolment",
      reasonDetail: "the device was unenrolled: enrol it again first",
    });
  });

  test.each([404, 405, 500])(
    "a PC that says %d stays, and the reason is on record",
    async (code) => {
      await using core = await SiteCore.open();
      const { id, raw, state } = await start(core);
      await requestUnenrolment(core.context, id, "eva");
      state.say = ({ items }) => (items[0]?.uri === UNENROL ? { code } : undefined);
      await raw.session(pc(state));
      expect((await core.context.store.find(id))?.enrolment).toBe("unknown");
      expect(await events(core, id)).toContain(`it refused to be unenrolled: status ${code}`);
    },
  );

  test("a PC that answers 200 and never goes is asked once in each session", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state } = await start(core);
    await requestUnenrolment(core.context, id, "eva");
    state.seen.length = 0;
    for (let n = 0; n < 2; n++) {
      await raw.session(pc(state));
      expect(seen({ state })).toEqual([`Exec ${UNENROL}`]);
    }
    expect((await core.context.store.find(id))?.enrolment).toBe("unenrol-requested");
  });

  test("a message that came before a restart of the gateway is asked about again", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state } = await start(core);
    await requestUnenrolment(core.context, id, "eva");
    await raw.open();
    core.restart();
    await leave(raw, state);
    expect((await core.context.store.find(id))?.enrolment).toBe("unenrolled");
  });
});
