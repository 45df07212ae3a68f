import type { Device } from "../../devices/model/device.ts";
import type { Fact } from "../../devices/model/fact.ts";
import type { DeviceId, SiteId } from "../../devices/model/ids.ts";
import type { Installation } from "../../devices/model/installation.ts";
import type { DeviceAtHub } from "../ports/hub-store.ts";
import { parseDeviceFact } from "./device-schema.ts";

/** What facts add to the rows and devices of the site that they come from. */
export interface ProjectedFacts {
  readonly devices: readonly Device[];
  readonly rows: readonly Installation[];
  /** A decision came after a report that is in an earlier frame: ask again with `earlier` facts. */
  readonly needsEarlier: boolean;
}

type NativeWords = Pick<Installation, "source" | "nativeValue" | "lastError" | "lastErrorText">;

/**
 * What the journal tells that entries do not: the devices themselves, a row's native words, and the
 * particulars of a reason that is a decision. The row itself is brought by the status document, which always comes first. [PROTOCOL 5.4]
 *
 * The words are those of the last report before the fact that has the row's place in the order: that
 * report itself, or one that decisions followed. Facts about a row that lost against what the hub
 * knew (after a restore) never reach its place, so they change no words.
 *
 * @param facts of one site, ascending
 * @param earlier facts right before them, ascending; only their reports are looked at
 * @param known what the hub has of the devices concerned
 * @throws ProtocolError with rule `journal-device`
 */
export function projectFacts(
  site: SiteId,
  facts: readonly Fact[],
  earlier: readonly Fact[],
  known: ReadonlyMap<DeviceId, DeviceAtHub>,
): ProjectedFacts {
  const devices = new Map<DeviceId, Device>();
  const rows = new Map<string, Installation>();
  const words = new Map<string, NativeWords>();
  for (const fact of earlier) rememberWords(words, fact);
  let needsEarlier = false;
  for (const fact of facts) {
    const atHub = known.get(fact.device);
    const before = devices.get(fact.device) ?? atHub?.devices.find((one) => one.site === site);
    const after = deviceAfter(before, fact);
    if (after !== undefined && after !== before) devices.set(fact.device, after);

    rememberWords(words, fact);
    const row =
      rows.get(keyOf(fact)) ??
      atHub?.rows.find((one) => one.site === site && one.distribution === fact.distribution);
    if (row === undefined || isBeside(fact) || !isAtPlaceOf(fact, row)) continue;
    const said = words.get(keyOf(fact));
    if (said === undefined) needsEarlier = true;
    const told = { ...row, ...said, ...reasonOf(fact, row) };
    if (!Bun.deepEquals(told, row)) rows.set(keyOf(fact), told);
  }
  return { devices: [...devices.values()], rows: [...rows.values()], needsEarlier };
}

/** A late report, or one that says no status, changed nothing at the site, so it changes nothing here. [D1] */
function isBeside({ kind, effect, status }: Fact): boolean {
  return effect === "late" || (kind === "report" && status === null);
}

function rememberWords(words: Map<string, NativeWords>, fact: Fact): void {
  if (fact.kind !== "report" || fact.distribution === null || isBeside(fact)) return;
  words.set(keyOf(fact), {
    source: fact.source,
    nativeValue: fact.value,
    lastError: fact.lastError,
    lastErrorText: fact.text,
  });
}

/** The site's own words for a reason that was a decision, such as which distribution came instead. */
function reasonOf(fact: Fact, row: Installation): Partial<Installation> {
  if (fact.kind !== "decision" || fact.value !== row.reason) return {};
  return { reasonDetail: fact.text ?? "", sinceMs: fact.atMs };
}

/**
 * Has the fact the row's place in the order? Of two in one place, one that was stamped or observed
 * before the row lost the tie, one after it repeated what was known.
 */
function isAtPlaceOf(fact: Fact, row: Installation): boolean {
  return (
    fact.hlc >= row.hlc &&
    (fact.kind !== "report" || fact.atMs >= row.observedAtMs) &&
    fact.incarnation === row.incarnation &&
    fact.attempt === row.attempt &&
    fact.sequence === row.sequence
  );
}

function keyOf(fact: Fact): string {
  return `${fact.distribution}.${fact.device}`;
}

/** A removed device comes back only under a higher incarnation. [PROTOCOL 6.5] */
function deviceAfter(before: Device | undefined, fact: Fact): Device | undefined {
  if (fact.kind === "device") {
    const told = parseDeviceFact(fact);
    if (before === undefined || told.incarnation > before.incarnation) return told;
    if (told.incarnation < before.incarnation) return before;
    if (before.removedAtMs !== null && told.removedAtMs === null) return before;
    return {
      ...told,
      sequence: Math.max(told.sequence, before.sequence),
      lastContactMs: latest(told.lastContactMs, before.lastContactMs),
    };
  }
  if (before === undefined || fact.incarnation !== before.incarnation) return before;
  const sequence = Math.max(before.sequence, fact.sequence ?? 0);
  const saidByDevice = fact.kind === "report" || fact.kind === "inventory";
  const lastContactMs = saidByDevice
    ? latest(before.lastContactMs, fact.atMs)
    : before.lastContactMs;
  if (sequence === before.sequence && lastContactMs === before.lastContactMs) return before;
  return { ...before, sequence, lastContactMs };
}

function latest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}
