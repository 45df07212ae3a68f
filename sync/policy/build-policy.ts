import type { Distribution } from "../../devices/model/distribution.ts";
import {
  ENTERPRISE_PLATFORMS_DEFAULT,
  type EnterpriseSettings,
  type Policy,
} from "../../devices/model/policy.ts";
import type { PolicyKind } from "../ports/policy-author.ts";
import type { PolicyRecord } from "../ports/policy-store.ts";
import { ENTERPRISE_SETTING, SCHEMAS } from "./schemas.ts";
import { secretName } from "./secrets.ts";

/**
 * The policy in memory, from the projected records and the secrets that this gateway can read.
 *
 * @param version as readers see it; they plan again when it rises
 */
export function buildPolicy(
  records: readonly PolicyRecord[],
  secrets: ReadonlyMap<string, string>,
  version: number,
): Policy {
  const distributions = parsed("distribution", records).sort(newestFirst);
  return {
    version,
    packages: new Map(parsed("package", records).map((one) => [one.id, one])),
    revisions: new Map(parsed("revision", records).map((one) => [one.id, one])),
    distributions,
    distributionsById: new Map(distributions.map((one) => [one.id, one])),
    windows: parsed("window", records),
    groups: new Map(parsed("group", records).map((one) => [one.name, one])),
    enterprise: enterpriseFrom(records, secrets),
  };
}

export function emptyPolicy(): Policy {
  return buildPolicy([], new Map(), 0);
}

function parsed<Kind extends PolicyKind>(kind: Kind, records: readonly PolicyRecord[]) {
  return records
    .filter((record) => record.kind === kind)
    .map((record) => SCHEMAS[kind].parse(JSON.parse(record.body)) as ParsedRecord<Kind>);
}

type ParsedRecord<Kind extends PolicyKind> = ReturnType<(typeof SCHEMAS)[Kind]["parse"]>;

function newestFirst(a: Distribution, b: Distribution): number {
  if (a.hlc !== b.hlc) return a.hlc < b.hlc ? 1 : -1;
  return a.id < b.id ? 1 : -1;
}

function enterpriseFrom(
  records: readonly PolicyRecord[],
  secrets: ReadonlyMap<string, string>,
): EnterpriseSettings {
  const [setting] = parsed("setting", records);
  const secret = (field: string) =>
    secrets.get(secretName("setting", ENTERPRISE_SETTING, field)) ?? null;
  return {
    enterpriseId: setting?.enterpriseId ?? null,
    enrollmentToken: secret("enrollmentToken"),
    certificateSearchCriteria: secret("certificateSearchCriteria"),
    crlCheck: setting?.crlCheck ?? null,
    platforms: setting?.platforms ?? ENTERPRISE_PLATFORMS_DEFAULT,
  };
}
