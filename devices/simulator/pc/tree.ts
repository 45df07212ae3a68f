import { decodeSegment } from "../../../protocols/csp/node-table.ts";
import type { ManagementTree, TreeRequest } from "../../../protocols/oma-dm/carry-out.ts";
import { MSI_TREE } from "./msi-tree.ts";
import { MSIX_TREE } from "./msix-tree.ts";
import { executeOnProvider, type PcTreeOptions } from "./provider-tree.ts";
import type { PcState } from "./state.ts";

export interface PcInfo {
  /** Leaves of DevInfo, DevDetail and the like by their path; they can be read and nothing else. */
  readonly info: ReadonlyMap<string, string>;
  /** What the server calls itself in the account that the PC has with it; null: nobody told it. */
  readonly providerId: string | null;
}

/** What the account's own nodes are below. */
const DM_CLIENT = /^(?:Device\/)?Vendor\/MSFT\/DMClient(?:\/Provider\/([^/]+))?\/Unenroll$/;

/** The tree that a Windows PC shows its server. */
export function pcTree(pc: PcInfo, options: PcTreeOptions): ManagementTree<PcState> {
  return {
    execute(state, request) {
      const path = request.uri.trim().replace(/^\.\//, "");
      const account = DM_CLIENT.exec(path);
      if (account) return unenrol(pc, state, request, account[1]);
      const info = pc.info.get(path);
      if (info !== undefined) {
        if (request.command !== "Get") return { state, code: 405, nodes: [] };
        return { state, code: 200, nodes: [{ uri: request.uri, format: "chr", data: info }] };
      }
      for (const tree of [MSI_TREE, MSIX_TREE]) {
        const reply = executeOnProvider(tree, state, request, options);
        if (reply !== undefined) return reply;
      }
      return { state, code: 404, nodes: [] };
    },
  };
}

/** The account goes, and with it the session: there is no answer to this. [DMClient CSP] */
function unenrol(
  { providerId }: PcInfo,
  state: PcState,
  { command, uri, data }: TreeRequest,
  named: string | undefined,
) {
  if (command === "Get") {
    return { state, code: 200, nodes: [{ uri, format: "chr", data: "" }] };
  }
  if (command !== "Exec") return { state, code: 405, nodes: [] };
  // The older form names the account in its Data only.
  const wanted = named === undefined ? data.trim() : decodeSegment(named);
  if (providerId !== null && wanted !== providerId) return { state, code: 404, nodes: [] };
  return { state: { ...state, account: "leaving" as const }, code: 200, nodes: [] };
}
