import { or, type SQL, sql } from "drizzle-orm";
import type { DEVICE_FIELDS, INSTALLATION_FIELDS } from "../../../devices/filter/filter.ts";
import { parseGroupFilter } from "../../../devices/filter/groups.ts";
import { foldCase, isText } from "../../../devices/filter/match.ts";
import { bucketOf, labelOf } from "../../../devices/install/matrix.ts";
import { PLATFORMS } from "../../../devices/model/device.ts";
import type { DeviceGroup } from "../../../devices/model/distribution.ts";
import { OPERATIONS, STATUSES, type Status } from "../../../devices/model/installation.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { devices } from "../schema/devices.ts";
import { installations } from "../schema/installations.ts";
import {
  conditionOf,
  type FieldSql,
  type FieldTable,
  inTexts,
  textCondition,
} from "./report-reader-filter.ts";

/** Two occurrences without progress want attention. [D7] */
export const MISSED_OCCURRENCES_ATTENTION = 2;

/** Where a row's device is not known (yet), its id stands for its name. */
export const DEVICE_NAME = sql<string>`coalesce(${devices.name}, ${installations.device})`;

const ATTENTION = sql<boolean>`(${installations.missedOccurrences} >= ${MISSED_OCCURRENCES_ATTENTION}
  or ${installations.anomaly} = 1 or ${installations.status} in ('failed', 'upgrade_failed'))`;

const ID = sql`(${installations.site} || '.' || ${installations.distribution} || '.' || ${installations.device})`;

/** The words that a status answers to in a filter: its code, and every platform's label of it. */
export function wordsOf(status: Status): string[] {
  return [...new Set([status, ...PLATFORMS.map((platform) => labelOf(platform, status))])];
}

/** Fields of the installation report, over `installations` left joined with `devices`. */
export function installationFields(policy: Policy): FieldTable {
  return {
    id: { kind: "computed", holds: idCondition },
    site: lower(installations.site),
    device: lower(installations.device),
    deviceName: { kind: "text", column: DEVICE_NAME },
    package: lower(installations.package),
    packageName: { kind: "computed", holds: (value) => packageNameCondition(value, policy) },
    revision: lower(installations.revision),
    distribution: lower(installations.distribution),
    platform: text(installations.platform),
    status: { kind: "computed", holds: statusCondition },
    state: text(installations.state),
    bucket: { kind: "computed", holds: bucketCondition },
    operation: text(installations.operation),
    mode: { kind: "computed", holds: (value) => modeCondition(value, policy) },
    version: text(installations.version),
    targetVersion: text(installations.targetVersion),
    group: { kind: "computed", holds: (value) => groupCondition(value, policy) },
    reason: text(installations.reason),
    attempt: { kind: "number", column: installations.attempt },
    lastError: { kind: "number", column: installations.lastError },
    anomaly: { kind: "boolean", column: installations.anomaly },
    stale: { kind: "boolean", column: installations.stale },
    attention: { kind: "boolean", column: ATTENTION },
    counted: { kind: "boolean", column: installations.counted },
    current: { kind: "boolean", column: installations.current },
    lastContact: { kind: "time", column: devices.lastContactMs },
    since: { kind: "time", column: installations.sinceMs },
    observed: { kind: "time", column: installations.observedAtMs },
  } satisfies Record<keyof typeof INSTALLATION_FIELDS, FieldSql>;
}

/** Fields of a device, over `devices`. */
export function deviceFields(policy: Policy): FieldTable {
  return {
    ...DEVICE_COLUMNS,
    group: { kind: "computed", holds: (value) => groupCondition(value, policy) },
  } satisfies Record<keyof typeof DEVICE_FIELDS, FieldSql>;
}

const DEVICE_COLUMNS = {
  id: lower(devices.id),
  site: lower(devices.site),
  name: text(devices.name),
  platform: text(devices.platform),
  protocol: text(devices.protocol),
  stableId: text(devices.stableId),
  manufacturer: text(devices.manufacturer),
  model: text(devices.model),
  osVersion: text(devices.osVersion),
  osMajor: { kind: "number", column: devices.osMajor },
  osPlatform: text(devices.osPlatform),
  cpu: text(devices.cpu),
  ownership: text(devices.ownership),
  shared: { kind: "boolean", column: devices.shared },
  userEnrolled: { kind: "boolean", column: devices.userEnrolled },
  userAssigned: { kind: "boolean", column: devices.userAssigned },
  compliance: text(devices.compliance),
  enrolment: text(devices.enrolment),
  removed: { kind: "boolean", column: sql`(${devices.removedAtMs} is not null)` },
  lastContact: { kind: "time", column: devices.lastContactMs },
} as const satisfies FieldTable;

