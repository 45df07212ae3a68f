/**
 * How a device answers one command on its EnterpriseAppManagement tree. Pure: state in, state out;
 * the download behind an Exec is `download-job.ts`.
 */
import type { TreeNode, TreeRequest } from "../../protocols/oma-dm/carry-out.ts";
import {
  type AppPath,
  allows,
  NODE_SHAPES,
  parseAppPath,
  productSegment,
  uriOf,
} from "./app-nodes.ts";
import {
  type AppState,
  type Download,
  type EnterpriseEnrolment,
  type InstalledApp,
  unenrolled,
  withDownload,
  withoutInstalled,
} from "./app-state.ts";

export interface TreeAnswer {
  readonly state: AppState;
  /** The SyncML status code. */
  readonly code: number;
  /** What a Get read. */
  readonly nodes: readonly TreeNode[];
  /** The product whose DownloadInstall was executed. */
  readonly started: string | undefined;
}

export interface TreeOptions {
  readonly nowMs: number;
  /** `?list=StructData` is answered 406 by devices that lack it. */
  readonly structData: boolean;
}

/** The values that CRLCheck takes. [E-041] */
const CRL_VALUES = ["0", "1"];

/** Carries out one command and says with which code it is answered. */
export function executeOnTree(
  state: AppState,
  command: TreeRequest,
  options: TreeOptions,
): TreeAnswer {
  const [bare = "", query = ""] = command.uri.trim().split("?");
  const refuse = (code: number): TreeAnswer => answer(state, code);
  const path = parseAppPath(bare);
  if (path === undefined) return refuse(404);
  if (!allows(path, command.command)) return refuse(405);
  if (command.command === "Get") return get(state, path, bare, query, options);
  if (command.command === "Add" && exists(state, path)) return refuse(418);
  if (command.command !== "Add" && !exists(state, path)) return refuse(404);
  if (command.command === "Delete") return remove(state, path);
  if (command.command === "Exec") return execute(state, path);
  return write(state, path, command.data, options.nowMs);
}

function exists(state: AppState, path: AppPath): boolean {
  const { enterprise } = state;
  if (enterprise === null || enterprise.id !== path.enterpriseId) return false;
  if (path.node.startsWith("*/EnterpriseApps/Inventory/")) {
    return state.inventory.has(path.product);
  }
  const download = state.downloads.get(path.product);
  switch (path.node) {
    case "*/EnrollmentToken":
      return enterprise.token !== null;
    case "*/CertificateSearchCriteria":
      return enterprise.criteria !== null;
    case "*/CRLCheck":
      return enterprise.crlCheck !== null;
    case "*/StoreProductID/ProductId":
      return enterprise.storeProductId !== null;
    case "*/StoreUri":
      return enterprise.storeUri !== null;
    case "*/EnterpriseApps/Download/*/Version":
      return typeof download?.version === "string";
    case "*/EnterpriseApps/Download/*/Name":
      return typeof download?.name === "string";
    case "*/EnterpriseApps/Download/*/URL":
      return typeof download?.url === "string";
    case "*/EnterpriseApps/Download/*/DownloadInstall":
      return download?.armed === true;
    case "*/EnterpriseApps/Download/*":
    case "*/EnterpriseApps/Download/*/Status":
    case "*/EnterpriseApps/Download/*/LastError":
    case "*/EnterpriseApps/Download/*/LastErrorDesc":
      return download !== undefined;
    default:
      return true;
  }
}

function get(
  state: AppState,
  path: AppPath,
  uri: string,
  query: string,
  { structData }: TreeOptions,
): TreeAnswer {
  if (!exists(state, path)) return answer(state, 404);
  if (query !== "") {
    if (query !== "list=StructData" || !structData) return answer(state, 406);
    return { ...answer(state, 200), nodes: subtree(state, path, uri) };
  }
  return { ...answer(state, 200), nodes: [readNode(state, path, uri)] };
}

/** One node; an interior node reads as its children's names. [3.9] */
function readNode(state: AppState, path: AppPath, uri: string): TreeNode {
  const { format } = path.rule;
  const data =
    format === "node" ? childrenOf(state, path).join("/") : (readValue(state, path) ?? "");
  return { uri, format, data };
}

/** Interior nodes first, then the leaves, as devices answer StructData. [E-080] */
function subtree(state: AppState, path: AppPath, uri: string): TreeNode[] {
  const interior: TreeNode[] = [];
  const leaves: TreeNode[] = [];
  const visit = (node: AppPath, at: string): void => {
    if (node.rule.format !== "node") {
      leaves.push(readNode(state, node, at));
      return;
    }
    interior.push({ uri: at, format: "node", data: undefined });
    for (const name of childrenOf(state, node)) {
      const child = parseAppPath(`${at}/${name}`);
      if (child !== undefined && allows(child, "Get")) visit(child, `${at}/${name}`);
    }
  };
  visit(path, uri);
  return [...interior, ...leaves];
}

function childrenOf(state: AppState, path: AppPath): string[] {
  if (path.node === "*/EnterpriseApps/Inventory") {
    return [...state.inventory.keys()].map(productSegment);
  }
  if (path.node === "*/EnterpriseApps/Download") {
    return [...state.downloads.keys()].map(productSegment);
  }
  return NODE_SHAPES.filter((name) => name.startsWith(`${path.node}/`))
    .map((name) => name.slice(path.node.length + 1))
    .filter((name) => !name.includes("/"))
    .filter((name) => {
      const child = parseAppPath(`${uriOf(path)}/${name}`);
      return child !== undefined && exists(state, child);
    });
}

