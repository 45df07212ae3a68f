import type { DeviceId, SiteId } from "../../devices/model/ids.ts";
import { ADOPT_BYTES_TARGET, ADOPT_DEVICES_MAX } from "../limits.ts";
import type { DeviceAtHub } from "../ports/hub-store.ts";
import type { KnownDevice } from "../ports/site-link-store.ts";

export interface AdoptionPage {
  readonly devices: readonly KnownDevice[];
  /** Where the next page begins after; null when this is the last one. */
  readonly next: DeviceId | null;
}

/**
 * The beginning of an adoption that fits an answer: closed at `ADOPT_BYTES_TARGET`, because rows are kept
 * for good and a device may have hundreds, but never without a device.
 *
 * @param ids the site's devices in order, at most `ADOPT_DEVICES_MAX`
 */
export function adoptionPage(
  site: SiteId,
  ids: readonly DeviceId[],
  atHub: ReadonlyMap<DeviceId, DeviceAtHub>,
): AdoptionPage {
  const devices: KnownDevice[] = [];
  let bytes = 0;
  for (const id of ids) {
    if (bytes >= ADOPT_BYTES_TARGET) return { devices, next: devices.at(-1)?.id ?? null };
    const device = knownDevice(site, id, atHub);
    if (device === undefined) continue;
    bytes += Buffer.byteLength(JSON.stringify(device));
    devices.push(device);
  }
  return { devices, next: ids.length < ADOPT_DEVICES_MAX ? null : (ids.at(-1) ?? null) };
}

/**
 * What the hub tells a site that adopts: the site's own device and rows, and the highest sequence
 * number that any site has reported in the device's present life. [D11, PROTOCOL 6.6]
 *
 * @returns undefined for a device that the hub does not know
 */
function knownDevice(
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
