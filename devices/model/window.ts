import type { DeviceId, GroupName, SiteId, WindowId } from "./ids.ts";

export type WindowScope =
  | { readonly kind: "organisation" }
  | { readonly kind: "site"; readonly site: SiteId }
  | { readonly kind: "group"; readonly group: GroupName };

/**
 * A maintenance window: a recurrence (RFC 5545), an elapsed duration and an IANA time zone.
 * DST policy [D15]: a start inside a gap moves to the first valid minute after it; a repeated start
 * counts once (the first); the duration is elapsed time, so the end may read an hour off.
 */
export interface MaintenanceWindow {
  readonly id: WindowId;
  readonly name: string;
  /** Local date and time of the first start, `YYYY-MM-DDTHH:MM`. */
  readonly start: string;
  /** An RFC 5545 RRULE value such as `FREQ=DAILY` or `FREQ=WEEKLY;BYDAY=SU`; null: once. */
  readonly recurrence: string | null;
  readonly durationMinutes: number;
  /** IANA name; null means the time zone of the site that evaluates it. */
  readonly timeZone: string | null;
  readonly scope: WindowScope;
  readonly enabled: boolean;
}

/**
 * When the work of one distribution may start, beside all windows: a Quartz cron expression, how long each
 * stretch is, and a fixed distance from UTC. So hawkBit's tools say it; it knows no daylight saving.
 */
export interface Schedule {
  readonly cron: string;
  readonly durationSeconds: number;
  readonly utcOffsetMinutes: number;
}

/** One stretch of time in which work may start, [startMs, endMs). Overlapping windows are merged. */
export interface Occurrence {
  readonly startMs: number;
  readonly endMs: number;
  readonly windows: readonly WindowId[];
}

/** A device's own instant inside one merged occurrence: drawn once, stored. [Q27, D15] */
export interface Instant {
  readonly device: DeviceId;
  readonly startMs: number;
  readonly endMs: number;
  readonly instantMs: number;
  /** When the device's work of this occurrence was evaluated (its first contact at or after the instant). */
  readonly evaluatedAtMs: number | null;
  /** The occurrence has ended and was accounted for (missed ones count on their rows). */
  readonly closed: boolean;
}
