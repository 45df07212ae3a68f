import { targets } from "../install/targets.ts";
import type { Device } from "../model/device.ts";
import type { Distribution } from "../model/distribution.ts";
import type { DistributionId, GroupName, PackageId, RevisionId } from "../model/ids.ts";
import type { Package, Revision } from "../model/package.ts";
import type { Policy } from "../model/policy.ts";
import { shortDigest } from "../model/sha256.ts";
import type { FoundSource } from "../ports/order-sources.ts";
import type { PolicyRecordChange } from "../ports/policy-writer.ts";

/** A file that the site has or knows, or one that it has to fetch from a vendor first. */
export type OrderedContent = Exclude<FoundSource, { readonly kind: "refused" }>;

/** What an upstream server wants done to one app of one device. */
export type WantedWork =
  | {
      readonly operation: "install";
      readonly productId: string;
      readonly name: string | null;
      readonly version: string;
      readonly content: OrderedContent;
    }
  | {
      readonly operation: "uninstall";
      readonly productId: string;
      /** The version on the device; null when it did not say. */
      readonly version: string | null;
    };

/** Where an order lands. */
export interface Placement {
  readonly distribution: DistributionId;
  /** What has to be written first; empty when everything is there. */
  readonly changes: readonly PolicyRecordChange[];
}

/** Devices of one distribution of orders; the next one begins another. */
export const ORDERED_DEVICES_MAX = 1000;
const ORDER_PREFIX = "order-";

/**
 * Turns an order into the records that it takes: the package of the product, the revision of version
 * and file, and an on-demand distribution that names its devices one by one. Orders of one revision
 * for several devices share a distribution, so that a fleet's orders do not fill the policy.
 *
 * Deciding the same twice changes nothing more: ids are made from what they stand for, and what was
 * written is found again.
 *
 * @param groups the device's
 * @returns undefined for the removal of an app that no revision is known of
 */
export function placeOrder(
  wanted: WantedWork,
  device: Device,
  groups: readonly GroupName[],
  policy: Policy,
): Placement | undefined {
  const found =
    wanted.operation === "install"
      ? revisionToInstall(wanted, policy)
      : revisionToRemove(wanted, policy);
  if (found === undefined) return undefined;
  const { revision } = found;
  const usable = usableDistribution(revision.id, wanted.operation, device, groups, policy);
  if (usable === undefined) {
    const made = newDistribution(revision, wanted.operation, device, policy);
    return { distribution: made.id as DistributionId, changes: [...found.changes, made] };
  }
  const { id, target } = usable;
  if (targets(usable, device, groups) || target.kind !== "devices") {
    return { distribution: id, changes: found.changes };
  }
  const extended = { kind: "devices", devices: [...target.devices, device.id] };
  return {
    distribution: id,
    changes: [...found.changes, { kind: "distribution", id, body: { target: extended } }],
  };
}

/** An app of the organisation, which may be taken away; not one of a public store. [E-059, E-060] */
export function isOwnApp(policy: Policy, productId: string): boolean {
  const app = packageOf(policy, productId);
  return app !== undefined && revisionsOf(policy, app.id).some(({ storeApp }) => !storeApp);
}

interface FoundRevision {
  readonly revision: Pick<Revision, "id" | "package">;
  readonly changes: readonly PolicyRecordChange[];
}

function revisionToInstall(
  wanted: Extract<WantedWork, { operation: "install" }>,
  policy: Policy,
): FoundRevision {
  const { productId, name, version, content } = wanted;
  const app = packageOf(policy, productId);
  const known = revisionsOf(policy, app?.id).find(
    (one) => one.version === version && one.channel === CHANNEL && isOf(one, content),
  );
  if (known) return { revision: known, changes: [] };
  const owner = app?.id ?? newPackageId(productId, policy);
  const named = content.kind === "file" ? content.file.sha256 : content.source.url;
  const id = `${owner.slice(0, 40)}-${shortDigest(owner, version, named)}`;
  const fields = {
    id,
    package: owner,
    version,
    channel: CHANNEL,
    file: content.kind === "file" ? content.file : null,
    source: content.kind === "source" ? content.source : null,
    msi: null,
    msix: null,
    minimumOsVersion: null,
    licence: "none",
    storeApp: false,
    targeting: { cpu: null, osMajor: null, osPlatform: null },
  };
  const made: PolicyRecordChange = { kind: "revision", id, body: fields };
  return {
    revision: { id: id as RevisionId, package: owner },
    changes: app ? [made] : [newPackage(owner, productId, name ?? productId), made],
  };
}

