import { expect, test } from "bun:test";
import { z } from "zod";
import { ApiHarness } from "./api-harness.ts";
import { ScenarioKit } from "./scenario-kit.ts";

test("what holds for hawkBit's clients is a setting of the site; the gateway token is shown once", async () => {
  await using harness = await ApiHarness.open();
  const kit = await ScenarioKit.of(harness);
  const path = "/settings/ddi";
  const first = {
    tenant: "DEFAULT",
    targetToken: true,
    gatewayToken: false,
    certificate: false,
    authorities: [],
    plugAndPlay: false,
    pollingTime: "00:05:00",
    pollingOverdueTime: "00:05:00",
    windowClients: ["rauc-hawkbit-c-agent/", "rauc-hawkbit-updater/"],
    hasGatewayToken: false,
  };
  expect(await kit.want(200, "GET", path)).toEqual(first);
  for (const wrong of [
    { tenant: "a/b" },
    { pollingTime: "5 minutes" },
    { pollingOverdueTime: "24:00:00" },
    { pollingTime: "00:05:00, colour:red -> 00:01:00" },
    { authorities: ["no fingerprint"] },
    { windowClients: [""] },
    { gatewayTokenDigest: "00" },
  ]) {
    await kit.want(422, "PATCH", path, wrong);
  }
  const change = { gatewayToken: true, pollingTime: "01:00:00~10%, group:kiosks -> 00:01:00" };
  expect(await kit.want(200, "PATCH", path, change)).toEqual({ ...first, ...change });
  const made = z.object({ token: z.string().length(40) });
  const one = made.parse(await kit.want(201, "POST", `${path}/gateway-token`));
  const two = made.parse(await kit.want(201, "POST", `${path}/gateway-token`));
  expect(one.token).not.toBe(two.token);
  expect(await kit.want(200, "GET", path)).toEqual({ ...first, ...change, hasGatewayToken: true });
}, 30_000);
