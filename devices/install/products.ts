import type { Device } from "../model/device.ts";
import type { PackageId } from "../model/ids.ts";
import type { InventoryItem, InventoryRead } from "../model/inventory.ts";
import type { InstallContext, Provider, Revision } from "../model/package.ts";
import type { Policy } from "../model/policy.ts";
import { compareVersions } from "../model/version.ts";
import { providersOf } from "./providers.ts";

/** By which names devices know an app in all its versions, and which of their lists name it. */
export interface Products {
  /** Product ids, ProductCodes and package family names, in small letters. */
  readonly names: ReadonlySet<string>;
  /** UpgradeCodes, in small letters. */
  readonly upgradeCodes: ReadonlySet<string>;
  readonly lists: readonly ProductListName[];
}

/** One of a device's lists of installed apps. */
export interface ProductListName {
  readonly provider: Provider;
  readonly context: InstallContext;
}

const NOTHING: Products = { names: new Set(), upgradeCodes: new Set(), lists: [] };

/** Policy is never changed, only replaced: what its apps are called is found once. */
const indexes = new WeakMap<
  Policy["revisions"],
  { readonly packages: Policy["packages"]; readonly index: ReadonlyMap<PackageId, Products> }
>();

export function productsOf(
  policy: Pick<Policy, "packages" | "revisions">,
  app: PackageId,
): Products {
  const { packages, revisions } = policy;
  let known = indexes.get(revisions);
  if (known?.packages !== packages) {
    known = { packages, index: indexOf(policy) };
    indexes.set(revisions, known);
  }
  return known.index.get(app) ?? NOTHING;
}

function indexOf(policy: Pick<Policy, "packages" | "revisions">): ReadonlyMap<PackageId, Products> {
  const index = new Map<PackageId, Collected>();
  for (const app of policy.packages.values()) {
    const products = new Collected();
    index.set(app.id, products);
    if (app.productId !== null) {
      products.names.add(app.productId.toLowerCase());
      products.addList("EnterpriseAppManagement", "device");
    }
  }
  for (const revision of policy.revisions.values()) index.get(revision.package)?.add(revision);
  return index;
}

class Collected implements Products {
  readonly names = new Set<string>();
  readonly upgradeCodes = new Set<string>();
  readonly lists: ProductListName[] = [];

  add({ msi, msix }: Revision): void {
    if (msi) {
      this.names.add(msi.productCode.toLowerCase());
      if (msi.upgradeCode !== null) this.upgradeCodes.add(msi.upgradeCode.toLowerCase());
      this.addList("EnterpriseDesktopAppManagement", msi.context);
    }
    if (msix) {
      this.names.add(msix.familyName.toLowerCase());
      this.addList("EnterpriseModernAppManagement", msix.context);
    }
  }

  addList(provider: Provider, context: InstallContext): void {
    if (this.lists.some((one) => one.provider === provider && one.context === context)) return;
    this.lists.push({ provider, context });
  }
}

/** What a device lists of an app; of several versions side by side, the highest. */
export function findItem(
  inventory: readonly InventoryItem[],
  products: Products,
): InventoryItem | undefined {
  let found: InventoryItem | undefined;
  for (const named of namesIn(inventory)) {
    if (!isNamed(named, products)) continue;
    const { item } = named;
    if (!found || compareVersions(item.version ?? "0", found.version ?? "0") > 0) found = item;
  }
  return found;
}

export function isOf(item: InventoryItem, products: Products): boolean {
  return isNamed(namesOf(item), products);
}

/** A listed app by the names that tell which it is, in small letters. */
interface NamedItem {
  readonly item: InventoryItem;
  readonly name: string;
  readonly upgradeCode: string | undefined;
}

/** Inventories are never changed, only replaced; every plan looks for every app. */
const namedItems = new WeakMap<readonly InventoryItem[], readonly NamedItem[]>();

function namesIn(inventory: readonly InventoryItem[]): readonly NamedItem[] {
  const known = namedItems.get(inventory);
  if (known) return known;
  const named = inventory.map(namesOf);
  namedItems.set(inventory, named);
  return named;
}

function namesOf(item: InventoryItem): NamedItem {
  return {
    item,
    name: item.productId.toLowerCase(),
    upgradeCode: item.upgradeCode?.toLowerCase(),
  };
}

function isNamed({ name, upgradeCode }: NamedItem, products: Products): boolean {
  return (
    products.names.has(name) ||
    (upgradeCode !== undefined && products.upgradeCodes.has(upgradeCode))
  );
}

/**
 * Since when it is known whether an app is on the device: all of the device's lists that would name it
 * were told. Null when one was not, or when the device has no such list.
 */
export function toldAtMs(
  device: Device,
  reads: readonly InventoryRead[],
  products: Products,
  policy: Policy,
): number | null {
  // Providers are Windows': whoever tells of other systems tells of all their apps.
  const has =
    device.platform === "Windows" ? providersOf(device, policy.enterprise.platforms) : undefined;
  let oldest: number | null = null;
  for (const { provider, context } of products.lists) {
    if (has !== undefined && !has.includes(provider)) continue;
    const read = reads.find((one) => one.provider === provider && one.context === context);
    if (!read) return null;
    oldest = Math.min(oldest ?? read.atMs, read.atMs);
  }
  return oldest;
}
