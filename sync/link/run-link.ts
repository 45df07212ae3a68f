import type { SiteLink } from "./site-link.ts";

/** Waits in real time; ends early, without an error, when the signal aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

/** Runs a link until the signal aborts: step, wait as long as it says, step again. */
export async function runLink(link: SiteLink, sleep: Sleep, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const delayMs = await link.step();
    const nap = new AbortController();
    const waking = link.woken().then(() => nap.abort());
    const stop = () => nap.abort();
    signal.addEventListener("abort", stop, { once: true });
    await Promise.race([sleep(delayMs, nap.signal), waking]);
    signal.removeEventListener("abort", stop);
    nap.abort();
  }
}
