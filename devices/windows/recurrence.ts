import { RRuleTemporal } from "rrule-temporal";
import { AppError, type FieldError } from "../model/errors.ts";
import type { MaintenanceWindow } from "../model/window.ts";

/** A window is at most a week long; longer ones would never close. */
export const DURATION_MINUTES_MAX = 7 * 24 * 60;
export const RECURRENCE_CHARACTERS_MAX = 500;
/** How far ahead a recurrence is searched for its next start, in days. */
export const SEARCH_DAYS_MAX = 5 * 366;

const START = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}$/;
const FREQUENCY = /(?:^|;)FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(?:;|$)/;

/**
 * The rule of a window over local wall-clock time. Local times are written as if they were UTC: no
 * zone has a say in which days a window recurs, only in when those local times are.
 */
export function localRule(window: Pick<MaintenanceWindow, "start" | "recurrence">): RRuleTemporal {
  const start = `${window.start.replaceAll(/[-:]/g, "")}00`;
  return new RRuleTemporal({
    rruleString: `DTSTART;TZID=UTC:${start}\nRRULE:${window.recurrence ?? "FREQ=DAILY;COUNT=1"}`,
  });
}

/**
 * Checks what an administrator wrote.
 *
 * @throws AppError "unprocessable" naming each wrong field by its JSON pointer
 */
export function checkWindow(
  window: Pick<MaintenanceWindow, "start" | "recurrence" | "durationMinutes" | "timeZone">,
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
    Temporal.PlainDateTime.from(start, { overflow: "reject" });
    return [];
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
  try {
    Temporal.Now.zonedDateTimeISO(name);
    return /^(?:UTC|[A-Za-z]+(?:\/[A-Za-z0-9_+-]+)+)$/.test(name);
  } catch {
    return false;
  }
}

function checkRecurrence(window: Pick<MaintenanceWindow, "start" | "recurrence">): FieldError[] {
  const pointer = "/recurrence";
  const { recurrence } = window;
  if (recurrence === null) return [];
  if (recurrence.length > RECURRENCE_CHARACTERS_MAX) {
    return [{ pointer, message: `at most ${RECURRENCE_CHARACTERS_MAX} characters` }];
  }
  if (!FREQUENCY.test(recurrence)) {
    const message = "an RFC 5545 rule with FREQ DAILY, WEEKLY, MONTHLY or YEARLY";
    return [{ pointer, message }];
  }
  if (/[\r\n:]/.test(recurrence)) return [{ pointer, message: "only the rule's value, one line" }];
  try {
    // A rule that never has an occurrence is found out here, not in the night.
    if (localRule(window).next(localDate(window.start), true) === null) {
      return [{ pointer, message: "this rule never has an occurrence" }];
    }
    return [];
  } catch (error) {
    const reason = error instanceof Error ? error.message : "it cannot be read";
    return [{ pointer, message: `not a recurrence rule we can follow: ${reason}` }];
  }
}

/** A local wall-clock time, written as if it were UTC. */
function localDate(start: string): Date {
  return new Date(`${start}:00Z`);
}
