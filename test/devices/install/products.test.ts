import { describe, expect, test } from "bun:test";
import { presenceOf } from "../../../devices/install/presence.ts";
import { findItem, productsOf, toldAtMs } from "../../../devices/install/products.ts";
import type { PackageId, RevisionId } from "../../../devices/model/ids.ts";
import type { InventoryItem, InventoryRead } from "../../../devices/model/inventory.ts";
import type { Package, Revision } from "../../../devices/model/package.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { emptyPolicy } from "../../../sync/policy/build-policy.ts";
import { aDevice } from "../a-device.ts";
import { aRevision } from "../a-revision.ts";

const EDAM = "EnterpriseDesktopAppManagement";
const EMAM = "EnterpriseModernAppManagement";
const V1 = "{AF9257BA-6BBD-4624-AA9B-0182D50292C3}";
const V2 = "{1803A630-3C38-4D2B-9B9A-0CB37243539C}";
const BY_HAND = "{0F000000-0000-0000-0000-000000000000}";
const UPGRADE = "{11111111-2222-3333-4444-555555555555}";
const FAMILY = "Contoso.App_8wekyb3d8bbwe";

const app = (id: string, productId: string | null = null): Package => ({
  id: id as PackageId,
  name: id,
  platform: "Windows",
  productId,
  publisher: null,
  description: "",
  createdAtMs: 0,
});
const revision = (owner: string, number: number, change: Partial<Revision>): Revision =>
  aRevision({
    id: `${owner}-${number}` as RevisionId,
    package: owner as PackageId,
    version: `${number}.0`,
    channel: EDAM,
    ...change,
  });
const msi = (productCode: string, context: "device" | "user" = "device") => ({
  productCode,
  upgradeCode: UPGRADE,
  context,
  commandLine: "",
  timeoutMinutes: 0,
  retryCount: 0,
  retryIntervalMinutes: 0,
  downloadFromAad: false,
  fallbackUrls: [],
});
const policy: Policy = {
  ...emptyPolicy(),
  packages: new Map([app("tools"), app("shop"), app("both", V1)].map((one) => [one.id, one])),
  revisions: new Map(
    [
      revision("tools", 1, { msi: msi(V1) }),
      revision("tools", 2, { msi: msi(V2, "user") }),
      revision("shop", 1, {
        channel: EMAM,
        msix: {
          familyName: FAMILY,
          fullName: null,
          context: "device",
          dependencies: [],
          deploymentOptions: 0,
        },
      }),
    ].map((one) => [one.id, one]),
  ),
};
const device = aDevice({ platform: "Windows", osPlatform: "Windows 11 Pro" });
const item = (productId: string, version: string, upgradeCode: string | null = null) =>
  ({
    device: device.id,
    provider: EDAM,
    context: "device",
    productId,
    fullName: null,
    upgradeCode,
    version,
    title: null,
    publisher: null,
    installDate: null,
    installDateRaw: null,
    seenAtMs: 0,
  }) satisfies InventoryItem;
const read = (
  provider: InventoryRead["provider"],
  context: InventoryRead["context"],
  atMs: number,
): InventoryRead => ({ device: device.id, provider, context, atMs });
const products = (id: string) => productsOf(policy, id as PackageId);

describe("products of an app", () => {
  test("an MSI has another ProductCode per version: any of them is the app, the highest counts", () => {
    const items = [item(V1, "1.0"), item(V2, "2.0"), item(FAMILY, "9.0")];
    expect(findItem(items, products("tools"))?.version).toBe("2.0");
    expect(findItem([item(V1.toLowerCase(), "1.0")], products("tools"))?.version).toBe("1.0");
    expect(findItem(items, products("shop"))?.version).toBe("9.0");
    expect(findItem(items, productsOf(policy, "unknown" as PackageId))).toBeUndefined();
  });

  test("what somebody installed by hand is known by its UpgradeCode", () => {
    expect(findItem([item(BY_HAND, "0.9")], products("tools"))).toBeUndefined();
    const upgraded = item(BY_HAND, "0.9", UPGRADE);
    expect(findItem([upgraded], products("tools"))?.version).toBe("0.9");
    expect(findItem([upgraded], products("shop"))).toBeUndefined();
  });

  test("it is known once every list that would name it was told", () => {
    const told = (id: string, reads: InventoryRead[]) =>
      toldAtMs(device, reads, products(id), policy);
    expect(told("tools", [read(EDAM, "device", 7)])).toBeNull();
    expect(told("tools", [read(EDAM, "device", 7), read(EDAM, "user", 5)])).toBe(5);
    expect(told("shop", [read(EDAM, "device", 7)])).toBeNull();
    expect(told("shop", [read(EMAM, "device", 9)])).toBe(9);
    // A PC has no list of EnterpriseAppManagement to tell.
    expect(told("both", [read("EnterpriseAppManagement", "device", 9)])).toBeNull();
  });

  test("one provider's list says nothing about the apps of another", () => {
    const known = {
      device,
      inventory: [item(V1, "1.0")],
      inventoryReads: [read(EDAM, "device", 7), read(EDAM, "user", 7)],
      policy,
    };
    const present = (id: string) => {
      const owner = policy.packages.get(id as PackageId);
      return owner && presenceOf(known, [], owner).version;
    };
    expect([present("tools"), present("shop")]).toEqual(["1.0", null]);
  });
});
