import { afterAll, beforeAll, expect, spyOn, test } from "bun:test";
import type { DeviceId } from "../../../devices/model/ids.ts";
import type { InventoryItem } from "../../../devices/model/inventory.ts";
import { APPS_AT_ONCE } from "../../../gateway/console/pages/device-inventory.tsx";
import { type ConsoleFixture, openConsole } from "../../harness/console-fixture.ts";

let console_: ConsoleFixture;
beforeAll(async () => {
  console_ = await openConsole({ devices: 4 });
});
afterAll(() => console_[Symbol.asyncDispose]());

const app = (device: DeviceId, at: number): InventoryItem => ({
  device,
  provider: "agent",
  context: "device",
  productId: `app-${at}`,
  fullName: null,
  upgradeCode: null,
  version: "1.0",
  title: `App number ${at}.`,
  publisher: null,
  installDate: null,
  installDateRaw: null,
  seenAtMs: 0,
});

/** The page of a device with so many apps: what is seen at once, and what has to be opened. */
async function pageWith(count: number): Promise<readonly [string, string]> {
  const { id } = console_.data.devices[0] ?? { id: "" as DeviceId };
  using _ = spyOn(console_.deps.reports, "inventory").mockResolvedValue(
    Array.from({ length: count }, (_none, at) => app(id, at)),
  );
  const html = await (await console_.get(`/devices/${id}`)).text();
  const at = html.indexOf("<details", html.indexOf("App number 0."));
  const end = html.indexOf("</details>", at);
  return at < 0 ? [html, ""] : [html.slice(0, at) + html.slice(end), html.slice(at, end)];
}

test("a device with hundreds of apps keeps a page that can be read", async () => {
  const [seen, folded] = await pageWith(700);
  expect(seen).toContain(`App number ${APPS_AT_ONCE - 1}.`);
  expect(seen).not.toContain(`App number ${APPS_AT_ONCE}.`);
  expect(folded).toContain(`${700 - APPS_AT_ONCE} more apps`);
  expect(folded).toContain("App number 699.");
});

test("a few apps stand there without a click", async () => {
  const [seen, folded] = await pageWith(APPS_AT_ONCE);
  expect(seen).toContain(`App number ${APPS_AT_ONCE - 1}.`);
  expect(folded).not.toContain("more app");
});
