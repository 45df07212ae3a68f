import {
  addDownloadInstall,
  deleteProduct,
  executeDownloadInstall,
  getProductLeaf,
  getProducts,
  getUpgradeCode,
} from "../../../../protocols/csp/enterprise-desktop-app-management/commands.ts";
import {
  readMsiInventory,
  readUpgradeCodes,
} from "../../../../protocols/csp/enterprise-desktop-app-management/inventory.ts";
import { printMsiInstallJob } from "../../../../protocols/csp/enterprise-desktop-app-management/msi-install-job.ts";
import { PRODUCT_LEAVES } from "../../../../protocols/csp/enterprise-desktop-app-management/nodes.ts";
import { readMsiStatus } from "../../../../protocols/csp/enterprise-desktop-app-management/values.ts";
import { readProductIds } from "../../../../protocols/csp/inventory.ts";
import { compareVersions } from "../../../model/version.ts";
import type { AppProvider, Offer, PollSituation, PollVerdict } from "../app-provider.ts";
import type { Poll } from "../conversation-state.ts";

/**
 * `Version` is the installed product's own, so it proves what Status claims; DownloadInstall tells
 * whether a job without a Status is parked.
 */
const LEAVES = ["Status", "LastError", "LastErrorDesc", "Version", "DownloadInstall"] as const;
const LIST_LEAVES = ["Version", "Name", "Publisher", "InstallDate"] as const;
const DONE = "70";
/** Statuses in which a job has ended. */
const ENDED: ReadonlySet<string> = new Set(["30", "60", DONE]);

/** MSI packages on Windows 10 and 11. [syncml 6.2] */
export const enterpriseDesktopAppManagement: AppProvider = {
  name: "EnterpriseDesktopAppManagement",
  source: "windows-msi",
  productOf: ({ msi }) => msi?.productCode ?? null,
  contextOf: ({ msi }) => msi?.context ?? "device",

  binds: "atomic",
  firstForm: (node) => (node !== undefined && !node.gone ? "replace" : "add"),
  offer(offer, form, tags) {
    const { context, product } = offer.address;
    const exec = executeDownloadInstall(tags.exec, context, product, jobOf(offer));
    // The node of an earlier job takes the new one with its Exec.
    return form === "add"
      ? { write: addDownloadInstall(tags.write, context, product), exec }
      : { exec };
  },
  onMissingNode: "later",

  pollLeaves: { known: LEAVES, inDoubt: LEAVES },
  pollLeaf({ context, product }, tag, leaf) {
    const known = PRODUCT_LEAVES.find((one) => one === leaf);
    if (known === undefined) throw new Error(`an MSI has no ${leaf}`);
    return getProductLeaf(tag, context, product, known);
  },
  judgePoll,
  proof: "inventory",
  failedValue: "60",
  idleValue: null,

  list: {
    contexts: ["device", "user"],
    needsStructData: true,
    ask: ({ context, wanted }, tag) => [
      getProducts(tag("list"), context, "StructData"),
      ...wanted.upgradeCodes.map((code, n) => getUpgradeCode(tag(`more-${n}`), context, code)),
    ],
    cannotTellAll: new Set([406, 415, 501]),
    askNames: ({ context, wanted }, tag) => [
      getProducts(tag("list"), context, "children"),
      ...wanted.upgradeCodes.map((code, n) => getUpgradeCode(tag(`more-${n}`), context, code)),
    ],
    readNames: (items) => items.flatMap((item) => readProductIds(item.data ?? "")),
    askOne: ({ context }, product, tag) =>
      LIST_LEAVES.map((leaf) => getProductLeaf(tag(leaf), context, product, leaf)),
    read(items) {
      const { products, warnings } = readMsiInventory(items);
      const upgradeCodes = readUpgradeCodes(items);
      const apps = products.map((one) => ({
        ...one,
        fullName: null,
        upgradeCode: upgradeCodes.get(one.productId) ?? null,
      }));
      return { apps, warnings };
    },
  },

  remove({ context, product }, { item }, tag) {
    return [deleteProduct(tag, item?.context ?? context, item?.productId ?? product)];
  },
  removalProof: "inventory",
};

function jobOf({ address, work, file, urlOf }: Offer): string {
  const { msi, version } = work.revision;
  if (!msi) throw new Error(`revision ${work.revision.id} is no MSI`);
  return printMsiInstallJob({
    productId: address.product,
    version,
    // The site's own address first: the others are for when it cannot be reached.
    contentUrls: [urlOf(file), ...msi.fallbackUrls],
    sha256: file.sha256,
    commandLine: msi.commandLine,
    timeoutMinutes: msi.timeoutMinutes,
    retryCount: msi.retryCount,
    retryIntervalMinutes: msi.retryIntervalMinutes,
    downloadFromAad: msi.downloadFromAad,
  });
}

/**
 * A job that runs is taken for ours, whoever's it is: a second Exec would only wait behind it. One that
 * has ended may be the one before, except where the wanted version is there.
 */
function judgePoll(poll: Poll, { row, isInDoubt }: PollSituation): PollVerdict {
  const installed = poll.values.Version?.trim() || null;
  const isWanted = installed !== null && compareVersions(installed, row.targetVersion) >= 0;
  const value = readMsiStatus(poll.values.Status ?? "");
  if (value === undefined) {
    if (poll.codes.Status !== 404) return { kind: "silent" };
    if (isWanted) return { kind: "inventory" };
    const job = poll.values.DownloadInstall?.trim() ?? "";
    if (job !== "") return { kind: "parked", text: `DownloadInstall is "${job.slice(0, 64)}"` };
    return { kind: isInDoubt ? "not-delivered" : "gone" };
  }
  if (isInDoubt && ENDED.has(value) && !(value === DONE && isWanted))
    return { kind: "not-delivered" };
  return { kind: "status", value, version: value === DONE && isWanted ? installed : null };
}
