import {
  encodeSegment,
  locate,
  type NodePlace,
  type NodeTable,
  nodeUri,
  segmentsOf,
} from "../../../protocols/csp/node-table.ts";
import type { TreeNode, TreeReply, TreeRequest } from "../../../protocols/oma-dm/carry-out.ts";
import type { PcState } from "./state.ts";

export interface PcTreeOptions {
  readonly nowMs: number;
  /** `?list=StructData` is answered 406 by devices that lack it. */
  readonly structData: boolean;
  /** Only then is there a user's tree. */
  readonly isSignedIn: boolean;
}

/** One provider of a PC: what its nodes hold and what becomes of what is done to them. */
export interface ProviderTree {
  readonly table: NodeTable;
  /** Names of what is directly below an interior node that is there. */
  children(state: PcState, place: NodePlace): readonly string[];
  /** The value of a leaf; undefined where it is not there. */
  value(state: PcState, place: NodePlace): string | undefined;
  /** Is an interior node there? */
  has(state: PcState, place: NodePlace): boolean;
  add(state: PcState, place: NodePlace, data: string): Done;
  replace(state: PcState, place: NodePlace, data: string): Done;
  remove(state: PcState, place: NodePlace): Done;
  execute(state: PcState, place: NodePlace, data: string): Done;
}

/** The state after a command, or the status by which it was refused. */
export type Done =
  | { readonly state: PcState; readonly code: number; readonly irrevocable?: true }
  | { readonly refused: number };

/** Carries one item out on a provider's nodes; undefined when the LocURI is elsewhere. */
export function executeOnProvider(
  tree: ProviderTree,
  state: PcState,
  { command, uri, data }: TreeRequest,
  options: PcTreeOptions,
): TreeReply<PcState> | undefined {
  const [bare = "", query = ""] = uri.trim().split("?");
  const found = segmentsOf(tree.table, bare);
  if (found === undefined) return undefined;
  const refuse = (code: number): TreeReply<PcState> => ({ state, code, nodes: [] });
  const place = locate(tree.table, bare);
  // A session for the device only: its user's tree is not to be had. [MS-MDM]
  if (found.context === "user" && !options.isSignedIn) return refuse(405);
  if (place === undefined) return refuse(404);
  if (place.rule.codes[command] === 405) return refuse(405);
  if (command === "Get") return get(tree, state, place, bare, query, options);
  const isThere = exists(tree, state, place);
  if (command === "Add" && isThere) return refuse(418);
  if ((command === "Delete" || command === "Replace") && !isThere) return refuse(404);
  const done = carry(tree, state, command, place, data);
  if ("refused" in done) return refuse(done.refused);
  const { irrevocable } = done;
  return { state: done.state, code: done.code, nodes: [], ...(irrevocable && { irrevocable }) };
}

function carry(
  tree: ProviderTree,
  state: PcState,
  command: "Add" | "Replace" | "Delete" | "Exec",
  place: NodePlace,
  data: string,
): Done {
  switch (command) {
    case "Add":
      return tree.add(state, place, data);
    case "Replace":
      return tree.replace(state, place, data);
    case "Delete":
      return tree.remove(state, place);
    case "Exec":
      return tree.execute(state, place, data);
  }
}

function exists(tree: ProviderTree, state: PcState, place: NodePlace): boolean {
  return place.rule.format === "node"
    ? tree.has(state, place)
    : tree.value(state, place) !== undefined;
}

function get(
  tree: ProviderTree,
  state: PcState,
  place: NodePlace,
  uri: string,
  query: string,
  { structData }: PcTreeOptions,
): TreeReply<PcState> {
  if (!exists(tree, state, place)) return { state, code: 404, nodes: [] };
  if (query === "") return { state, code: 200, nodes: [nodeAt(tree, state, place, uri)] };
  if (query !== "list=StructData" || !structData) return { state, code: 406, nodes: [] };
  return { state, code: 200, nodes: subtree(tree, state, place) };
}

function nodeAt(tree: ProviderTree, state: PcState, place: NodePlace, uri: string): TreeNode {
  const { format } = place.rule;
  const data =
    format === "node"
      ? tree.children(state, place).map(encodeSegment).join("/")
      : tree.value(state, place);
  return { uri, format, data };
}

/** Interior nodes first, then the leaves, as devices answer StructData. [E-080] */
function subtree(tree: ProviderTree, state: PcState, from: NodePlace): TreeNode[] {
  const interior: TreeNode[] = [];
  const leaves: TreeNode[] = [];
  const visit = (place: NodePlace): void => {
    const uri = nodeUri(tree.table, place.context, place.segments);
    if (place.rule.format !== "node") {
      leaves.push(nodeAt(tree, state, place, uri));
      return;
    }
    interior.push({ uri, format: "node" });
    for (const name of tree.children(state, place)) {
      const child = locate(
        tree.table,
        nodeUri(tree.table, place.context, [...place.segments, name]),
      );
      if (child !== undefined && child.rule.codes.Get !== 405 && exists(tree, state, child)) {
        visit(child);
      }
    }
  };
  visit(from);
  return [...interior, ...leaves];
}
