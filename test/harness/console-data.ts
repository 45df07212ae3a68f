/** A branch, or several, full of devices and apps: what pages show in tests and screenshots. */

import { bucketOf, statesOf } from "../../devices/install/matrix.ts";
import type { Device, Platform } from "../../devices/model/device.ts";
import type { DeviceGroup, Distribution } from "../../devices/model/distribution.ts";
import type { Fact } from "../../devices/model/fact.ts";
import type { Hlc } from "../../devices/model/hlc.ts";
import {
  type DistributionId,
  deviceIdFrom,
  type GroupName,
  type PackageId,
  type RevisionId,
  type Sha256,
  type SiteId,
  type WindowId,
} from "../../devices/model/ids.ts";
import type { Installation, Reason, Status } from "../../devices/model/installation.ts";
import type { Package, Revision } from "../../devices/model/package.ts";
import type { Policy } from "../../devices/model/policy.ts";
import type { MaintenanceWindow } from "../../devices/model/window.ts";
import type { BlobView } from "../../gateway/reports/report-reader.ts";
import { emptyPolicy } from "../../sync/policy/build-policy.ts";
import { aRevision } from "../devices/a-revision.ts";
import { seededRandom } from "./seeded-random.ts";
import { stepRevision } from "./step-revision.ts";

export const FIXTURE_NOW_MS = Date.parse("2026-11-21T20:17:00Z");
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export interface ConsoleData {
  readonly policy: Policy;
  readonly devices: readonly Device[];
  readonly rows: readonly Installation[];
  readonly facts: readonly Fact[];
  readonly files: readonly BlobView[];
}

export interface ConsoleDataOptions {
  readonly devices: number;
  readonly sites: readonly string[];
  readonly seed?: number;
}

const APPS: readonly (readonly [string, string, Platform, string])[] = [
  ["point-of-sale", "Point of Sale", "Windows", "Contoso Retail"],
  ["price-scanner", "Price Scanner", "Android", "Contoso Retail"],
  ["stocktaking", "Stocktaking", "Windows", "Northwind"],
  ["shift-planner", "Shift Planner", "iOS", "Fabrikam"],
  ["signature-pad", "Signature Pad", "Windows", "Contoso Retail"],
  ["delivery-proof", "Delivery Proof", "Android", "Tailspin"],
];

const MODELS: Readonly<Record<Platform, readonly (readonly [string, string, string, string])[]>> = {
  Windows: [
    ["Zebra", "TC70x", "Windows 10 Mobile", "10.0.15254.603"],
    ["Honeywell", "CN51", "Windows 10 IoT Core", "10.0.17763.253"],
  ],
  Android: [
    ["Zebra", "TC21", "Android", "11"],
    ["Samsung", "XCover Pro", "Android", "13"],
  ],
  iOS: [["Apple", "iPad 9", "iPadOS", "17.4"]],
};

const ROLES = ["till", "handheld", "stockroom", "kiosk", "counter"];

