import { CHANCE_FAILURES, type FailureName } from "./download-status.ts";
import type { Random } from "./random.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** What the person in front of the device does when it asks. */
export type UserAnswer = "not-asked" | "accepts" | "refuses" | "later";

/** How a device behaves over time. Rates are probabilities from 0 to 1, times are virtual. */
export interface Behaviour {
  readonly pollIntervalMs: number;
  /** Each poll is up to this share of the interval early or late. */
  readonly pollJitter: number;
  /** The share of installations of which the user is asked, and what they answer. */
  readonly asksRate: number;
  readonly refusesRate: number;
  readonly laterRate: number;
  /** The share of installations that fail after a good download. */
  readonly failureRate: number;
  /** The share of downloads whose line breaks at least once. */
  readonly brokenLineRate: number;
  /** Before each poll: the probability of being out of reach for `lostMs`. */
  readonly lostRate: number;
  readonly lostMs: number;
  /** Scales all durations of queueing, downloading and installing. */
  readonly slowness: number;
  /** A finished Download node is kept this long; real devices: up to seven days. */
  readonly downloadNodeLifeMs: number;
}

export const SEVEN_DAYS_MS = 7 * 24 * HOUR_MS;

/** A well-behaved handheld. */
export const CALM: Behaviour = {
  pollIntervalMs: 15 * MINUTE_MS,
  pollJitter: 0.1,
  asksRate: 0,
  refusesRate: 0,
  laterRate: 0,
  failureRate: 0,
  brokenLineRate: 0,
  lostRate: 0,
  lostMs: 6 * HOUR_MS,
  slowness: 1,
  downloadNodeLifeMs: SEVEN_DAYS_MS,
};

/** What a fleet in the field is like. */
export const FIELD: Behaviour = {
  ...CALM,
  asksRate: 0.1,
  refusesRate: 0.2,
  laterRate: 0.3,
  failureRate: 0.08,
  brokenLineRate: 0.2,
  lostRate: 0.01,
};

/** The course of one installation, drawn when it begins, so that a seed decides it. */
export interface Course {
  readonly user: UserAnswer;
  readonly userAnswersAfterMs: number;
  readonly queuedMs: number;
  readonly downloadMs: number;
  readonly downloadedMs: number;
  readonly installMs: number;
  readonly failure: FailureName | undefined;
  /** How often the line breaks during the download. */
  readonly breaks: number;
}

export function drawCourse(behaviour: Behaviour, random: Random): Course {
  const time = (minMs: number, maxMs: number) =>
    Math.round(random.between(minMs, maxMs) * behaviour.slowness);
  return {
    user: drawUser(behaviour, random),
    userAnswersAfterMs: time(30 * SECOND_MS, 20 * MINUTE_MS),
    queuedMs: time(5 * SECOND_MS, MINUTE_MS),
    downloadMs: time(20 * SECOND_MS, 6 * MINUTE_MS),
    downloadedMs: time(5 * SECOND_MS, MINUTE_MS),
    installMs: time(20 * SECOND_MS, 4 * MINUTE_MS),
    failure: random.chance(behaviour.failureRate) ? random.pick(CHANCE_FAILURES) : undefined,
    breaks: random.chance(behaviour.brokenLineRate) ? random.between(1, 3) : 0,
  };
}

export function nextPollMs(behaviour: Behaviour, random: Random, nowMs: number): number {
  const jitter = (random.next() * 2 - 1) * behaviour.pollJitter;
  return nowMs + Math.round(behaviour.pollIntervalMs * (1 + jitter));
}

function drawUser(behaviour: Behaviour, random: Random): UserAnswer {
  if (!random.chance(behaviour.asksRate)) return "not-asked";
  const draw = random.next();
  if (draw < behaviour.refusesRate) return "refuses";
  return draw < behaviour.refusesRate + behaviour.laterRate ? "later" : "accepts";
}
