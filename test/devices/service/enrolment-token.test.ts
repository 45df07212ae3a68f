import { describe, expect, test } from "bun:test";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { tonight } from "../../../devices/service/tonight.ts";
import { type PhoneState, phone, shapes } from "../../harness/phone.ts";
import { EAM, SiteCore } from "../../harness/site-core.ts";

const TOKEN = "VG9rZW4x";

async function ask(core: SiteCore, device: DeviceId, distribution: DistributionId) {
  const key = { site: core.context.site, distribution, device };
  await requestInstallation(core.context, key, "test");
}

function setToken(core: SiteCore, enrollmentToken: string | null) {
  return core.change({ enterprise: { ...core.policy.enterprise, enrollmentToken } });
}

/** A device that nobody enrolled: it has no EnterpriseID node. */
function stranger(): PhoneState {
  let isEnrolled = false;
  return {
    seen: [],
    installed: null,
    download: null,
    say: ({ name, items }) => {
      if (name === "Add" && items[0]?.uri === `${EAM}/EnrollmentToken`) isEnrolled = true;
      return isEnrolled ? undefined : { code: 404 };
    },
  };
}

describe("without an enrolment token", () => {
  test("work waits for the administrator, nothing is sent, and it goes on once the token is set", async () => {
    await using core = await SiteCore.open();
    await setToken(core, null);
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("1.0.0.0");
    await ask(core, id, distribution);
    const state = stranger();
    for (let contact = 0; contact < 2; contact++) {
      expect(shapes(await raw.session(phone(state)))).toEqual(["Get /Status"]);
      await core.advance(60_000);
    }
    const row = await core.row(id, distribution);
    expect(row).toMatchObject({
      status: "pending_install",
      reason: "enrolment",
      offeredAtMs: null,
      attempt: 1,
    });
    expect(row.reasonDetail).toContain("no enrolment token is set");
    expect(row.reasonDetail).toContain("settings");

    await setToken(core, TOKEN);
    expect((await core.row(id, distribution)).reason).toBe("contact");
    const names = shapes(await raw.session(phone(state)));
    expect(names[0]).toBe("Add /EnrollmentToken+/CertificateSearchCriteria");
    expect(names.at(-1)).toStartWith("Atomic(Add");
    expect((await core.row(id, distribution)).nativeValue).toBe("accepted");
  });

  test("Automatic work waits in its window, and goes in the same one when the token comes in time", async () => {
    await using core = await SiteCore.open({ nowMs: Date.parse("2026-11-21T20:00:00Z") });
    await setToken(core, null);
    await core.addWindow("2026-11-21T22:00", 120); // 21:00 to 23:00 UTC.
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("1.0.0.0", { mode: "automatic" });
    expect((await tonight(core.context, id)).items).toMatchObject([
      { when: "blocked", reason: "enrolment" },
    ]);
    await core.advance(2.9 * 60 * 60_000);
    const state = stranger();
    await raw.session(phone(state));
    expect(await core.row(id, distribution)).toMatchObject({ reason: "enrolment" });
    await setToken(core, TOKEN);
    const names = (await raw.session(phone(state))).map(({ name }) => name);
    expect(names).toContain("Atomic");
  });

  test("a device that is enrolled already gets its work", async () => {
    await using core = await SiteCore.open();
    await setToken(core, null);
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("1.0.0.0");
    await ask(core, id, distribution);
    const names = (await raw.session(phone({ seen: [], download: null }))).map(({ name }) => name);
    expect(names).toContain("Atomic");
    expect(await core.context.store.find(id)).toMatchObject({ enrolment: "enabled" });
  });

  test("a device that has lost its enrolment waits for a token again", async () => {
    await using core = await SiteCore.open();
    await setToken(core, null);
    const { id, raw } = await core.device("one");
    await raw.session(phone({ seen: [] }));
    const distribution = await core.distribute("1.0.0.0");
    await ask(core, id, distribution);
    const commands = await raw.session(phone(stranger()));
    expect(commands.map(({ name }) => name)).not.toContain("Atomic");
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      reason: "enrolment",
    });
  });

  test("work in hand of a device that has lost its enrolment says so, and is sent again", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("1.0.0.0");
    await ask(core, id, distribution);
    await raw.session(phone({ seen: [], download: null }));
    await setToken(core, null);
    const state = stranger();
    await raw.session(phone(state));
    await raw.session(phone(state));
    const row = await core.row(id, distribution);
    expect(row.reason).toBe("enrolment");
    expect(row.reasonDetail).toContain("no enrolment token is set");
    await setToken(core, TOKEN);
    const names = [...(await raw.session(phone(state))), ...(await raw.session(phone(state)))];
    expect(names.map(({ name }) => name)).toContain("Atomic");
  });

  test("nor an enterprise id, nothing at all is said about apps", async () => {
    await using core = await SiteCore.open();
    await core.change({ enterprise: { ...core.policy.enterprise, enterpriseId: null } });
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("1.0.0.0");
    await ask(core, id, distribution);
    expect(await raw.session(phone({ seen: [] }))).toEqual([]);
    const row = await core.row(id, distribution);
    expect(row.reason).toBe("enrolment");
    expect(row.reasonDetail).toContain("no enterprise id is set");
  });
});
