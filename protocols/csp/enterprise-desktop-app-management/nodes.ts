import { type NodeTable, node, nodeTable } from "../node-table.ts";

const GET = { Get: 200 } as const;
const PRODUCT = "MSI/{ProductID}";

/**
 * EnterpriseDesktopAppManagement: MSI packages on Windows PCs, for the device or its user. [syncml 6.2]
 *
 * A Delete of a product uninstalls it. DownloadInstall is added before it is executed, and Exec says
 * 200 long before anything is installed.
 */
export const ENTERPRISE_DESKTOP_APP_MANAGEMENT: NodeTable = nodeTable(
  "EnterpriseDesktopAppManagement",
  ["device", "user"],
  [
    node("MSI", "node", GET),
    node("MSI/UpgradeCode", "node", GET),
    node("MSI/UpgradeCode/{Guid}", "chr", GET),
    node(PRODUCT, "node", { Add: 200, Delete: 200, Get: 200 }),
    node(`${PRODUCT}/Version`, "chr", GET),
    node(`${PRODUCT}/Name`, "chr", GET),
    node(`${PRODUCT}/Publisher`, "chr", GET),
    node(`${PRODUCT}/InstallPath`, "chr", GET),
    node(`${PRODUCT}/InstallDate`, "chr", GET),
    node(`${PRODUCT}/DownloadInstall`, "xml", {
      Add: 200,
      Delete: 200,
      Exec: 200,
      Get: 200,
      Replace: 200,
    }),
    node(`${PRODUCT}/Status`, "int", GET),
    node(`${PRODUCT}/LastError`, "int", GET),
    node(`${PRODUCT}/LastErrorDesc`, "chr", GET),
  ],
);

export const PRODUCT_LEAVES = [
  "Version",
  "Name",
  "Publisher",
  "InstallPath",
  "InstallDate",
  "DownloadInstall",
  "Status",
  "LastError",
  "LastErrorDesc",
] as const;
export type ProductLeaf = (typeof PRODUCT_LEAVES)[number];
