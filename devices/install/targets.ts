import type { Device } from "../model/device.ts";
import type { Distribution } from "../model/distribution.ts";
import type { GroupName } from "../model/ids.ts";
import type { Package } from "../model/package.ts";
import type { Policy } from "../model/policy.ts";

/**
 * Does this distribution ask for work on this device? Evaluated at the site, at contact and at a
 * change of policy. [D9] A stopped distribution, a removed device and another site's work: no.
 */
export function targets(
  distribution: Distribution,
  device: Device,
  groups: readonly GroupName[],
): boolean {
  if (distribution.stoppedAtMs !== null || device.removedAtMs !== null) return false;
  if (distribution.sites.length > 0 && !distribution.sites.includes(device.site)) return false;
  const { target } = distribution;
  switch (target.kind) {
    case "all":
      return true;
    case "group":
      return groups.includes(target.group);
    case "device":
      return target.device === device.id;
    case "devices":
      return target.devices.includes(device.id);
  }
}

/**
 * What a device can have once. Packages of one product are one app to it: a site that worked alone and
 * its hub may have made one each.
 */
export function productKey({ id, productId }: Package): string {
  return productId ?? id;
}

/** Of the distributions of an app, the one that is planned for a device: the newest. [D3] */
export function plannedFor(
  app: Package,
  device: Device,
  groups: readonly GroupName[],
  policy: Policy,
): Distribution | undefined {
  return policy.distributions.find((one) => {
    const other = policy.packages.get(one.package);
    return (
      other !== undefined &&
      other.platform === app.platform &&
      productKey(other) === productKey(app) &&
      policy.revisions.has(one.revision) &&
      targets(one, device, groups)
    );
  });
}

/** Why a distribution is not planned for a device, in words. */
export function whyEnded(distribution: Distribution, newer: Distribution | undefined): string {
  if (distribution.stoppedAtMs !== null) return "the distribution was stopped";
  return newer ? `superseded by distribution ${newer.id}` : "the device is no longer in the target";
}
