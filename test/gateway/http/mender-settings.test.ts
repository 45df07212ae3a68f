import { expect, test } from "bun:test";
import { ApiHarness } from "./api-harness.ts";
import { ScenarioKit } from "./scenario-kit.ts";

test("whether new devices with Mender's client are accepted is a setting of the site", async () => {
  await using harness = await ApiHarness.open();
  const kit = await ScenarioKit.of(harness);
  const change = (wanted: number, body: object) =>
    kit.want(wanted, "PATCH", "/settings/mender", body);
  expect(await kit.want(200, "GET", "/settings/mender")).toEqual({ autoAccept: false });
  await change(422, { autoAccept: "yes" });
  await change(422, { accept: true });
  expect(await change(200, { autoAccept: true })).toEqual({ autoAccept: true });
  expect(await change(200, {})).toEqual({ autoAccept: true });
  expect(await kit.want(200, "GET", "/settings/mender")).toEqual({ autoAccept: true });
});
