import { groupsOf } from "../../../devices/filter/groups.ts";
import type { FilterRecord } from "../../../devices/filter/match.ts";
import { bucketOf, statesOf } from "../../../devices/install/matrix.ts";
import {
  COMPLIANCE,
  type Device,
  ENROLMENTS,
  OWNERSHIP,
  PLATFORMS,
} from "../../../devices/model/device.ts";
import type { DeviceGroup, Distribution } from "../../../devices/model/distribution.ts";
import type { Hlc } from "../../../devices/model/hlc.ts";
import {
  type DeviceId,
  type DistributionId,
  deviceIdFrom,
  type GroupName,
  installationIdFrom,
  type PackageId,
  type RevisionId,
  type SiteId,
} from "../../../devices/model/ids.ts";
import type { Installation } from "../../../devices/model/installation.ts";
import { OPERATIONS, REASONS, STATUSES } from "../../../devices/model/installation.ts";
import type { Package } from "../../../devices/model/package.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import type { OutpostDatabase } from "../../../gateway/db/database.ts";
import { deviceAliases, devices } from "../../../gateway/db/schema/devices.ts";
import { installations } from "../../../gateway/db/schema/installations.ts";
import { wordsOf } from "../../../gateway/db/stores/report-reader-fields.ts";
import { emptyPolicy } from "../../../sync/policy/build-policy.ts";
import { TEST_NOW_MS } from "../db/temporary.ts";

const HOUR_MS = 3_600_000;

/** Names that break naive quoting, wildcards, case folding and CSV. */
export const NAUGHTY = [
  "Kasse 1",
  "kasse 1",
  "ÄPFEL äpfel",
  "50%_off",
  'say "hi", \\ friend',
  "=1+1",
  "a*b",
  "-minus",
  "Robert'); DROP TABLE devices;--",
  "日本語 🏬",
  "tab\tline\nbreak",
  " ",
  "null",
] as const;

export interface RandomReport {
  readonly policy: Policy;
  readonly devices: readonly Device[];
  readonly rows: readonly Installation[];
  readonly aliases: ReadonlyMap<DeviceId, readonly string[]>;
}

/** A few hundred rows over a few sites, with everything that filters can ask for. */
export function randomReport(random: () => number, options: { readonly devices: number }) {
  const pick = <T>(values: readonly T[]): T => {
    const value = values[Math.floor(random() * values.length)];
    if (value === undefined) throw new Error("nothing to pick from");
    return value;
  };
  const orNull = <T>(value: T): T | null => (random() < 0.3 ? null : value);
  const sites = ["prague", "brno", "oslo"] as SiteId[];
  const packages = ["scanner", "till", "gone-app"] as PackageId[];
  const distributions = ["d1", "d2", "d3", "d4"] as DistributionId[];
  const time = () => TEST_NOW_MS - Math.floor(random() * 72) * HOUR_MS;

  const made: Device[] = Array.from({ length: options.devices }, (_, index) => ({
    id: deviceIdFrom("test", `serial-${index}`),
    site: pick(sites),
    name: random() < 0.5 ? pick(NAUGHTY) : `Handheld ${index}`,
    platform: pick(PLATFORMS),
    protocol: "oma-dm",
    stableId: `serial-${index}`,
    manufacturer: orNull(pick(["Zebra", "ZEBRA", "Honeywell", ""])),
    model: orNull(pick(NAUGHTY)),
    osVersion: orNull(pick(["10.0.15254.603", "14.2", "8.1"])),
    osMajor: orNull(pick([6, 10, 14])),
    osPlatform: orNull(pick(["Windows 10 Mobile", "PocketPC"])),
    cpu: orNull(pick(["ARM", "x86"])),
    ownership: pick(OWNERSHIP),
    shared: random() < 0.5,
    userEnrolled: random() < 0.5,
    userAssigned: random() < 0.5,
    compliance: pick(COMPLIANCE),
    enrolment: pick(ENROLMENTS),
    enrolmentDigest: null,
    incarnation: 1,
    sequence: index,
    registeredAtMs: time(),
    lastContactMs: orNull(time()),
    inventoryAtMs: null,
    removedAtMs: random() < 0.1 ? time() : null,
  }));

  const rows: Installation[] = made.flatMap((device) =>
    distributions
      .filter(() => random() < 0.7)
      .map((distribution): Installation => {
        const status = pick(STATUSES);
        return {
          site: device.site,
          distribution,
          // Now and then a row whose device the hub has not been told of.
          device: random() < 0.05 ? deviceIdFrom("test", `unknown-${device.id}`) : device.id,
          package: pick(packages),
          revision: `${pick(packages)}-${pick(["1", "2"])}` as RevisionId,
          platform: device.platform,
          status,
          state: orNull(pick([...statesOf(device.platform, status), "App is installed"])),
          operation: pick(OPERATIONS),
          targetVersion: pick(["2.0", "2.10"]),
          version: orNull(pick(["1.0", "2.0", "3*", "Ž"])),
          incarnation: 1,
          attempt: pick([1, 2, 3]),
          sequence: 1,
          hlc: "0000000000000000" as Hlc,
          observedAtMs: time(),
          sinceMs: time(),
          reason: orNull(pick(REASONS)),
          reasonDetail: "",
          nextAttemptMs: null,
          source: null,
          nativeValue: null,
          lastError: orNull(pick([-2147012889, 5])),
          lastErrorText: null,
          anomaly: random() < 0.2,
          stale: random() < 0.2,
          managed: null,
          actor: null,
          requestedAtMs: null,
          releasedUntilMs: null,
          offeredAtMs: null,
          missedOccurrences: pick([0, 0, 1, 2]),
          counted: random() < 0.8,
          current: random() < 0.8,
          winner: random() < 0.8,
        };
      }),
  );
  const aliases = new Map(made.slice(0, 20).map(({ id }) => [id, [`Alias-${id.slice(0, 4)}`]]));
  return { devices: made, rows, aliases, policy: somePolicy(made) } satisfies RandomReport;
}

