/**
 * How two accounts of the same thing become one. Both functions are maxima of a total order, so the
 * order of arrival, repetition and grouping do not matter. [design section 3, PROTOCOL 6]
 */
import type { Device } from "../devices/model/device.ts";
import type { DistributionId } from "../devices/model/ids.ts";
import { compareOrder, type Installation } from "../devices/model/installation.ts";
import type { KnownDevice } from "./ports/site-link-store.ts";

/** Of two rows of one (distribution, device), the one that the order tuple puts last. */
export function mergeOrder<Row extends Pick<Installation, OrderKey>>(a: Row, b: Row): Row {
  return compareOrder(a, b) >= 0 ? a : b;
}

type OrderKey = "incarnation" | "attempt" | "sequence" | "hlc" | "site";

/**
 * What a site makes of a device when it adopts what the hub knows. [PROTOCOL 6.6]
 *
 * A row of ours that is behind the hub's gives way, unless it was written later than the hub's: then
 * it tells of something after the restore, under numbers that were used before. It stays and goes on
 * above them. A number of ours that is ahead always stays.
 *
 * @param here what the site has of it; undefined when the device is not known here
 * @param known what the hub has of the same device
 */
export function adoptDevice(here: KnownDevice | undefined, known: KnownDevice): KnownDevice {
  if (here === undefined) return known;
  let device = laterDevice(here.device, known.device);
  let { sequence } = device;
  const rows = new Map<DistributionId, Installation>(
    here.rows.map((row) => [row.distribution, row]),
  );
  for (const theirs of known.rows) {
    const ours = rows.get(theirs.distribution);
    if (ours === undefined || (compareOrder(ours, theirs) < 0 && ours.hlc <= theirs.hlc)) {
      rows.set(theirs.distribution, theirs);
    } else if (compareOrder(ours, theirs) < 0) {
      sequence = Math.max(sequence, theirs.sequence, ours.sequence) + 1;
      const attempt = Math.max(ours.attempt, theirs.attempt);
      rows.set(theirs.distribution, {
        ...ours,
        incarnation: device.incarnation,
        attempt,
        sequence,
      });
    }
  }
  for (const row of rows.values()) {
    if (row.incarnation === device.incarnation) sequence = Math.max(sequence, row.sequence);
  }
  if (sequence !== device.sequence) device = { ...device, sequence };
  return { device, rows: [...rows.values()] };
}

/** The account of the later life; within one life ours, gone if either says so. */
function laterDevice(ours: Device, theirs: Device): Device {
  if (theirs.incarnation > ours.incarnation) return theirs;
  if (theirs.incarnation < ours.incarnation) return ours;
  return {
    ...ours,
    sequence: Math.max(ours.sequence, theirs.sequence),
    removedAtMs: ours.removedAtMs ?? theirs.removedAtMs,
  };
}
