/**
 * How two accounts of the same thing become one. Both functions are maxima of a total order, so the
 * order of arrival, repetition and grouping do not matter. [design section 3, PROTOCOL 6]
 */
import { decisionFact } from "../devices/install/fold.ts";
import type { Device } from "../devices/model/device.ts";
import { FACT_SOURCES, type NewFact } from "../devices/model/fact.ts";
import { HLC_ZERO } from "../devices/model/hlc.ts";
import type { DistributionId } from "../devices/model/ids.ts";
import { compareOrder, type Installation, type OrderTuple } from "../devices/model/installation.ts";
import type { KnownDevice } from "./ports/site-link-store.ts";

/** Of two rows of one (distribution, device), the one that the order tuple puts last. */
export function mergeOrder<Row extends Pick<Installation, OrderKey>>(a: Row, b: Row): Row {
  return compareOrder(a, b) >= 0 ? a : b;
}

type OrderKey = "incarnation" | "attempt" | "sequence" | "hlc" | "site";

/** A device and its rows at a site. */
export interface DeviceHere {
  readonly device: Device;
  readonly rows: readonly Installation[];
}

/** A device after adoption, with the facts that say what the adoption decided. */
export interface AdoptedDevice extends DeviceHere {
  readonly facts: readonly NewFact[];
}

/**
 * What a site makes of a device when it adopts what the hub knows. [PROTOCOL 6.6]
 *
 * A row of ours that is behind the hub's gives way, unless it was observed later: then
 * it tells of something after the restore, under numbers that were used before. It stays and goes on
 * above them, and a fact says so. A row of ours that is ahead always stays. What came from the hub is
 * told back to it as facts, so that a hub which loses its disk later hears of it again: every row of a
 * site has a fact in its place in the journal.
 *
 * @param here what the site has of it; undefined when the device is not known here
 * @param known what the hub has of the same device
 * @returns undefined when neither side knows what the device is: its rows stay at the hub alone
 */
export function adoptDevice(
  here: DeviceHere | undefined,
  known: KnownDevice,
): AdoptedDevice | undefined {
  if (here === undefined) {
    const { device, rows } = known;
    if (device === null) return undefined;
    const told = rows.map((row) => adoptedFact(device, row));
    return { device, rows, facts: [deviceFact(device), ...told] };
  }
  const device = atLatestLife(laterDevice(here.device, known.device ?? here.device), [
    ...here.rows,
    ...known.rows,
  ]);
  const rows = new Map<DistributionId, Installation>(
    here.rows.map((row) => [row.distribution, row]),
  );
  const facts = isSameLife(here.device, device) ? [] : [deviceFact(device)];
  let sequence = [...here.rows, ...known.rows]
    .filter(({ incarnation }) => incarnation === device.incarnation)
    .reduce((highest, row) => Math.max(highest, row.sequence), device.sequence);
  for (const theirs of known.rows) {
    const ours = rows.get(theirs.distribution);
    if (ours === undefined) {
      rows.set(theirs.distribution, theirs);
      facts.push(adoptedFact(device, theirs));
      continue;
    }
    // Times are compared, not stamps: both are of the site's own clock, and the hub clamps stamps.
    const position = comparePosition(ours, theirs);
    const laterMs = ours.observedAtMs - theirs.observedAtMs;
    if (position > 0 || (position === 0 && laterMs === 0)) continue;
    if (laterMs <= 0) {
      rows.set(theirs.distribution, theirs);
      facts.push(adoptedFact(device, theirs));
      continue;
    }
    sequence += 1;
    const attempt = Math.max(ours.attempt, theirs.attempt);
    const kept = { ...ours, incarnation: device.incarnation, attempt, sequence };
    rows.set(theirs.distribution, kept);
    facts.push(keptFact(device, kept));
  }
  return {
    device: sequence === device.sequence ? device : { ...device, sequence },
    rows: [...rows.values()],
    facts,
  };
}

/** The order of two rows of one site, whose frames come in order: stamps only tell sites apart. */
export function comparePosition(a: OrderTuple, b: OrderTuple): number {
  return a.incarnation - b.incarnation || a.attempt - b.attempt || a.sequence - b.sequence;
}

function isSameLife(a: Device, b: Device): boolean {
  return a.incarnation === b.incarnation && a.removedAtMs === b.removedAtMs;
}

function deviceFact(device: Device): NewFact {
  return {
    kind: "device",
    device: device.id,
    distribution: null,
    atMs: device.lastContactMs ?? device.registeredAtMs,
    hlc: HLC_ZERO,
    source: "site",
    protocol: "site",
    value: JSON.stringify(device),
    lastError: null,
    text: "adopted from the hub",
    version: null,
    operation: null,
    incarnation: device.incarnation,
    attempt: null,
    sequence: null,
    status: null,
    state: null,
    actor: null,
    anomaly: false,
    effect: "none",
    by: "hub",
  };
}

/** A row of ours that goes on under its new number. */
function keptFact(device: Device, row: Installation): NewFact {
  const text = "Reported after the site was restored; it counts on above what the hub knew.";
  return lastWordFact(device, row, { value: "kept", by: "site", text });
}

/** A row that came from the hub; it says nothing that the hub did not know. */
function adoptedFact(device: Device, row: Installation): NewFact {
  const told = lastWordFact(device, row, {
    value: "adopted",
    by: "hub",
    text: "Taken over from what the hub knew.",
  });
  return { ...told, incarnation: row.incarnation, effect: "repeated" };
}

/** The row's last report once more, in the row's place; a decision where nothing was reported. */
function lastWordFact(
  device: Device,
  row: Installation,
  { value, by, text }: { readonly value: string; readonly by: string; readonly text: string },
): NewFact {
  const decision = { value, by, text, atMs: row.observedAtMs, protocol: "site" };
  const decided = decisionFact(device, row, decision, row.hlc);
  const source = FACT_SOURCES.find((one) => one === row.source);
  if (source === undefined || row.nativeValue === null) return decided;
  return { ...decided, kind: "report", source, value: row.nativeValue, text: row.lastErrorText };
}

/** Rows may tell of a later life than the device: they travel first. */
function atLatestLife(device: Device, rows: readonly Installation[]): Device {
  const incarnation = rows.reduce((last, row) => Math.max(last, row.incarnation), 0);
  return incarnation > device.incarnation ? { ...device, incarnation } : device;
}

/** The account of the later life; within one life ours, gone if either says so. */
function laterDevice(ours: Device, theirs: Device): Device {
  if (theirs.incarnation > ours.incarnation) return theirs;
  if (theirs.incarnation < ours.incarnation) return ours;
  return {
    ...ours,
    sequence: Math.max(ours.sequence, theirs.sequence),
    removedAtMs: ours.removedAtMs ?? theirs.removedAtMs,
  };
}
