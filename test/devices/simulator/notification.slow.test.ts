import { describe, expect, test } from "bun:test";
import type { DeviceTrigger, Parcel } from "../../../devices/ports/device-trigger.ts";
import { changeDmAccount } from "../../../devices/service/dm-account.ts";
import { NOTIFICATION_LIFE_MS, notifyDevice } from "../../../devices/service/notify-device.ts";
import { Fleet } from "../../../devices/simulator/fleet.ts";
import { wrapPush } from "../../../protocols/oma-dm/wap-push.ts";
import { simulatedAt } from "../../harness/simulated.ts";
import { SiteCore } from "../../harness/site-core.ts";

/** A site that calls, and a device that listens. */
async function world() {
  const core = await SiteCore.open();
  const parcels: Parcel[] = [];
  const trigger: DeviceTrigger = {
    needsAddress: true,
    send: async (parcel) => void parcels.push(parcel),
  };
  core.trigger = trigger;
  const made = await simulatedAt(core, "standard", { mutual: true });
  await changeDmAccount(core.context, made.id, { notifyAddress: "10.0.0.7:2948" });
  const call = async (): Promise<Uint8Array> => {
    await notifyDevice(core.context, made.id);
    const { notification, sessionId } = parcels.at(-1) as Parcel;
    return wrapPush(notification, sessionId);
  };
  return { core, parcels, call, ...made };
}

const begins = ({ sent }: Awaited<ReturnType<typeof world>>) =>
  sent.map(({ message: { header, commands } }) => [
    header.sessionId,
    commands.flatMap((one) => (one.name === "Alert" ? [one.code] : [])),
  ]);

describe("a device that is called", () => {
  test("begins the session that it was called for, once, however often it is called", async () => {
    const made = await world();
    await using core = made.core;
    const { device, call, parcels } = made;
    const first = await call();
    const again = await call();
    expect(parcels.map(({ sessionId }) => sessionId)).toEqual([
      parcels[0]?.sessionId as number,
      parcels[0]?.sessionId as number,
    ]);
    const heard = await device.hear(first, core.nowMs);
    expect(heard).toMatchObject({ hearing: "begin", session: { end: "done" } });
    for (const datagram of [first, again, first]) {
      expect(await device.hear(datagram, core.nowMs)).toMatchObject({ hearing: "repeated" });
    }
    const id = parcels[0]?.sessionId.toString(16).toUpperCase() ?? "";
    const sessions = begins(made).filter(([, alerts]) => (alerts as number[]).includes(1200));
    expect(new Set(sessions.map(([session]) => session))).toEqual(new Set([id]));
    const credential = await core.context.store.credential(made.id);
    expect(credential?.notifySession).toBeNull();
  });

  test("knows the next call as well, by the nonce that it gave meanwhile", async () => {
    const made = await world();
    await using core = made.core;
    const { device, call, parcels } = made;
    for (let round = 0; round < 3; round++) {
      expect((await device.hear(await call(), core.nowMs)).hearing).toBe("begin");
      core.nowMs += NOTIFICATION_LIFE_MS;
    }
    expect(new Set(parcels.map(({ sessionId }) => sessionId)).size).toBe(3);
  });

  test("passes over what is not for it, was changed on its way, or is no notification", async () => {
    const made = await world();
    await using core = made.core;
    const other = await simulatedAt(core, "basic", { mutual: true, seed: 2 });
    const good = await made.call();
    const bad = Uint8Array.from(good, (byte, index) => (index === 30 ? byte ^ 1 : byte));
    for (const datagram of [bad, good.subarray(0, 20), new Uint8Array(0), new Uint8Array(2000)]) {
      expect((await made.device.hear(datagram, core.nowMs)).hearing).toBe("ignored");
    }
    expect((await other.device.hear(good, core.nowMs)).hearing).toBe("ignored");
    const deaf = await simulatedAt(core, "standard", { seed: 3 });
    expect((await deaf.device.hear(good, core.nowMs)).hearing).toBe("ignored");
    expect(made.sent).toHaveLength(0);
  });

  test("in a fleet that listens at one place it is the one whose call it is", async () => {
    const made = await world();
    await using core = made.core;
    const others = [];
    for (const seed of [2, 3, 4]) others.push(await simulatedAt(core, "wary", { seed }));
    const fleet = new Fleet([...others.map(({ device }) => device), made.device]);
    const datagram = await made.call();
    expect(await fleet.hear(datagram, core.nowMs)).toMatchObject({ sessions: 1, problems: {} });
    expect(await fleet.hear(datagram, core.nowMs)).toMatchObject({ sessions: 0 });
    expect(others.every(({ sent }) => sent.length === 0)).toBe(true);
    expect(made.sent.length).toBeGreaterThan(0);
  });
});
