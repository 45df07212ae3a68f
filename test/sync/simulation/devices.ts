/** Devices that report, as far as the link cares: rows that move, and the facts that say so. */

import { rankRows } from "../../../devices/install/rank.ts";
import { NUMBERED_ROWS } from "../../../devices/install/row-numbers.ts";
import { type Device, INCARNATION_STEP } from "../../../devices/model/device.ts";
import type { NewFact } from "../../../devices/model/fact.ts";
import { HLC_ZERO, nextHlc } from "../../../devices/model/hlc.ts";
import {
  type DistributionId,
  deviceIdFrom,
  type PackageId,
  type RevisionId,
} from "../../../devices/model/ids.ts";
import { type Installation, REASONS } from "../../../devices/model/installation.ts";
import type { PolicyChange } from "../../../sync/ports/policy-author.ts";
import type { SiteHost } from "./hosts.ts";
import { commitDevice } from "./memory-site.ts";

export const DISTRIBUTIONS = ["pos-1", "pos-2", "scan-1"] as const;
const WINDOWS_ROWS = NUMBERED_ROWS.filter(({ platform }) => platform === "Windows");

/** A device in the world, wherever it is; an agent keeps its own counters. */
export interface Wanderer {
  readonly name: string;
  readonly isAgent: boolean;
  /** How often it was enrolled anywhere. */
  enrolments: number;
  sequence: number;
}

export function policyOf(distribution: string): PolicyChange[] {
  const app = distribution.slice(0, -2);
  return [
    { kind: "package", id: app, body: packageBody(app) },
    { kind: "revision", id: `${distribution}-r`, body: revisionBody(distribution, app) },
    { kind: "distribution", id: distribution, body: distributionBody(distribution, app) },
  ];
}

export function packageBody(app: string): Record<string, unknown> {
  return {
    id: app,
    name: app,
    platform: "Windows",
    productId: null,
    publisher: null,
    description: "",
    createdAtMs: 1,
  };
}

function revisionBody(distribution: string, app: string): Record<string, unknown> {
  return {
    id: `${distribution}-r`,
    package: app,
    version: versionOf(distribution),
    channel: "reported",
    file: null,
    minimumOsVersion: null,
    licence: "none",
    storeApp: false,
    targeting: { cpu: null, osMajor: null, osPlatform: null },
    createdAtMs: 1,
  };
}

function distributionBody(distribution: string, app: string): Record<string, unknown> {
  return {
    id: distribution,
    package: app,
    revision: `${distribution}-r`,
    operation: "install",
    mode: "automatic",
    target: { kind: "all" },
  };
}

function versionOf(distribution: string): string {
  return `${distribution.slice(-1)}.0`;
}

export function deviceAt(host: SiteHost, wanderer: Wanderer): Device {
  const known = host.disk.devices.get(deviceIdFrom("org-1", wanderer.name));
  if (known) return known;
  wanderer.enrolments += 1;
  return {
    id: deviceIdFrom("org-1", wanderer.name),
    site: host.name,
    name: wanderer.name,
    platform: "Windows",
    protocol: "oma-dm",
    stableId: wanderer.name,
    manufacturer: null,
    model: null,
    osVersion: null,
    osMajor: null,
    osPlatform: null,
    cpu: null,
    ownership: "unknown",
    shared: false,
    userEnrolled: false,
    userAssigned: true,
    compliance: "unknown",
    enrolment: "unknown",
    enrolmentDigest: null,
    incarnation: wanderer.enrolments * INCARNATION_STEP,
    sequence: 0,
    registeredAtMs: host.now(),
    lastContactMs: null,
    inventoryAtMs: null,
    removedAtMs: null,
  };
}

/** One contact of a device at a site: a report that moves a row, with its fact. */
export function report(host: SiteHost, wanderer: Wanderer, random: () => number): void {
  const isKnown = host.disk.devices.has(deviceIdFrom("org-1", wanderer.name));
  const before = deviceAt(host, wanderer);
  if (before.removedAtMs !== null) return;
  const distribution = pick(DISTRIBUTIONS, random);
  const former = host.disk.rows.get(`${distribution}.${before.id}`)?.row;
  wanderer.sequence += 1;
  const sequence = wanderer.isAgent
    ? Math.max(wanderer.sequence, before.sequence + 1)
    : before.sequence + 1;
  if (wanderer.isAgent) wanderer.sequence = sequence;
  const device = { ...before, sequence };
  const row = movedRow(host, device, distribution, former, random);
  const facts = [factOf(device, row, random)];
  commitDevice(host.disk, {
    device,
    rows: ranked(host, row),
    facts: isKnown ? facts : [deviceFact(device, host), ...facts],
  });
}

