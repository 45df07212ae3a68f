/** What a byte may mean in text: nothing special, not ASCII, or forbidden in XML and so here. */
export const PLAIN = 0;
export const FORBIDDEN = 1;
export const HIGH = 2;

export const KINDS = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x80) return HIGH;
  const isBlank = byte === 0x09 || byte === 0x0a || byte === 0x0d;
  return byte < 0x20 && !isBlank ? FORBIDDEN : PLAIN;
});

/**
 * Where plain text ends that begins at `start`: at a NUL, at anything else but ASCII that XML can carry, or
 * at the limit. Looks at four bytes at a time, which is three times as fast for what is long.
 *
 * @param words the same bytes
 */
export function plainEnd(bytes: Uint8Array, words: DataView, start: number, limit: number): number {
  let at = start;
  while (at < limit) {
    const wordsEnd = limit - 3;
    while (at < wordsEnd) {
      const four = words.getInt32(at, true);
      // The highest bit of a byte is set where it is not ASCII, or below a blank and so borrows.
      if (((four | (four - 0x20202020)) & 0x80808080) !== 0) break;
      at += 4;
    }
    const end = Math.min(at + 4, limit);
    for (; at < end; at++) if (KINDS[bytes[at] ?? 0] !== PLAIN) return at;
  }
  return limit;
}
