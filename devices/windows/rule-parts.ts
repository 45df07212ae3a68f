/**
 * Which RFC 5545 recurrence rules we follow. The library that expands them passes over what it does
 * not understand (`BYHOUR=25` is every hour to it), so each part is checked here first.
 */

/** A rule with COUNT is expanded from its first start every time: ten years of days. */
export const COUNT_MAX = 3650;
export const INTERVAL_MAX = 1000;
/** BYHOUR times BYMINUTE. */
export const STARTS_PER_DAY_MAX = 24;
export const RECURRENCE_CHARACTERS_MAX = 500;

const FREQUENCIES = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];
const DAY = /^(?:MO|TU|WE|TH|FR|SA|SU)$/;
const DAY_OF_PERIOD = /^(?:[+-]?[1-9]\d?)?(?:MO|TU|WE|TH|FR|SA|SU)$/;
const UNTIL = /^(\d{4})(\d{2})(\d{2})(?:T([01]\d|2[0-3])([0-5]\d)([0-5]\d)Z?)?$/;

type Check = (value: string, frequency: string) => string | undefined;

/** What is wrong with a part's value, if anything. */
const PARTS: Readonly<Record<string, Check>> = {
  FREQ: (value) =>
    FREQUENCIES.includes(value) ? undefined : `is one of ${FREQUENCIES.join(", ")}`,
  INTERVAL: (value) => number(value, 1, INTERVAL_MAX),
  COUNT: (value) => number(value, 1, COUNT_MAX),
  UNTIL: (value) => (isUntil(value) ? undefined : "is a date such as 20271231 or 20271231T220000Z"),
  BYMONTH: (value) => numbers(value, 1, 12),
  BYMONTHDAY: (value, frequency) =>
    frequency === "WEEKLY" ? "does not go with FREQ=WEEKLY" : numbers(value, -31, 31),
  BYYEARDAY: (value, frequency) =>
    frequency === "YEARLY" ? numbers(value, -366, 366) : "goes with FREQ=YEARLY only",
  BYWEEKNO: (value, frequency) =>
    frequency === "YEARLY" ? numbers(value, -53, 53) : "goes with FREQ=YEARLY only",
  BYDAY: (value, frequency) => {
    const isOrdinal = frequency === "MONTHLY" || frequency === "YEARLY";
    const pattern = isOrdinal ? DAY_OF_PERIOD : DAY;
    const example = isOrdinal ? "MO or -1SU" : "MO or MO,TU";
    return value.split(",").every((day) => pattern.test(day))
      ? undefined
      : `is a list of days such as ${example}`;
  },
  BYHOUR: (value) => numbers(value, 0, 23),
  BYMINUTE: (value) => numbers(value, 0, 59),
  BYSETPOS: (value) => numbers(value, -366, 366),
  WKST: (value) => (DAY.test(value) ? undefined : "is a day such as MO"),
};

/**
 * Why a rule cannot be followed, in words that say what to do; undefined when it can.
 *
 * @param text the RRULE value, without its name: `FREQ=WEEKLY;BYDAY=SU`
 */
export function ruleProblem(text: string): string | undefined {
  if (text.length > RECURRENCE_CHARACTERS_MAX) {
    return `has at most ${RECURRENCE_CHARACTERS_MAX} characters`;
  }
  const parts = new Map<string, string>();
  for (const part of text.split(";")) {
    const [, name = "", value = ""] = /^([A-Z]+)=([A-Z0-9,+-]+)$/.exec(part) ?? [];
    if (name === "") return `is parts such as FREQ=DAILY, separated by ";": "${part}" is none`;
    if (!Object.hasOwn(PARTS, name)) return `${name} is not supported`;
    if (parts.has(name)) return `${name} is there twice`;
    parts.set(name, value);
  }
  const frequency = parts.get("FREQ");
  if (frequency === undefined) return `has FREQ=${FREQUENCIES.join("|")}`;
  for (const [name, value] of parts) {
    const problem = PARTS[name]?.(value, frequency);
    if (problem !== undefined) return `${name} ${problem}`;
  }
  return combinationProblem(parts);
}

function combinationProblem(parts: ReadonlyMap<string, string>): string | undefined {
  if (parts.has("COUNT") && parts.has("UNTIL")) return "has COUNT or UNTIL, not both";
  const isBySomething = [...parts.keys()].some((name) => /^BY(?!SETPOS)/.test(name));
  if (parts.has("BYSETPOS") && !isBySomething) return "BYSETPOS needs another BY… part";
  if (parts.has("BYWEEKNO") && /\d/.test(parts.get("BYDAY") ?? "")) {
    return "BYDAY has no numbers beside BYWEEKNO";
  }
  const perDay = listed(parts.get("BYHOUR")) * listed(parts.get("BYMINUTE"));
  return perDay > STARTS_PER_DAY_MAX
    ? `starts at most ${STARTS_PER_DAY_MAX} times a day; this one ${perDay} times`
    : undefined;
}

function listed(value: string | undefined): number {
  return value === undefined ? 1 : value.split(",").length;
}

function number(value: string, min: number, max: number): string | undefined {
  const isGood = /^[+-]?\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max;
  return isGood ? undefined : `is a whole number from ${min} to ${max}`;
}

/** A list; where it may count from the end, 0 is nothing. */
function numbers(value: string, min: number, max: number): string | undefined {
  const isGood = value
    .split(",")
    .every((one) => number(one, min, max) === undefined && (min >= 0 || Number(one) !== 0));
  const exception = min < 0 ? " without 0" : "";
  return isGood ? undefined : `is a list of whole numbers from ${min} to ${max}${exception}`;
}

function isUntil(value: string): boolean {
  const [, year, month, day] = UNTIL.exec(value) ?? [];
  if (year === undefined) return false;
  try {
    Temporal.PlainDate.from(`${year}-${month}-${day}`);
    return true;
  } catch {
    return false;
  }
}