function readValue(state: AppState, path: AppPath): string | null {
  const { enterprise } = state;
  const app = state.inventory.get(path.product);
  const download = state.downloads.get(path.product);
  switch (path.node) {
    case "*/EnrollmentToken":
      return enterprise?.token ?? null;
    case "*/CertificateSearchCriteria":
      return enterprise?.criteria ?? null;
    case "*/CRLCheck":
      return enterprise?.crlCheck ?? null;
    case "*/StoreProductID/ProductId":
      return enterprise?.storeProductId ?? null;
    case "*/StoreUri":
      return enterprise?.storeUri ?? null;
    case "*/Status":
      return String(enterprise?.status ?? 3);
    case "*/EnterpriseApps/Inventory/*/Version":
      return app?.version ?? null;
    case "*/EnterpriseApps/Inventory/*/Title":
      return app?.title ?? null;
    case "*/EnterpriseApps/Inventory/*/Publisher":
      return app?.publisher ?? null;
    case "*/EnterpriseApps/Inventory/*/InstallDate":
      return app === undefined ? null : installDate(app);
    case "*/EnterpriseApps/Download/*/Version":
      return download?.version ?? null;
    case "*/EnterpriseApps/Download/*/Name":
      return download?.name ?? null;
    case "*/EnterpriseApps/Download/*/URL":
      return download?.url ?? null;
    case "*/EnterpriseApps/Download/*/Status":
      return String(download?.status ?? 1);
    case "*/EnterpriseApps/Download/*/LastError":
      return String(download?.lastError ?? 0);
    case "*/EnterpriseApps/Download/*/LastErrorDesc":
      return download?.lastErrorText ?? "";
    default:
      return null;
  }
}

/** The form of the wire, not the one of the prose. [E-054] */
function installDate(app: InstalledApp): string {
  return `${new Date(app.installedAtMs).toISOString().slice(0, 19)}Z`;
}

function remove(state: AppState, path: AppPath): TreeAnswer {
  if (path.node === "*") return answer(unenrolled(state), 200);
  // Only what this enrolment installed may be taken away by it. [E-059, E-060, Q45]
  if (state.inventory.get(path.product)?.origin !== "enterprise") return answer(state, 405);
  return answer(withoutInstalled(state, path.product), 200);
}

function execute(state: AppState, path: AppPath): TreeAnswer {
  if (state.downloads.get(path.product)?.url === null) return answer(state, 412);
  return { ...answer(state, 202), started: path.product };
}

function write(state: AppState, path: AppPath, data: string, nowMs: number): TreeAnswer {
  if (path.node.startsWith("*/EnterpriseApps/Download/*")) {
    if (state.enterprise?.id !== path.enterpriseId) return answer(state, 404);
    const change = downloadChange(path, data);
    if (change === undefined) return answer(state, 400);
    return answer(withDownload(state, path.product, change, nowMs), 200);
  }
  if (path.node === "*/CRLCheck" && !CRL_VALUES.includes(data)) return answer(state, 400);
  if (path.node === "*/EnrollmentToken" && !isToken(data)) return answer(state, 400);
  // Parents are made on the way: the enrolment example adds the token straight away. [3.9, E-076]
  const before = state.enterprise ?? emptyEnrolment(path.enterpriseId);
  if (before.id !== path.enterpriseId) return answer(state, 405); // One organisation per device.
  return answer({ ...state, enterprise: { ...before, ...enrolmentChange(path, data) } }, 200);
}

function enrolmentChange(path: AppPath, data: string): Partial<EnterpriseEnrolment> {
  switch (path.node) {
    case "*/EnrollmentToken":
      return { token: data, status: 0 };
    case "*/CertificateSearchCriteria":
      return { criteria: data };
    case "*/CRLCheck":
      return { crlCheck: data };
    case "*/StoreProductID/ProductId":
      return { storeProductId: data };
    case "*/StoreUri":
      return { storeUri: data };
    default:
      return {};
  }
}

function downloadChange(path: AppPath, data: string): Partial<Download> | undefined {
  switch (path.node) {
    case "*/EnterpriseApps/Download/*/Version":
      return { version: data };
    case "*/EnterpriseApps/Download/*/Name":
      return { name: data };
    case "*/EnterpriseApps/Download/*/URL":
      return URL.canParse(data) ? { url: data } : undefined;
    case "*/EnterpriseApps/Download/*/DownloadInstall":
      return { armed: true }; // Whatever the Data says. [Q35]
    default:
      return {}; // Status is taken but changes nothing. [Q36]
  }
}

/** A real device asks the token's issuer. This one takes every token but those that say so. */
function isToken(data: string): boolean {
  return data.trim() !== "" && !/^invalid/i.test(data.trim());
}

function emptyEnrolment(id: string): EnterpriseEnrolment {
  return {
    id,
    token: null,
    criteria: null,
    crlCheck: null,
    storeProductId: null,
    storeUri: null,
    status: 3,
  };
}

function answer(state: AppState, code: number): TreeAnswer {
  return { state, code, nodes: [], started: undefined };
}
