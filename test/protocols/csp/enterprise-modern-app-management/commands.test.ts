import { describe, expect, test } from "bun:test";
import {
  addInstallation,
  deleteFamily,
  executeHostedInstall,
  getFamilies,
  getFamily,
  getInstallationLeaf,
  getInventoryResults,
  queryInventory,
  removePackage,
} from "../../../../protocols/csp/enterprise-modern-app-management/commands.ts";
import { printHostedInstall } from "../../../../protocols/csp/enterprise-modern-app-management/documents.ts";
import { asRead, onTheWire } from "../on-the-wire.ts";

const FAMILY = "Contoso.App_8wekyb3d8bbwe";
const EMAM = "./Device/Vendor/MSFT/EnterpriseModernAppManagement";

describe("HostedInstall", () => {
  test("names the package alone", () => {
    const xml = printHostedInstall({
      packageUri: "https://branch.test/app.msix?a=1&b=2",
      dependencyUris: [],
      deploymentOptions: null,
    });
    expect(xml).toBe('<Application PackageUri="https://branch.test/app.msix?a=1&amp;b=2"/>');
  });

  test("names dependencies in their order, and options where a user gets it", () => {
    const xml = printHostedInstall({
      packageUri: "https://branch.test/app.msix",
      dependencyUris: ["https://branch.test/vclibs.appx", "https://branch.test/net.appx"],
      deploymentOptions: 64,
    });
    expect(asRead(xml)).toEqual({
      Application: {
        PackageUri: "https://branch.test/app.msix",
        DeploymentOptions: "64",
        Dependencies: {
          Dependency: [
            { PackageUri: "https://branch.test/vclibs.appx" },
            { PackageUri: "https://branch.test/net.appx" },
          ],
        },
      },
    });
  });

  test("the family's node comes before the Exec; both on the wire, escaped once", () => {
    const application = printHostedInstall({
      packageUri: "https://branch.test/app.msix?a=1&b=2",
      dependencyUris: [],
      deploymentOptions: null,
    });
    const wire = onTheWire(
      addInstallation("add", "device", FAMILY),
      executeHostedInstall("exec", "device", FAMILY, application),
    );
    expect(wire.indexOf("<Add>")).toBeLessThan(wire.indexOf("<Exec>"));
    expect(wire).toContain("<Data/>"); // An interior Add carries an empty Data. [syncml 1]
    expect(wire).not.toContain("&amp;lt;Application");
    expect(asRead(wire)).toMatchObject({
      SyncML: {
        SyncBody: {
          Add: {
            Item: {
              Target: { LocURI: `${EMAM}/AppInstallation/${FAMILY}` },
              Meta: { Format: { "#text": "node" } },
            },
          },
          Exec: {
            Item: {
              Target: { LocURI: `${EMAM}/AppInstallation/${FAMILY}/HostedInstall` },
              Meta: { Format: { "#text": "xml" } },
              Data: application,
            },
          },
        },
      },
    });
  });
});

describe("commands", () => {
  test("questions and removals", () => {
    const shape = ({ name, items }: ReturnType<typeof getFamilies>) =>
      `${name} ${items[0]?.target?.replace("/Vendor/MSFT/EnterpriseModernAppManagement", "")}`;
    expect(
      [
        getInstallationLeaf("t", "user", FAMILY, "Status"),
        queryInventory("t", "device", ["nonStore"]),
        getInventoryResults("t", "device"),
        getFamilies("t", "user", "nonStore"),
        getFamily("t", "device", "AppStore", FAMILY),
        deleteFamily("t", "user", "nonStore", FAMILY),
        removePackage("t", "Contoso.App_1.0.0.0_x64__8wekyb3d8bbwe"),
      ].map(shape),
    ).toEqual([
      `Get ./User/AppInstallation/${FAMILY}/Status`,
      "Replace ./Device/AppManagement/AppInventoryQuery",
      "Get ./Device/AppManagement/AppInventoryResults",
      "Get ./User/AppManagement/nonStore",
      `Get ./Device/AppManagement/AppStore/${FAMILY}`,
      `Delete ./User/AppManagement/nonStore/${FAMILY}`,
      "Exec ./Device/AppManagement/RemovePackage",
    ]);
  });

  test("the query asks for details of main packages and bundles", () => {
    expect(queryInventory("t", "device", ["AppStore", "nonStore"]).items[0]?.data).toBe(
      '<Inventory Output="PackageDetails" Source="AppStore|nonStore" PackageTypeFilter="Main|Bundle"/>',
    );
  });

  test("a package is removed for all who have it", () => {
    expect(removePackage("t", "Contoso.App_1.0.0.0_x64__8wekyb3d8bbwe").items[0]?.data).toBe(
      '<Package Name="Contoso.App_1.0.0.0_x64__8wekyb3d8bbwe" RemoveForAllUsers="1"/>',
    );
  });
});
