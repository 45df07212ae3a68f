import type { WindowOutlook } from "../install/plan-types.ts";
import type { GroupName, SiteId } from "../model/ids.ts";
import type { Policy } from "../model/policy.ts";
import type { Instant, MaintenanceWindow, Occurrence } from "../model/window.ts";
import type { DeviceView } from "../ports/site-store.ts";
import { INSTANT_HORIZON_MS, planInstants } from "../windows/instants.ts";
import { mergedOccurrences, nextOccurrence, windowsFor } from "../windows/occurrences.ts";
import type { Ledger } from "./ledger.ts";

const MINUTE_MS = 60_000;
/** How long computed occurrences serve; they cover this much more than the horizon. */
const CACHE_MS = 60 * MINUTE_MS;
const CACHE_ENTRIES_MAX = 256;

interface Cached {
  readonly policyVersion: number;
  readonly fromMs: number;
  readonly occurrences: readonly Occurrence[];
  readonly nextStartMs: number | null;
}

/** Occurrences by set of windows: many devices share one set, so that they are expanded once. */
export class OccurrenceCache {
  readonly #entries = new Map<string, Cached>();

  /** Merged occurrences that have not ended at `nowMs`, up to the horizon, and the next start. */
  find(windows: readonly MaintenanceWindow[], zone: string, policyVersion: number, nowMs: number) {
    const key = `${zone} ${windows.map((window) => window.id).join(" ")}`;
    const known = this.#entries.get(key);
    const isFresh =
      known?.policyVersion === policyVersion &&
      known.fromMs <= nowMs &&
      nowMs < known.fromMs + CACHE_MS &&
      (known.nextStartMs === null || nowMs < known.nextStartMs);
    if (known && isFresh) return known;
    if (this.#entries.size >= CACHE_ENTRIES_MAX) this.#entries.clear();
    const computed: Cached = {
      policyVersion,
      fromMs: nowMs,
      occurrences: mergedOccurrences(windows, zone, nowMs, nowMs + INSTANT_HORIZON_MS + CACHE_MS),
      nextStartMs: nextOccurrence(windows, zone, nowMs)?.startMs ?? null,
    };
    this.#entries.set(key, computed);
    return computed;
  }
}

export interface OutlookInput {
  readonly site: SiteId;
  readonly timeZone: string;
  readonly policy: Policy;
  readonly groups: readonly GroupName[];
  readonly cache: OccurrenceCache;
  readonly nowMs: number;
  readonly random: () => number;
  /** True at a device's contact: only then its instant can be evaluated. */
  readonly contact: boolean;
  /** True in the rest of the session in which it was evaluated. */
  readonly evaluates: boolean;
}

/**
 * Brings a device's instants up to date on its ledger (draws, closes, evaluates) and says what they
 * mean for its work now. An occurrence that ended closes once: what waited in it, waited in vain.
 */
export function updateInstants(ledger: Ledger, input: OutlookInput): WindowOutlook {
  const { nowMs } = input;
  const windows = windowsFor(ledger.device, input.groups, input.policy.windows);
  const { occurrences, nextStartMs } = input.cache.find(
    windows,
    input.timeZone,
    input.policy.version,
    nowMs,
  );

  for (const instant of ledger.instants) {
    if (instant.endMs <= nowMs) {
      ledger.setInstant({ ...instant, closed: true });
      countMissed(ledger, instant, input.policy);
    }
  }
  const planned = planInstants({
    device: ledger.device.id,
    existing: ledger.instants,
    occurrences,
    nowMs,
    random: input.random,
  });
  for (const instant of planned) ledger.setInstant(instant);

  const open = [...ledger.instants].sort((a, b) => a.startMs - b.startMs);
  const running = open.find((instant) => instant.startMs <= nowMs && nowMs < instant.endMs);
  const isDue = running !== undefined && running.instantMs <= nowMs && input.contact;
  const isFirst = isDue && running.evaluatedAtMs === null;
  if (isFirst) {
    ledger.setInstant({ ...running, evaluatedAtMs: nowMs });
    ledger.deviceFact({
      kind: "decision",
      atMs: nowMs,
      source: "site",
      protocol: "site",
      value: "evaluated",
      text: `instant ${new Date(running.instantMs).toISOString()}`,
      by: "site",
    });
  }
  const isOpen = occurrences.some((one) => one.startMs <= nowMs && nowMs < one.endMs);
  const isAwaited = running?.evaluatedAtMs === null && !isFirst;
  const awaited = isAwaited ? running.instantMs : null;
  const later = open.find((instant) => instant.startMs > nowMs);
  return {
    hasWindows: windows.length > 0,
    openUntilMs: isOpen ? (running?.endMs ?? null) : null,
    releaseUntilMs: isOpen && (isFirst || (isDue && input.evaluates)) ? running.endMs : null,
    instantMs: awaited,
    nextMs: awaited ?? later?.instantMs ?? nextStartMs,
  };
}

/** The moments at which `updateInstants` could change something, or say something else, by itself. */
export function windowTurns(
  { device, instants }: Pick<DeviceView, "device" | "instants">,
  {
    timeZone,
    policy,
    groups,
    cache,
    nowMs,
  }: Pick<OutlookInput, "timeZone" | "policy" | "groups" | "cache" | "nowMs">,
): number[] {
  const windows = windowsFor(device, groups, policy.windows);
  const { fromMs, occurrences } = cache.find(windows, timeZone, policy.version, nowMs);
  return [
    // Until then every occurrence that starts or comes near is among these.
    fromMs + CACHE_MS,
    ...occurrences.flatMap(({ startMs, endMs }) => [startMs - INSTANT_HORIZON_MS, startMs, endMs]),
    ...instants.flatMap(({ startMs, instantMs, endMs }) => [startMs, instantMs, endMs]),
  ];
}

/**
 * Automatic work that stood still through a whole occurrence, waiting or with a device that says
 * nothing. Two of them want attention. [D7]
 */
function countMissed(ledger: Ledger, instant: Instant, policy: Policy): void {
  for (const row of ledger.rows) {
    const isAutomatic = policy.distributionsById.get(row.distribution)?.mode === "automatic";
    const isOurs = policy.revisions.get(row.revision)?.channel !== "reported";
    const isStill = Math.max(row.observedAtMs, row.offeredAtMs ?? 0) < instant.startMs;
    if (isAutomatic && isOurs && isStill && row.counted && row.reason !== null) {
      ledger.note(row.distribution, {
        missedOccurrences: row.missedOccurrences + 1,
        releasedUntilMs: null,
      });
    }
  }
}
