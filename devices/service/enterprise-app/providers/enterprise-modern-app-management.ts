import {
  addInstallation,
  deleteFamily,
  executeHostedInstall,
  getFamilies,
  getFamily,
  getInstallationLeaf,
  getInventoryResults,
  queryInventory,
  removePackage,
} from "../../../../protocols/csp/enterprise-modern-app-management/commands.ts";
import { printHostedInstall } from "../../../../protocols/csp/enterprise-modern-app-management/documents.ts";
import {
  readFamilies,
  readPackageInventory,
} from "../../../../protocols/csp/enterprise-modern-app-management/inventory.ts";
import {
  INSTALLATION_LEAVES,
  type Origin,
} from "../../../../protocols/csp/enterprise-modern-app-management/nodes.ts";
import { readInstallationStatus } from "../../../../protocols/csp/enterprise-modern-app-management/values.ts";
import type { AppProvider, ListWants, Offer, PollSituation, PollVerdict } from "../app-provider.ts";
import type { Poll } from "../conversation-state.ts";

const LEAVES = ["Status", "LastError", "LastErrorDesc"] as const;
const INSTALLING = "1";
const INSTALLED = "3";

/** Packaged apps (APPX, MSIX) on Windows 10 and 11. [syncml 6.3] */
export const enterpriseModernAppManagement: AppProvider = {
  name: "EnterpriseModernAppManagement",
  source: "windows-msix",
  productOf: ({ msix }) => msix?.familyName ?? null,
  contextOf: ({ msix }) => msix?.context ?? "device",

  binds: "message",
  // The family's node is made each time: after a success it is gone, after a failure 418 is as good.
  firstForm: () => "add",
  offer(offer, _, tags) {
    const { context, product } = offer.address;
    return {
      write: addInstallation(tags.write, context, product),
      exec: executeHostedInstall(tags.exec, context, product, applicationOf(offer)),
    };
  },
  onMissingNode: "later",

  pollLeaves: { known: LEAVES, inDoubt: LEAVES },
  pollLeaf({ context, product }, tag, leaf) {
    const known = INSTALLATION_LEAVES.find((one) => one === leaf);
    if (known === undefined) throw new Error(`an installation has no ${leaf}`);
    return getInstallationLeaf(tag, context, product, known);
  },
  judgePoll,
  proof: "inventory",
  failedValue: "2",
  idleValue: "0",

  list: {
    contexts: ["device", "user"],
    needsStructData: false,
    ask: ({ context, wanted }, tag) => [
      queryInventory(tag("query"), context, originsOf(wanted)),
      getInventoryResults(tag("list"), context),
    ],
    // Without queries the tree itself is walked.
    cannotTellAll: new Set([400, 404, 405, 406, 415, 500, 501]),
    askNames: ({ context, wanted }, tag) =>
      originsOf(wanted).map((origin, n) =>
        getFamilies(n === 0 ? tag("list") : tag(`more-${n}`), context, origin),
      ),
    readNames: (items) => [...new Set(items.flatMap((item) => readFamilies(item.data ?? "")))],
    askOne: ({ context, wanted }, family, tag) =>
      originsOf(wanted).map((origin) => getFamily(tag(origin), context, origin, family)),
    read(items) {
      const { products, warnings } = readPackageInventory(items);
      return { apps: products.map((one) => ({ ...one, upgradeCode: null })), warnings };
    },
  },

  remove({ context, product }, { item, revision }, tag) {
    const origin: Origin = revision.storeApp ? "AppStore" : "nonStore";
    const family = item?.productId ?? product;
    const where = item?.context ?? context;
    const commands = [deleteFamily(tag, where, origin, family)];
    // For the device that only ends that users get it; those who have it lose it by the other.
    const isForAll = where === "device" && item?.fullName != null;
    return isForAll ? [...commands, removePackage(`${tag} all`, item.fullName)] : commands;
  },
  removalProof: "inventory",
};

function originsOf({ storeApps }: ListWants): readonly Origin[] {
  return storeApps ? ["nonStore", "AppStore"] : ["nonStore"];
}

function applicationOf({ address, work, file, urlOf }: Offer): string {
  const { msix } = work.revision;
  if (!msix) throw new Error(`revision ${work.revision.id} is no packaged app`);
  return printHostedInstall({
    packageUri: urlOf(file),
    dependencyUris: msix.dependencies.map(urlOf),
    deploymentOptions: address.context === "user" ? msix.deploymentOptions : null,
  });
}

/**
 * The nodes are gone once an installation succeeded, and before one began: the inventory tells which. A
 * node that may be of the work before says nothing but that something is being installed.
 */
function judgePoll(poll: Poll, { isInDoubt }: PollSituation): PollVerdict {
  const value = readInstallationStatus(poll.values.Status ?? "");
  if (value === undefined) {
    return { kind: poll.codes.Status === 404 ? "gone" : "silent" };
  }
  if (isInDoubt && value !== INSTALLING) {
    return { kind: value === INSTALLED ? "inventory" : "not-delivered" };
  }
  return { kind: "status", value, version: null };
}
