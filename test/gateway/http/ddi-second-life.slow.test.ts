import { expect, test } from "bun:test";
import { removeDevice } from "../../../devices/service/change-device.ts";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { DdiSite } from "../../harness/ddi-site.ts";

test("a device that was removed and comes back is shown anew what is for it, and nothing of before", async () => {
  await using site = await DdiSite.open();
  const { context } = site.core;
  const first = await site.device("kiosk-7");
  const distribution = await site.distribute("1.0");
  const key = { site: context.site, distribution, device: first.id };
  await requestInstallation(context, key, "test");
  const number = await first.jobOf("deploymentBase");
  expect(await first.report(`/deploymentBase/${number}`, "closed", "success")).toBe(200);
  expect(await first.poll()).toHaveProperty("installedBase");

  await removeDevice(context, first.id);
  const second = await site.device("kiosk-7");
  expect(second.id).toBe(first.id);
  expect(await second.poll()).not.toHaveProperty("installedBase");
  await requestInstallation(context, key, "test");
  const again = await second.jobOf("deploymentBase");
  expect((await second.ask(`/deploymentBase/${again}`)).status).toBe(200);
  expect(await second.report(`/deploymentBase/${again}`, "closed", "success")).toBe(200);
  expect(await second.row(distribution)).toMatchObject({ status: "installed", incarnation: 2 });
});
