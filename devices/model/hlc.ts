/**
 * Hybrid logical clock stamps: 48 bits of milliseconds and a 16-bit counter, written as sixteen
 * lower-case hexadecimal digits so that text order is time order and no digit is lost in a number.
 * A stamp only breaks ties between equal (incarnation, attempt, sequence); it never decides alone.
 */
declare const brand: unique symbol;
export type Hlc = string & { readonly [brand]: "Hlc" };

const COUNTER_MAX = 0xffff;
const MILLISECONDS_MAX = 2 ** 48 - 1;

/** Before every stamp. */
export const HLC_ZERO = "0000000000000000" as Hlc;

/** How far ahead of its receipt a foreign stamp may be before it is clamped, in milliseconds. */
export const HLC_AHEAD_MS_MAX = 5 * 60 * 1000;

export function parseHlc(text: string): Hlc | undefined {
  return /^[0-9a-f]{16}$/.test(text) ? (text as Hlc) : undefined;
}

/** The wall-clock part of a stamp, in milliseconds since the epoch. */
export function millisecondsOf(stamp: Hlc): number {
  return Number.parseInt(stamp.slice(0, 12), 16);
}

/**
 * The stamp after `last` at wall-clock time `nowMs` (milliseconds since the epoch). Always greater
 * than `last`, also when the clock stands still or goes back.
 */
export function nextHlc(last: Hlc, nowMs: number): Hlc {
  const lastMs = millisecondsOf(last);
  if (nowMs > lastMs) return stamp(nowMs, 0);
  const counter = Number.parseInt(last.slice(12), 16) + 1;
  return counter > COUNTER_MAX ? stamp(lastMs + 1, 0) : stamp(lastMs, counter);
}

/** A foreign stamp, moved back to at most `HLC_AHEAD_MS_MAX` after its receipt. */
export function clampHlc(foreign: Hlc, receivedAtMs: number): Hlc {
  const latestMs = receivedAtMs + HLC_AHEAD_MS_MAX;
  return millisecondsOf(foreign) > latestMs ? stamp(latestMs, 0) : foreign;
}

function stamp(milliseconds: number, counter: number): Hlc {
  const clamped = Math.min(Math.max(0, Math.floor(milliseconds)), MILLISECONDS_MAX);
  return (clamped.toString(16).padStart(12, "0") + counter.toString(16).padStart(4, "0")) as Hlc;
}
