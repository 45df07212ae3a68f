import type { DeviceId } from "../model/ids.ts";
import type { Instant, Occurrence } from "../model/window.ts";

/** Instants are drawn when an occurrence comes this near. [D15] */
export const INSTANT_HORIZON_MS = 48 * 60 * 60 * 1000;

export interface InstantsInput {
  readonly device: DeviceId;
  /** Stored instants that are not closed. */
  readonly existing: readonly Instant[];
  /** Merged occurrences that have not ended, ascending. */
  readonly occurrences: readonly Occurrence[];
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * The instants to store now: drawn for occurrences that came near, redrawn for those whose times
 * changed before they started, closed for those that will not be. An instant that holds is not in
 * the answer: it is never drawn twice. [Q27, D15]
 */
export function planInstants(input: InstantsInput): Instant[] {
  const { existing, occurrences, nowMs } = input;
  const near = occurrences.filter(
    ({ startMs, endMs }) => endMs > nowMs && startMs <= nowMs + INSTANT_HORIZON_MS,
  );
  const changed: Instant[] = [];
  for (const occurrence of near) {
    const stored = existing.find((instant) => overlaps(instant, occurrence));
    if (!stored) {
      changed.push(draw(input, occurrence));
      continue;
    }
    const isSame = stored.startMs === occurrence.startMs && stored.endMs === occurrence.endMs;
    const hasStarted = stored.startMs <= nowMs;
    if (isSame || hasStarted) continue;
    // Its times changed before it started: the old one goes, a new one is drawn.
    if (stored.startMs !== occurrence.startMs) changed.push({ ...stored, closed: true });
    changed.push(draw(input, occurrence));
  }
  for (const instant of existing) {
    const isAhead = instant.startMs > nowMs;
    const isPlanned = occurrences.some((occurrence) => overlaps(instant, occurrence));
    if (isAhead && !isPlanned) changed.push({ ...instant, closed: true });
  }
  return changed;
}

/** Uniform over the occurrence, or over what is left of it. */
function draw({ device, nowMs, random }: InstantsInput, occurrence: Occurrence): Instant {
  const { startMs, endMs } = occurrence;
  const fromMs = Math.max(startMs, nowMs);
  return {
    device,
    startMs,
    endMs,
    instantMs: fromMs + Math.floor(random() * (endMs - fromMs)),
    evaluatedAtMs: null,
    closed: false,
  };
}

function overlaps(instant: Instant, occurrence: Occurrence): boolean {
  return instant.startMs < occurrence.endMs && occurrence.startMs < instant.endMs;
}
