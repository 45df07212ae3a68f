import type { Device } from "../model/device.ts";
import type { GroupName } from "../model/ids.ts";
import type { MaintenanceWindow, Occurrence } from "../model/window.ts";
import { DURATION_MINUTES_MAX, localRule, SEARCH_DAYS_MAX } from "./recurrence.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;
/** Wider than any zone's distance from UTC, so that no local day at the edge is missed. */
const ZONE_MARGIN_MS = 2 * DAY_MS;
/** A union of windows is as long as one window may be, or it is cut. */
const MERGED_MS_MAX = DURATION_MINUTES_MAX * MINUTE_MS;

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
 * The occurrences of one window that overlap [fromMs, toMs), ascending and apart: one ends at the
 * latest when the next of the same window starts.
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
  const { rule, untilMs } = localRule(window);
  const locals = rule.between(
    new Date(fromMs - durationMs - ZONE_MARGIN_MS),
    new Date(toMs + durationMs + ZONE_MARGIN_MS),
    true,
  );
  const zone = window.timeZone ?? siteZone;
  const starts = [...new Set(locals.map((local) => instantOf(local, zone)))]
    .filter((startMs) => startMs <= untilMs)
    .sort((a, b) => a - b);
  return starts
    .map((startMs, index) => ({
      startMs,
      endMs: Math.min(startMs + durationMs, starts[index + 1] ?? Infinity),
      windows: [window.id],
    }))
    .filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs);
}

/**
 * The union of several windows' occurrences: those that overlap are one. [D15] Windows that never
 * leave a gap between them would be one occurrence without end, in which a device has its turn once
 * and never again: a union longer than a window may be is cut at the start of each of its parts.
 *
 * What is one occurrence does not depend on the range that is asked for.
 */
export function mergedOccurrences(
  windows: readonly MaintenanceWindow[],
  siteZone: string,
  fromMs: number,
  toMs: number,
): Occurrence[] {
  const aroundMs = windows.length > 1 ? MERGED_MS_MAX + DAY_MS : 0;
  const parts = windows
    .flatMap((window) => occurrencesOf(window, siteZone, fromMs - aroundMs, toMs + aroundMs))
    .sort((a, b) => a.startMs - b.startMs || a.endMs - b.endMs);
  return chainsOf(parts)
    .flatMap((chain) => (lengthMs(chain) > MERGED_MS_MAX ? cut(chain) : [union(chain)]))
    .filter(({ startMs, endMs }) => endMs > fromMs && startMs < toMs);
}

/** Groups of parts without a gap between them. */
function chainsOf(parts: readonly Occurrence[]): Occurrence[][] {
  const chains: Occurrence[][] = [];
  let endMs = -Infinity;
  for (const part of parts) {
    if (part.startMs < endMs) chains.at(-1)?.push(part);
    else chains.push([part]);
    endMs = Math.max(endMs, part.endMs);
  }
  return chains;
}

function union(chain: readonly Occurrence[]): Occurrence {
  const startMs = Math.min(...chain.map((part) => part.startMs));
  const windows = [...new Set(chain.flatMap((part) => part.windows))];
  return { startMs, endMs: startMs + lengthMs(chain), windows };
}

function lengthMs(chain: readonly Occurrence[]): number {
  const startMs = Math.min(...chain.map((part) => part.startMs));
  return Math.max(...chain.map((part) => part.endMs)) - startMs;
}

function cut(chain: readonly Occurrence[]): Occurrence[] {
  const starts = [...new Set(chain.map((part) => part.startMs))];
  const chainEndMs = Math.max(...chain.map((part) => part.endMs));
  return starts.map((startMs, index) => {
    const endMs = starts[index + 1] ?? chainEndMs;
    const open = chain.filter((part) => part.startMs < endMs && part.endMs > startMs);
    return { startMs, endMs, windows: [...new Set(open.flatMap((part) => part.windows))] };
  });
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
