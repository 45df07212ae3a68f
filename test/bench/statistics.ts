/** The value below which `share` of the sorted values lie; 0 when there are none. */
export function latencyAt(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

export function median(values: readonly number[]): number {
  return latencyAt(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}
