/** Which node of EnterpriseAppManagement a LocURI names, as the device sees it. */
import { ENTERPRISE_APP_MANAGEMENT } from "../../protocols/csp/enterprise-app-management/nodes.ts";
import {
  findNode,
  type NodeRule,
  rootUri,
  type TreeCommand,
} from "../../protocols/csp/node-table.ts";

const BASE_URI = rootUri(ENTERPRISE_APP_MANAGEMENT);

/** A path below the root, understood. */
export interface AppPath {
  /** Names chosen by server or device are written `*`, as in `…/Inventory/*`. */
  readonly node: string;
  readonly rule: NodeRule;
  readonly enterpriseId: string;
  /** A GUID in braces and upper case; empty where the path has none. */
  readonly product: string;
}

/** All nodes in the spelling of `AppPath.node`. */
export const NODE_SHAPES: readonly string[] = ENTERPRISE_APP_MANAGEMENT.nodes.map(({ path }) =>
  shapeOf(path),
);

const GUID = /^\{[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}\}$/;

/**
 * What a LocURI names, or undefined when there is no such node: a missing slash or a blank inside
 * the braces is another name, never repaired. [Q42] GUIDs ignore case, node names do not.
 */
export function parseAppPath(uri: string): AppPath | undefined {
  const trimmed = uri.trim();
  if (!trimmed.startsWith(`${BASE_URI}/`)) return undefined;
  const segments = trimmed.slice(BASE_URI.length + 1).split("/");
  const [enterpriseId = "", , , productSegment] = segments;
  const product = productSegment === undefined ? "" : decodeName(productSegment);
  if (enterpriseId === "" || enterpriseId === "*") return undefined;
  if (productSegment !== undefined && !GUID.test(product)) return undefined;
  const rule = findNode(ENTERPRISE_APP_MANAGEMENT, segments);
  return rule && { node: shapeOf(rule.path), rule, enterpriseId, product };
}

export function allows({ rule }: AppPath, command: TreeCommand): boolean {
  return rule.codes[command] !== 405;
}

/** The LocURI of a node. */
export function uriOf({ node, enterpriseId, product }: AppPath): string {
  const [, ...rest] = node.split("/");
  const segments = rest.map((segment) => (segment === "*" ? productSegment(product) : segment));
  return [BASE_URI, enterpriseId, ...segments].join("/");
}

/** A GUID in braces as a segment of a LocURI. */
export function productSegment(product: string): string {
  return encodeURIComponent(product);
}

function shapeOf(path: string): string {
  return path.replaceAll(/\{[^}]+\}/g, "*");
}

function decodeName(segment: string): string {
  try {
    return decodeURIComponent(segment).toUpperCase();
  } catch {
    return "";
  }
}
