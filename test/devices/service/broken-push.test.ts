import { describe, expect, test } from "bun:test";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { NodePhone } from "../../harness/node-phone.ts";
import type { RawDevice } from "../../harness/raw-device.ts";
import { P1_DOWNLOAD, SiteCore } from "../../harness/site-core.ts";

const MINUTE_MS = 60_000;

async function ask(core: SiteCore, device: DeviceId, distribution: DistributionId) {
  const key = { site: core.context.site, distribution, device };
  await requestInstallation(core.context, key, "test");
}

/** A session that breaks off when a command of this name has come; `hears` it or not. */
async function breakAt(
  raw: RawDevice,
  device: NodePhone,
  name: string,
  { hears }: { readonly hears: boolean },
): Promise<void> {
  let answer = await raw.open();
  while (!answer.commands.some((command) => command.name === name)) {
    if (answer.commands.length === 0) throw new Error(`no ${name} came`);
    answer = await raw.reply(answer, device.handler);
  }
  if (hears) for (const command of answer.commands) device.handler(command);
}

/** A device that has version 1.0 by us, so that a node of an earlier update is there: 5, installed. */
async function updated(hasAtomic: boolean) {
  const core = await SiteCore.open();
  const { id, raw } = await core.device("one");
  const device = new NodePhone(hasAtomic);
  const first = await core.distribute("1.0.0.0");
  await ask(core, id, first);
  await raw.session(device.handler);
  await core.advance(MINUTE_MS);
  device.finish();
  await raw.session(device.handler);
  await core.advance(MINUTE_MS);
  await raw.session(device.handler);
  expect(await core.row(id, first)).toMatchObject({ status: "installed", version: "1.0.0.0" });
  device.started.length = 0;
  return { core, id, raw, device, first };
}

describe("without Atomic, a session that breaks between the writes and the Exec", () => {
  for (const [when, name, hears] of [
    ["when the writes were sent, and did not arrive", "Replace", false],
    ["when the writes arrived", "Replace", true],
    ["when the Exec was sent, and did not arrive", "Exec", false],
  ] as const) {
    test(`${when}: the work is done again, and a former success is not taken for it`, async () => {
      const { core, id, raw, device } = await updated(false);
      await using _ = core;
      const distribution = await core.distribute("2.0.0.0");
      await ask(core, id, distribution);
      await breakAt(raw, device, name, { hears });
      await core.advance(MINUTE_MS);
      await raw.session(device.handler);
      expect(device.started).toEqual(["2.0.0.0"]);
      const sent = await core.row(id, distribution);
      expect(sent).toMatchObject({ status: "pending_update", nativeValue: "accepted", attempt: 1 });
      device.finish();
      await core.advance(MINUTE_MS);
      await raw.session(device.handler);
      expect(await core.row(id, distribution)).toMatchObject({
        status: "installed",
        version: "2.0.0.0",
      });
    });
  }

  test("on a device that has no node yet, the Exec is made up for", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const device = new NodePhone(false);
    const distribution = await core.distribute("1.0.0.0");
    await ask(core, id, distribution);
    await breakAt(raw, device, "Exec", { hears: false });
    expect(device.node).toEqual({ version: "1.0.0.0", status: 1 });
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    expect(device.started).toEqual(["1.0.0.0"]);
  });

  test("when the Exec arrived and its answer was lost: it is left to run, and the inventory decides", async () => {
    const { core, id, raw, device } = await updated(false);
    await using _ = core;
    const distribution = await core.distribute("2.0.0.0");
    await ask(core, id, distribution);
    await breakAt(raw, device, "Exec", { hears: true });
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    expect(device.started).toEqual(["2.0.0.0"]);
    expect((await core.row(id, distribution)).status).not.toBe("installed");
    device.finish();
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    expect(device.started).toEqual(["2.0.0.0"]);
    expect(await core.row(id, distribution)).toMatchObject({
      status: "installed",
      version: "2.0.0.0",
      attempt: 1,
    });
  });

  test("goes on in the same session where it stopped, also when the gateway was restarted", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const device = new NodePhone(false);
    const distribution = await core.distribute("1.0.0.0");
    await ask(core, id, distribution);
    let answer = await raw.open();
    while (!answer.commands.some(({ name }) => name === "Add" && device.node === null)) {
      answer = await raw.reply(answer, device.handler);
      if (answer.commands.some(({ items }) => items[0]?.uri.startsWith(P1_DOWNLOAD))) break;
    }
    core.restart();
    while (answer.commands.length > 0) answer = await raw.reply(answer, device.handler);
    expect(device.started).toEqual(["1.0.0.0"]);
    expect((await core.row(id, distribution)).nativeValue).toBe("accepted");
  });

  test("stopped meanwhile, it is not executed", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const device = new NodePhone(false);
    const distribution = await core.distribute("1.0.0.0");
    await ask(core, id, distribution);
    await breakAt(raw, device, "Exec", { hears: false });
    await core.change({
      distributions: core.policy.distributions.map((one) => ({ ...one, stoppedAtMs: core.nowMs })),
    });
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    await raw.session(device.handler);
    expect(device.started).toEqual([]);
    expect(await core.row(id, distribution)).toMatchObject({
      status: "pending_install",
      counted: false,
      offeredAtMs: null,
    });
  });
});

describe("with Atomic", () => {
  test("an app that is put back is not said to be there by the node of its first install", async () => {
    const { core, id, raw, device, first } = await updated(true);
    await using _ = core;
    // The user removes it; asked for again, it is the same version under the same node.
    device.state.installed = null;
    await core.advance(25 * 60 * MINUTE_MS);
    await raw.session(device.handler);
    expect((await core.row(id, first)).status).toBe("removed_after_installation");
    await ask(core, id, first);
    await breakAt(raw, device, "Atomic", { hears: false });
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    expect(device.started).toEqual(["1.0.0.0"]);
    expect(await core.row(id, first)).toMatchObject({ status: "pending_install", attempt: 2 });
  });

  test("when only the acceptance was lost, the work is not sent twice", async () => {
    const { core, id, raw, device } = await updated(true);
    await using _ = core;
    const distribution = await core.distribute("2.0.0.0");
    await ask(core, id, distribution);
    await breakAt(raw, device, "Atomic", { hears: true });
    await core.advance(MINUTE_MS);
    await raw.session(device.handler);
    expect(device.started).toEqual(["2.0.0.0"]);
    expect((await core.row(id, distribution)).status).toBe("updating");
  });
});