/** The same seed gives the same branch. */
export function consoleData({ devices, sites, seed = 7 }: ConsoleDataOptions): ConsoleData {
  const random = seededRandom(seed);
  const pick = <T>(values: readonly T[]): T => {
    const value = values[Math.floor(random() * values.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  };
  const policy = somePolicy();
  const made = Array.from({ length: devices }, (_, index): Device => {
    const platform = pick(["Windows", "Windows", "Windows", "Android", "Android", "iOS"] as const);
    const [manufacturer, model, osPlatform, osVersion] = pick(MODELS[platform]);
    const role = pick(ROLES);
    const stableId = `SN-${String(1_000_000 + index * 7919).slice(-7)}`;
    return {
      id: deviceIdFrom("fixture", stableId),
      site: (sites[index % sites.length] ?? "site") as SiteId,
      name: `${role}-${String(index + 1).padStart(3, "0")}`,
      platform,
      protocol: "oma-dm",
      stableId,
      manufacturer,
      model,
      osVersion,
      osMajor: Number(osVersion.split(".")[0]),
      osPlatform,
      cpu: "ARM",
      ownership: "corporate",
      shared: role === "kiosk",
      userEnrolled: false,
      userAssigned: role !== "kiosk",
      compliance: random() < 0.06 ? "out-of-compliance" : "compliant",
      enrolment: platform !== "Windows" ? "unknown" : random() < 0.05 ? "revoked" : "enabled",
      enrolmentDigest: null,
      incarnation: 1024,
      sequence: 12,
      registeredAtMs: FIXTURE_NOW_MS - 90 * DAY_MS,
      lastContactMs:
        random() < 0.03 ? null : FIXTURE_NOW_MS - Math.floor(random() ** 3 * 9 * DAY_MS),
      inventoryAtMs: FIXTURE_NOW_MS - Math.floor(random() * 3 * DAY_MS),
      removedAtMs: null,
    };
  });
  const rows = made.flatMap((device) =>
    policy.distributions
      .filter((one) => policy.packages.get(one.package)?.platform === device.platform)
      .map((distribution) => rowOf(device, distribution, policy, random)),
  );
  return {
    policy,
    devices: made,
    rows,
    facts: factsOf(rows.slice(0, 400)),
    files: someFiles(policy),
  };
}

const OUTCOMES: readonly (readonly [Status, number])[] = [
  ["installed", 0.58],
  ["pending_install", 0.17],
  ["installing", 0.04],
  ["pending_update", 0.04],
  ["failed", 0.08],
  ["upgrade_failed", 0.01],
  ["not_relevant", 0.05],
  ["removed_after_installation", 0.03],
];

const ANDROID_HAS_NOT: readonly Status[] = ["not_relevant", "upgrade_failed", "updating"];

const FAILURES = [
  { state: "Failed download", code: -2147012889, text: "The server name could not be resolved" },
  { state: "Failed checksum validation", code: -2146958841, text: "The package is damaged" },
  { state: "Installation failed", code: -2147009287, text: "The installation was rolled back" },
] as const;

const WAITS: readonly (readonly [Reason, string])[] = [
  ["window", "The next window is tonight"],
  ["window", "The next window is tonight"],
  ["instant", "Its moment was drawn"],
  ["content", "The file is 64 % here"],
  ["compliance", ""],
  ["contact", "Sent; the device tells how it goes at its next contact"],
  ["available-on-demand", ""],
];

function drawnStatus(dice: number): Status {
  let sum = 0;
  for (const [status, share] of OUTCOMES) {
    sum += share;
    if (dice < sum) return status;
  }
  return "installed";
}

function rowOf(
  device: Device,
  distribution: Distribution,
  policy: Policy,
  random: () => number,
): Installation {
  const drawn = drawnStatus(random());
  const isMissing = device.platform === "Android" && ANDROID_HAS_NOT.includes(drawn);
  const status = isMissing ? "installed" : drawn;
  const failure = FAILURES[Math.floor(random() * FAILURES.length)] ?? FAILURES[0];
  const isWindowsFailure = status === "failed" && device.platform === "Windows";
  const bucket = bucketOf(status, distribution.operation);
  const onDemand = distribution.mode === "on-demand";
  const [reason, reasonDetail] = onDemand
    ? (["available-on-demand", ""] as const)
    : (WAITS[Math.floor(random() * (WAITS.length - 1))] ?? WAITS[0] ?? ["window", ""]);
  const isWaiting = status === "pending_install" || status === "pending_update";
  const nextAttemptMs = reason === "window" || reason === "instant" ? tonightMs(random) : null;
  const sinceMs = FIXTURE_NOW_MS - Math.floor(random() ** 2 * 6 * DAY_MS) - MINUTE_MS;
  const version = policy.revisions.get(distribution.revision)?.version ?? "1.0";
  return {
    site: device.site,
    distribution: distribution.id,
    device: device.id,
    package: distribution.package,
    revision: distribution.revision,
    platform: device.platform,
    status,
    state: isWindowsFailure ? failure.state : (statesOf(device.platform, status)[0] ?? null),
    operation: distribution.operation === "uninstall" ? "uninstall" : "install",
    targetVersion: version,
    version: bucket === "received" ? version : null,
    incarnation: 1024,
    attempt: status === "failed" && random() < 0.4 ? 2 : 1,
    sequence: 4,
    hlc: "0000000000000001" as Hlc,
    observedAtMs: sinceMs,
    sinceMs,
    reason: isWaiting ? reason : null,
    reasonDetail: isWaiting ? reasonDetail : "",
    nextAttemptMs: isWaiting ? nextAttemptMs : null,
    source: device.platform === "Windows" ? "windows-csp" : "apple",
    nativeValue: status === "failed" ? "6" : bucket === "received" ? "5" : null,
    lastError: status === "failed" ? failure.code : null,
    lastErrorText: status === "failed" ? failure.text : null,
    anomaly: random() < 0.01,
    stale: false,
    managed: bucket === "received" ? true : null,
    actor: null,
    requestedAtMs: null,
    releasedUntilMs: null,
    offeredAtMs: null,
    missedOccurrences: isWaiting && random() < 0.1 ? 2 : 0,
    counted: true,
    current: true,
    winner: true,
  };
}

/** Between ten and two o'clock in Prague. */
function tonightMs(random: () => number): number {
  return Date.parse("2026-11-21T21:00:00Z") + Math.floor(random() * 4 * HOUR_MS);
}

function factsOf(rows: readonly Installation[]): Fact[] {
  const facts: Fact[] = [];
  const seqs = new Map<SiteId, number>();
  for (const row of rows) {
    const add = (at: number, more: Partial<Fact>) => {
      const seq = (seqs.get(row.site) ?? 0) + 1;
      seqs.set(row.site, seq);
      facts.push({
        site: row.site,
        siteIncarnation: 1,
        seq,
        kind: "report",
        device: row.device,
        distribution: row.distribution,
        atMs: at,
        hlc: row.hlc,
        source: "windows-csp",
        protocol: "oma-dm",
        value: "2",
        lastError: null,
        text: null,
        version: null,
        operation: row.operation,
        incarnation: row.incarnation,
        attempt: 1,
        sequence: 1,
        status: "installing",
        state: "App is being installed",
        actor: null,
        anomaly: false,
        effect: "moved",
        by: "device",
        ...more,
      });
    };
    const born = row.sinceMs - 2 * DAY_MS;
    add(born, {
      kind: "decision",
      source: "site",
      protocol: "site",
      value: "born",
      status: "pending_install",
      state: "Command Scheduled",
      by: "site",
    });
    if (row.status === "pending_install") continue;
    add(row.sinceMs - 20 * MINUTE_MS, { sequence: 2 });
    add(row.sinceMs - 14 * MINUTE_MS, { sequence: 3, effect: "repeated" });
    add(row.sinceMs, {
      sequence: 4,
      value: row.nativeValue ?? "5",
      status: row.status,
      state: row.state,
      lastError: row.lastError,
      text: row.lastErrorText,
      version: row.version,
      anomaly: row.anomaly,
    });
    add(row.sinceMs + 3 * MINUTE_MS, { sequence: 2, effect: "late", value: "4" });
  }
  return facts;
}

function somePolicy(): Policy {
  const packages: Package[] = APPS.map(([id, name, platform, publisher], index) => ({
    id: id as PackageId,
    name,
    platform,
    productId: platform === "Windows" ? `{B316008A-141D-4A79-810F-8B764C4CFD${10 + index}}` : null,
    publisher,
    description: `${name} for the shop floor.`,
    createdAtMs: FIXTURE_NOW_MS - (80 - index) * DAY_MS,
  }));
  const revisions: Revision[] = packages.map((app, index) =>
    aRevision({
      id: `${app.id}-2-0` as RevisionId,
      package: app.id,
      version: `2.${index}.0.0`,
      channel: app.platform === "Windows" ? "EnterpriseAppManagement" : "reported",
      file:
        app.platform === "Windows"
          ? { sha256: shaOf(index), name: `${app.id}.xap`, bytes: 4_200_000 * (index + 1) }
          : null,
      createdAtMs: app.createdAtMs + HOUR_MS,
    }),
  );
  const distributions = revisions
    .map(
      (revision, index): Distribution => ({
        id: `d-${revision.package}` as DistributionId,
        package: revision.package,
        revision: revision.id,
        operation: "install",
        mode: index === 4 ? "on-demand" : "automatic",
        target: index === 2 ? { kind: "group", group: "Handhelds" as GroupName } : { kind: "all" },
        sites: [],
        allowDowngrade: false,
        updateOnly: false,
        question: null,
        schedule: null,
        createdAtMs: FIXTURE_NOW_MS - (12 - index) * DAY_MS,
        hlc: `000000000000000${index}` as Hlc,
        author: "marta",
        origin: "hub",
        stoppedAtMs: null,
      }),
    )
    .reverse();
  const groups: DeviceGroup[] = [
    {
      name: "Handhelds" as GroupName,
      description: "Everything that is carried around",
      members: { kind: "filter", filter: "name:handheld-*" },
    },
    {
      name: "Pilot" as GroupName,
      description: "Gets new versions first",
      members: { kind: "list", devices: ["till-001", "kiosk-002", "counter-004"] },
    },
  ];
  const windows: MaintenanceWindow[] = [
    {
      id: "every-night" as WindowId,
      name: "Every night",
      start: "2026-10-01T22:00",
      recurrence: "FREQ=DAILY",
      durationMinutes: 240,
      timeZone: null,
      scope: { kind: "organisation" },
      enabled: true,
    },
    {
      id: "sunday-morning" as WindowId,
      name: "Sunday morning, handhelds",
      start: "2026-10-04T06:30",
      recurrence: "FREQ=WEEKLY;BYDAY=SU",
      durationMinutes: 90,
      timeZone: "Europe/Prague",
      scope: { kind: "group", group: "Handhelds" as GroupName },
      enabled: true,
    },
  ];
  return {
    ...emptyPolicy(),
    version: 12,
    packages: new Map(packages.map((one) => [one.id, one])),
    revisions: new Map(
      // One more that nobody distributes: its metrics may be changed.
      [...revisions, ...revisions.slice(0, 1).map(stepRevision)].map((one) => [one.id, one]),
    ),
    distributions,
    distributionsById: new Map(distributions.map((one) => [one.id, one])),
    windows,
    groups: new Map(groups.map((one) => [one.name, one])),
  };
}

function someFiles(policy: Policy): BlobView[] {
  const files = [...policy.revisions.values()].flatMap(({ file }) => (file ? [file] : []));
  return files.map((file, index): BlobView => {
    const state = (["complete", "filling", "quarantined"] as const)[index] ?? "complete";
    return {
      sha256: file.sha256,
      md5: null,
      name: file.name,
      bytes: file.bytes,
      state,
      filledBytes: state === "filling" ? Math.floor(file.bytes * 0.64) : file.bytes,
      problem: state === "quarantined" ? "the bytes on the disk do not match the SHA-256" : null,
      servedRequests: 120 - 40 * index,
      servedBytes: file.bytes * (120 - 40 * index),
    };
  });
}

function shaOf(index: number): Sha256 {
  return `${index}`.repeat(64).slice(0, 64) as Sha256;
}
