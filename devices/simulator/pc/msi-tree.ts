import { readMsiInstallJob } from "../../../protocols/csp/enterprise-desktop-app-management/msi-install-job.ts";
import {
  ENTERPRISE_DESKTOP_APP_MANAGEMENT,
  PRODUCT_LEAVES,
} from "../../../protocols/csp/enterprise-desktop-app-management/nodes.ts";
import type { NodeContext, NodePlace } from "../../../protocols/csp/node-table.ts";
import { parseProductId } from "../../../protocols/csp/product-id.ts";
import type { Done, ProviderTree } from "./provider-tree.ts";
import {
  keyOf,
  type MsiJobNode,
  type MsiNode,
  type PcState,
  withMsi,
  withoutMsi,
} from "./state.ts";

/** A DownloadInstall that nobody has executed, or that was executed with what is no job. */
export const READY: MsiJobNode = { status: null, lastError: 0, lastErrorText: "" };

/** MSI packages as a PC shows them. [syncml 6.2] */
export const MSI_TREE: ProviderTree = {
  table: ENTERPRISE_DESKTOP_APP_MANAGEMENT,

  children(state, { context, segments: [, name, leaf] }) {
    if (leaf !== undefined) return [];
    const nodes = [...state.msi.values()].filter((node) => node.context === context);
    if (name === undefined) return [...nodes.map(({ productCode }) => productCode), "UpgradeCode"];
    if (name === "UpgradeCode") return nodes.flatMap(({ product }) => product?.upgradeCode ?? []);
    return PRODUCT_LEAVES;
  },

  value(state, { context, segments }) {
    const [, name = "", leaf = ""] = segments;
    if (name === "UpgradeCode") return productWith(state, context, leaf);
    const node = nodeOf(state, context, name);
    if (node === undefined) return undefined;
    const { product, job } = node;
    switch (leaf) {
      case "Version":
      case "Name":
      case "Publisher":
        return product?.[leaf === "Version" ? "version" : leaf === "Name" ? "name" : "publisher"];
      case "InstallPath":
        return product ? `C:\\Program Files\\${product.name}\\` : undefined;
      case "InstallDate":
        return product ? dayOf(product.installedAtMs) : undefined;
      case "DownloadInstall":
        return job ? (job.status === null ? "Ready" : "") : undefined;
      case "Status":
        return job?.status ?? undefined;
      case "LastError":
        return job?.status == null ? undefined : String(job.lastError);
      case "LastErrorDesc":
        return job?.status == null ? undefined : job.lastErrorText;
      default:
        return undefined;
    }
  },

  has: (state, { context, segments: [, name] }) =>
    name === undefined || name === "UpgradeCode" || nodeOf(state, context, name) !== undefined,

  add(state, { context, segments: [, name = "", leaf] }) {
    const productCode = parseProductId(name);
    if (productCode === undefined) return { refused: 400 };
    const change = leaf === undefined ? {} : { job: READY };
    return { state: withMsi(state, { context, productCode }, change), code: 200 };
  },

  // What is written says nothing that the Exec does not say.
  replace: (state) => ({ state, code: 200 }),

  remove(state, { context, segments: [, name = "", leaf] }) {
    const node = nodeOf(state, context, name);
    if (node === undefined) return { refused: 404 };
    if (leaf === undefined) return uninstall(state, node);
    return { state: withMsi(state, node, { job: null }), code: 200 };
  },

  execute(state, { context, segments: [, name = ""] }: NodePlace, data): Done {
    const node = nodeOf(state, context, name);
    // The Add has to come before. [syncml 6.2]
    if (node?.job == null) return { refused: 404 };
    const job = readMsiInstallJob(data);
    // 200 all the same, and nothing ever comes of it: seen in the field. [syncml 2.1]
    if (job === undefined) return { state: withMsi(state, node, { job: READY }), code: 200 };
    return {
      state: { ...state, started: [...state.started, { kind: "msi", node, job }] },
      code: 200,
    };
  },
};

function uninstall(state: PcState, node: MsiNode): Done {
  const next = withoutMsi(state, node);
  return { state: next, code: 200, ...(node.product !== null && { irrevocable: true as const }) };
}

function nodeOf(state: PcState, context: NodeContext, name: string): MsiNode | undefined {
  return state.msi.get(keyOf(context, name));
}

function productWith(state: PcState, context: NodeContext, code: string): string | undefined {
  return [...state.msi.values()].find(
    (node) =>
      node.context === context && node.product?.upgradeCode?.toLowerCase() === code.toLowerCase(),
  )?.productCode;
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10).replaceAll("-", "");
}
