import { type NodeTable, node, nodeTable } from "../node-table.ts";

const GET = { Get: 200 } as const;
const GET_ADD = { Get: 200, Add: 200 } as const;
const GET_ADD_REPLACE = { Get: 200, Add: 200, Replace: 200 } as const;

const ENTERPRISE = "{EnterpriseID}";
const INVENTORY = `${ENTERPRISE}/EnterpriseApps/Inventory`;
const DOWNLOAD = `${ENTERPRISE}/EnterpriseApps/Download`;

/**
 * EnterpriseAppManagement: XAP and APPX on Windows 10 Mobile and its kin. 24 nodes below the root, in
 * the order of the documentation; their statuses are those of an enrolled device. [requirements 6]
 */
export const ENTERPRISE_APP_MANAGEMENT: NodeTable = nodeTable(
  "EnterpriseAppManagement",
  ["device"],
  [
    node(ENTERPRISE, "node", { Get: 200, Add: 200, Delete: 200 }),
    node(`${ENTERPRISE}/EnrollmentToken`, "chr", GET_ADD_REPLACE),
    node(`${ENTERPRISE}/StoreProductID`, "node", GET),
    node(`${ENTERPRISE}/StoreProductID/ProductId`, "chr", GET_ADD),
    node(`${ENTERPRISE}/StoreUri`, "chr", GET_ADD),
    node(`${ENTERPRISE}/CertificateSearchCriteria`, "chr", GET_ADD),
    node(`${ENTERPRISE}/Status`, "int", GET),
    node(`${ENTERPRISE}/CRLCheck`, "chr", GET_ADD_REPLACE),
    node(`${ENTERPRISE}/EnterpriseApps`, "node", GET),
    node(INVENTORY, "node", GET),
    // The list names only Get, but uninstalling is a Delete of it. [Q37]
    node(`${INVENTORY}/{ProductID}`, "node", { Get: 200, Delete: 200 }),
    node(`${INVENTORY}/{ProductID}/Version`, "chr", GET),
    node(`${INVENTORY}/{ProductID}/Title`, "chr", GET),
    node(`${INVENTORY}/{ProductID}/Publisher`, "chr", GET),
    node(`${INVENTORY}/{ProductID}/InstallDate`, "chr", GET),
    node(DOWNLOAD, "node", GET),
    node(`${DOWNLOAD}/{ProductID}`, "node", GET_ADD_REPLACE),
    node(`${DOWNLOAD}/{ProductID}/Version`, "chr", GET_ADD_REPLACE),
    // The list names only Get, the examples add and replace it. [Q34]
    node(`${DOWNLOAD}/{ProductID}/Name`, "chr", GET_ADD_REPLACE),
    node(`${DOWNLOAD}/{ProductID}/URL`, "chr", GET_ADD_REPLACE),
    node(`${DOWNLOAD}/{ProductID}/Status`, "int", GET_ADD_REPLACE),
    node(`${DOWNLOAD}/{ProductID}/LastError`, "int", GET),
    node(`${DOWNLOAD}/{ProductID}/LastErrorDesc`, "chr", GET),
    // Added with Data 1 by the examples; what Exec carries is ignored. [Q35]
    node(`${DOWNLOAD}/{ProductID}/DownloadInstall`, "null", { Add: 200, Exec: 202 }),
  ],
);

export const INVENTORY_LEAVES = ["Version", "Title", "Publisher", "InstallDate"] as const;
export type InventoryLeaf = (typeof INVENTORY_LEAVES)[number];

export const DOWNLOAD_LEAVES = [
  "Version",
  "Name",
  "URL",
  "Status",
  "LastError",
  "LastErrorDesc",
  "DownloadInstall",
] as const;
export type DownloadLeaf = (typeof DOWNLOAD_LEAVES)[number];