/** A change of plan: the reason changes, nothing is reported. */
export function replan(host: SiteHost, random: () => number): void {
  const rows = [...host.disk.rows.values()];
  const one = rows.length > 0 ? pick(rows, random).row : undefined;
  const device = one && host.disk.devices.get(one.device);
  if (!one || !device) return;
  const reason = pick([null, ...REASONS], random);
  commitDevice(host.disk, { device, rows: [{ ...one, reason, sinceMs: host.now() }], facts: [] });
}

export function remove(host: SiteHost, random: () => number): void {
  const alive = [...host.disk.devices.values()].filter(({ removedAtMs }) => removedAtMs === null);
  if (alive.length < 2) return;
  const device = { ...pick(alive, random), removedAtMs: host.now() };
  commitDevice(host.disk, { device, rows: [], facts: [deviceFact(device, host)] });
}

function movedRow(
  host: SiteHost,
  device: Device,
  distribution: string,
  former: Installation | undefined,
  random: () => number,
): Installation {
  const { status, state } = pick(WINDOWS_ROWS, random);
  const nowMs = host.now();
  return {
    site: host.name,
    distribution: distribution as DistributionId,
    device: device.id,
    package: distribution.slice(0, -2) as PackageId,
    revision: `${distribution}-r` as RevisionId,
    platform: "Windows",
    status,
    state,
    operation: pick(["install", "update", "repair"], random),
    targetVersion: versionOf(distribution),
    version: pick([null, "0.9", versionOf(distribution)], random),
    incarnation: device.incarnation,
    attempt: (former?.attempt ?? 1) + (random() < 0.1 ? 1 : 0),
    sequence: device.sequence,
    hlc: nextHlc(former?.hlc ?? HLC_ZERO, nowMs),
    observedAtMs: nowMs,
    sinceMs: nowMs,
    reason: pick([null, ...REASONS], random),
    reasonDetail: "",
    nextAttemptMs: null,
    source: "windows-csp",
    nativeValue: String(Math.floor(random() * 8)),
    lastError: pick([null, -2147012889], random),
    lastErrorText: null,
    anomaly: random() < 0.1,
    stale: random() < 0.1,
    managed: pick([null, true, false], random),
    actor: pick([null, "user", "mdm"], random),
    requestedAtMs: null,
    releasedUntilMs: null,
    offeredAtMs: null,
    missedOccurrences: Math.floor(random() * 3),
    counted: random() < 0.9,
    current: true,
    winner: true,
  };
}

function ranked(host: SiteHost, row: Installation): readonly Installation[] {
  const order = (id: DistributionId) =>
    host.holder.read().distributionsById.get(id)?.hlc ?? HLC_ZERO;
  const others = [...host.disk.rows.values()]
    .map((one) => one.row)
    .filter((one) => one.device === row.device && one.distribution !== row.distribution);
  return rankRows([...others, row], order).filter((one) => !others.includes(one));
}

function factOf(device: Device, row: Installation, random: () => number): NewFact {
  return {
    kind: "report",
    device: device.id,
    distribution: row.distribution,
    atMs: row.observedAtMs,
    hlc: row.hlc,
    source: "windows-csp",
    protocol: "oma-dm",
    value: row.nativeValue ?? "",
    lastError: row.lastError,
    text: null,
    version: row.version,
    operation: row.operation,
    incarnation: row.incarnation,
    attempt: row.attempt,
    sequence: row.sequence,
    status: row.status,
    state: row.state,
    actor: row.actor,
    anomaly: row.anomaly,
    effect: "moved",
    by: `unique-${Math.floor(random() * 2 ** 48)}`,
  };
}

function deviceFact(device: Device, host: SiteHost): NewFact {
  return {
    kind: "device",
    device: device.id,
    distribution: null,
    atMs: host.now(),
    hlc: nextHlc(HLC_ZERO, host.now()),
    source: "site",
    protocol: "site",
    value: JSON.stringify(device),
    lastError: null,
    text: null,
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
    by: "site",
  };
}

export function pick<T>(list: readonly T[], random: () => number): T {
  const one = list[Math.floor(random() * list.length)];
  if (one === undefined && list.length === 0) throw new Error("nothing to pick from");
  return one as T;
}
