import type { PolicyKind } from "../ports/policy-author.ts";
import type { PolicyRecord, PolicyWrite } from "../ports/policy-store.ts";
import { applyOverride, fingerprintOfFields, type OverrideState } from "./override.ts";
import {
  type DocumentRecord,
  type Fields,
  keyOf,
  ORG_DOCUMENT,
  type OverrideRecord,
  type PolicyContents,
  siteDocumentName,
} from "./policy-document.ts";
import { problemsOf, type RecordProblem } from "./schemas.ts";
import { withoutSecrets } from "./secrets.ts";

/** The policy documents a gateway has, read out. */
export interface PolicySources {
  readonly org: PolicyContents;
  /** By site id. A site has its own, the hub has all. */
  readonly sites: ReadonlyMap<string, PolicyContents>;
  /** The site whose overrides hold here; undefined at the hub, where none does. */
  readonly self: string | undefined;
}

/** A record of which the newest version is refused. */
export interface PolicyProblem {
  readonly kind: PolicyKind;
  readonly id: string;
  readonly origin: string;
  readonly reason: string;
}

export interface OverrideView extends OverrideRecord {
  readonly site: string;
  readonly state: OverrideState;
  /** The hub's record as it is now; empty when the hub has set nothing. */
  readonly hub: Fields;
  /** That record is still what the override was decided against. */
  readonly isBaseCurrent: boolean;
}

export interface Projection {
  /** What is to change in SQL to make it agree with the documents. */
  readonly put: readonly PolicyRecord[];
  readonly removed: PolicyWrite["removed"];
  /** All records as they are after that. */
  readonly records: readonly PolicyRecord[];
  readonly problems: readonly PolicyProblem[];
  readonly overrides: readonly OverrideView[];
}

/**
 * What holds at this gateway: pure, from documents to records. A record that is not valid is
 * quarantined with the reason, and its last good version stays. [D17, PROTOCOL 7.3]
 *
 * Where two documents have a record of one name, the hub's counts, then the first site's.
 *
 * @param before the records as they are in SQL
 */
export function projectPolicy(
  sources: PolicySources,
  before: readonly PolicyRecord[],
  atMs: number,
): Projection {
  const overrides = overridesOf(sources);
  const known = new Map(before.map((record) => [keyOf(record.kind, record.id), record]));
  const after = new Map<string, PolicyRecord>();
  const problems: PolicyProblem[] = [];
  for (const { record, origin } of candidates(sources)) {
    const key = keyOf(record.kind, record.id);
    const rival = after.get(key);
    if (rival !== undefined) {
      problems.push({ ...record, origin, reason: `${rival.origin} has a record of this name` });
      continue;
    }
    const fields = effectiveFields(record, sources.self, overrides);
    const judged = judge(record, withoutSecrets(record.kind, fields), origin, known.get(key), atMs);
    if (judged.record !== undefined) after.set(key, judged.record);
    if (judged.problem !== undefined) problems.push(judged.problem);
  }
  return {
    put: [...after]
      .filter(([key, record]) => record !== known.get(key))
      .map(([, record]) => record),
    removed: before.filter(({ kind, id }) => !after.has(keyOf(kind, id))),
    records: [...after.values()],
    problems,
    overrides,
  };
}

function candidates(
  sources: PolicySources,
): readonly { readonly record: DocumentRecord; readonly origin: string }[] {
  const org = [...sources.org.records.values()].map((record) => ({ record, origin: ORG_DOCUMENT }));
  const lone = loneSettings(sources);
  const sites = [...sources.sites].sort(([a], [b]) => (a < b ? -1 : 1));
  const own = sites.flatMap(([site, contents]) =>
    [...contents.records.values()].map((record) => ({ record, origin: siteDocumentName(site) })),
  );
  return [...org, ...lone, ...own];
}

/** Settings that only this site has set: an override of nothing. */
function loneSettings(
  sources: PolicySources,
): readonly { readonly record: DocumentRecord; readonly origin: string }[] {
  const { self } = sources;
  if (self === undefined) return [];
  return [...(sources.sites.get(self)?.overrides.values() ?? [])]
    .filter(({ kind, id }) => kind === "setting" && !sources.org.records.has(keyOf(kind, id)))
    .map((override) => ({
      record: { ...override, fields: {}, version: 0 },
      origin: siteDocumentName(self),
    }));
}

/** The record as it is now and what is wrong with it; the former one itself when nothing changed. */
function judge(
  record: DocumentRecord,
  fields: Fields,
  origin: string,
  former: PolicyRecord | undefined,
  atMs: number,
): { readonly record?: PolicyRecord; readonly problem?: PolicyProblem } {
  const { kind, id } = record;
  const found = problemsOf(kind, id, fields);
  const body = JSON.stringify(fields);
  if (found.length === 0) {
    const same = former?.body === body && former.origin === origin && former.quarantine === null;
    if (same) return { record: former };
    return { record: { kind, id, origin, body, quarantine: null, updatedAtMs: atMs } };
  }
  const reason = sentenceOf(found);
  const problem = { kind, id, origin, reason };
  if (former === undefined) return { problem };
  if (former.quarantine === reason) return { record: former, problem };
  return { record: { ...former, quarantine: reason, updatedAtMs: atMs }, problem };
}

function overridesOf(sources: PolicySources): readonly OverrideView[] {
  return [...sources.sites].flatMap(([site, contents]) =>
    [...contents.overrides].flatMap(([key, override]) => {
      const known = sources.org.records.get(key)?.fields;
      // The hub deleted the record: there is nothing to override. A setting can be set anywhere.
      if (known === undefined && override.kind !== "setting") return [];
      const hub = known ?? {};
      const revoked = sources.org.revocations.get(`${site}/${key}`);
      const isBaseCurrent = override.base === fingerprintOfFields(hub);
      const { state } = applyOverride(hub, override, revoked);
      return [{ ...override, site, state, hub, isBaseCurrent }];
    }),
  );
}

function effectiveFields(
  record: DocumentRecord,
  self: string | undefined,
  overrides: readonly OverrideView[],
): Fields {
  const override = overrides.find(
    (one) => one.site === self && one.kind === record.kind && one.id === record.id,
  );
  if (override === undefined || override.state !== "effective") return record.fields;
  return applyOverride(record.fields, override, undefined).fields;
}

export function sentenceOf(problems: readonly RecordProblem[]): string {
  return problems.map(({ pointer, message }) => `${pointer}: ${message}`).join("; ");
}
