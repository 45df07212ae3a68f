import { describe, expect, test } from "bun:test";
import { deviceOfToken } from "../../../devices/service/contact/device-token.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import {
  type FedStatus,
  type FeedSource,
  takeStatusFeed,
} from "../../../devices/service/status-feed.ts";
import { onError } from "../../../gateway/http/on-error.ts";
import { ownStatusFeed } from "../../../gateway/http/routes/status-feed.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { SiteCore } from "../../harness/site-core.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now());
const MINUTE_MS = 60_000;
const PATH = ["Queued", "Installing", "Unknown", "Managed", "ManagementRejected", "Managed"];

async function iphone(core: SiteCore) {
  const wanted = { stableId: "ios", platform: "iOS" } as const;
  const { device } = await registerDevice(core.context, wanted, "test");
  const feed = async (...apps: FedStatus[]) => {
    const [taken] = await takeStatusFeed(core.context, "apple", [{ device: "ios", apps }], "mdm");
    if (!taken || "refused" in taken) throw new Error(taken?.refused);
    return taken;
  };
  const told = async () =>
    (await core.facts(device.id)).map(({ value }) => value).filter((one) => PATH.includes(one));
  return { id: device.id, feed, told };
}

describe("status feeds", () => {
  test(`[11.5] batches in any order, each twice: the row ends as the last that was read (TEST_SEED=${SEED})`, async () => {
    const random = seededRandom(SEED);
    for (let round = 0; round < 5; round++) {
      await using core = await SiteCore.open();
      const distribution = await core.distributeReported("iOS");
      const { id, feed } = await iphone(core);
      // The first half was read before the site heard of the device at all.
      const read = PATH.map((value, n) => ({
        distribution,
        value,
        atMs: core.nowMs + (n - 3) * 1000,
      }));
      await core.advance(MINUTE_MS);
      const sent = [...read, ...read]
        .map((status) => ({ status, key: random() }))
        .sort((a, b) => a.key - b.key);
      for (const { status } of sent) await feed(status);
      expect(await core.row(id, distribution)).toMatchObject({
        status: "installed",
        state: "App is installed",
        managed: true,
        observedAtMs: read.at(-1)?.atMs,
      });
    }
  });

  test("[11.5] a list that is forwarded every minute is stored once", async () => {
    await using core = await SiteCore.open();
    const distribution = await core.distributeReported("iOS");
    const { id, feed, told } = await iphone(core);
    for (let n = 0; n < 5; n++) {
      await core.advance(MINUTE_MS);
      await feed({ package: "Reported App", value: "Managed" });
    }
    expect(await told()).toEqual(["Managed"]);
    const row = await core.row(id, distribution);
    expect(row.observedAtMs - row.sinceMs).toBe(4 * MINUTE_MS);
  });

  test("[11.6] what is told once is stored for each time it was told, and once for each", async () => {
    await using core = await SiteCore.open();
    const distribution = await core.distributeReported("iOS");
    const { feed, told } = await iphone(core);
    const atMs = core.nowMs;
    await core.advance(MINUTE_MS);
    for (const time of [atMs, atMs, atMs + 1]) {
      await feed({ distribution, value: "ManagementRejected", atMs: time });
    }
    expect(await told()).toEqual(["ManagementRejected", "ManagementRejected"]);
  });

  test("[11.5] who counts is put in order by its numbers, whatever the clock says", async () => {
    await using core = await SiteCore.open();
    const distribution = await core.distributeReported("iOS");
    const { id, feed } = await iphone(core);
    await feed({ distribution, value: "Managed", attempt: 1, sequence: 8, atMs: core.nowMs - 9 });
    const { apps } = await feed({ distribution, value: "Installing", attempt: 1, sequence: 7 });
    expect(apps).toMatchObject([{ effect: "late" }]);
    expect((await core.row(id, distribution)).status).toBe("installed");
  });

  test("[11.8] what compliance holds is not wanted; what it does not hold is", async () => {
    await using core = await SiteCore.open();
    const distribution = await core.distributeReported("iOS");
    const { id, feed } = await iphone(core);
    expect((await feed()).wanted).toMatchObject([{ distribution, operation: "install" }]);
    const tell = (compliance: "compliant" | "out-of-compliance") =>
      takeStatusFeed(
        core.context,
        "apple",
        [{ device: id, facts: { compliance }, apps: [] }],
        "mdm",
      );
    expect(await tell("out-of-compliance")).toMatchObject([{ wanted: [] }]);
    expect((await core.row(id, distribution)).reason).toBe("compliance");
    expect(await tell("compliant")).toMatchObject([{ wanted: [{ distribution }] }]);
  });

  test("[11.1] an agent's token speaks for its own device only", async () => {
    await using core = await SiteCore.open();
    const distribution = await core.distributeReported("Android");
    const wanted = { platform: "Android", protocol: "agent" } as const;
    const own = await registerDevice(core.context, { ...wanted, stableId: "own" }, "test");
    const other = await registerDevice(core.context, { ...wanted, stableId: "other" }, "test");
    const door = ownStatusFeed({
      deviceOf: async (token) => (await deviceOfToken(core.context, "agent", token))?.id,
      take: (source: FeedSource, devices, by) => takeStatusFeed(core.context, source, devices, by),
    });
    door.onError(onError({ error: () => undefined, warn: () => undefined } as never));
    const post = async (device: string, token: string | null) => {
      const response = await door.request(`/agent/v1/${device}/status-feed`, {
        method: "POST",
        ...(token !== null && { headers: { authorization: `Bearer ${token}` } }),
        body: JSON.stringify({
          source: "android",
          apps: [{ distribution, status: "Success/Installed" }],
        }),
      });
      return response.status;
    };
    expect(await post(own.device.id, null)).toBe(401);
    expect(await post(other.device.id, own.token)).toBe(403);
    expect(await post(own.device.id, own.token)).toBe(200);
    expect((await core.row(own.device.id, distribution)).status).toBe("installed");
    expect((await core.row(other.device.id, distribution)).status).toBe("pending_install");
  });
});
