import { expect, test } from "bun:test";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { SiteCore } from "../../harness/site-core.ts";

/** Such distributions are refused now; they may have been made before. */
const CASES = [
  ["ddi", "be told to remove one"],
  ["mender", "be told to remove one"],
  ["agent", "no uninstall actions"],
] as const;

for (const [protocol, why] of CASES) {
  test(`${protocol}: a removal that nothing can carry out ends with the reason`, async () => {
    await using core = await SiteCore.open();
    const { device } = await registerDevice(
      core.context,
      {
        stableId: "box-1",
        platform: "Windows",
        osPlatform: "Linux",
        protocol,
        ...(protocol === "mender" && { externalId: '{"mac":"1"}', token: "key" }),
      },
      "test",
    );
    const options = { operation: "uninstall", mode: "automatic" } as const;
    const distribution = await {
      ddi: () => core.distributeDdi("1.0", options),
      mender: () => core.distributeMender("1.0", options),
      agent: () => core.distributeAgent("1.0", options, { uninstall: [] }),
    }[protocol]();
    const rowOf = async () => {
      const view = await core.context.store.view(device.id);
      return view?.installations.find((row) => row.distribution === distribution);
    };
    expect(await rowOf()).toMatchObject({
      status: "failed",
      state: "Relevance criteria not met",
      reason: null,
      anomaly: false,
    });
    expect((await rowOf())?.lastErrorText).toContain(why);
    const facts = await core.facts(device.id);
    await core.change({});
    expect(await core.facts(device.id)).toEqual(facts);
  });
}
