import { ENTERPRISE_APP_MANAGEMENT } from "../../protocols/csp/enterprise-app-management/nodes.ts";
import { parseEnterpriseId } from "../../protocols/csp/enterprise-app-management/uris.ts";
import {
  childRules,
  findNode,
  type NodeRule,
  nodeUri,
  segmentsOf,
} from "../../protocols/csp/node-table.ts";

/** The interior node under which the values are that hold on the device. [E-070, Q44] */
export const DEVICE_VALUE = "DeviceValue";

/** A node of EnterpriseAppManagement, as a LocURI names it. */
export interface TreePath {
  readonly rule: NodeRule;
  /** `pushed`: what the server set; `applied`: the same node below DeviceValue. */
  readonly view: "pushed" | "applied";
  /** Empty for the root. */
  readonly enterpriseId: string;
  /** A GUID in braces and upper case; empty where the path has none. */
  readonly productId: string;
}

const GUID = /^\{[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}\}$/;

/**
 * What a LocURI without its query names; undefined when no such node can be, whatever the device's
 * state. Strict inside a segment: a missing slash or a blank behind the brace is another name, never
 * repaired. GUIDs ignore letter case, node names do not. [Q42]
 */
export function parseTreePath(uri: string): TreePath | undefined {
  const segments = segmentsOf(ENTERPRISE_APP_MANAGEMENT, uri)?.segments;
  if (segments === undefined) return undefined;
  const isApplied = segments[0] === DEVICE_VALUE;
  const names = isApplied ? segments.slice(1) : segments;
  const rule = findNode(ENTERPRISE_APP_MANAGEMENT, names);
  const [enterpriseId = "", , , productSegment] = names;
  if (rule === undefined || (names.length > 0 && parseEnterpriseId(enterpriseId) === undefined)) {
    return undefined;
  }
  const productId = productSegment?.toUpperCase() ?? "";
  if (productSegment !== undefined && !GUID.test(productId)) return undefined;
  return { rule, view: isApplied ? "applied" : "pushed", enterpriseId, productId };
}

/** The one spelling of a node's LocURI, without a query. */
export function uriOf({ rule, view, enterpriseId, productId }: TreePath): string {
  const names = rule.path === "" ? [] : rule.path.split("/");
  const filled = names.map((name) => {
    if (name === "{EnterpriseID}") return enterpriseId;
    return name === "{ProductID}" ? productId : name;
  });
  const prefix = view === "applied" ? [DEVICE_VALUE] : [];
  return nodeUri(ENTERPRISE_APP_MANAGEMENT, "device", [...prefix, ...filled]);
}

/** The name of a node rule: the last part of its path. */
export function nameOf({ path }: NodeRule): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The rules one level below, in the order of the documentation. */
export function childRulesOf(rule: NodeRule): readonly NodeRule[] {
  return childRules(ENTERPRISE_APP_MANAGEMENT, rule);
}
