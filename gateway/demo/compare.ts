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
  "nativeValue",
  "lastErrorHex",
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

export interface StatusLine {
  readonly status: string;
  readonly state: string | null;
  readonly reason: string | null;
  readonly count: number;
}

/** Rows counted by status, state and what they wait for, in a fixed order. */
export function countByStatus(rows: readonly Installation[]): StatusLine[] {
  const lines = new Map<string, StatusLine>();
  for (const { statusLabel: status, state, reason } of rows) {
    const key = `${status}\n${state ?? ""}\n${reason ?? ""}`;
    lines.set(key, { status, state, reason, count: (lines.get(key)?.count ?? 0) + 1 });
  }
  return [...lines].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, line]) => line);
}
