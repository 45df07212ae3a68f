import { rowOfNumber } from "../../devices/install/row-numbers.ts";
import { clampHlc } from "../../devices/model/hlc.ts";
import type { DeviceId, SiteId } from "../../devices/model/ids.ts";
import type { Installation } from "../../devices/model/installation.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { comparePosition } from "../merge.ts";
import type { DeviceAtHub } from "../ports/hub-store.ts";
import type { Directories, DistributionLine } from "./directories.ts";
import type { StatusEntry } from "./entry.ts";

/** An entry with its directories looked up. */
interface ResolvedEntry {
  readonly entry: StatusEntry;
  readonly device: DeviceId;
  readonly line: DistributionLine;
  readonly version: string | null;
}

/**
 * Looks the entries' directory numbers up.
 *
 * @throws ProtocolError with rule `status-reference` when one leads nowhere
 */
export function resolveEntries(
  entries: readonly StatusEntry[],
  directories: Directories,
): readonly ResolvedEntry[] {
  return entries.map((entry) => {
    const pair = directories.pairs[entry.key];
    const device = pair && directories.devices[pair.device];
    const line = pair && directories.distributions[pair.distribution];
    const version = entry.version === 0 ? null : directories.versions[entry.version - 1];
    if (device === undefined || line === undefined || version === undefined) {
      throw new ProtocolError("status-reference", `entry ${entry.key} leads to no directory line`);
    }
    return { entry, device, line, version };
  });
}

/**
 * The report rows that a site's entries make at the hub. An entry that is behind the site's row, or
 * about a device whose tombstone at another site covers it, makes none. [PROTOCOL 6.2, 6.5]
 *
 * @param known what the hub has of the devices concerned
 * @param receivedAtMs the hub's clock: stamps from further ahead are clamped [PROTOCOL 6.3]
 */
export function projectEntries(
  site: SiteId,
  resolved: readonly ResolvedEntry[],
  known: ReadonlyMap<DeviceId, DeviceAtHub>,
  receivedAtMs: number,
): readonly Installation[] {
  return resolved.flatMap((one) => {
    const atHub = known.get(one.device);
    if (isBuried(one.entry.incarnation, site, atHub)) return [];
    const former = atHub?.rows.find(
      (row) => row.site === site && row.distribution === one.line.distribution,
    );
    const row = rowFrom(site, one, former, receivedAtMs);
    return former && comparePosition(row, former) < 0 ? [] : [row];
  });
}

/**
 * Is a report of this incarnation about a life that has ended? Tombstones of other sites count. The
 * site that removed a device says itself what became of its rows, in order.
 */
function isBuried(incarnation: number, site: SiteId, atHub: DeviceAtHub | undefined): boolean {
  if (atHub === undefined) return false;
  return atHub.devices.some(
    (device) =>
      device.removedAtMs !== null && device.site !== site && incarnation <= device.incarnation,
  );
}

function rowFrom(
  site: SiteId,
  { entry, device, line, version }: ResolvedEntry,
  former: Installation | undefined,
  receivedAtMs: number,
): Installation {
  const meaning = rowOfNumber(entry.row);
  if (meaning === undefined) {
    throw new ProtocolError("status-reference", `entry ${entry.key} names no row of the matrix`);
  }
  const hlc = clampHlc(entry.hlc, receivedAtMs);
  const { flags } = entry;
  const isSameState = former?.status === meaning.status && former.state === meaning.state;
  const stays = former !== undefined && isSameState && former.reason === flags.reason;
  // Two moves may be of the same moment.
  const moved = !isSameState || former?.observedAtMs !== entry.observedAtMs;
  return {
    site,
    distribution: line.distribution,
    device,
    package: line.package,
    revision: line.revision,
    targetVersion: line.targetVersion,
    ...meaning,
    operation: entry.operation,
    version,
    incarnation: entry.incarnation,
    attempt: entry.attempt,
    sequence: entry.sequence,
    hlc,
    observedAtMs: entry.observedAtMs,
    // The entry does not say since when a reason holds: a change that moved nothing began just now.
    sinceMs: stays ? former.sinceMs : moved ? entry.observedAtMs : receivedAtMs,
    ...flags,
    reasonDetail: hlc === entry.hlc ? detailAfter(former, stays) : CLOCK_SENTENCE,
    nextAttemptMs: null,
    source: former?.source ?? null,
    nativeValue: former?.nativeValue ?? null,
    lastError: former?.lastError ?? null,
    lastErrorText: former?.lastErrorText ?? null,
    requestedAtMs: null,
    releasedUntilMs: null,
    offeredAtMs: null,
    current: former?.current ?? false,
    winner: former?.winner ?? false,
  };
}

/** What the journal told of the reason holds while the reason does. */
function detailAfter(former: Installation | undefined, stays: boolean): string {
  const isOurs = former === undefined || former.reasonDetail === CLOCK_SENTENCE;
  return stays && !isOurs ? former.reasonDetail : "";
}

/** How a row is flagged whose stamp had to be clamped; the raw stamp stays in document and journal. */
const CLOCK_SENTENCE = "The site's clock was ahead when it wrote this; its times may be wrong.";