function text(column: SQL | FieldColumn): FieldSql {
  return { kind: "text", column };
}

function lower(column: FieldColumn): FieldSql {
  return { kind: "text", column, isLower: true };
}

type FieldColumn = Extract<FieldSql, { kind: "text" }>["column"];

/** An id in full is looked up by its parts, so that the primary key is used. */
function idCondition(value: string): SQL {
  const [site, distribution, device, ...rest] = value.split(".");
  const isWhole = device !== undefined && rest.length === 0 && !value.includes("*");
  if (!isWhole) return textCondition(value, ID, false);
  const parts = [
    textCondition(site ?? "", installations.site, true),
    textCondition(distribution ?? "", installations.distribution, true),
    textCondition(device, installations.device, true),
  ];
  return sql`(${sql.join(parts, sql` and `)})`;
}

function statusCondition(value: string): SQL {
  const accepted = STATUSES.filter((status) => isAnyText(wordsOf(status), value));
  return inTexts(installations.status, accepted);
}

function bucketCondition(value: string): SQL {
  const perOperation = OPERATIONS.map((operation) => {
    const accepted = STATUSES.filter((status) => isOneText(bucketOf(status, operation), value));
    return sql`(${installations.operation} = ${operation} and ${inTexts(installations.status, accepted)})`;
  });
  return sql`(${sql.join(perOperation, sql` or `)})`;
}

/** A package that the policy does not (any longer) have goes by its id. */
function packageNameCondition(value: string, policy: Policy): SQL {
  const known = [...policy.packages.values()];
  const accepted = known.filter(({ name }) => isOneText(name, value)).map(({ id }) => id);
  const ids = known.map(({ id }) => id);
  return sql`(${inTexts(installations.package, accepted)} or
    (not ${inTexts(installations.package, ids)} and ${textCondition(value, installations.package, true)}))`;
}

/** A distribution that the policy does not have (any longer) passes for Automatic. */
function modeCondition(value: string, policy: Policy): SQL {
  const onDemand = policy.distributions.filter(({ mode }) => mode === "on-demand");
  const ids = onDemand.map(({ id }) => id);
  const isOnDemand = inTexts(installations.distribution, ids);
  const parts = [
    ...(isOneText("on-demand", value) ? [isOnDemand] : []),
    ...(isOneText("automatic", value) ? [sql`not ${isOnDemand}`] : []),
  ];
  return or(...parts) ?? sql`0`;
}

/** Devices in any group of that name; "" asks for devices in no group at all. */
function groupCondition(value: string, policy: Policy): SQL {
  const groups = [...policy.groups.values()];
  if (value === "") return sql`not ${memberOfAny(groups)}`;
  return memberOfAny(groups.filter(({ name }) => isText(name, value)));
}

function memberOfAny(groups: readonly DeviceGroup[]): SQL {
  const any = or(...groups.map(memberCondition));
  return any === undefined ? sql`0` : sql`coalesce(${any}, 0)`;
}

function memberCondition(group: DeviceGroup): SQL {
  const { members } = group;
  if (members.kind === "filter") {
    return sql`(${devices.id} is not null and ${conditionOf(parseGroupFilter(members.filter), DEVICE_COLUMNS)})`;
  }
  const names = members.devices.map(foldCase);
  return sql`(${inTexts(devices.id, names)} or ${inTexts(sql`lower(${devices.name})`, names)}
    or ${inTexts(sql`lower(${devices.stableId})`, names)})`;
}

function isAnyText(words: readonly string[], value: string): boolean {
  return words.some((word) => isOneText(word, value));
}

/** As `matches` compares one text that is there. */
function isOneText(word: string, value: string): boolean {
  return value !== "" && isText(word, value);
}
