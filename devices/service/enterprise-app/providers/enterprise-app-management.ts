import {
  addDownload,
  deleteInventoryNode,
  executeDownload,
  getDownloadNode,
  getInventory,
  getInventoryNode,
  replaceDownload,
} from "../../../../protocols/csp/enterprise-app-management/commands.ts";
import { readInventory } from "../../../../protocols/csp/enterprise-app-management/inventory.ts";
import {
  DOWNLOAD_LEAVES,
  INVENTORY_LEAVES,
} from "../../../../protocols/csp/enterprise-app-management/nodes.ts";
import { readProductIds } from "../../../../protocols/csp/inventory.ts";
import type { AppProvider, PollSituation, PollVerdict } from "../app-provider.ts";
import type { Poll } from "../conversation-state.ts";

/** A download node lives this long after its last change: until then Replace, afterwards Add. [Q39] */
export const NODE_LIFE_MS = 7 * 24 * 60 * 60 * 1000;
/** `Version` is the value that the site set: it tells whose work the node is about. */
const LEAVES = ["Status", "LastError", "LastErrorDesc"] as const;
/** Status values of a download or an install that is under way. [E-046..E-048] */
const RUNNING: ReadonlySet<string> = new Set(["2", "3", "4"]);
const INSTALLED = "5";

/** XAP and APPX on Windows 10 Mobile and its kin. [E-044..E-094] */
export const enterpriseAppManagement: AppProvider = {
  name: "EnterpriseAppManagement",
  source: "windows-csp",
  productOf: (_, app) => app.productId,
  contextOf: () => "device",

  binds: "atomic",
  firstForm(node, nowMs) {
    const isAlive = node !== undefined && !node.gone && nowMs - node.changedAtMs < NODE_LIFE_MS;
    return isAlive ? "replace" : "add";
  },
  offer({ address, work, file, urlOf }, form, tags) {
    const { enterpriseId, product } = address;
    const download = {
      productId: product,
      name: work.package.name,
      url: urlOf(file),
      version: work.revision.version,
    };
    const write = form === "add" ? addDownload : replaceDownload;
    return {
      write: write(tags.write, enterpriseId, download),
      exec: executeDownload(tags.exec, enterpriseId, product),
    };
  },
  onMissingNode: "fails",

  pollLeaves: { known: LEAVES, inDoubt: [...LEAVES, "Version"] },
  pollLeaf({ enterpriseId, product }, tag, leaf) {
    return getDownloadNode(tag, enterpriseId, product, need(DOWNLOAD_LEAVES, leaf));
  },
  judgePoll,
  proof: "status",
  failedValue: "6",
  idleValue: null,

  list: {
    contexts: ["device"],
    needsStructData: true,
    ask: ({ enterpriseId }, tag) => [getInventory(tag("list"), enterpriseId, "StructData")],
    cannotTellAll: new Set([406, 415, 501]),
    askNames: ({ enterpriseId }, tag) => [getInventory(tag("list"), enterpriseId, "children")],
    readNames: (items) => items.flatMap((item) => readProductIds(item.data ?? "")),
    askOne: ({ enterpriseId }, product, tag) =>
      INVENTORY_LEAVES.map((leaf) => getInventoryNode(tag(leaf), enterpriseId, product, leaf)),
    read(items) {
      const { products, warnings } = readInventory(items);
      const apps = products.map((one) => ({ ...one, fullName: null, upgradeCode: null }));
      return { apps, warnings };
    },
  },

  remove: ({ enterpriseId, product }, _, tag) => [deleteInventoryNode(tag, enterpriseId, product)],
  removalProof: "status",
};

/**
 * Was work delivered whose acceptance was lost? [E-052, Q39]
 *
 * The Version is what the site wrote: another one means that nothing arrived. Ours means that it did
 * where it came in one Atomic with the Exec, and was not written by earlier work. Without Atomic the
 * writes may have arrived alone, and the Status may be that of the work before: nothing is concluded
 * from it, and what is repeated is harmless.
 */
function judgePoll(poll: Poll, { row, isInDoubt, versionIsOld }: PollSituation): PollVerdict {
  const value = poll.values.Status?.trim();
  const isGone = value === undefined && poll.codes.Status === 404;
  if (isInDoubt) {
    const isOurVersion = poll.values.Version?.trim() === row.targetVersion;
    if (poll.codes.Status === 404 || !isOurVersion) return { kind: "not-delivered" };
    if (versionIsOld) {
      if (RUNNING.has(value ?? "")) return { kind: "wait" };
      return { kind: value === INSTALLED ? "inventory" : "not-delivered" };
    }
  }
  if (isGone) return { kind: "gone" };
  if (value === undefined || value === "") return { kind: "silent" };
  return { kind: "status", value, version: null };
}

function need<Name extends string>(names: readonly Name[], name: string): Name {
  const found = names.find((one) => one === name);
  if (found === undefined) throw new Error(`there is no leaf ${name}`);
  return found;
}
