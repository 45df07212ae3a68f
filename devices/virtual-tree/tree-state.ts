import type { Device, Enrolment } from "../model/device.ts";
import type { DeviceId } from "../model/ids.ts";
import type { Installation } from "../model/installation.ts";
import type { InventoryItem } from "../model/inventory.ts";
import type { EnterpriseSettings } from "../model/policy.ts";
import type {
  OrderOutcome,
  PushedDownload,
  PushedEnterprise,
  VirtualTree,
} from "../model/virtual-tree.ts";
import { type Progress, progressOf } from "./progress.ts";

/** `Download/{ProductID}` nodes of one device; one more is answered 420. */
export const DOWNLOADS_MAX = 200;
/** A download node lives this long after its work ended or it was last written to. [E-053, Q39] */
export const DOWNLOAD_LIFE_MS = 7 * 24 * 60 * 60 * 1000;

/** What commands change: what is pushed, and with it the real device's enrolment. */
export interface TreeState {
  readonly tree: VirtualTree;
  readonly enrolment: Enrolment;
}

/** What the site knows of the real device; no command changes it. */
export interface Mirror {
  readonly device: Device;
  readonly inventory: readonly InventoryItem[];
  readonly rows: readonly Installation[];
  /** The site's own settings, which hold beside what is pushed. */
  readonly settings: EnterpriseSettings;
  /** Only some families of Windows have EnterpriseAppManagement at all. [E-006, Q47] */
  readonly hasEnterpriseApps: boolean;
  /** Whether it is an app of the organisation, so that it may be uninstalled. [E-059, E-060] */
  readonly isOwnApp: (productId: string) => boolean;
  readonly nowMs: number;
  /** Who sends the commands. */
  readonly by: string;
}

export function emptyTree(device: DeviceId): VirtualTree {
  return { device, enterprise: null, leaving: null, downloads: [], removals: [] };
}

/** Is there nothing in it that is worth keeping? */
export function isEmptyTree(tree: VirtualTree): boolean {
  const { enterprise, leaving, downloads, removals } = tree;
  return enterprise === null && leaving === null && downloads.length === 0 && removals.length === 0;
}

export function newEnterprise(id: string): PushedEnterprise {
  return {
    id,
    enrollmentToken: null,
    storeProductId: null,
    storeUri: null,
    certificateSearchCriteria: null,
    crlCheck: null,
    strictestCrlCheck: null,
  };
}

export function newDownload(productId: string, nowMs: number): PushedDownload {
  return {
    productId,
    version: null,
    name: null,
    url: null,
    status: null,
    armed: false,
    changedAtMs: nowMs,
    order: null,
  };
}

/**
 * The EnterpriseID that is in the tree: the pushed one, else the site's own where the real device has
 * it. Undefined when the device is enrolled with nobody.
 */
export function enterpriseIdOf({ tree, enrolment }: TreeState, mirror: Mirror): string | undefined {
  if (tree.enterprise !== null) return tree.enterprise.id;
  const isReal = REAL.has(enrolment);
  return isReal ? (mirror.settings.enterpriseId ?? undefined) : undefined;
}

/** The device itself has said that it has the EnterpriseID. */
const REAL: ReadonlySet<Enrolment> = new Set(["enabled", "install-disabled", "revoked", "invalid"]);

export function downloadOf(state: TreeState, productId: string): PushedDownload | undefined {
  return state.tree.downloads.find((one) => one.productId === productId);
}

/** How an order of this tree goes. */
export function progress(
  order: { readonly atMs: number; readonly outcome: OrderOutcome },
  mirror: Pick<Mirror, "rows">,
): Progress {
  const { outcome } = order;
  const row =
    outcome.kind === "placed"
      ? mirror.rows.find((one) => one.distribution === outcome.distribution)
      : undefined;
  return progressOf(order, row);
}

/** Products that are listed as installed: what the device told, without what is to be removed. */
export function listedInventory(state: TreeState, mirror: Mirror): readonly InventoryItem[] {
  const going = new Set(
    state.tree.removals
      .filter((removal) => progress(removal, mirror).isOpen)
      .map(({ productId }) => productId),
  );
  return going.size === 0
    ? mirror.inventory
    : mirror.inventory.filter(({ productId }) => !going.has(productId));
}

/** The tree without download nodes whose week is over, and without removals that have ended. */
export function withoutExpired(
  tree: VirtualTree,
  mirror: Pick<Mirror, "rows" | "nowMs">,
): VirtualTree {
  const downloads = tree.downloads.filter(({ order, changedAtMs }) => {
    const work = order && progress(order, mirror);
    if (work?.isOpen) return true;
    return mirror.nowMs - Math.max(changedAtMs, work?.changedAtMs ?? 0) < DOWNLOAD_LIFE_MS;
  });
  const removals = tree.removals.filter((removal) => progress(removal, mirror).isOpen);
  const isSame =
    downloads.length === tree.downloads.length && removals.length === tree.removals.length;
  return isSame ? tree : { ...tree, downloads, removals };
}
