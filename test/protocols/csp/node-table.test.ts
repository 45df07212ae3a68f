import { describe, expect, test } from "bun:test";
import { ENTERPRISE_APP_MANAGEMENT } from "../../../protocols/csp/enterprise-app-management/nodes.ts";
import { downloadUri } from "../../../protocols/csp/enterprise-app-management/uris.ts";
import { ENTERPRISE_DESKTOP_APP_MANAGEMENT } from "../../../protocols/csp/enterprise-desktop-app-management/nodes.ts";
import { ENTERPRISE_MODERN_APP_MANAGEMENT } from "../../../protocols/csp/enterprise-modern-app-management/nodes.ts";
import {
  childNames,
  childRules,
  findNode,
  locate,
  type NodeTable,
  nodeUri,
  rootUri,
  segmentsOf,
  type TreeCommand,
} from "../../../protocols/csp/node-table.ts";

const GUID = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";
const FAMILY = "Contoso.App_8wekyb3d8bbwe";
const TABLES = [
  ENTERPRISE_APP_MANAGEMENT,
  ENTERPRISE_DESKTOP_APP_MANAGEMENT,
  ENTERPRISE_MODERN_APP_MANAGEMENT,
] as const;
const COMMANDS: readonly TreeCommand[] = ["Get", "Add", "Replace", "Delete", "Exec"];

const reviewed = (table: NodeTable) =>
  table.nodes
    .map(({ path, format, codes, contexts }) => {
      const allowed = COMMANDS.filter((command) => codes[command] !== 405).join(" ");
      return `${path} ${format}: ${allowed}${contexts.length === 1 ? ` (${contexts[0]})` : ""}`;
    })
    .join("\n");

