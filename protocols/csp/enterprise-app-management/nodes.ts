/**
 * The nodes of EnterpriseAppManagement and the status each command gets on them, for an enrolled
 * device and, with Add, while the node is absent. [requirements 6]
 */
export type TreeCommand = "Get" | "Add" | "Replace" | "Delete" | "Exec";

export interface NodeRule {
  /** Below `./Vendor/MSFT/EnterpriseAppManagement`; a name in braces is chosen by the server or app. */
  readonly path: string;
  readonly format: "node" | "chr" | "int" | "null";
  /** The expected status of each command. */
  readonly codes: Readonly<Record<TreeCommand, 200 | 202 | 405>>;
}

export const BASE_URI = "./Vendor/MSFT/EnterpriseAppManagement";

type Allowed = Partial<Record<TreeCommand, 200 | 202>>;

function node(path: string, format: NodeRule["format"], allowed: Allowed): NodeRule {
  const none = { Get: 405, Add: 405, Replace: 405, Delete: 405, Exec: 405 } as const;
  return { path, format, codes: { ...none, ...allowed } };
}

const GET = { Get: 200 } as const;
const GET_ADD = { Get: 200, Add: 200 } as const;
const GET_ADD_REPLACE = { Get: 200, Add: 200, Replace: 200 } as const;

const ENTERPRISE = "{EnterpriseID}";
const INVENTORY = `${ENTERPRISE}/EnterpriseApps/Inventory`;
const DOWNLOAD = `${ENTERPRISE}/EnterpriseApps/Download`;

/** The interior root, which only ever is a prefix and may be read. [E-033] */
export const ROOT_NODE: NodeRule = node("", "node", GET);

/** The 24 nodes below the root, in the order of the documentation. */
export const NODES: readonly NodeRule[] = [
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
];

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

/**
 * The rule of the node at `segments` below the root, already decoded; names compare exactly.
 * Undefined when there is no such node, whatever the device's state.
 */
export function findNode(segments: readonly string[]): NodeRule | undefined {
  if (segments.length === 0) return ROOT_NODE;
  return NODES.find(({ path }) => {
    const names = path.split("/");
    return (
      names.length === segments.length &&
      names.every((name, i) => name.startsWith("{") || name === segments[i])
    );
  });
}
