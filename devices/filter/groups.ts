import type { Device } from "../model/device.ts";
import type { DeviceGroup } from "../model/distribution.ts";
import { AppError } from "../model/errors.ts";
import type { GroupName } from "../model/ids.ts";
import { DEVICE_FIELDS, type Filter, parseFilter } from "./filter.ts";
import { type FilterRecord, foldCase, matches } from "./match.ts";

/** By text; null: it cannot be read. */
const parsed = new Map<string, Filter | null>();
const PARSED_MAX = 1000;

/**
 * The groups that a device belongs to, in the order of `groups`.
 *
 * A list names devices by id, name or stable id, ignoring case: the names that site and hub both know,
 * so that who is planned for is who is counted. A filter is over the device's fields. A filter that
 * cannot be read holds no devices: it was refused when it was written, and one that came by another
 * way must not stop the planning of every device.
 */
export function groupsOf(device: Device, groups: readonly DeviceGroup[]): GroupName[] {
  if (groups.length === 0) return [];
  const names = new Set([device.id, device.name, device.stableId].map(foldCase));
  const record = deviceRecord(device);
  return groups
    .filter(({ members }) => {
      if (members.kind === "list") return members.devices.some((name) => names.has(foldCase(name)));
      const filter = filterOf(members.filter);
      return filter !== null && matches(filter, record, DEVICE_FIELDS);
    })
    .map(({ name }) => name);
}

/**
 * Reads the filter of a group.
 *
 * @throws AppError "invalid" for a filter that cannot be read, or that asks for groups itself
 */
export function parseGroupFilter(text: string): Filter {
  const filter = parseFilter(text, DEVICE_FIELDS);
  if (filter.some((term) => term.field === "group")) {
    throw new AppError("invalid", "the filter of a group cannot ask for other groups");
  }
  return filter;
}

/** A device as filters see it, its groups left out. */
export function deviceRecord(device: Device): FilterRecord {
  return {
    ...device,
    removed: device.removedAtMs !== null,
    lastContact: device.lastContactMs,
  };
}

function filterOf(text: string): Filter | null {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  if (parsed.size >= PARSED_MAX) parsed.clear();
  const filter = readOrNull(text);
  parsed.set(text, filter);
  return filter;
}

function readOrNull(text: string): Filter | null {
  try {
    return parseGroupFilter(text);
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}
