import { encodeSegment } from "../../protocols/csp/node-table.ts";
import type { TreeNode } from "../../protocols/oma-dm/carry-out.ts";
import type { Enrolment } from "../model/device.ts";
import type { InventoryItem } from "../model/inventory.ts";
import { strictestOf } from "./crl-check.ts";
import { childRulesOf, DEVICE_VALUE, nameOf, type TreePath, uriOf } from "./tree-path.ts";
import {
  downloadOf,
  enterpriseIdOf,
  listedInventory,
  type Mirror,
  progress,
  type TreeState,
} from "./tree-state.ts";

/** Is the node there? */
export function exists(state: TreeState, mirror: Mirror, path: TreePath): boolean {
  if (path.rule.path === "") return true;
  if (enterpriseIdOf(state, mirror) !== path.enterpriseId) return false;
  const place = placeOf(path);
  switch (place.kind) {
    case "product":
      return itemOf(state, mirror, path) !== undefined;
    case "download":
      return hasDownload(state, path);
    case "fixed":
      return path.rule.format === "node" || leafValue(state, mirror, path) !== undefined;
    case "product-leaf":
      return itemOf(state, mirror, path) !== undefined;
    case "download-leaf":
      return place.leaf === "DownloadInstall"
        ? downloadOf(state, path.productId)?.armed === true
        : leafValue(state, mirror, path) !== undefined;
  }
}

/** One node as a plain Get reads it; an interior node as its children's names. [syncml 3.9] */
export function readNode(state: TreeState, mirror: Mirror, path: TreePath): TreeNode {
  const { format } = path.rule;
  const data =
    format === "node"
      ? childrenOf(state, mirror, path).map(nameInList).join("/")
      : (leafValue(state, mirror, path) ?? "");
  return { uri: uriOf(path), format, data };
}

/**
 * The node and everything under it: interior nodes first, then the leaves, as devices answer
 * `?list=StructData`; `Struct` leaves the values out. [E-080]
 */
export function listSubtree(
  state: TreeState,
  mirror: Mirror,
  path: TreePath,
  list: "Struct" | "StructData",
): readonly TreeNode[] {
  const interior: TreeNode[] = [];
  const leaves: TreeNode[] = [];
  const visit = (node: TreePath): void => {
    if (node.rule.format === "node") {
      interior.push({ uri: uriOf(node), format: "node" });
      for (const child of childrenOf(state, mirror, node)) {
        if (child.rule.codes.Get === 200) visit(child);
      }
    } else if (list === "StructData") leaves.push(readNode(state, mirror, node));
    else leaves.push({ uri: uriOf(node), format: node.rule.format });
  };
  visit(path);
  return [...interior, ...leaves];
}

function nameInList(path: TreePath): string {
  if (path.rule.path === "") return DEVICE_VALUE;
  switch (nameOf(path.rule)) {
    case "{EnterpriseID}":
      return encodeSegment(path.enterpriseId);
    case "{ProductID}":
      return encodeSegment(path.productId);
    default:
      return nameOf(path.rule);
  }
}

function childrenOf(state: TreeState, mirror: Mirror, path: TreePath): readonly TreePath[] {
  const children = childRulesOf(path.rule).flatMap((rule): readonly TreePath[] => {
    switch (nameOf(rule)) {
      case "{EnterpriseID}": {
        const id = enterpriseIdOf(state, mirror);
        return id === undefined ? [] : [{ ...path, rule, enterpriseId: id }];
      }
      case "{ProductID}":
        return productsUnder(state, mirror, path).map((productId) => ({
          ...path,
          rule,
          productId,
        }));
      default:
        return [{ ...path, rule }];
    }
  });
  const present = children.filter((child) => exists(state, mirror, child));
  const isRoot = path.rule.path === "" && path.view === "pushed";
  return isRoot ? [...present, { ...path, view: "applied" }] : present;
}

function productsUnder(state: TreeState, mirror: Mirror, path: TreePath): readonly string[] {
  if (path.rule.path.endsWith("/Inventory")) {
    return inventoryOf(state, mirror, path).map(({ productId }) => productId);
  }
  return state.tree.downloads
    .map(({ productId }) => productId)
    .filter((productId) => hasDownload(state, { ...path, productId }));
}

/** A node of what is applied is only there once something was ordered. */
function hasDownload(state: TreeState, { view, productId }: TreePath): boolean {
  const download = downloadOf(state, productId);
  return view === "pushed"
    ? download !== undefined
    : download !== undefined && download.order !== null;
}

function inventoryOf(
  state: TreeState,
  mirror: Mirror,
  { view }: TreePath,
): readonly InventoryItem[] {
  return view === "pushed" ? listedInventory(state, mirror) : mirror.inventory;
}

function itemOf(state: TreeState, mirror: Mirror, path: TreePath): InventoryItem | undefined {
  return inventoryOf(state, mirror, path).find(({ productId }) => productId === path.productId);
}

type Place =
  | { readonly kind: "fixed" | "product" | "download" }
  | { readonly kind: "product-leaf" | "download-leaf"; readonly leaf: string };

