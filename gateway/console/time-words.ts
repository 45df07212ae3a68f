const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Nearer than this a date is clear without its year. */
const HALF_YEAR_MS = 182 * DAY_MS;
/** Less than this is "just now". */
const NOW_MS = 45_000;

/** How long ago, or in how long, in words: `3 min ago`, `in 2 h`, `just now`. */
export function relativeWords(atMs: number, nowMs: number): string {
  const distanceMs = Math.abs(atMs - nowMs);
  if (distanceMs < NOW_MS) return atMs > nowMs ? "any moment" : "just now";
  const words = durationWords(distanceMs);
  return atMs > nowMs ? `in ${words}` : `${words} ago`;
}

/** A length of time, rounded to what matters: `45 min`, `2 h 10 min`, `3 days`. */
export function durationWords(milliseconds: number): string {
  if (milliseconds < MINUTE_MS) return `${Math.max(1, Math.round(milliseconds / 1000))} s`;
  if (milliseconds < HOUR_MS) return `${Math.round(milliseconds / MINUTE_MS)} min`;
  if (milliseconds < DAY_MS) return hourWords(Math.round(milliseconds / MINUTE_MS));
  const days = Math.round(milliseconds / DAY_MS);
  return days === 1 ? "1 day" : `${days} days`;
}

function hourWords(minutes: number): string {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return rest === 0 || hours >= 6 ? `${Math.round(minutes / 60)} h` : `${hours} h ${rest} min`;
}

/** `21 Nov, 22:14 CET`: the local time of a zone, which it names; with the year when it is far. */
export function absoluteWords(atMs: number, zone: string, nowMs: number): string {
  const isThisYear = Math.abs(atMs - nowMs) < HALF_YEAR_MS;
  return formatter(zone, isThisYear ? "long" : "year")
    .format(atMs)
    .replace(" at ", ", ");
}

/** `Sat 21 Nov`. */
export function dayWords(atMs: number, zone: string): string {
  return formatter(zone, "day").format(atMs).replace(",", "");
}

/** `22:14`. */
export function clockWords(atMs: number, zone: string): string {
  return formatter(zone, "clock").format(atMs);
}

/** Minutes since local midnight. */
export function localMinutes(atMs: number, zone: string): number {
  const [hours = "0", minutes = "0"] = clockWords(atMs, zone).split(":");
  return Number(hours) * 60 + Number(minutes);
}

/** `1.4 MB`; powers of 1000, as file sizes are read. */
export function byteWords(bytes: number): string {
  const units = ["bytes", "kB", "MB", "GB", "TB"] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit] ?? ""}`;
}

/** `1,234`, the same in every language of the browser. */
export function countWords(count: number): string {
  return count.toLocaleString("en-GB");
}

/** `3 devices`, `1 device`. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countWords(count)} ${count === 1 ? one : many}`;
}

type Style = "long" | "year" | "day" | "clock";
const LOCAL_TIME: Intl.DateTimeFormatOptions = {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23",
  timeZoneName: "short",
};
const STYLES: Readonly<Record<Style, Intl.DateTimeFormatOptions>> = {
  long: LOCAL_TIME,
  year: { ...LOCAL_TIME, year: "numeric" },
  day: { weekday: "short", day: "numeric", month: "short" },
  clock: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
};

/** Making one costs far more than using it. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, style: Style): Intl.DateTimeFormat {
  const key = `${style} ${zone}`;
  const known = formatters.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", { ...STYLES[style], timeZone: knownZone(zone) });
  formatters.set(key, made);
  return made;
}

/** A zone that this machine does not know is shown in UTC, which the short name then says. */
function knownZone(zone: string): string {
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: zone }).resolvedOptions().timeZone;
  } catch {
    return "UTC";
  }
}
