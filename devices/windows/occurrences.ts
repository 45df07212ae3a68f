import type { Device } from "../model/device.ts";
import type { GroupName } from "../model/ids.ts";
import type { MaintenanceWindow, Occurrence } from "../model/window.ts";
import { localRule, SEARCH_DAYS_MAX } from "./recurrence.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Wider than any zone's distance from UTC, so that no local day at the edge is missed. */
const ZONE_MARGIN_MS = 2 * DAY_MS;
/** Starts of one window that are computed at once. */
const STARTS_MAX = 10_000;

/** The windows that apply to a device: enabled, and of its organisation, site or one of its groups. */
export function windowsFor(
  device: Device,
  groups: readonly GroupName[],
  windows: readonly MaintenanceWindow[],
): MaintenanceWindow[] {
  return windows.filter(({ enabled, scope }) => enabled && isInScope(scope, device, groups));
}

function isInScope(
  scope: MaintenanceWindow["scope"],
  device: Device,
  groups: readonly GroupName[],
): boolean {
  switch (scope.kind) {
    case "organisation":
      return true;
    case "site":
      return scope.site === device.site;
    case "group":
      return groups.includes(scope.group);
  }
}

/**
 * The occurrences of one window that overlap [fromMs, toMs), ascending.
 *
 * DST policy [D15]: a local start that does not exist moves to the first valid minute after it, one
 * that exists twice counts once, the first time; the duration is elapsed time.
 *
 * @param siteZone IANA zone for windows that name none
 */
export function occurrencesOf(
  window: MaintenanceWindow,
  siteZone: string,
  fromMs: number,
  toMs: number,
): Occurrence[] {
  const durationMs = window.durationMinutes * MINUTE_MS;
  const locals = localRule(window).between(
    new Date(fromMs - durationMs - ZONE_MARGIN_MS),
    new Date(toMs + ZONE_MARGIN_MS),
    true,
  );
  const zone = window.timeZone ?? siteZone;
  const starts = new Set(locals.slice(0, STARTS_MAX).map((local) => instantOf(local, zone)));
  return [...starts]
    .sort((a, b) => a - b)
    .map((startMs) => ({ startMs, endMs: startMs + durationMs, windows: [window.id] }))
    .filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs);
}

/** The union of several windows' occurrences: what overlaps or touches is one occurrence. [D15] */
export function mergedOccurrences(
  windows: readonly MaintenanceWindow[],
  siteZone: string,
  fromMs: number,
  toMs: number,
): Occurrence[] {
  const all = windows
    .flatMap((window) => occurrencesOf(window, siteZone, fromMs, toMs))
    .sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  const merged: Occurrence[] = [];
  for (const next of all) {
    const last = merged.at(-1);
    if (!last || next.startMs > last.endMs) {
      merged.push(next);
      continue;
    }
    merged[merged.length - 1] = {
      startMs: last.startMs,
      endMs: Math.max(last.endMs, next.endMs),
      windows: [...new Set([...last.windows, ...next.windows])],
    };
  }
  return merged;
}

/** The first merged occurrence that starts after `afterMs`; undefined within the search limit. */
export function nextOccurrence(
  windows: readonly MaintenanceWindow[],
  siteZone: string,
  afterMs: number,
): Occurrence | undefined {
  for (let days = 8; days <= SEARCH_DAYS_MAX * 2; days *= 4) {
    const toMs = afterMs + Math.min(days, SEARCH_DAYS_MAX) * DAY_MS;
    const found = mergedOccurrences(windows, siteZone, afterMs, toMs).find(
      ({ startMs }) => startMs > afterMs,
    );
    if (found) return found;
  }
  return undefined;
}

/** The running occurrence and those after it: at most `count`, for the preview of a window. */
export function preview(
  window: MaintenanceWindow,
  siteZone: string,
  nowMs: number,
  count: number,
): Occurrence[] {
  for (let days = 16; days <= SEARCH_DAYS_MAX * 4; days *= 4) {
    const toMs = nowMs + Math.min(days, SEARCH_DAYS_MAX) * DAY_MS;
    const found = occurrencesOf(window, siteZone, nowMs, toMs);
    if (found.length >= count || days >= SEARCH_DAYS_MAX) return found.slice(0, count);
  }
  return [];
}

/** When a local time is, in milliseconds. `local` carries wall-clock time as if it were UTC. */
function instantOf(local: Temporal.ZonedDateTime, zone: string): number {
  const plain = local.toPlainDateTime();
  const earlier = plain.toZonedDateTime(zone, { disambiguation: "earlier" });
  const isThere = earlier.toPlainDateTime().equals(plain);
  if (isThere) return earlier.epochMilliseconds; // Of a repeated time, this is the first.
  const transition = earlier.getTimeZoneTransition("next");
  return (transition ?? earlier).epochMilliseconds;
}
