const MINUTE_S = 60;
const HOUR_S = 60 * MINUTE_S;
const DAY_S = 24 * HOUR_S;
/** The longest span that is written: days have two digits and months are of no certain length. */
export const SPAN_SECONDS_MAX = 27 * DAY_S;

/** `YYYY-MM-DD HH:MM:SS`, in UTC. [agents 5] */
export function dateText(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replace("T", " ");
}

/** A span of time in the same form with a zero year and month: `0000-00-00 01:00:00` is an hour. */
export function spanText(seconds: number): string {
  const whole = Math.min(Math.max(Math.round(seconds), 0), SPAN_SECONDS_MAX);
  const two = (value: number) => String(Math.floor(value)).padStart(2, "0");
  const time = [(whole % DAY_S) / HOUR_S, (whole % HOUR_S) / MINUTE_S, whole % MINUTE_S];
  return `0000-00-${two(whole / DAY_S)} ${time.map(two).join(":")}`;
}
