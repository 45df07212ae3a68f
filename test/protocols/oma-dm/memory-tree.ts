import {
  INVENTORY_LEAVES,
  ENTERPRISE_APP_MANAGEMENT as TABLE,
} from "../../../protocols/csp/enterprise-app-management/nodes.ts";
import { encodeSegment, findNode, segmentsOf } from "../../../protocols/csp/node-table.ts";
import { parseProductId } from "../../../protocols/csp/product-id.ts";
import type { ManagementTree, TreeNode, TreeReply } from "../../../protocols/oma-dm/carry-out.ts";
import { withoutQuery } from "../../../protocols/oma-dm/loc-uri.ts";

/** Values by path below EnterpriseAppManagement, names decoded and joined by `/`. */
export type Nodes = ReadonlyMap<string, string>;

/**
 * An EnterpriseAppManagement tree that keeps the node table and nothing more: enough to let the two
 * sessions talk. `list=StructData` is optional, as on real devices.
 */
export function memoryTree(options: { readonly structData: boolean }): ManagementTree<Nodes> {
  return {
    execute(state, { command, uri, data }): TreeReply<Nodes> {
      const reply = (code: number, next = state, nodes: readonly TreeNode[] = []) => ({
        state: next,
        code,
        nodes,
      });
      const segments = segmentsOf(TABLE, withoutQuery(uri))?.segments.map(upperGuid);
      const rule = segments === undefined ? undefined : findNode(TABLE, segments);
      if (segments === undefined || rule === undefined) return reply(404);
      const code = rule.codes[command];
      if (code === 405) return reply(405);
      const path = segments.join("/");
      const known = exists(state, path);
      if (command === "Add" ? known : !known) return reply(known ? 418 : 404);
      if (command === "Get") {
        const list = uri.includes("?");
        if (list && !options.structData) return reply(406);
        return reply(200, state, list ? subtree(state, path) : [read(state, path)]);
      }
      if (command === "Exec") return { ...reply(code), irrevocable: true };
      const next = new Map(state);
      if (command === "Delete") {
        for (const key of next.keys()) if (isBelow(key, path)) next.delete(key);
        return reply(200, next);
      }
      next.set(path, data);
      return reply(200, next);
    },
  };
}

/** An installed app, as the device lists it. */
export function installed(
  enterpriseId: string,
  productId: string,
  version: string,
): [string, string][] {
  const folder = `${enterpriseId}/EnterpriseApps/Inventory/${productId}`;
  const values = [version, "App", "Contoso", "2012-10-30T21:09:52Z"];
  return INVENTORY_LEAVES.map((leaf, i) => [`${folder}/${leaf}`, values[i] ?? ""]);
}

function upperGuid(segment: string): string {
  return parseProductId(segment) ?? segment;
}

const isBelow = (key: string, path: string): boolean => key === path || key.startsWith(`${path}/`);

function exists(state: Nodes, path: string): boolean {
  if (path === "") return true;
  const enterprise = path.split("/")[0] ?? "";
  // Adding EnterpriseID makes EnterpriseApps and Inventory. [E-042]
  const made = ["EnterpriseApps", "EnterpriseApps/Inventory", "EnterpriseApps/Download"];
  const enrolled = [...state.keys()].some((key) => isBelow(key, enterprise));
  return (
    [...state.keys()].some((key) => isBelow(key, path)) ||
    (enrolled && made.some((name) => path === `${enterprise}/${name}`))
  );
}

const uriOf = (path: string): string =>
  `./Vendor/MSFT/EnterpriseAppManagement/${path.split("/").map(encodeSegment).join("/")}`;

function read(state: Nodes, path: string): TreeNode {
  const value = state.get(path);
  const rule = findNode(TABLE, path.split("/"));
  if (rule !== undefined && rule.format !== "node") {
    return { uri: uriOf(path), format: rule.format, data: value ?? "" };
  }
  return {
    uri: uriOf(path),
    format: "node",
    data: children(state, path).map(encodeSegment).join("/"),
  };
}

function children(state: Nodes, path: string): readonly string[] {
  const names = new Set<string>();
  for (const key of state.keys()) {
    if (key.startsWith(`${path}/`)) names.add(key.slice(path.length + 1).split("/")[0] ?? "");
  }
  return [...names];
}

/** Interior nodes first, then leaves. [E-080] */
function subtree(state: Nodes, path: string): readonly TreeNode[] {
  const interior: TreeNode[] = [{ uri: uriOf(path), format: "node" }];
  const leaves: TreeNode[] = [];
  for (const name of children(state, path)) {
    const child = `${path}/${name}`;
    if (children(state, child).length === 0) leaves.push({ ...read(state, child), format: "chr" });
    else {
      const [self, ...below] = subtree(state, child);
      if (self !== undefined) interior.push(self);
      leaves.push(...below);
    }
  }
  return [...interior, ...leaves];
}
