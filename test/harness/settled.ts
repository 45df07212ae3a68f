/** How often a condition is looked at. */
const LOOK_EVERY_MS = 50;

/**
 * Waits until something that other processes bring about has happened. Not for timing: it fails with
 * the condition's name when it never does.
 */
export async function settled<T>(
  what: string,
  withinMs: number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const endMs = Date.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > endMs) throw new Error(`did not happen within ${withinMs} ms: ${what}`);
    await Bun.sleep(LOOK_EVERY_MS);
  }
}
