import type { WindowId } from "../../../devices/model/ids.ts";
import type { MaintenanceWindow } from "../../../devices/model/window.ts";

/** A daily window from 22:00 for two hours in Prague, with what a test wants to be different. */
export function aWindow(change: Partial<MaintenanceWindow> = {}): MaintenanceWindow {
  return {
    id: "night" as WindowId,
    name: "Night",
    start: "2026-11-01T22:00",
    recurrence: "FREQ=DAILY",
    durationMinutes: 120,
    timeZone: "Europe/Prague",
    scope: { kind: "organisation" },
    enabled: true,
    ...change,
  };
}

export function ms(iso: string): number {
  return Temporal.Instant.from(iso).epochMilliseconds;
}

/** `2026-11-21T22:00:00Z/2026-11-22T00:00:00Z`: what an assertion can be read from. */
export function written(occurrences: readonly { startMs: number; endMs: number }[]): string[] {
  return occurrences.map(({ startMs, endMs }) => `${iso(startMs)}/${iso(endMs)}`);
}

function iso(time: number): string {
  return Temporal.Instant.fromEpochMilliseconds(time).toString();
}
