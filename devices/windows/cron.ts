/**
 * Quartz cron expressions, as hawkBit takes them for maintenance windows: second, minute, hour, day of the month,
 * month, day of the week, and a year that may be missing. One of the two days is `?`.
 */
import { type AppError, fieldError } from "../model/errors.ts";

export const CRON_CHARACTERS_MAX = 200;
const YEAR_MIN = 1970;
const YEAR_MAX = 2099;
const DAY_MS = 24 * 60 * 60 * 1000;

/** A day of the calendar. */
interface Day {
  readonly year: number;
  /** 1 to 12 */
  readonly month: number;
  /** 1 to 31 */
  readonly date: number;
  /** 1 (Sunday) to 7, as Quartz counts. */
  readonly weekday: number;
  /** How many days its month has. */
  readonly last: number;
}

export interface Cron {
  /** Ascending, none of them empty. */
  readonly seconds: readonly number[];
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly isOnDay: (day: Day) => boolean;
}

/** @throws AppError "unprocessable" at `/cron`, with what is wrong in words */
export function parseCron(text: string): Cron {
  if (text.length > CRON_CHARACTERS_MAX) {
    throw wrong(`has at most ${CRON_CHARACTERS_MAX} characters`);
  }
  const fields = text.trim().toUpperCase().split(/\s+/);
  if (fields.length < 6 || fields.length > 7) {
    throw wrong("has 6 or 7 fields: second minute hour day month weekday [year]");
  }
  const [second = "", minute = "", hour = "", date = "", month = "", weekday = "", year = "*"] =
    fields;
  if ((date === "?") === (weekday === "?")) {
    throw wrong("has ? as its day of the month or as its day of the week, not both");
  }
  const seconds = numbers("second", second, 0, 59);
  const minutes = numbers("minute", minute, 0, 59);
  const hours = numbers("hour", hour, 0, 23);
  const months = new Set(numbers("month", named(month, MONTHS), 1, 12));
  const years = year === "*" ? undefined : new Set(numbers("year", year, YEAR_MIN, YEAR_MAX));
  const isDate = date === "?" ? undefined : anyOf(date, dateRule);
  const isWeekday = weekday === "?" ? undefined : anyOf(named(weekday, WEEKDAYS), weekdayRule);
  return {
    seconds,
    minutes,
    hours,
    isOnDay: (day) =>
      months.has(day.month) &&
      (years === undefined || years.has(day.year)) &&
      (isDate?.(day) ?? true) &&
      (isWeekday?.(day) ?? true),
  };
}

/**
 * The first start after `afterMs`, within so many days; undefined where there is none. Times are local, written
 * as if they were UTC.
 */
export function startAfter(cron: Cron, afterMs: number, days: number): number | undefined {
  const firstDay = Math.floor(afterMs / DAY_MS);
  for (let day = firstDay; day <= firstDay + days; day++) {
    const startMs = day * DAY_MS;
    if (!cron.isOnDay(dayOf(startMs))) continue;
    const from = day === firstDay ? Math.floor((afterMs - startMs) / 1000) + 1 : 0;
    const time = firstTime(cron, from);
    if (time !== undefined) return startMs + time * 1000;
  }
  return undefined;
}

/** The last start at or before `atMs` and after `sinceMs`; undefined where there is none. */
export function startBefore(cron: Cron, atMs: number, sinceMs: number): number | undefined {
  const lastDay = Math.floor(atMs / DAY_MS);
  for (let day = lastDay; day * DAY_MS + DAY_MS > sinceMs; day--) {
    const startMs = day * DAY_MS;
    if (!cron.isOnDay(dayOf(startMs))) continue;
    const until = day === lastDay ? Math.floor((atMs - startMs) / 1000) : DAY_MS / 1000 - 1;
    const time = lastTime(cron, until);
    if (time === undefined) continue;
    const foundMs = startMs + time * 1000;
    return foundMs > sinceMs ? foundMs : undefined;
  }
  return undefined;
}

/** Seconds of the day, at or after `from`. */
function firstTime({ hours, minutes, seconds }: Cron, from: number): number | undefined {
  for (const hour of hours) {
    if (hour * 3600 + 3599 < from) continue;
    for (const minute of minutes) {
      const atMinute = hour * 3600 + minute * 60;
      if (atMinute + 59 < from) continue;
      for (const second of seconds) if (atMinute + second >= from) return atMinute + second;
    }
  }
  return undefined;
}

