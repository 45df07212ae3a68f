import type { Device } from "../model/device.ts";
import type { Distribution } from "../model/distribution.ts";
import type { GroupName } from "../model/ids.ts";

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
  }
}