describe("node tables", () => {
  test("EnterpriseDesktopAppManagement matches the table a human reviewed [syncml 6.2]", () => {
    expect(reviewed(ENTERPRISE_DESKTOP_APP_MANAGEMENT)).toMatchInlineSnapshot(`
      "MSI node: Get
      MSI/UpgradeCode node: Get
      MSI/UpgradeCode/{Guid} chr: Get
      MSI/{ProductID} node: Get Add Delete
      MSI/{ProductID}/Version chr: Get
      MSI/{ProductID}/Name chr: Get
      MSI/{ProductID}/Publisher chr: Get
      MSI/{ProductID}/InstallPath chr: Get
      MSI/{ProductID}/InstallDate chr: Get
      MSI/{ProductID}/DownloadInstall xml: Get Add Replace Delete Exec
      MSI/{ProductID}/Status int: Get
      MSI/{ProductID}/LastError int: Get
      MSI/{ProductID}/LastErrorDesc chr: Get"
    `);
  });

  test("EnterpriseModernAppManagement matches the table a human reviewed [syncml 6.3]", () => {
    const table = ENTERPRISE_MODERN_APP_MANAGEMENT;
    const nodes = table.nodes.filter(({ path }) => !/\/(nonStore|AppStore)\//.test(path));
    expect(reviewed({ ...table, nodes })).toMatchInlineSnapshot(`
      "AppManagement node: Get
      AppManagement/AppStore node: Get
      AppManagement/nonStore node: Get
      AppManagement/System node: Get
      AppManagement/System/{PackageFamilyName} node: Get Add
      AppManagement/System/{PackageFamilyName}/DoNotUpdate int: Get Add Replace Delete
      AppManagement/System/{PackageFamilyName}/MaintainProcessorArchitectureOnUpdate int: Get Add Replace Delete
      AppManagement/System/{PackageFamilyName}/NonRemovable int: Get Add Replace (device)
      AppManagement/System/{PackageFamilyName}/AppSettingPolicy node: Get (user)
      AppManagement/System/{PackageFamilyName}/AppSettingPolicy/{SettingValue} chr: Get Add Replace Delete (user)
      AppManagement/System/{PackageFamilyName}/AppUpdateSettings node: Get
      AppManagement/System/{PackageFamilyName}/AppUpdateSettings/AutoUpdateSettings node: Get
      AppManagement/System/{PackageFamilyName}/AppUpdateSettings/AutoUpdateSettings/PackageSource chr: Get Replace
      AppManagement/System/{PackageFamilyName}/AppUpdateSettings/AutoRepair node: Get
      AppManagement/System/{PackageFamilyName}/AppUpdateSettings/AutoRepair/PackageSource chr: Get Replace
      AppManagement/System/{PackageFamilyName}/ReleaseManagement node: Get
      AppManagement/System/{PackageFamilyName}/ReleaseManagement/{ReleaseManagementKey} node: Get Add Replace Delete
      AppManagement/System/{PackageFamilyName}/ReleaseManagement/{ReleaseManagementKey}/ChannelId chr: Get Add Replace Delete
      AppManagement/System/{PackageFamilyName}/ReleaseManagement/{ReleaseManagementKey}/ReleaseManagementId chr: Get Add Replace Delete
      AppManagement/System/{PackageFamilyName}/ReleaseManagement/{ReleaseManagementKey}/EffectiveRelease node: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName} node: Get Add
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/Name chr: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/Version chr: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/Publisher chr: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/Architecture chr: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/InstallLocation chr: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/InstallDate chr: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/ResourceID chr: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/Users chr: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/IsFramework int: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/IsBundle int: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/IsProvisioned int: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/IsStub int: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/RequiresReinstall int: Get
      AppManagement/System/{PackageFamilyName}/{PackageFullName}/PackageStatus int: Get
      AppManagement/UpdateScan null: Exec
      AppManagement/LastScanError int: Get
      AppManagement/AppInventoryQuery xml: Get Replace
      AppManagement/AppInventoryResults xml: Get
      AppManagement/ResetPackage xml: Exec (device)
      AppManagement/RemovePackage xml: Exec (device)
      AppInstallation node: Get
      AppInstallation/{PackageFamilyName} node: Get Add Replace Delete
      AppInstallation/{PackageFamilyName}/StoreInstall xml: Get Add Delete Exec (user)
      AppInstallation/{PackageFamilyName}/HostedInstall xml: Get Add Delete Exec
      AppInstallation/{PackageFamilyName}/LastError int: Get
      AppInstallation/{PackageFamilyName}/LastErrorDesc chr: Get
      AppInstallation/{PackageFamilyName}/Status int: Get
      AppInstallation/{PackageFamilyName}/ProgressStatus int: Get
      AppLicenses node: Get
      AppLicenses/StoreLicenses node: Get
      AppLicenses/StoreLicenses/{LicenseID} node: Get Add Delete
      AppLicenses/StoreLicenses/{LicenseID}/LicenseCategory chr: Get
      AppLicenses/StoreLicenses/{LicenseID}/LicenseUsage chr: Get
      AppLicenses/StoreLicenses/{LicenseID}/RequesterID chr: Get
      AppLicenses/StoreLicenses/{LicenseID}/AddLicense xml: Exec
      AppLicenses/StoreLicenses/{LicenseID}/GetLicenseFromStore xml: Exec"
    `);
  });

  test.each(TABLES.map((table) => [table.provider, table] as const))(
    "%s: every node has a parent, and no chosen name hides a fixed one",
    (_, table) => {
      for (const rule of table.nodes) {
        const names = rule.path.split("/");
        const parent = findNode(table, names.slice(0, -1), rule.contexts[0]);
        expect([rule.path, parent && childRules(table, parent)]).toEqual([
          rule.path,
          expect.arrayContaining([rule]),
        ]);
        for (const context of rule.contexts) {
          expect(findNode(table, names, context)).toBe(rule);
          expect(locate(table, nodeUri(table, context, names))).toEqual({
            context,
            segments: names,
            rule,
          });
        }
      }
    },
  );
});

describe("locate()", () => {
  const uri = `./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/${encodeURIComponent(GUID)}`;

  test("knows device and user, and takes no prefix for the device", () => {
    const place = { context: "device", segments: ["MSI", GUID, "Status"] } as const;
    expect(locate(ENTERPRISE_DESKTOP_APP_MANAGEMENT, `${uri}/Status`)).toMatchObject(place);
    expect(
      locate(ENTERPRISE_DESKTOP_APP_MANAGEMENT, `${uri}/Status`.replace("/Device", "")),
    ).toMatchObject(place);
    expect(
      locate(ENTERPRISE_DESKTOP_APP_MANAGEMENT, `${uri}/Status`.replace("Device", "User")),
    ).toMatchObject({ ...place, context: "user" });
  });

  test("finds only nodes that the context has", () => {
    const reset = (context: string) =>
      locate(
        ENTERPRISE_MODERN_APP_MANAGEMENT,
        `./${context}/Vendor/MSFT/EnterpriseModernAppManagement/AppManagement/RemovePackage`,
      );
    expect(reset("Device")?.rule.codes.Exec).toBe(200);
    expect(reset("User")).toBeUndefined();
    const phone = `./User/Vendor/MSFT/EnterpriseAppManagement/4000000001/Status`;
    expect(locate(ENTERPRISE_APP_MANAGEMENT, phone)).toBeUndefined();
  });

  test.each([
    `${uri}/Nothing`,
    `${uri}/Status/More`,
    uri.replace("MSI/", "MSI"),
    uri.replace("MSI/", "MSI//"),
    uri.replace("MSI", "msi"),
    uri.replace("Desktop", ""),
    "./DevInfo",
    "",
  ])("finds nothing at %p", (wrong) => {
    expect(locate(ENTERPRISE_DESKTOP_APP_MANAGEMENT, wrong)).toBeUndefined();
  });
});

describe("LocURIs", () => {
  test("begin where the provider's root is", () => {
    expect(rootUri(ENTERPRISE_APP_MANAGEMENT)).toBe("./Vendor/MSFT/EnterpriseAppManagement");
    expect(nodeUri(ENTERPRISE_MODERN_APP_MANAGEMENT, "user", ["AppInstallation", FAMILY])).toBe(
      `./User/Vendor/MSFT/EnterpriseModernAppManagement/AppInstallation/${FAMILY}`,
    );
    expect(nodeUri(ENTERPRISE_DESKTOP_APP_MANAGEMENT, "device", ["MSI", GUID])).toBe(
      "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D",
    );
  });

  test("come apart into the names they were made of", () => {
    const names = (uri: string) => segmentsOf(ENTERPRISE_APP_MANAGEMENT, uri)?.segments;
    expect(names(`\n ${downloadUri("4000000001", GUID, "Name")} `)).toEqual([
      "4000000001",
      "EnterpriseApps",
      "Download",
      GUID,
      "Name",
    ]);
    expect(names("./Vendor/MSFT/EnterpriseAppManagement")).toEqual([]);
    expect(names("Vendor/MSFT/EnterpriseAppManagement/x/")).toEqual(["x"]);
    expect(names("./Vendor/MSFT/EnterpriseAppManagement/50%")).toEqual(["50%"]);
    expect(names("./Vendor/MSFT/EnterpriseAppManagementX/x")).toBeUndefined();
    expect(names("./DevInfo")).toBeUndefined();
  });

  test("children are told as escaped names joined by slashes", () => {
    expect(childNames(` ${encodeURIComponent(GUID)}/UpgradeCode/50% `)).toEqual([
      GUID,
      "UpgradeCode",
      "50%",
    ]);
    expect(childNames("")).toEqual([]);
  });
});
