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
}

/**
 * What the journal tells that entries do not: the devices themselves, and a row's native words. The
 * row is brought by the status document, which always comes first. [PROTOCOL 5.4]
 *
 * @param facts of one site, ascending
 * @param known what the hub has of the devices concerned
 * @throws ProtocolError with rule `journal-device`
 */
export function projectFacts(
  site: SiteId,
  facts: readonly Fact[],
  known: ReadonlyMap<DeviceId, DeviceAtHub>,
): ProjectedFacts {
  const devices = new Map<DeviceId, Device>();
  const rows = new Map<string, Installation>();
  for (const fact of facts) {
    const atHub = known.get(fact.device);
    const before = devices.get(fact.device) ?? atHub?.devices.find((one) => one.site === site);
    const after = deviceAfter(before, fact);
    if (after !== undefined && after !== before) devices.set(fact.device, after);
    if (!isReportOfRow(fact)) continue;
    const key = `${fact.distribution}.${fact.device}`;
    const row =
      rows.get(key) ??
      atHub?.rows.find((one) => one.site === site && one.distribution === fact.distribution);
    if (row !== undefined) rows.set(key, { ...row, ...nativeWordsOf(fact) });
  }
  return { devices: [...devices.values()], rows: [...rows.values()] };
}

/** A late report changed nothing at the site, so it changes nothing here. [D1] */
function isReportOfRow(fact: Fact): boolean {
  return fact.kind === "report" && fact.distribution !== null && fact.effect !== "late";
}

function nativeWordsOf(
  fact: Fact,
): Pick<Installation, "source" | "nativeValue" | "lastError" | "lastErrorText"> {
  return {
    source: fact.source,
    nativeValue: fact.value,
    lastError: fact.lastError,
    lastErrorText: fact.text,
  };
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
