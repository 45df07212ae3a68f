import { describe, expect, test } from "bun:test";
import { ENTERPRISE_APP_MANAGEMENT } from "../../../../protocols/csp/enterprise-app-management/nodes.ts";
import { findNode, rootUri } from "../../../../protocols/csp/node-table.ts";

const find = (segments: readonly string[]) => findNode(ENTERPRISE_APP_MANAGEMENT, segments);

describe("the node table", () => {
  test("matches the table a human reviewed [E-009 to E-033, Q34 to Q37]", () => {
    const rows = ENTERPRISE_APP_MANAGEMENT.nodes.map(({ path, format, codes }) =>
      [
        path.replace("{EnterpriseID}", "*").replace("{ProductID}", "*"),
        format,
        codes.Get,
        codes.Add,
        codes.Replace,
        codes.Delete,
        codes.Exec,
      ].join(" "),
    );
    expect(rows.join("\n")).toMatchInlineSnapshot(`
      "* node 200 200 405 200 405
      */EnrollmentToken chr 200 200 200 405 405
      */StoreProductID node 200 405 405 405 405
      */StoreProductID/ProductId chr 200 200 405 405 405
      */StoreUri chr 200 200 405 405 405
      */CertificateSearchCriteria chr 200 200 405 405 405
      */Status int 200 405 405 405 405
      */CRLCheck chr 200 200 200 405 405
      */EnterpriseApps node 200 405 405 405 405
      */EnterpriseApps/Inventory node 200 405 405 405 405
      */EnterpriseApps/Inventory/* node 200 405 405 200 405
      */EnterpriseApps/Inventory/*/Version chr 200 405 405 405 405
      */EnterpriseApps/Inventory/*/Title chr 200 405 405 405 405
      */EnterpriseApps/Inventory/*/Publisher chr 200 405 405 405 405
      */EnterpriseApps/Inventory/*/InstallDate chr 200 405 405 405 405
      */EnterpriseApps/Download node 200 405 405 405 405
      */EnterpriseApps/Download/* node 200 200 200 405 405
      */EnterpriseApps/Download/*/Version chr 200 200 200 405 405
      */EnterpriseApps/Download/*/Name chr 200 200 200 405 405
      */EnterpriseApps/Download/*/URL chr 200 200 200 405 405
      */EnterpriseApps/Download/*/Status int 200 200 200 405 405
      */EnterpriseApps/Download/*/LastError int 200 405 405 405 405
      */EnterpriseApps/Download/*/LastErrorDesc chr 200 405 405 405 405
      */EnterpriseApps/Download/*/DownloadInstall null 405 200 405 405 202"
    `);
  });

  test("has 24 nodes and their root", () => {
    expect(ENTERPRISE_APP_MANAGEMENT.nodes).toHaveLength(24);
    expect(find([])).toBe(ENTERPRISE_APP_MANAGEMENT.root);
    expect(rootUri(ENTERPRISE_APP_MANAGEMENT)).toBe("./Vendor/MSFT/EnterpriseAppManagement");
  });

  test("is found by exact names, with any name for an enterprise and a product", () => {
    expect(find(["4000000001", "EnrollmentToken"])?.format).toBe("chr");
    expect(find(["x", "EnterpriseApps", "Inventory", "{any}", "Version"])?.format).toBe("chr");
    expect(find(["x", "enrollmenttoken"])).toBeUndefined();
    expect(find(["x", "EnterpriseApps", "Download{any}", "DownloadInstall"])).toBeUndefined();
    expect(find(["x", "EnterpriseApps", "Inventory", "{any}", "Version", "y"])).toBeUndefined();
  });
});
