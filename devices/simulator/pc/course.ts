import { type Behaviour, CALM, FIELD } from "../behaviour.ts";
import type { Random } from "../random.ts";
import { MSI_CHANCES, MSIX_CHANCES, type PcFailureName } from "./failures.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** How a PC behaves over time. Rates are probabilities from 0 to 1. */
export interface PcBehaviour extends Behaviour {
  /** At each poll: nobody is signed in. */
  readonly signedOutRate: number;
  /** The share of MSI packages that need a restart to be finished. */
  readonly restartRate: number;
  /** The share of installations that say that they are done and leave nothing behind. */
  readonly emptyRate: number;
  /** What installations fail with, where they do; null: what chance says. */
  readonly failsWith: PcFailureName | null;
}

/** A well-behaved PC on a desk. */
export const CALM_PC: PcBehaviour = {
  ...CALM,
  signedOutRate: 0,
  restartRate: 0,
  emptyRate: 0,
  failsWith: null,
};

/** What PCs in the field are like. */
export const FIELD_PC: PcBehaviour = {
  ...FIELD,
  signedOutRate: 0.15,
  restartRate: 0.1,
  emptyRate: 0.02,
  failsWith: null,
};

/** The course of one installation, drawn when it begins, so that a seed decides it. */
export interface PcCourse {
  readonly queuedMs: number;
  readonly downloadMs: number;
  readonly downloadedMs: number;
  readonly installMs: number;
  readonly failure: PcFailureName | undefined;
  /** So many attempts at the installation fail, where `failure` says how. */
  readonly failingAttempts: number;
  readonly needsRestart: boolean;
  readonly leavesNothing: boolean;
  /** How often the line breaks during each download. */
  readonly breaks: number;
}

/** A failure passes by itself after some attempts, more or fewer than a server usually allows. */
const FAILING_ATTEMPTS_MAX = 6;

export function drawPcCourse(
  behaviour: PcBehaviour,
  random: Random,
  kind: "msi" | "msix",
): PcCourse {
  const time = (minMs: number, maxMs: number) =>
    Math.round(random.between(minMs, maxMs) * behaviour.slowness);
  const { failureRate, failsWith } = behaviour;
  const chances = kind === "msi" ? MSI_CHANCES : MSIX_CHANCES;
  return {
    queuedMs: time(2 * SECOND_MS, 30 * SECOND_MS),
    downloadMs: time(10 * SECOND_MS, 3 * MINUTE_MS),
    downloadedMs: time(2 * SECOND_MS, 20 * SECOND_MS),
    installMs: time(10 * SECOND_MS, 3 * MINUTE_MS),
    failure: random.chance(failureRate) ? (failsWith ?? random.pick(chances)) : undefined,
    failingAttempts: random.between(1, FAILING_ATTEMPTS_MAX),
    needsRestart: random.chance(behaviour.restartRate),
    leavesNothing: random.chance(behaviour.emptyRate),
    breaks: random.chance(behaviour.brokenLineRate) ? random.between(1, 3) : 0,
  };
}
