import type { ManagementTree } from "../../../protocols/oma-dm/carry-out.ts";
import { executeOnLeaf, type Leaves } from "./leaf-tree.ts";

/** A device of a world. */
export interface DeviceState extends Leaves {
  /** How often its user was asked what. */
  readonly asked: Readonly<Record<string, number>>;
}

/** Yes, no, or nobody there. */
export const USER_CODES = [200, 304, 408] as const;

export const tree: ManagementTree<DeviceState> = {
  ask(state, { text }) {
    const asked = { ...state.asked, [text]: (state.asked[text] ?? 0) + 1 };
    return { state: { ...state, asked }, code: userCode(text), answers: [] };
  },
  execute(state, operation) {
    const { uri } = operation;
    if (!uri.startsWith(COUNT)) return executeOnLeaf(state, operation);
    // How often a node was executed can be read like a leaf.
    const count = String(state.executed[uri.replace(COUNT, "./exec/")] ?? 0);
    return { state, code: 200, nodes: [{ uri, format: "chr", data: count }] };
  },
};

const COUNT = "./count/";

/** The user always says the same to a question. */
export function userCode(text: string): number {
  return USER_CODES[text.length % USER_CODES.length] ?? 200;
}
