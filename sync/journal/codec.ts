/**
 * Facts on their way: a JSON list of lists, in the order of `COLUMNS`, which compresses well and
 * repeats no names. Site, incarnation and number are in the frame's header. [PROTOCOL 5]
 */

import { z } from "zod";
import { FACT_KINDS, FACT_SOURCES, type Fact } from "../../devices/model/fact.ts";
import { parseHlc } from "../../devices/model/hlc.ts";
import { parseDeviceId, parseDistributionId, type SiteId } from "../../devices/model/ids.ts";
import { ACTORS, OPERATIONS, STATUSES } from "../../devices/model/installation.ts";
import { NAME_CHARACTERS_MAX } from "../../devices/model/limits.ts";
import { sha256Hex } from "../../devices/model/sha256.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import {
  FACT_TEXT_CHARACTERS_MAX,
  JOURNAL_FACTS_MAX,
  JOURNAL_RAW_BYTES_TARGET,
} from "../limits.ts";

const COLUMNS = [
  "kind",
  "device",
  "distribution",
  "atMs",
  "hlc",
  "source",
  "protocol",
  "value",
  "lastError",
  "text",
  "version",
  "operation",
  "incarnation",
  "attempt",
  "sequence",
  "status",
  "state",
  "actor",
  "anomaly",
  "effect",
  "by",
] as const satisfies readonly (keyof Fact)[];

const EFFECTS = ["moved", "repeated", "late", "none"] as const;

const count = z.int().min(0).max(Number.MAX_SAFE_INTEGER);
const short = z.string().max(NAME_CHARACTERS_MAX);
const long = z.string().max(FACT_TEXT_CHARACTERS_MAX);

const FACT = z.object({
  kind: z.enum(FACT_KINDS),
  device: z.string().transform(refuseUndefined(parseDeviceId, "a device id")),
  distribution: z
    .string()
    .transform(refuseUndefined(parseDistributionId, "a distribution id"))
    .nullable(),
  atMs: z.int(),
  hlc: z.string().transform(refuseUndefined(parseHlc, "an HLC stamp")),
  source: z.enum(FACT_SOURCES),
  protocol: short,
  value: long,
  lastError: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1)
    .nullable(),
  text: long.nullable(),
  version: short.nullable(),
  operation: z.enum(OPERATIONS).nullable(),
  incarnation: count,
  attempt: count.nullable(),
  sequence: count.nullable(),
  status: z.enum(STATUSES).nullable(),
  state: short.nullable(),
  actor: z.enum(ACTORS).nullable(),
  anomaly: z.boolean(),
  effect: z.enum(EFFECTS),
  by: short,
});

/**
 * The longest beginning of `facts` that fits one frame: at least one, at most `JOURNAL_FACTS_MAX`,
 * closed once it has `JOURNAL_RAW_BYTES_TARGET`.
 */
export function packFacts(facts: readonly Fact[]): {
  readonly raw: Uint8Array;
  readonly count: number;
} {
  const lines: string[] = [];
  let bytes = 0;
  for (const fact of facts.slice(0, JOURNAL_FACTS_MAX)) {
    const line = JSON.stringify(COLUMNS.map((column) => fact[column]));
    lines.push(line);
    bytes += Buffer.byteLength(line) + 1;
    if (bytes >= JOURNAL_RAW_BYTES_TARGET) break;
  }
  return { raw: new Uint8Array(Buffer.from(`[${lines.join(",")}]`)), count: lines.length };
}

/** Where the facts of a frame stand, as its header says. */
export interface JournalRange {
  readonly site: SiteId;
  readonly incarnation: number;
  readonly first: number;
  readonly count: number;
}

/** @throws ProtocolError with rule `journal-shape` */
export function parseFacts(raw: Uint8Array, range: JournalRange): readonly Fact[] {
  const lines = parseJson(raw);
  if (!Array.isArray(lines) || lines.length !== range.count) {
    throw new ProtocolError("journal-shape", `the frame has not the ${range.count} facts it names`);
  }
  return lines.map((line: unknown, index) => ({
    site: range.site,
    siteIncarnation: range.incarnation,
    seq: range.first + index,
    ...parseLine(line, range.first + index),
  }));
}

/** Tells two facts apart that have the same number: 16 hexadecimal digits. [PROTOCOL 6.4] */
export function fingerprintOf(fact: Fact): string {
  return sha256Hex(JSON.stringify(COLUMNS.map((column) => fact[column]))).slice(0, 16);
}

function parseLine(line: unknown, seq: number): z.infer<typeof FACT> {
  if (!Array.isArray(line) || line.length !== COLUMNS.length) {
    throw new ProtocolError("journal-shape", `fact ${seq} has not ${COLUMNS.length} fields`);
  }
  const named = Object.fromEntries(COLUMNS.map((column, index) => [column, line[index]]));
  const fact = FACT.safeParse(named);
  if (fact.success) return fact.data;
  const issue = fact.error.issues[0];
  const where = issue?.path.join(".") ?? "";
  throw new ProtocolError("journal-shape", `fact ${seq}, ${where}: ${issue?.message ?? "wrong"}`);
}

function parseJson(raw: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(raw));
  } catch (cause) {
    throw new ProtocolError("journal-shape", "the facts are not JSON", { cause });
  }
}

function refuseUndefined<T>(parse: (text: string) => T | undefined, what: string) {
  return (text: string, context: z.core.$RefinementCtx): T => {
    const value = parse(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: `not ${what}` });
    return z.NEVER;
  };
}
