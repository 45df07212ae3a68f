import type { ValueStore } from "./value-store.ts";

/** What is deleted by its age may move on by so much in one run, in milliseconds. */
export const STRIDE_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * The time that a job which deletes by age goes by: the clock's, but at most `STRIDE_MS` after that of its
 * last run. A clock that says 2099 for an hour costs a week of what is kept, and not all of it; a gateway
 * that was switched off for months catches up within some runs.
 */
export async function livedTime(values: ValueStore, job: string, nowMs: number): Promise<number> {
  const name = `lived-time/${job}`;
  const last = values.get(name);
  const livedMs = last === undefined ? nowMs : Math.min(nowMs, Number(last) + STRIDE_MS);
  await values.put(name, String(livedMs));
  return livedMs;
}
