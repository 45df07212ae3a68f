import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DeviceProtocol } from "../../../devices/model/device.ts";
import { installationIdFrom } from "../../../devices/model/ids.ts";
import { FAMILY_DISTRIBUTION } from "../../harness/console-families.ts";
import { type ConsoleFixture, openConsole } from "../../harness/console-fixture.ts";
import { readPage } from "./read-page.ts";

describe.each(["site", "hub"] as const)("what an agent did, at the %s", (role) => {
  let console_: ConsoleFixture;
  beforeAll(async () => {
    console_ = await openConsole({ devices: 4, families: true, role });
  });
  afterAll(() => console_[Symbol.asyncDispose]());

  const deviceOf = (protocol: DeviceProtocol) => {
    const device = console_.data.devices.find((one) => one.protocol === protocol);
    if (!device) throw new Error(`no device of ${protocol}`);
    return device;
  };
  const page = async (path: string) => readPage(await console_.get(path));
  const rowPath = () => {
    const { id: device, site } = deviceOf("agent");
    const key = { device, site, distribution: FAMILY_DISTRIBUTION };
    return `/installations/${installationIdFrom(key)}`;
  };

  test("its page says of each step what became of it, and why", async () => {
    const { text } = await page(rowPath());
    expect(text).toContain("Steps of attempt 2");
    expect(text).toContain("Exit code 5");
    expect(text).toContain("The licence server till-licences.contoso.example refused");
    expect(text).toContain("waited for as long as the step says, then left running");
    expect(text).toContain("its processor or system is another one");
    expect(text).toContain("7. to 60.");
    expect(text.match(/Not run/g)?.length).toBe(1);
  });

  test("of metrics it says what is wanted and what was found", async () => {
    const { text } = await page(rowPath());
    expect(text).toContain("has a size equal to 4,096 bytes");
    expect(text).toContain("part-2.bin has 12 bytes, wanted EQ 4096");
    expect(text.match(/Does not hold/g)?.length).toBe(2);
    expect(text.match(/what is wanted/g)?.length).toBe(2);
  });

  test("another attempt is one click away", async () => {
    const { text } = await page(`${rowPath()}?attempt=1`);
    expect(text).toContain("Steps of attempt 1");
    expect(text).toContain("the line broke");
    expect(text).not.toContain("Exit code 5");
  });

  test("the device's page shows it too, with how it is served and when it comes", async () => {
    const { text } = await page(`/devices/${deviceOf("agent").id}`);
    expect(text).toContain("What it did of Point of Sale for tills 2.0.1");
    expect(text).toContain("Exit code 5");
    expect(text).toContain("Served by Outpost agent");
    expect(text).toContain("It stays on the line");
  });

  test.each([
    ["ddi", "hawkBit DDI", role === "site" ? "It is told to poll every 00:05:00" : ""],
    ["ce", "Windows CE", role === "site" ? "It is told to poll every 60 minutes" : ""],
    ["mender", "Mender", "As often as its own configuration says"],
    ["oma-dm", "OMA DM", "By its own schedule"],
  ] as const)("a device of %s says how it is served", async (protocol, words, comes) => {
    const { text } = await page(`/devices/${deviceOf(protocol).id}`);
    expect(text).toContain(words);
    expect(text).toContain(comes);
    expect(text).not.toContain("What it did of");
  });
});

test("a device offers what its protocol can do, and nothing else", async () => {
  await using console_ = await openConsole({ devices: 1, families: true });
  const buttons = async (protocol: DeviceProtocol) => {
    const device = console_.data.devices.find((one) => one.protocol === protocol);
    const { html } = await readPage(await console_.get(`/devices/${device?.id}`));
    return ["rotate-secret", "enrolment-code", "unenrol"].filter((one) =>
      html.includes(`/${one}"`),
    );
  };
  expect(await buttons("oma-dm")).toEqual(["rotate-secret", "enrolment-code", "unenrol"]);
  expect(await buttons("agent")).toEqual(["enrolment-code"]);
  expect(await buttons("ddi")).toEqual(["rotate-secret"]);
  expect(await buttons("mender")).toEqual([]);
  expect(await buttons("ce")).toEqual(["rotate-secret"]);
});
