import { AppError, fieldError } from "../model/errors.ts";
import type { Schedule } from "../model/window.ts";
import { type Cron, parseCron, startAfter, startBefore } from "./cron.ts";
import { SEARCH_DAYS_MAX } from "./recurrence.ts";

/** As hawkBit has it: a stretch is shorter than a day. */
export const SCHEDULE_SECONDS_MAX = 24 * 60 * 60 - 1;
export const UTC_OFFSET_MINUTES_MAX = 18 * 60;
const MINUTE_MS = 60_000;

/** Where a schedule stands at a moment. */
export interface ScheduleOutlook {
  /** The end of the stretch that runs; null when none does. */
  readonly openUntilMs: number | null;
  /** The next start; null when it is over for good, as far as is looked ahead. */
  readonly nextMs: number | null;
}

/** Distributions are never edited, only replaced, so each schedule is read once. */
const read = new WeakMap<Schedule, Cron>();

export function scheduleAt(schedule: Schedule, nowMs: number): ScheduleOutlook {
  const cron = read.get(schedule) ?? parseCron(schedule.cron);
  read.set(schedule, cron);
  const offsetMs = schedule.utcOffsetMinutes * MINUTE_MS;
  const localMs = nowMs + offsetMs;
  const lengthMs = schedule.durationSeconds * 1000;
  const last = startBefore(cron, localMs, localMs - lengthMs);
  const next = startAfter(cron, localMs, SEARCH_DAYS_MAX);
  return {
    openUntilMs: last === undefined ? null : last - offsetMs + lengthMs,
    nextMs: next === undefined ? null : next - offsetMs,
  };
}

/**
 * Checks a schedule that somebody wrote. What passes can be evaluated without an error.
 *
 * @throws AppError "unprocessable" naming the field by its JSON pointer
 */
export function checkSchedule({ cron, durationSeconds, utcOffsetMinutes }: Schedule): void {
  parseCron(cron);
  if (!isWhole(durationSeconds, 1, SCHEDULE_SECONDS_MAX)) {
    throw fieldError("/durationSeconds", `whole seconds from 1 to ${SCHEDULE_SECONDS_MAX}`);
  }
  if (!isWhole(utcOffsetMinutes, -UTC_OFFSET_MINUTES_MAX, UTC_OFFSET_MINUTES_MAX)) {
    throw fieldError("/utcOffsetMinutes", `whole minutes, at most ${UTC_OFFSET_MINUTES_MAX} off`);
  }
}

/** @throws AppError "unprocessable" for one in which nothing would ever be done */
export function needFuture(schedule: Schedule, nowMs: number): void {
  const { openUntilMs, nextMs } = scheduleAt(schedule, nowMs);
  if (openUntilMs !== null || nextMs !== null) return;
  throw new AppError("unprocessable", "the schedule has no start from now on", {
    fields: [{ pointer: "/cron", message: "it has no start from now on" }],
  });
}

/** `HH:mm:ss` and `+HH:mm` as hawkBit writes them. */
export function durationText({ durationSeconds }: Schedule): string {
  const parts = [durationSeconds / 3600, (durationSeconds / 60) % 60, durationSeconds % 60];
  return parts.map((part) => twoDigits(Math.floor(part))).join(":");
}

export function offsetText({ utcOffsetMinutes }: Schedule): string {
  const minutes = Math.abs(utcOffsetMinutes);
  const sign = utcOffsetMinutes < 0 ? "-" : "+";
  return `${sign}${twoDigits(Math.floor(minutes / 60))}:${twoDigits(minutes % 60)}`;
}

/** Of `+HH:mm`, `-HH:mm` or `Z`, in minutes; undefined for anything else. */
export function parseUtcOffset(text: string): number | undefined {
  if (text === "Z") return 0;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):([0-5]\d)$/.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const offset = Number(hours) * 60 + Number(minutes);
  if (offset > UTC_OFFSET_MINUTES_MAX) return undefined;
  return sign === "-" ? -offset : offset;
}

function twoDigits(part: number): string {
  return String(part).padStart(2, "0");
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}
