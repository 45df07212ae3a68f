import { ProtocolError } from "../errors.ts";

/** Devices poll no more often, and at least so often. */
export const POLLING_SECONDS_MIN = 30;
export const POLLING_SECONDS_MAX = 24 * 3600 - 1;
export const POLLING_DEFAULT = "00:05:00";
/** Before a window a device polls so often in what is left of the time until then. */
export const POLLS_BEFORE_WINDOW = 3;
/** Groups that poll at times of their own, in one setting. */
export const POLLING_RULES_MAX = 50;
export const POLLING_CHARACTERS_MAX = 4_000;

export interface PollingInterval {
  readonly seconds: number;
  /** In which direction chance moves it at most, in percent. */
  readonly deviationPercent: number;
}

export interface PollingTime {
  readonly usual: PollingInterval;
  /** The first whose filter fits counts. */
  readonly rules: readonly { readonly filter: string; readonly interval: PollingInterval }[];
}

const INTERVAL = String.raw`(\d{2}):(\d{2}):(\d{2})(?:\s*~\s*(\d{1,2})\s*%)?`;
const USUAL = new RegExp(String.raw`^\s*${INTERVAL}\s*(?=,|$)`);
const RULE = new RegExp(String.raw`^,\s*(\S.*?)\s*->\s*${INTERVAL}\s*(?=,|$)`);

/**
 * Reads `INTERVAL[~NN%][, FILTER -> INTERVAL[~NN%]]*`, where an interval is `HH:mm:ss`.
 *
 * @throws ProtocolError `polling-time`
 */
export function parsePollingTime(text: string): PollingTime {
  if (text.length > POLLING_CHARACTERS_MAX)
    throw wrong(`has at most ${POLLING_CHARACTERS_MAX} characters`);
  const first = USUAL.exec(text);
  if (!first) throw wrong("begins with HH:mm:ss, such as 00:05:00 or 00:05:00~10%");
  const usual = intervalOf(first.slice(1));
  const rules: { filter: string; interval: PollingInterval }[] = [];
  let rest = text.slice(first[0].length);
  while (rest !== "") {
    const found = RULE.exec(rest);
    if (!found) throw wrong(`goes on with ", FILTER -> HH:mm:ss", not with "${rest.slice(0, 40)}"`);
    const [whole, filter = "", ...parts] = found;
    rules.push({ filter, interval: intervalOf(parts) });
    if (rules.length > POLLING_RULES_MAX) throw wrong(`has at most ${POLLING_RULES_MAX} rules`);
    rest = rest.slice(whole.length);
  }
  return { usual, rules };
}

function intervalOf([hours, minutes, seconds, percent]: readonly (
  | string
  | undefined
)[]): PollingInterval {
  if (Number(minutes) > 59 || Number(seconds) > 59)
    throw wrong("has at most 59 minutes and seconds");
  const all = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  if (all < POLLING_SECONDS_MIN || all > POLLING_SECONDS_MAX) {
    throw wrong("is between 00:00:30 and 23:59:59");
  }
  return { seconds: all, deviationPercent: Number(percent ?? "0") };
}

/**
 * How long a device is to sleep now, in seconds.
 *
 * @param chance uniform in [0, 1)
 * @param untilMs how long it is until something comes up for the device; null: nothing is known
 */
export function sleepSeconds(
  interval: PollingInterval,
  chance: number,
  untilMs: number | null,
): number {
  const deviation = interval.seconds * (interval.deviationPercent / 100) * (2 * chance - 1);
  const usual = bounded(interval.seconds + deviation, POLLING_SECONDS_MAX);
  if (untilMs === null) return usual;
  return bounded(untilMs / 1000 / POLLS_BEFORE_WINDOW, usual);
}

function bounded(seconds: number, max: number): number {
  return Math.max(POLLING_SECONDS_MIN, Math.min(Math.ceil(seconds), max));
}

/** `HH:mm:ss` of less than a day in seconds; undefined for anything else. */
export function parseClockTime(text: string): number | undefined {
  const [, hours, minutes, seconds] = /^([01]\d|2[0-3]):([0-5]\d):([0-5]\d)$/.exec(text) ?? [];
  if (hours === undefined) return undefined;
  return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}

/** `HH:mm:ss` */
export function sleepText(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

function wrong(rule: string): ProtocolError {
  return new ProtocolError("polling-time", `the polling time ${rule}`);
}
