/**
 * One line of the status document: the current state of one installation in small integers.
 * [decisions D12, PROTOCOL 4]
 *
 *   [key, row, operation, version, observedAtMs, hlc, incarnation, attempt, sequence, flags]
 *
 * `key` counts in the directory of pairs, `version` in that of versions (from 1; 0 is "none").
 */
import { type Hlc, parseHlc } from "../../devices/model/hlc.ts";
import {
  ACTORS,
  type Actor,
  type Installation,
  OPERATIONS,
  type Operation,
  REASONS,
  type Reason,
} from "../../devices/model/installation.ts";

export type EntryTuple = readonly [
  key: number,
  row: number,
  operation: number,
  version: number,
  observedAtMs: number,
  hlc: string,
  incarnation: number,
  attempt: number,
  sequence: number,
  flags: number,
];

export interface StatusEntry {
  readonly key: number;
  readonly row: number;
  readonly operation: Operation;
  /** 0: none; n: the n-th of the directory of versions. */
  readonly version: number;
  readonly observedAtMs: number;
  readonly hlc: Hlc;
  readonly incarnation: number;
  readonly attempt: number;
  readonly sequence: number;
  readonly flags: EntryFlags;
}

/** What of an installation travels in the flags. */
export type EntryFlags = Pick<
  Installation,
  "anomaly" | "stale" | "managed" | "counted" | "reason" | "actor" | "missedOccurrences"
>;

/** More missed occurrences than this look the same from afar. */
export const MISSED_OCCURRENCES_MAX = 3;

const ENTRY_LENGTH = 10;
const FLAGS_MAX = 2 ** 13 - 1;

export function packFlags(flags: EntryFlags): number {
  return (
    Number(flags.anomaly) |
    (Number(flags.stale) << 1) |
    ((flags.managed === null ? 0 : flags.managed ? 2 : 1) << 2) |
    (Number(flags.counted) << 4) |
    ((flags.reason === null ? 0 : REASONS.indexOf(flags.reason) + 1) << 5) |
    ((flags.actor === null ? 0 : ACTORS.indexOf(flags.actor) + 1) << 9) |
    (Math.min(flags.missedOccurrences, MISSED_OCCURRENCES_MAX) << 11)
  );
}

/** Undefined when a number stands for nothing that this version knows. */
export function parseFlags(flags: number): EntryFlags | undefined {
  if (!Number.isInteger(flags) || flags < 0 || flags > FLAGS_MAX) return undefined;
  const managed = (flags >> 2) & 3;
  const reason = reasonOf((flags >> 5) & 15);
  const actor = actorOf((flags >> 9) & 3);
  if (managed === 3 || reason === undefined || actor === undefined) return undefined;
  return {
    anomaly: (flags & 1) === 1,
    stale: (flags & 2) === 2,
    managed: managed === 0 ? null : managed === 2,
    counted: (flags & 16) === 16,
    reason,
    actor,
    missedOccurrences: (flags >> 11) & 3,
  };
}

/** The entry as it stands in the document. */
export function packEntry(entry: StatusEntry): EntryTuple {
  return [
    entry.key,
    entry.row,
    OPERATIONS.indexOf(entry.operation),
    entry.version,
    entry.observedAtMs,
    entry.hlc,
    entry.incarnation,
    entry.attempt,
    entry.sequence,
    packFlags(entry.flags),
  ];
}

/** Undefined when the value has not the shape of an entry. Directory bounds are checked elsewhere. */
export function parseEntry(value: readonly unknown[]): StatusEntry | undefined {
  if (value.length !== ENTRY_LENGTH) return undefined;
  const [key, row, operation, version, observedAtMs, hlcText, ...rest] = value;
  const [incarnation, attempt, sequence, flagBits] = rest;
  if (
    !isCount(key) ||
    !isCount(row) ||
    !isCount(operation) ||
    !isCount(version) ||
    !isCount(observedAtMs) ||
    !isCount(incarnation) ||
    !isCount(attempt) ||
    !isCount(sequence) ||
    !isCount(flagBits) ||
    typeof hlcText !== "string"
  ) {
    return undefined;
  }
  const hlc = parseHlc(hlcText);
  const flags = parseFlags(flagBits);
  const operationName = OPERATIONS[operation];
  if (!hlc || !flags || !operationName) return undefined;
  return {
    key,
    row,
    operation: operationName,
    version,
    observedAtMs,
    hlc,
    incarnation,
    attempt,
    sequence,
    flags,
  };
}

export function sameTuple(a: EntryTuple, b: EntryTuple): boolean {
  return a.every((value, index) => value === b[index]);
}

function reasonOf(index: number): Reason | null | undefined {
  return index === 0 ? null : REASONS[index - 1];
}

function actorOf(index: number): Actor | null | undefined {
  return index === 0 ? null : ACTORS[index - 1];
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
