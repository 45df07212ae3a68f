import type { Installation } from "../client/rows.ts";

/** The columns in which a site's row and the hub's row of the same installation must agree. */
export const COMPARED = [
  "status",
  "state",
  "operation",
  "targetVersion",
  "version",
  "attempt",
  "observed",
  "source",
  "nativeValue",
  "lastErrorHex",
  "lastErrorText",
  "reason",
] as const satisfies readonly (keyof Installation)[];

/** Where the hub's report differs from what the sites say; empty when they are equal. */
export function differences(
  atSites: readonly Installation[],
  atHub: readonly Installation[],
): string[] {
  const hub = new Map(atHub.map((row) => [row.id, row]));
  const found: string[] = [];
  for (const row of atSites) {
    const twin = hub.get(row.id);
    hub.delete(row.id);
    if (twin === undefined) {
      found.push(`${row.site} ${row.deviceName}: the hub does not have it`);
      continue;
    }
    for (const column of COMPARED) {
      if (row[column] !== twin[column]) {
        found.push(
          `${row.site} ${row.deviceName} ${column}: ${row[column]} at the site, ${twin[column]} at the hub`,
        );
      }
    }
  }
  for (const row of hub.values()) {
    found.push(`${row.site} ${row.deviceName}: only the hub has it`);
  }
  return found;
}
