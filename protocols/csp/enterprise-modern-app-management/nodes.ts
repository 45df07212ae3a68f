import { type NodeContext, type NodeRule, type NodeTable, node, nodeTable } from "../node-table.ts";

const GET = { Get: 200 } as const;
const EXEC = { Exec: 200 } as const;
const WRITE = { Add: 200, Delete: 200, Get: 200, Replace: 200 } as const;
const GET_REPLACE = { Get: 200, Replace: 200 } as const;
const DEVICE: readonly NodeContext[] = ["device"];
const USER: readonly NodeContext[] = ["user"];

/** Where packages come from. Those of the system can be listed and nothing else. */
export const ORIGINS = ["AppStore", "nonStore", "System"] as const;
export type Origin = (typeof ORIGINS)[number];

const TEXTS = [
  "Name",
  "Version",
  "Publisher",
  "Architecture",
  "InstallLocation",
  "InstallDate",
  "ResourceID",
  "Users",
] as const;
const NUMBERS = [
  "IsFramework",
  "IsBundle",
  "IsProvisioned",
  "IsStub",
  "RequiresReinstall",
  "PackageStatus",
] as const;

function originNodes(origin: Origin): readonly NodeRule[] {
  const root = `AppManagement/${origin}`;
  const family = `${root}/{PackageFamilyName}`;
  const full = `${family}/{PackageFullName}`;
  const removable = origin === "System" ? {} : ({ Delete: 200 } as const);
  return [
    node(root, "node", GET),
    node(family, "node", { Add: 200, Get: 200, ...removable }),
    node(`${family}/DoNotUpdate`, "int", WRITE),
    node(`${family}/MaintainProcessorArchitectureOnUpdate`, "int", WRITE),
    node(`${family}/NonRemovable`, "int", { Add: 200, ...GET_REPLACE }, DEVICE),
    node(`${family}/AppSettingPolicy`, "node", GET, USER),
    node(`${family}/AppSettingPolicy/{SettingValue}`, "chr", WRITE, USER),
    node(`${family}/AppUpdateSettings`, "node", GET),
    node(`${family}/AppUpdateSettings/AutoUpdateSettings`, "node", GET),
    node(`${family}/AppUpdateSettings/AutoUpdateSettings/PackageSource`, "chr", GET_REPLACE),
    node(`${family}/AppUpdateSettings/AutoRepair`, "node", GET),
    node(`${family}/AppUpdateSettings/AutoRepair/PackageSource`, "chr", GET_REPLACE),
    node(`${family}/ReleaseManagement`, "node", GET),
    node(`${family}/ReleaseManagement/{ReleaseManagementKey}`, "node", WRITE),
    node(`${family}/ReleaseManagement/{ReleaseManagementKey}/ChannelId`, "chr", WRITE),
    node(`${family}/ReleaseManagement/{ReleaseManagementKey}/ReleaseManagementId`, "chr", WRITE),
    node(`${family}/ReleaseManagement/{ReleaseManagementKey}/EffectiveRelease`, "node", GET),
    node(full, "node", { Add: 200, Get: 200, ...removable }),
    ...TEXTS.map((name) => node(`${full}/${name}`, "chr", GET)),
    ...NUMBERS.map((name) => node(`${full}/${name}`, "int", GET)),
  ];
}

const INSTALLATION = "AppInstallation/{PackageFamilyName}";
const LICENCE = "AppLicenses/StoreLicenses/{LicenseID}";

/**
 * EnterpriseModernAppManagement: packaged apps (APPX, MSIX) on Windows PCs. [syncml 6.3]
 *
 * The family's node below AppInstallation is added before HostedInstall is executed, and all of it is
 * gone once the installation succeeded: then AppManagement tells.
 */
export const ENTERPRISE_MODERN_APP_MANAGEMENT: NodeTable = nodeTable(
  "EnterpriseModernAppManagement",
  ["device", "user"],
  [
    node("AppManagement", "node", GET),
    ...ORIGINS.flatMap(originNodes),
    node("AppManagement/UpdateScan", "null", EXEC),
    node("AppManagement/LastScanError", "int", GET),
    node("AppManagement/AppInventoryQuery", "xml", GET_REPLACE),
    node("AppManagement/AppInventoryResults", "xml", GET),
    node("AppManagement/ResetPackage", "xml", EXEC, DEVICE),
    node("AppManagement/RemovePackage", "xml", EXEC, DEVICE),
    node("AppInstallation", "node", GET),
    node(INSTALLATION, "node", WRITE),
    node(
      `${INSTALLATION}/StoreInstall`,
      "xml",
      { Add: 200, Delete: 200, Exec: 200, Get: 200 },
      USER,
    ),
    node(`${INSTALLATION}/HostedInstall`, "xml", { Add: 200, Delete: 200, Exec: 200, Get: 200 }),
    node(`${INSTALLATION}/LastError`, "int", GET),
    node(`${INSTALLATION}/LastErrorDesc`, "chr", GET),
    node(`${INSTALLATION}/Status`, "int", GET),
    node(`${INSTALLATION}/ProgressStatus`, "int", GET),
    node("AppLicenses", "node", GET),
    node("AppLicenses/StoreLicenses", "node", GET),
    node(LICENCE, "node", { Add: 200, Delete: 200, Get: 200 }),
    node(`${LICENCE}/LicenseCategory`, "chr", GET),
    node(`${LICENCE}/LicenseUsage`, "chr", GET),
    node(`${LICENCE}/RequesterID`, "chr", GET),
    node(`${LICENCE}/AddLicense`, "xml", EXEC),
    node(`${LICENCE}/GetLicenseFromStore`, "xml", EXEC),
  ],
);

export const INSTALLATION_LEAVES = [
  "Status",
  "ProgressStatus",
  "LastError",
  "LastErrorDesc",
] as const;
export type InstallationLeaf = (typeof INSTALLATION_LEAVES)[number];