/** Seconds of the day, at or before `until`. */
function lastTime({ hours, minutes, seconds }: Cron, until: number): number | undefined {
  for (const hour of hours.toReversed()) {
    if (hour * 3600 > until) continue;
    for (const minute of minutes.toReversed()) {
      const atMinute = hour * 3600 + minute * 60;
      if (atMinute > until) continue;
      for (const second of seconds.toReversed()) {
        if (atMinute + second <= until) return atMinute + second;
      }
    }
  }
  return undefined;
}

function dayOf(startMs: number): Day {
  const at = new Date(startMs);
  const [year, month] = [at.getUTCFullYear(), at.getUTCMonth() + 1];
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return { year, month, date: at.getUTCDate(), weekday: at.getUTCDay() + 1, last };
}

const MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(" ");
const WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split(" ");

/** Names as their numbers, the first of which is 1. */
function named(text: string, names: readonly string[]): string {
  return text.replaceAll(/[A-Z]{3}/g, (name) =>
    names.includes(name) ? String(names.indexOf(name) + 1) : name,
  );
}

type DayRule = (day: Day) => boolean;

function anyOf(text: string, read: (part: string) => DayRule): DayRule {
  const rules = text.split(",").map(read);
  return (day) => rules.some((rule) => rule(day));
}

/** `L` is the last day, `L-3` the third before it, `15W` the working day that is nearest, `LW` the last of them. */
function dateRule(part: string): DayRule {
  if (part === "L") return ({ date, last }) => date === last;
  if (part === "LW") return (day) => day.date === nearestWorkingDay(day, day.last);
  const [, before] = /^L-(\d{1,2})$/.exec(part) ?? [];
  if (before !== undefined) return ({ date, last }) => date === last - Number(before);
  const [, near] = /^(\d{1,2})W$/.exec(part) ?? [];
  if (near !== undefined) {
    const [wanted = 0] = numbers("day", near, 1, 31);
    return (day) => wanted <= day.last && day.date === nearestWorkingDay(day, wanted);
  }
  const dates = new Set(numbers("day", part, 1, 31));
  return ({ date }) => dates.has(date);
}

/** Of the month of `day`: Saturday's is Friday, Sunday's Monday, unless that is in another month. */
function nearestWorkingDay({ date, weekday, last }: Day, wanted: number): number {
  const on = ((((weekday - 1 + wanted - date) % 7) + 7) % 7) + 1;
  if (on === 7) return wanted === 1 ? 3 : wanted - 1;
  if (on === 1) return wanted === last ? wanted - 2 : wanted + 1;
  return wanted;
}

/** `L` is Saturday, `6L` the last Friday of the month, `6#3` its third. */
function weekdayRule(part: string): DayRule {
  if (part === "L") return ({ weekday }) => weekday === 7;
  const [, lastOne] = /^([1-7])L$/.exec(part) ?? [];
  if (lastOne !== undefined) {
    return ({ weekday, date, last }) => weekday === Number(lastOne) && date + 7 > last;
  }
  const [, of, nth] = /^([1-7])#([1-5])$/.exec(part) ?? [];
  if (of !== undefined) {
    return ({ weekday, date }) => weekday === Number(of) && Math.ceil(date / 7) === Number(nth);
  }
  const days = new Set(numbers("weekday", part, 1, 7));
  return ({ weekday }) => days.has(weekday);
}

/** A list of `n`, `n-m` (round the end where m is smaller) and `*`, each with `/step`; ascending. */
function numbers(name: string, text: string, min: number, max: number): readonly number[] {
  const found = new Set<number>();
  for (const part of text.split(",")) {
    const [, all, from, to, step] =
      /^(?:(\*)|(\d{1,4})(?:-(\d{1,4}))?)(?:\/(\d{1,4}))?$/.exec(part) ?? [];
    const first = all === undefined ? Number(from ?? Number.NaN) : min;
    const end =
      all !== undefined || (to === undefined && step !== undefined) ? max : Number(to ?? from);
    const by = Number(step ?? "1");
    const isGood = [first, end].every((one) => one >= min && one <= max) && by >= 1;
    if (!isGood)
      throw wrong(`has a ${name} that is not from ${min} to ${max}: ${part.slice(0, 20)}`);
    const span = end >= first ? end - first : end - first + (max - min + 1);
    for (let on = 0; on <= span; on += by) found.add(min + ((first - min + on) % (max - min + 1)));
  }
  return [...found].sort((a, b) => a - b);
}

function wrong(rule: string): AppError {
  return fieldError("/cron", `the schedule ${rule}`);
}
