/** The same bytes with a few of them changed, cut off or put elsewhere; numbers at the edges are liked. */
export function mutated(whole: Uint8Array, random: () => number): Uint8Array {
  const below = (limit: number) => Math.floor(random() * limit);
  const cut = random() < 0.25 ? below(whole.length + 1) : whole.length;
  const bytes = whole.slice(0, cut);
  for (let changes = below(6); changes >= 0 && bytes.length >= 4; changes--) {
    // Most of what a format says of itself stands at the beginning.
    const at = below(random() < 0.5 ? Math.min(bytes.length, 512) : bytes.length);
    const kind = below(4);
    if (kind === 0) bytes[at] = below(256);
    else if (kind === 1) bytes.fill(EDGES[below(EDGES.length)] ?? 0, at, at + 1 + below(4));
    else if (kind === 2) bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
    else bytes.copyWithin(below(bytes.length), at, at + 1 + below(64));
  }
  return bytes;
}

const EDGES = [0x00, 0xff, 0x7f, 0x80, 0x01];
