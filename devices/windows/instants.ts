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
 *
 * A device has one turn in an occurrence, also when its times change while it runs: then only the
 * end follows. A device that had its turn gets no other one in whatever overlaps that occurrence.
 */
export function planInstants(input: InstantsInput): Instant[] {
  const { existing, nowMs } = input;
  const near = input.occurrences.filter(
    ({ startMs, endMs }) => endMs > nowMs && startMs <= nowMs + INSTANT_HORIZON_MS,
  );
  const provided = new Set<Occurrence>();
  const changed: Instant[] = [];
  for (const instant of existing.filter(({ endMs }) => endMs > nowMs)) {
    const occurrences = near.filter((occurrence) => isItsTurn(instant, occurrence, nowMs));
    for (const occurrence of occurrences) provided.add(occurrence);
    const hadTurn = instant.evaluatedAtMs !== null;
    if (occurrences.length === 0) {
      if (!hadTurn) changed.push({ ...instant, closed: true });
      continue;
    }
    const endMs = Math.max(...occurrences.map((occurrence) => occurrence.endMs));
    if (endMs !== instant.endMs) changed.push({ ...instant, endMs });
  }
  const drawn = near
    .filter((occurrence) => !provided.has(occurrence))
    .map((occurrence) => draw(input, occurrence));
  // An instant is stored by its start, and the last word holds: what is drawn anew comes after the
  // closing of what it replaces.
  return [...changed, ...drawn];
}

/**
 * The moment of a device in an occurrence: uniform over it, or over what is left of it at `nowMs`.
 *
 * @param random uniform in [0, 1)
 */
export function drawInstant(
  { startMs, endMs }: Pick<Occurrence, "startMs" | "endMs">,
  nowMs: number,
  random: () => number,
): number {
  const fromMs = Math.max(startMs, nowMs);
  return fromMs + Math.floor(random() * (endMs - fromMs));
}

/** Is the stored instant the device's turn in this occurrence? */
function isItsTurn(instant: Instant, occurrence: Occurrence, nowMs: number): boolean {
  const isSame = instant.startMs === occurrence.startMs && instant.endMs === occurrence.endMs;
  if (isSame) return true;
  const overlaps = instant.startMs < occurrence.endMs && occurrence.startMs < instant.endMs;
  const bothStarted = instant.startMs <= nowMs && occurrence.startMs <= nowMs;
  return overlaps && (bothStarted || instant.evaluatedAtMs !== null);
}

function draw({ device, nowMs, random }: InstantsInput, occurrence: Occurrence): Instant {
  const { startMs, endMs } = occurrence;
  const instantMs = drawInstant(occurrence, nowMs, random);
  return { device, startMs, endMs, instantMs, evaluatedAtMs: null, closed: false };
}