function somePolicy(made: readonly Device[]): Policy {
  const onePackage = (id: string, name: string): Package => ({
    id: id as PackageId,
    name,
    platform: "Windows",
    productId: null,
    publisher: null,
    description: "",
    createdAtMs: 0,
  });
  const distribution = (id: string, mode: Distribution["mode"]): Distribution => ({
    id: id as DistributionId,
    package: "till" as PackageId,
    revision: "till-1" as RevisionId,
    operation: "install",
    mode,
    target: { kind: "all" },
    sites: [],
    allowDowngrade: false,
    updateOnly: false,
    question: null,
    schedule: null,
    createdAtMs: 0,
    hlc: "0000000000000000" as Hlc,
    author: "test",
    origin: "site",
    stoppedAtMs: null,
  });
  const list = made.slice(0, 10).map(({ stableId }) => stableId.toUpperCase());
  const groups: DeviceGroup[] = [
    group("Front", { kind: "list", devices: [...list, "kasse 1", "alias-0000", "ÄPFEL ÄPFEL"] }),
    // Aliases are known at a site only: they make nobody a member, here or there.
    group("Aliases", {
      kind: "list",
      devices: made.map(({ id }) => `ALIAS-${id.slice(0, 4)}${id}`),
    }),
    group("Ids", { kind: "list", devices: made.slice(5, 25).map(({ id }) => id.toUpperCase()) }),
    group("Zebras", { kind: "filter", filter: "manufacturer:zebra -removed:true" }),
    group("Silent", { kind: "filter", filter: 'lastContact:"" shared:true' }),
    group("Nobody", { kind: "list", devices: [] }),
  ];
  const distributions = [distribution("d1", "automatic"), distribution("d2", "on-demand")];
  return {
    ...emptyPolicy(),
    packages: new Map(
      [onePackage("scanner", "Scanner 50%_off"), onePackage("till", "Till")].map((one) => [
        one.id,
        one,
      ]),
    ),
    distributions,
    distributionsById: new Map(distributions.map((one) => [one.id, one])),
    groups: new Map(groups.map((one) => [one.name, one])),
  };
}

function group(name: string, members: DeviceGroup["members"]): DeviceGroup {
  return { name: name as GroupName, description: "", members };
}

export async function storeReport(database: OutpostDatabase, report: RandomReport): Promise<void> {
  await database.writer.submit((db) => {
    for (const device of report.devices) db.insert(devices).values(device).run();
    for (const row of report.rows) {
      db.insert(installations)
        .values({ ...row, revisionCounter: 1 })
        .run();
    }
    for (const [device, names] of report.aliases) {
      for (const externalId of names) {
        db.insert(deviceAliases)
          .values({ protocol: "external", externalId: externalId + device, device })
          .run();
      }
    }
  });
}

/** A row as filters see it, made without any SQL. */
export function installationRecord(row: Installation, report: RandomReport): FilterRecord {
  const device = report.devices.find((one) => one.id === row.device && one.site === row.site);
  const { policy } = report;
  return {
    ...row,
    id: installationIdFrom(row),
    deviceName: device?.name ?? row.device,
    packageName: policy.packages.get(row.package)?.name ?? row.package,
    mode: policy.distributionsById.get(row.distribution)?.mode ?? "automatic",
    status: wordsOf(row.status),
    bucket: bucketOf(row.status, row.operation),
    group: device ? groupsOfDevice(device, report) : [],
    attention:
      row.missedOccurrences >= 2 ||
      row.anomaly ||
      row.status === "failed" ||
      row.status === "upgrade_failed",
    lastContact: device?.lastContactMs ?? null,
    since: row.sinceMs,
    observed: row.observedAtMs,
  };
}

export function groupsOfDevice(device: Device, report: RandomReport): readonly string[] {
  return groupsOf(device, [...report.policy.groups.values()]);
}