/** Which part of the tree a path is in. */
function placeOf({ rule }: TreePath): Place {
  const [, , folder, product, leaf] = rule.path.split("/");
  if (product === undefined) return { kind: "fixed" };
  const isInventory = folder === "Inventory";
  if (leaf === undefined) return { kind: isInventory ? "product" : "download" };
  return { kind: isInventory ? "product-leaf" : "download-leaf", leaf };
}

/** The value of a leaf; undefined when the leaf is not there. */
function leafValue(state: TreeState, mirror: Mirror, path: TreePath): string | undefined {
  const place = placeOf(path);
  switch (place.kind) {
    case "product-leaf":
      return inventoryValue(itemOf(state, mirror, path), place.leaf);
    case "download-leaf":
      return path.view === "pushed"
        ? pushedDownloadValue(state, mirror, path.productId, place.leaf)
        : appliedDownloadValue(state, mirror, path.productId, place.leaf);
    default:
      return path.view === "pushed"
        ? pushedEnrolmentValue(state, mirror, nameOf(path.rule))
        : appliedEnrolmentValue(state, mirror, nameOf(path.rule));
  }
}

/** All four leaves are always there: what the device left out is empty. [S-36] */
function inventoryValue(item: InventoryItem | undefined, leaf: string): string | undefined {
  if (item === undefined) return undefined;
  switch (leaf) {
    case "Version":
      return item.version ?? "";
    case "Title":
      return item.title ?? "";
    case "Publisher":
      return item.publisher ?? "";
    default:
      return item.installDate ?? item.installDateRaw ?? "";
  }
}

function pushedDownloadValue(
  state: TreeState,
  mirror: Mirror,
  productId: string,
  leaf: string,
): string | undefined {
  const download = downloadOf(state, productId);
  if (download === undefined) return undefined;
  switch (leaf) {
    case "Version":
      return download.version ?? undefined;
    case "Name":
      return download.name ?? undefined;
    case "URL":
      return download.url ?? undefined;
    default:
      // What is reported counts; a value that was written shows only while nothing is. [Q36]
      if (leaf === "Status" && download.order === null) return download.status ?? "1";
      return (
        appliedDownloadValue(state, mirror, productId, leaf) ?? (leaf === "LastError" ? "0" : "")
      );
  }
}

function appliedDownloadValue(
  state: TreeState,
  mirror: Mirror,
  productId: string,
  leaf: string,
): string | undefined {
  const order = downloadOf(state, productId)?.order;
  if (!order) return undefined;
  const { status, lastError, lastErrorText } = progress(order, mirror);
  switch (leaf) {
    case "Version":
      return order.version;
    case "Name":
      return order.name ?? undefined;
    case "URL":
      return order.url;
    case "Status":
      return String(status);
    case "LastError":
      return String(lastError);
    default:
      return lastErrorText;
  }
}

function pushedEnrolmentValue(state: TreeState, mirror: Mirror, leaf: string): string | undefined {
  const { enterprise } = state.tree;
  switch (leaf) {
    case "EnrollmentToken":
      return enterprise?.enrollmentToken ?? undefined;
    case "ProductId":
      return enterprise?.storeProductId ?? undefined;
    case "StoreUri":
      return enterprise?.storeUri ?? undefined;
    case "CertificateSearchCriteria":
      return enterprise?.certificateSearchCriteria ?? undefined;
    case "CRLCheck":
      return enterprise?.crlCheck ?? undefined;
    default:
      return STATUS_OF[state.enrolment] ?? expectedStatus(state, mirror);
  }
}

/**
 * What holds on the device by the site's will: its own settings and what is pushed, whichever is
 * more secure. The site's own token is a secret and never shown.
 */
function appliedEnrolmentValue(state: TreeState, mirror: Mirror, leaf: string): string | undefined {
  const { enterprise } = state.tree;
  const { settings } = mirror;
  switch (leaf) {
    case "CertificateSearchCriteria":
      return (
        settings.certificateSearchCriteria ?? enterprise?.certificateSearchCriteria ?? undefined
      );
    case "CRLCheck":
      return strictestOf(settings.crlCheck, enterprise?.strictestCrlCheck ?? null) ?? undefined;
    case "Status":
      return STATUS_OF[state.enrolment];
    default:
      return pushedEnrolmentValue(state, mirror, leaf);
  }
}

/** {EnterpriseID}/Status as the device itself has said it. [E-040] */
const STATUS_OF: Partial<Readonly<Record<Enrolment, string>>> = {
  enabled: "0",
  "install-disabled": "1",
  revoked: "2",
  invalid: "3",
};

/** Before the device has said anything: 0 when there is a token to give it, else 3. */
function expectedStatus({ tree, enrolment }: TreeState, { settings }: Mirror): string {
  const hasToken = (tree.enterprise?.enrollmentToken ?? settings.enrollmentToken) !== null;
  return hasToken && enrolment === "unknown" ? "0" : "3";
}
