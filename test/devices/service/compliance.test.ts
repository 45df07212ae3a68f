import { describe, expect, test } from "bun:test";
import { DEVICE_PROTOCOLS, type DeviceProtocol } from "../../../devices/model/device.ts";
import type { DeviceId, DistributionId } from "../../../devices/model/ids.ts";
import type { DdiInstall } from "../../../devices/model/package.ts";
import { patchDevice } from "../../../devices/service/change-device.ts";
import { contact } from "../../../devices/service/contact/contact.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { AutoPhone } from "../../harness/auto-phone.ts";
import { SiteCore } from "../../harness/site-core.ts";

/** A device that comes once, and how many pieces of work it was given. */
interface Guest {
  readonly id: DeviceId;
  readonly comes: () => Promise<number>;
}

async function phone(core: SiteCore): Promise<Guest> {
  const { id, raw } = await core.device("guest");
  const player = new AutoPhone(id, raw);
  await player.contact(); // Enrols, and tells its inventory.
  return { id, comes: async () => (await player.contact()).length };
}

async function guestOf(
  core: SiteCore,
  protocol: Exclude<DeviceProtocol, "oma-dm">,
): Promise<Guest> {
  const { device } = await registerDevice(
    core.context,
    { stableId: "0A1B2C3D", platform: "Windows", protocol },
    "test",
  );
  const comes = () =>
    contact(core.context, device.id, { protocol }, (offers) => {
      const all = [...offers.newWork, ...offers.inHand];
      for (const work of all) offers.offered(work);
      return all.length;
    });
  return { id: device.id, comes };
}

const DDI: DdiInstall = {
  handling: "forced",
  chunks: [{ part: "os", name: "image", version: "1.0", files: [], metadata: [] }],
};

/** By protocol: a device, and work of the kind that it is given. Total, so that a new one has its row. */
const TABLE: Readonly<
  Record<
    DeviceProtocol,
    readonly [(core: SiteCore) => Promise<Guest>, (core: SiteCore) => Promise<DistributionId>]
  >
> = {
  "oma-dm": [phone, (core) => core.distribute("1.0.0.0")],
  agent: [(core) => guestOf(core, "agent"), (core) => core.distributeAgent("1.0")],
  ce: [(core) => guestOf(core, "ce"), (core) => core.distributeAgent("1.0")],
  ddi: [
    (core) => guestOf(core, "ddi"),
    (core) => core.distributeAgent("1.0", {}, {}, { channel: "ddi", agent: null, ddi: DDI }),
  ],
  mender: [(core) => guestOf(core, "mender"), (core) => core.distributeMender("1.0")],
};

describe("a device that is out of compliance", () => {
  test.each(DEVICE_PROTOCOLS.map((protocol) => [protocol]))(
    "gets no work by %s, and gets it when it complies again",
    async (protocol) => {
      await using core = await SiteCore.open();
      const [enter, distribute] = TABLE[protocol];
      const { id, comes } = await enter(core);
      await patchDevice(core.context, id, { compliance: "out-of-compliance" });
      const distribution = await distribute(core);
      const key = { site: core.context.site, device: id, distribution };
      await requestInstallation(core.context, key, "test");
      expect(await comes()).toBe(0);
      core.restart();
      expect(await comes()).toBe(0);
      expect(await core.row(id, distribution)).toMatchObject({
        reason: "compliance",
        offeredAtMs: null,
      });
      await patchDevice(core.context, id, { compliance: "compliant" });
      expect(await comes()).toBe(1);
      expect((await core.row(id, distribution))?.offeredAtMs).toBe(core.nowMs);
    },
  );

  test.each(DEVICE_PROTOCOLS.filter((one) => one !== "oma-dm").map((protocol) => [protocol]))(
    "may not begin what it was offered by %s before",
    async (protocol) => {
      await using core = await SiteCore.open();
      const [enter, distribute] = TABLE[protocol];
      const { id, comes } = await enter(core);
      const distribution = await distribute(core);
      const key = { site: core.context.site, device: id, distribution };
      await requestInstallation(core.context, key, "test");
      expect(await comes()).toBe(1);
      await patchDevice(core.context, id, { compliance: "out-of-compliance" });
      expect(await comes()).toBe(0);
      await patchDevice(core.context, id, { compliance: "compliant" });
      expect(await comes()).toBe(1);
    },
  );
});
