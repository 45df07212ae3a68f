import type { Device } from "../model/device.ts";
import type { DeviceGroup } from "../model/distribution.ts";
import { AppError } from "../model/errors.ts";
import type { GroupName } from "../model/ids.ts";
import { DEVICE_FIELDS, type Filter, parseFilter } from "./filter.ts";
import { type FilterRecord, foldCase, matches } from "./match.ts";

const parsed = new Map<string, Filter>();
const PARSED_MAX = 1000;

/**
 * The groups that a device belongs to, in the order of `groups`.
 *
 * A list names devices by id, name, stable id or an alias, ignoring case as filters do; a filter is
 * over the device's fields.
 *
 * @param aliases other names of the device
 */
export function groupsOf(
  device: Device,
  aliases: readonly string[],
  groups: readonly DeviceGroup[],
): GroupName[] {
  const names = new Set([device.id, device.name, device.stableId, ...aliases].map(foldCase));
  return groups
    .filter(({ members }) =>
      members.kind === "list"
        ? members.devices.some((name) => names.has(foldCase(name)))
        : matches(filterOf(members.filter), deviceRecord(device), DEVICE_FIELDS),
    )
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

function filterOf(text: string): Filter {
  const known = parsed.get(text);
  if (known) return known;
  if (parsed.size >= PARSED_MAX) parsed.clear();
  const filter = parseGroupFilter(text);
  parsed.set(text, filter);
  return filter;
}
