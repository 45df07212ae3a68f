import { describe, expect, test } from "bun:test";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { type PhoneState, phone, shapes } from "../../harness/phone.ts";
import { SiteCore } from "../../harness/site-core.ts";

const MINUTE_MS = 60_000;

async function ask(core: SiteCore, device: DeviceId, distribution: DistributionId) {
  const key = { site: core.context.site, device, distribution };
  await requestInstallation(core.context, key, "test");
}

/** A phone that has the app, and an uninstall that was asked for. */
async function withUninstall(core: SiteCore) {
  const { id, raw } = await core.device("one");
  const state: PhoneState = { seen: [], installed: "1.0.0.0", download: null };
  const install = await core.distribute("1.0.0.0");
  await raw.session(phone(state));
  expect((await core.row(id, install)).status).toBe("installed");
  await core.advance(MINUTE_MS);
  const removal = await core.distribute("1.0.0.0", { operation: "uninstall" });
  return { id, raw, state, install, removal };
}

describe("uninstall distributions", () => {
  test("Delete takes the app off, and both rows say so", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, install, removal } = await withUninstall(core);
    expect(await core.row(id, removal)).toMatchObject({
      status: "installed",
      operation: "uninstall",
      reason: "available-on-demand",
    });
    await ask(core, id, removal);
    expect(shapes(await raw.session(phone(state))).at(-1)).toStartWith("Delete ");
    const gone = { status: "removed_after_installation", actor: "mdm", anomaly: false };
    expect(await core.row(id, removal)).toMatchObject(gone);
    expect(await core.row(id, install)).toMatchObject(gone);
  });

  test("a removal whose answer was lost is sent again", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, removal } = await withUninstall(core);
    await ask(core, id, removal);
    let answer = await raw.open();
    while (!answer.commands.some(({ name }) => name === "Delete")) {
      answer = await raw.reply(answer, phone(state));
    }
    await core.advance(MINUTE_MS);
    const again = await raw.session(phone(state));
    expect(again.map(({ name }) => name)).toContain("Delete");
    expect((await core.row(id, removal)).status).toBe("removed_after_installation");
  });

  test("a device that never answers the removal gets it once in a session", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, removal } = await withUninstall(core);
    await ask(core, id, removal);
    let answer = await raw.open();
    let deletes = 0;
    for (let turn = 0; turn < 8 && answer.commands.length > 0; turn++) {
      deletes += answer.commands.filter(({ name }) => name === "Delete").length;
      const commands = answer.commands.filter(({ name }) => name !== "Delete");
      answer = await raw.reply({ ...answer, commands }, phone(state));
    }
    expect(deletes).toBe(1);
    expect(await core.row(id, removal)).toMatchObject({ status: "installed", reason: "contact" });
  });

  test("an app that its user took off before is Removed, by the user", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, removal } = await withUninstall(core);
    state.installed = null;
    await core.advance(25 * 60 * MINUTE_MS);
    await raw.session(phone(state));
    expect(await core.row(id, removal)).toMatchObject({
      status: "removed_after_installation",
      actor: "user",
    });
  });

  test("an app that comes back is not said to be removed, and can be taken off again", async () => {
    await using core = await SiteCore.open();
    const { id, raw, state, removal } = await withUninstall(core);
    await ask(core, id, removal);
    await raw.session(phone(state));
    expect((await core.row(id, removal)).status).toBe("removed_after_installation");
    await core.advance(25 * 60 * MINUTE_MS);
    await raw.session(phone(state)); // It is in the inventory again.
    expect(await core.row(id, removal)).toMatchObject({
      status: "installed",
      reason: "available-on-demand",
    });
    await ask(core, id, removal);
    const again = await raw.session(phone(state));
    expect(again.map(({ name }) => name)).toContain("Delete");
    expect(await core.row(id, removal)).toMatchObject({
      status: "removed_after_installation",
      attempt: 2,
    });
  });

  test("what was installed after the last inventory can be uninstalled", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const install = await core.distribute("1.0.0.0");
    await ask(core, id, install);
    const state: PhoneState = { seen: [], installed: null, download: null };
    await raw.session(phone(state));
    state.download = { status: 5 };
    await core.advance(25 * 60 * MINUTE_MS);
    await raw.session(phone(state)); // Status and the daily inventory in one: it is not listed yet.
    expect((await core.row(id, install)).status).toBe("installed");
    state.installed = "1.0.0.0";
    const removal = await core.distribute("1.0.0.0", { operation: "uninstall" });
    expect((await core.row(id, removal)).status).toBe("installed");
  });
});
