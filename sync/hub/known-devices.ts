import type { DeviceId, SiteId } from "../../devices/model/ids.ts";
import type { DeviceAtHub } from "../ports/hub-store.ts";
import type { KnownDevice } from "../ports/site-link-store.ts";

/**
 * What the hub tells a site that adopts: the site's own device and rows, and the highest sequence
 * number that any site has reported in the device's present life. [D11, PROTOCOL 6.6]
 *
 * @returns undefined for a device that the hub does not know
 */
export function knownDevice(
  site: SiteId,
  id: DeviceId,
  atHub: ReadonlyMap<DeviceId, DeviceAtHub>,
): KnownDevice | undefined {
  const all = atHub.get(id);
  if (all === undefined) return undefined;
  const rows = all.rows.filter((row) => row.site === site);
  const device = all.devices.find((one) => one.site === site);
  if (device === undefined) return { id, device: null, rows };
  const sequence = [...all.rows, ...all.devices]
    .filter(({ incarnation }) => incarnation === device.incarnation)
    .reduce((highest, one) => Math.max(highest, one.sequence), device.sequence);
  return { id, device: { ...device, sequence }, rows };
}
