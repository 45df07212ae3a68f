/**
 * The nodes of EnterpriseAppManagement as the device enforces them: which path is which node, and
 * which commands it takes. The server has its own table; these two meet only on the wire.
 */
export const ROOT = "./Vendor/MSFT/EnterpriseAppManagement";

type Verb = "Add" | "Delete" | "Exec" | "Get" | "Replace";

interface NodeRule {
  readonly format: "node" | "chr" | "int" | "null";
  readonly allows: readonly Verb[];
}

const READ: readonly Verb[] = ["Get"];
const ADD_ONCE: readonly Verb[] = ["Get", "Add"];
const WRITE: readonly Verb[] = ["Get", "Add", "Replace"];

/** One row per node; `*` stands for a name that the server or the device chose. */
export const APP_NODES = {
  "*": { format: "node", allows: ["Get", "Add", "Delete"] },
  "*/EnrollmentToken": { format: "chr", allows: WRITE },
  "*/StoreProductID": { format: "node", allows: READ },
  "*/StoreProductID/ProductId": { format: "chr", allows: ADD_ONCE },
  "*/StoreUri": { format: "chr", allows: ADD_ONCE },
  "*/CertificateSearchCriteria": { format: "chr", allows: ADD_ONCE },
  "*/Status": { format: "int", allows: READ },
  "*/CRLCheck": { format: "chr", allows: WRITE },
  "*/EnterpriseApps": { format: "node", allows: READ },
  "*/EnterpriseApps/Inventory": { format: "node", allows: READ },
  // The list of operations names Get only, but the uninstall example deletes it. [E-019, E-094]
  "*/EnterpriseApps/Inventory/*": { format: "node", allows: ["Get", "Delete"] },
  "*/EnterpriseApps/Inventory/*/Version": { format: "chr", allows: READ },
  "*/EnterpriseApps/Inventory/*/Title": { format: "chr", allows: READ },
  "*/EnterpriseApps/Inventory/*/Publisher": { format: "chr", allows: READ },
  "*/EnterpriseApps/Inventory/*/InstallDate": { format: "chr", allows: READ },
  "*/EnterpriseApps/Download": { format: "node", allows: READ },
  "*/EnterpriseApps/Download/*": { format: "node", allows: WRITE },
  "*/EnterpriseApps/Download/*/Version": { format: "chr", allows: WRITE },
  "*/EnterpriseApps/Download/*/Name": { format: "chr", allows: WRITE },
  "*/EnterpriseApps/Download/*/URL": { format: "chr", allows: WRITE },
  "*/EnterpriseApps/Download/*/Status": { format: "int", allows: WRITE },
  "*/EnterpriseApps/Download/*/LastError": { format: "int", allows: READ },
  "*/EnterpriseApps/Download/*/LastErrorDesc": { format: "chr", allows: READ },
  "*/EnterpriseApps/Download/*/DownloadInstall": { format: "null", allows: ["Add", "Exec"] },
} as const satisfies Readonly<Record<string, NodeRule>>;

export type AppNode = keyof typeof APP_NODES;

/** A path below the root, understood. `product` is a GUID in braces and upper case. */
export interface AppPath {
  readonly node: AppNode;
  readonly enterpriseId: string;
  readonly product: string;
}

const GUID = /^\{[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}\}$/;

/**
 * What a LocURI names, or undefined when there is no such node: a missing slash or a blank inside
 * the braces is another name, never repaired. [Q42] GUIDs ignore case, node names do not.
 */
export function parseAppPath(uri: string): AppPath | undefined {
  const trimmed = uri.trim();
  if (!trimmed.startsWith(`${ROOT}/`)) return undefined;
  const [enterpriseId = "", ...rest] = trimmed.slice(ROOT.length + 1).split("/");
  const product = rest.length >= 3 ? decodeName(rest[2]) : "";
  if (enterpriseId === "" || enterpriseId === "*") return undefined;
  if (rest.length >= 3 && !GUID.test(product)) return undefined;
  const shape = ["*", ...rest.map((segment, index) => (index === 2 ? "*" : segment))].join("/");
  return isAppNode(shape) ? { node: shape, enterpriseId, product } : undefined;
}

export function allows(node: AppNode, verb: Verb): boolean {
  const rule: NodeRule = APP_NODES[node];
  return rule.allows.includes(verb);
}

/** A GUID in braces as a segment of a LocURI. */
export function productSegment(product: string): string {
  return encodeURIComponent(product);
}

function isAppNode(shape: string): shape is AppNode {
  return Object.hasOwn(APP_NODES, shape);
}

function decodeName(segment: string | undefined): string {
  try {
    return decodeURIComponent(segment ?? "").toUpperCase();
  } catch {
    return "";
  }
}
