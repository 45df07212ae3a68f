/** Sequence numbers that were heard, as ascending ranges that do not touch, both ends included. */
export type Heard = readonly (readonly [from: number, to: number])[];

/** Gaps that are remembered of one piece of work. */
export const GAPS_MAX = 100;

/** With this number; undefined where it was heard already. Beyond `GAPS_MAX` the oldest gap closes. */
export function afterHearing(heard: Heard, sequence: number): Heard | undefined {
  if (heard.some(([from, to]) => from <= sequence && sequence <= to)) return undefined;
  const ranges = [...heard, [sequence, sequence] as const].sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [from, to] of ranges) {
    const last = merged.at(-1);
    if (last && from === last[1] + 1) last[1] = to;
    else merged.push([from, to]);
  }
  const [first, second] = merged;
  if (merged.length <= GAPS_MAX + 1 || !first || !second) return merged;
  return [[first[0], second[1]], ...merged.slice(2)];
}

/** What is stored of one attempt. */
interface StoredState {
  /** The device's incarnation: in its next life it counts anew, and so do the attempts. */
  readonly life: number;
  readonly heard: Heard;
}

/** As it was stored in this life of the device; of another one nothing was heard. */
export function readHeard(state: string, life: number): Heard {
  const read = JSON.parse(state) as Partial<StoredState>;
  return read.life === life ? (read.heard ?? []) : [];
}

export function heardText(heard: Heard, life: number): string {
  const state: StoredState = { life, heard };
  return JSON.stringify(state);
}
