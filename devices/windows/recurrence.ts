import { RRuleTemporal } from "rrule-temporal";
import { AppError, type FieldError } from "../model/errors.ts";
import type { MaintenanceWindow } from "../model/window.ts";
import { ruleProblem } from "./rule-parts.ts";

/** A window is at most a week long; longer ones would never close. */
export const DURATION_MINUTES_MAX = 7 * 24 * 60;
/** How far ahead a recurrence is searched for its next start, in days. */
export const SEARCH_DAYS_MAX = 5 * 366;
/** First starts lie in these years: time zones are not certain before and not known after. */
export const START_YEAR_MIN = 2000;
export const START_YEAR_MAX = 2100;

const START = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;
const ZONE = /^(?:UTC|[A-Za-z]+(?:\/[A-Za-z0-9_+-]+)+)$/;
const UNTIL_TIME = /UNTIL=(\d{8}T\d{6})(Z?)/;
/** A local time is at most so much ahead of UTC. */
const AHEAD_OF_UTC = { hours: 15 } as const;

type Recurring = Pick<MaintenanceWindow, "start" | "recurrence">;

/** A window's rule over local wall-clock time, which is written as if it were UTC. */
export interface LocalRule {
  readonly rule: RRuleTemporal;
  /** An UNTIL in UTC: starts after it do not count. It needs the zone, so the rule does not know it. */
  readonly untilMs: number;
}

/** Windows are never edited, only replaced, so each is read once. */
const rules = new WeakMap<Recurring, LocalRule>();

/**
 * The rule of a window over local time: no zone has a say in which days a window recurs, only in
 * when those local times are.
 */
export function localRule(window: Recurring): LocalRule {
  const known = rules.get(window);
  if (known) return known;
  const read = readRule(window);
  rules.set(window, read);
  return read;
}

function readRule({ start, recurrence }: Recurring): LocalRule {
  const first = `DTSTART;TZID=UTC:${start.replaceAll(/[-:]/g, "")}00`;
  const { text, untilMs } = readUntil(recurrence ?? "FREQ=DAILY;COUNT=1");
  return { rule: new RRuleTemporal({ rruleString: `${first}\nRRULE:${text}` }), untilMs };
}

/** UNTIL in the rule's own clock: a local time gets the Z it lacks, a UTC time is put off. */
function readUntil(text: string): { text: string; untilMs: number } {
  const [whole, local, utcMark] = UNTIL_TIME.exec(text) ?? [];
  if (whole === undefined || local === undefined) return { text, untilMs: Infinity };
  const until = Temporal.PlainDateTime.from(local);
  if (utcMark === "") return { text: text.replace(whole, `UNTIL=${local}Z`), untilMs: Infinity };
  const untilMs = until.toZonedDateTime("UTC").epochMilliseconds;
  return { text: text.replace(whole, `UNTIL=${compact(until.add(AHEAD_OF_UTC))}Z`), untilMs };
}

function compact(time: Temporal.PlainDateTime): string {
  return time.toString({ smallestUnit: "second" }).replaceAll(/[-:]/g, "");
}

/**
 * Checks what an administrator wrote. What passes can be expanded without an error.
 *
 * @throws AppError "unprocessable" naming each wrong field by its JSON pointer
 */
export function checkWindow(
  window: Recurring & Pick<MaintenanceWindow, "durationMinutes" | "timeZone">,
): void {
  const fields = [
    ...checkStart(window.start),
    ...checkDuration(window.durationMinutes),
    ...checkTimeZone(window.timeZone),
  ];
  if (fields.length === 0) fields.push(...checkRecurrence(window));
  if (fields.length > 0) {
    throw new AppError("unprocessable", "the window cannot be used as it is", { fields });
  }
}

function checkStart(start: string): FieldError[] {
  const problem = { pointer: "/start", message: "local date and time such as 2026-11-21T22:00" };
  if (!START.test(start)) return [problem];
  try {
    const { year } = Temporal.PlainDateTime.from(start, { overflow: "reject" });
    if (year >= START_YEAR_MIN && year <= START_YEAR_MAX) return [];
    const message = `a year from ${START_YEAR_MIN} to ${START_YEAR_MAX}`;
    return [{ pointer: "/start", message }];
  } catch {
    return [problem];
  }
}

function checkDuration(minutes: number): FieldError[] {
  if (Number.isInteger(minutes) && minutes >= 1 && minutes <= DURATION_MINUTES_MAX) return [];
  const message = `whole minutes from 1 to ${DURATION_MINUTES_MAX} (a week)`;
  return [{ pointer: "/durationMinutes", message }];
}

function checkTimeZone(timeZone: string | null): FieldError[] {
  if (timeZone === null || isTimeZone(timeZone)) return [];
  return [{ pointer: "/timeZone", message: `no IANA time zone is called ${timeZone}` }];
}

export function isTimeZone(name: string): boolean {
  if (!ZONE.test(name)) return false;
  try {
    Temporal.Now.zonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

function checkRecurrence(window: Recurring): FieldError[] {
  const pointer = "/recurrence";
  if (window.recurrence === null) return [];
  const problem = ruleProblem(window.recurrence);
  if (problem !== undefined) {
    return [{ pointer, message: `an RFC 5545 recurrence rule: ${problem}` }];
  }
  try {
    // What the library cannot find within its bounds is found out here, not in the night.
    const { rule } = readRule(window);
    const first = rule.next(new Date(`${window.start}:00Z`), true);
    // A COUNT is counted from the first start on, so all of it has to be within reach.
    if (window.recurrence.includes("COUNT=")) rule.all();
    if (first !== null) return [];
  } catch {
    return [{ pointer, message: "this rule reaches too far; UNTIL or another FREQ may help" }];
  }
  return [{ pointer, message: "this rule has no occurrence" }];
}