/** The revision that is on the device by its version, else the newest. */
function revisionToRemove(
  { productId, version }: Extract<WantedWork, { operation: "uninstall" }>,
  policy: Policy,
): FoundRevision | undefined {
  const revisions = revisionsOf(policy, packageOf(policy, productId)?.id).toSorted(
    (a, b) => b.createdAtMs - a.createdAtMs,
  );
  const revision = revisions.find((one) => one.version === version) ?? revisions[0];
  return revision && { revision, changes: [] };
}

const CHANNEL = "EnterpriseAppManagement";

function isOf({ file, source }: Revision, content: OrderedContent): boolean {
  return content.kind === "file"
    ? file?.sha256 === content.file.sha256
    : source?.url === content.source.url;
}

/** The package that is this product on Windows; the oldest where there are several. */
function packageOf(policy: Policy, productId: string): Package | undefined {
  return [...policy.packages.values()]
    .filter((one) => one.platform === "Windows" && one.productId === productId)
    .sort((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1))[0];
}

function revisionsOf(policy: Policy, app: PackageId | undefined): readonly Revision[] {
  return [...policy.revisions.values()].filter((one) => one.package === app);
}

/**
 * A distribution in which this device would be planned: the newest that is for it, if it does just
 * this on demand; else one of orders that is newer than that, which takes the device in. [D3]
 */
function usableDistribution(
  revision: RevisionId,
  operation: Distribution["operation"],
  device: Device,
  groups: readonly GroupName[],
  policy: Policy,
): Distribution | undefined {
  const app = policy.revisions.get(revision)?.package;
  for (const one of policy.distributions) {
    if (one.package !== app || one.stoppedAtMs !== null) continue;
    const isWanted =
      one.revision === revision && one.operation === operation && one.mode === "on-demand";
    if (targets(one, device, groups)) return isWanted ? one : undefined;
    if (isWanted && isOpenToOrders(one, device)) return one;
  }
  return undefined;
}

function isOpenToOrders({ id, target, sites }: Distribution, device: Device): boolean {
  return (
    id.startsWith(ORDER_PREFIX) &&
    target.kind === "devices" &&
    target.devices.length < ORDERED_DEVICES_MAX &&
    sites.includes(device.site)
  );
}

function newDistribution(
  revision: Pick<Revision, "id" | "package">,
  operation: Distribution["operation"],
  device: Device,
  policy: Policy,
): PolicyRecordChange {
  const former = policy.distributions.filter(
    (one) => one.revision === revision.id && one.operation === operation,
  ).length;
  const id = `${ORDER_PREFIX}${shortDigest(device.site, revision.id, operation, String(former))}`;
  const body = {
    id,
    package: revision.package,
    revision: revision.id,
    operation,
    mode: "on-demand",
    target: { kind: "devices", devices: [device.id] },
    sites: [device.site],
  };
  return { kind: "distribution", id, body };
}

function newPackage(id: PackageId, productId: string, name: string): PolicyRecordChange {
  const body = {
    id,
    name,
    platform: "Windows",
    productId,
    publisher: null,
    description: "Ordered through a virtual device tree.",
  };
  return { kind: "package", id, body };
}

/** Named after the product, unless an administrator has called another package so. */
function newPackageId(productId: string, policy: Policy): PackageId {
  const plain = productId.slice(1, -1).toLowerCase() as PackageId;
  return policy.packages.has(plain) ? (`app-${shortDigest(productId)}` as PackageId) : plain;
}
