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

/** As it was stored; what cannot be read is nothing. */
export function readHeard(state: string): Heard {
  const read: unknown = JSON.parse(state);
  return Array.isArray(read) ? (read as Heard) : [];
}
