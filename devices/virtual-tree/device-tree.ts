import type {
  ManagementTree,
  TreeNode,
  TreeReply,
  TreeRequest,
} from "../../protocols/oma-dm/carry-out.ts";
import { isDeviceFact, readDeviceFact } from "./device-facts.ts";
import { exists, listSubtree, readNode } from "./read-tree.ts";
import { nameOf, parseTreePath, type TreePath } from "./tree-path.ts";
import { downloadOf, type Mirror, type TreeState } from "./tree-state.ts";
import { deleteNode, executeNode, type Written, writeNode } from "./write-tree.ts";

/** Characters of a LocURI; a longer one is answered 414. */
export const URI_CHARACTERS_MAX = 1024;
/** Nodes that the answers to one message list together; a Get beyond is answered 413. */
export const ANSWER_NODES_MAX = 20_000;

/**
 * The virtual tree of one device, for the commands of one message: EnterpriseAppManagement by its
 * table of nodes, and what the site knows of DevInfo and DevDetail to read. [Q32]
 */
export class VirtualDeviceTree implements ManagementTree<TreeState> {
  readonly #mirror: Mirror;
  #nodesLeft = ANSWER_NODES_MAX;

  constructor(mirror: Mirror) {
    this.#mirror = mirror;
  }

  execute(state: TreeState, request: TreeRequest): TreeReply<TreeState> {
    const refuse = (code: number) => ({ state, code, nodes: [] });
    if (request.uri.length > URI_CHARACTERS_MAX) return refuse(414);
    const [uri = "", ...query] = request.uri.trim().split("?");
    if (isDeviceFact(uri)) {
      const fact = readDeviceFact(this.#mirror.device, uri);
      if (fact === undefined) return refuse(404);
      if (request.command !== "Get") return refuse(405);
      return query.length > 0 ? refuse(406) : this.#answer(state, [fact]);
    }
    const path = parseTreePath(uri);
    if (path === undefined || !this.#mirror.hasEnterpriseApps) return refuse(404);
    if (request.command === "Get") return this.#get(state, path, query);
    if (!isAllowed(path, request)) return refuse(405);
    if (query.length > 0) return refuse(406);
    if (!fitsFormat(path, request)) return refuse(415);
    return { ...this.#change(state, path, request), nodes: [] };
  }

  #get(state: TreeState, path: TreePath, query: readonly string[]): TreeReply<TreeState> {
    if (path.rule.codes.Get === 405) return { state, code: 405, nodes: [] };
    if (!exists(state, this.#mirror, path)) return { state, code: 404, nodes: [] };
    if (query.length === 0) return this.#answer(state, [readNode(state, this.#mirror, path)]);
    const list = query.join("?").replace(/^list=/, "");
    if (list !== "Struct" && list !== "StructData") return { state, code: 406, nodes: [] };
    return this.#answer(state, listSubtree(state, this.#mirror, path, list));
  }

  #answer(state: TreeState, nodes: readonly TreeNode[]): TreeReply<TreeState> {
    if (nodes.length > this.#nodesLeft) return { state, code: 413, nodes: [] };
    this.#nodesLeft -= nodes.length;
    return { state, code: 200, nodes };
  }

  #change(state: TreeState, path: TreePath, { command, data }: TreeRequest): Written {
    const mirror = this.#mirror;
    const isThere = exists(state, mirror, path);
    if (command === "Add") {
      const isTaken = isThere && !isStatusNotWritten(state, path);
      return isTaken ? { state, code: 418 } : writeNode(state, mirror, path, data);
    }
    if (!isThere) return { state, code: 404 };
    switch (command) {
      case "Delete":
        return deleteNode(state, mirror, path);
      case "Exec":
        return executeNode(state, mirror, path);
      default:
        return writeNode(state, mirror, path, data);
    }
  }
}

/** What is applied on the device can only be read. */
function isAllowed({ rule, view }: TreePath, { command }: TreeRequest): boolean {
  return view === "pushed" && rule.codes[command] !== 405;
}

/** A download's Status can be read as soon as the node is there, and still be added once. [E-029] */
function isStatusNotWritten(state: TreeState, { rule, productId }: TreePath): boolean {
  return nameOf(rule) === "Status" && downloadOf(state, productId)?.status === null;
}

/** Formats a leaf is taken in besides its own; nothing is said of what Exec carries. [Q35] */
const ALSO: Readonly<Record<string, readonly string[]>> = {
  chr: ["b64"],
  int: ["chr"],
  null: ["chr", "int", "bool", "xml"],
};

function fitsFormat({ rule }: TreePath, { command, format }: TreeRequest): boolean {
  if (format === undefined || command === "Exec" || command === "Delete") return true;
  return format === rule.format || (ALSO[rule.format] ?? []).includes(format);
}
