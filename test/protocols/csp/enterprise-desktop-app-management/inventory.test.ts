import { describe, expect, test } from "bun:test";
import { productUri } from "../../../../protocols/csp/enterprise-desktop-app-management/commands.ts";
import {
  readMsiInventory,
  readUpgradeCodes,
} from "../../../../protocols/csp/enterprise-desktop-app-management/inventory.ts";
import type { ProductLeaf } from "../../../../protocols/csp/enterprise-desktop-app-management/nodes.ts";
import {
  MSI_STATUSES,
  readMsiStatus,
} from "../../../../protocols/csp/enterprise-desktop-app-management/values.ts";
import type { Item } from "../../../../protocols/syncml/message.ts";

const PRODUCT = "{AF9257BA-6BBD-4624-AA9B-0182D50292C3}";
const OTHER = "{1803A630-3C38-4D2B-9B9A-0CB37243539C}";
const MSI = "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI";
const leaf = (product: string, name: ProductLeaf, data: string): Item => ({
  source: productUri("device", product, name),
  data,
});
const node = (product: string): Item => ({
  source: productUri("device", product),
  meta: { format: "node" },
});

describe("readMsiInventory()", () => {
  test("reads products with their values", () => {
    const { products, warnings } = readMsiInventory([
      { source: MSI, meta: { format: "node" } },
      node(PRODUCT),
      leaf(PRODUCT, "Version", " 1.2.3 "),
      leaf(PRODUCT, "Name", "Contoso Tools"),
      leaf(PRODUCT, "Publisher", "Contoso"),
      leaf(PRODUCT, "InstallDate", "20240229"),
    ]);
    expect(products).toEqual([
      {
        productId: PRODUCT,
        version: "1.2.3",
        title: "Contoso Tools",
        publisher: "Contoso",
        installDate: "2024-02-29T00:00:00Z",
        installDateRaw: "20240229",
      },
    ]);
    expect(warnings).toEqual([]);
  });

  test("does not take a job for an installed product", () => {
    const { products } = readMsiInventory([
      node(PRODUCT),
      leaf(PRODUCT, "Status", "20"),
      leaf(PRODUCT, "DownloadInstall", "Ready"),
      leaf(PRODUCT, "Version", ""),
      node(OTHER),
    ]);
    expect(products).toEqual([]);
  });

  test("takes braces escaped or not, any case, and passes UpgradeCode over", () => {
    const { products, warnings } = readMsiInventory([
      {
        source: MSI,
        meta: { format: "node" },
        data: `${encodeURIComponent(PRODUCT)}/UpgradeCode`,
      },
      { source: `${MSI}/${PRODUCT.toLowerCase()}/Version`, data: "1.0" },
      { source: `${MSI}/UpgradeCode/${OTHER}`, data: PRODUCT },
    ]);
    expect(products.map(({ productId, version }) => [productId, version])).toEqual([
      [PRODUCT, "1.0"],
    ]);
    expect(warnings).toEqual([]);
  });

  test("what is no product and what is elsewhere is passed over", () => {
    const { products, warnings } = readMsiInventory([
      { source: `${MSI}/nonsense/Version`, data: "1.0" },
      { source: "./Device/Vendor/MSFT/Other/MSI", data: encodeURIComponent(PRODUCT) },
      { source: undefined, data: "1.0" },
    ]);
    expect(products).toEqual([]);
    expect(warnings).toEqual(['"nonsense" is no product id']);
  });
});

describe("readUpgradeCodes()", () => {
  const UPGRADE = "{11111111-2222-3333-4444-555555555555}";

  test.each([
    [PRODUCT, [PRODUCT]],
    [PRODUCT.slice(1, -1).toLowerCase(), [PRODUCT]],
    [`${PRODUCT};${OTHER}`, [PRODUCT, OTHER]],
    ["", []],
    ["1.2.3", []],
  ])("reads %p", (data, products) => {
    const source = `${MSI}/UpgradeCode/${encodeURIComponent(UPGRADE.toLowerCase())}`;
    expect([...readUpgradeCodes([{ source, data }])]).toEqual(
      products.map((product) => [product, UPGRADE]),
    );
  });

  test("passes everything else over", () => {
    expect([...readUpgradeCodes([leaf(PRODUCT, "Version", OTHER), { data: PRODUCT }])]).toEqual([]);
  });
});

describe("readMsiStatus()", () => {
  test("knows the ten statuses by number and by name", () => {
    expect(Object.keys(MSI_STATUSES)).toHaveLength(10);
    for (const [value, name] of Object.entries(MSI_STATUSES)) {
      expect(readMsiStatus(` ${value}\n`)).toBe(value as never);
      expect(readMsiStatus(name.toUpperCase())).toBe(value as never);
    }
    for (const wrong of ["", "0", "71", "070", "Ready"])
      expect(readMsiStatus(wrong)).toBeUndefined();
  });
});
