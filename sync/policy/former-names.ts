import { type Filter, printFilter } from "../../devices/filter/filter.ts";
import { parseGroupFilter } from "../../devices/filter/groups.ts";
import type { DeviceGroup, Target } from "../../devices/model/distribution.ts";
import { AppError } from "../../devices/model/errors.ts";
import type { DeviceId } from "../../devices/model/ids.ts";
import type { WindowScope } from "../../devices/model/window.ts";
import type { DocumentChange, Fields, PolicyContents } from "./policy-document.ts";

/** What a site and its devices were called before the site joined. */
export interface FormerNames {
  readonly site: string;
  /** The devices as they are called now, by their former ids; asked for only when it is needed. */
  readonly devices: () => ReadonlyMap<string, DeviceId>;
}

/**
 * The changes that make a document's records speak of the same site and devices by their new names:
 * targets, the sites of distributions, scopes of windows, members of groups. [PROTOCOL 7.8]
 *
 * @param contents of a document written under the former names; what is not well-formed in it stays
 */
export function renamingChanges(
  { records }: PolicyContents,
  former: FormerNames,
  site: string,
): readonly DocumentChange[] {
  const devices = former.devices();
  const names: Names = {
    site: (name) => (name === former.site ? site : name),
    device: (id) => devices.get(id.toLowerCase()) ?? id,
  };
  return [...records.values()].flatMap(({ kind, id, fields }): DocumentChange[] => {
    const renamed = renamedFields(fields, names);
    return Bun.deepEquals(renamed, fields) ? [] : [{ map: kind, key: id, fields: renamed }];
  });
}

interface Names {
  readonly site: (name: string) => string;
  readonly device: (id: string) => string;
}

function renamedFields(fields: Fields, names: Names): Fields {
  const { sites, target, scope, members } = fields;
  return {
    ...fields,
    ...(isTexts(sites) ? { sites: sites.map(names.site) } : {}),
    ...(isKind(target) ? { target: renamedTarget(target as Target, names) } : {}),
    ...(isKind(scope) ? { scope: renamedScope(scope as WindowScope, names) } : {}),
    ...(isKind(members)
      ? { members: renamedMembers(members as DeviceGroup["members"], names) }
      : {}),
  };
}

function renamedTarget(target: Target, names: Names): unknown {
  if (target.kind === "device") return { ...target, device: names.device(target.device) };
  if (target.kind === "devices" && isTexts(target.devices)) {
    return { ...target, devices: target.devices.map(names.device) };
  }
  return target;
}

function renamedScope(scope: WindowScope, names: Names): unknown {
  return scope.kind === "site" ? { ...scope, site: names.site(scope.site) } : scope;
}

function renamedMembers(members: DeviceGroup["members"], names: Names): unknown {
  if (members.kind === "list" && isTexts(members.devices)) {
    return { ...members, devices: members.devices.map(names.device) };
  }
  if (members.kind !== "filter") return members;
  const filter = readFilter(members.filter);
  const renamed = filter && renamedFilter(filter, names);
  // One that names none of ours keeps the words that it has.
  return renamed === undefined || Bun.deepEquals(renamed, filter)
    ? members
    : { ...members, filter: printFilter(renamed) };
}

function renamedFilter(filter: Filter, names: Names): Filter {
  return filter.map((term) => {
    const rename = term.field === "site" ? names.site : names.device;
    const isName = term.field === "site" || term.field === "id";
    return isName ? { ...term, values: term.values.map(rename) } : term;
  });
}

function readFilter(text: unknown): Filter | undefined {
  if (typeof text !== "string") return undefined;
  try {
    return parseGroupFilter(text);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}

function isKind(value: unknown): value is { readonly kind: unknown } {
  return typeof value === "object" && value !== null && "kind" in value;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}
