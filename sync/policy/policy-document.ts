/**
 * A policy document: one Y.Map per kind, in it one Y.Map per record, so that edits of different
 * fields by two people both survive. [PROTOCOL 7.1]
 *
 *   meta         version
 *   <kind>       id -> { field: JSON, $author, $hlc, $version }
 *   override     "kind/id" -> { field: JSON, $author, $hlc, $base }        in policy/site only
 *   revocation   "site/kind/id" -> { author, hlc }                         in policy/org only
 *   sealed       "kind/id/field@site" -> base64
 */
import { type Doc, Map as YMap } from "yjs";
import { HLC_ZERO, type Hlc, parseHlc } from "../../devices/model/hlc.ts";
import { POLICY_KINDS, type PolicyKind } from "../ports/policy-author.ts";

export const ORG_DOCUMENT = "policy/org";

export function siteDocumentName(site: string): string {
  return `policy/site/${site}`;
}

export type Fields = Readonly<Record<string, unknown>>;

export interface DocumentRecord {
  readonly kind: PolicyKind;
  readonly id: string;
  readonly fields: Fields;
  readonly author: string;
  readonly hlc: Hlc;
  /** The document's version when the record last changed. */
  readonly version: number;
}

export interface OverrideRecord {
  readonly kind: PolicyKind;
  readonly id: string;
  readonly fields: Fields;
  readonly author: string;
  readonly hlc: Hlc;
  /** Fingerprint of the hub's record that it was decided against. */
  readonly base: string;
}

/** A policy document read out, with nothing validated but its outer form. */
export interface PolicyContents {
  readonly version: number;
  /** By `kind/id`. */
  readonly records: ReadonlyMap<string, DocumentRecord>;
  readonly overrides: ReadonlyMap<string, OverrideRecord>;
  /** By `site/kind/id`: overrides up to this stamp are revoked. */
  readonly revocations: ReadonlyMap<string, Hlc>;
  /** By `kind/id/field@site`. */
  readonly sealed: ReadonlyMap<string, string>;
}

export const EMPTY_CONTENTS: PolicyContents = {
  version: 0,
  records: new Map(),
  overrides: new Map(),
  revocations: new Map(),
  sealed: new Map(),
};

export function keyOf(kind: PolicyKind, id: string): string {
  return `${kind}/${id}`;
}

export function readPolicy(doc: Doc): PolicyContents {
  const records = new Map<string, DocumentRecord>();
  for (const kind of POLICY_KINDS) {
    for (const [id, value] of doc.getMap(kind)) {
      if (!(value instanceof YMap)) continue; // Not ours to read; the record counts as missing.
      const { fields, author, hlc, version } = readFields(value);
      records.set(keyOf(kind, id), { kind, id, fields, author, hlc, version });
    }
  }
  return {
    version: countFrom(doc.getMap("meta").get("version")),
    records,
    overrides: readOverrides(doc),
    revocations: readRevocations(doc),
    sealed: readSealed(doc),
  };
}

/** One change of a document, in its own terms. */
export type DocumentChange =
  | {
      readonly map: PolicyKind | "override";
      readonly key: string;
      /** Fields to set; null deletes the whole record. */
      readonly fields: Fields | null;
    }
  | { readonly map: "revocation"; readonly key: string; readonly fields: Fields }
  | { readonly map: "sealed"; readonly key: string; readonly sealed: string | null };

/**
 * Makes the changes in one Yjs transaction and raises the document's version by one. Only fields
 * that differ are written: an untouched field keeps whoever wrote it last.
 *
 * @returns the new version
 */
export function writePolicy(doc: Doc, changes: readonly DocumentChange[]): number {
  const meta = doc.getMap("meta");
  const version = countFrom(meta.get("version")) + 1;
  doc.transact(() => {
    meta.set("version", version);
    for (const change of changes) writeChange(doc, change, version);
  });
  return version;
}

function writeChange(doc: Doc, change: DocumentChange, version: number): void {
  const map = doc.getMap(change.map);
  if (change.map === "sealed") {
    if (change.sealed === null) map.delete(change.key);
    else map.set(change.key, change.sealed);
    return;
  }
  if (change.fields === null) {
    map.delete(change.key);
    return;
  }
  const known = map.get(change.key);
  const record: YMap<unknown> = known instanceof YMap ? known : new YMap();
  if (record !== known) map.set(change.key, record);
  for (const [field, value] of Object.entries({ ...change.fields, $version: version })) {
    if (!Bun.deepEquals(record.get(field), value)) record.set(field, value);
  }
}

function readFields(record: YMap<unknown>): {
  readonly fields: Fields;
  readonly author: string;
  readonly hlc: Hlc;
  readonly version: number;
  readonly base: string;
} {
  const all = Object.entries(record.toJSON() as Record<string, unknown>);
  const own = new Map(all);
  return {
    fields: Object.fromEntries(all.filter(([field]) => !field.startsWith("$"))),
    author: textFrom(own.get("$author")),
    hlc: parseHlc(textFrom(own.get("$hlc"))) ?? HLC_ZERO,
    version: countFrom(own.get("$version")),
    base: textFrom(own.get("$base")),
  };
}

function readOverrides(doc: Doc): Map<string, OverrideRecord> {
  const overrides = new Map<string, OverrideRecord>();
  for (const [key, value] of doc.getMap("override")) {
    const slash = key.indexOf("/");
    const kind = POLICY_KINDS.find((one) => one === key.slice(0, slash));
    if (kind === undefined || !(value instanceof YMap)) continue;
    const { fields, author, hlc, base } = readFields(value);
    overrides.set(key, { kind, id: key.slice(slash + 1), fields, author, hlc, base });
  }
  return overrides;
}

function readRevocations(doc: Doc): Map<string, Hlc> {
  const revocations = new Map<string, Hlc>();
  for (const [key, value] of doc.getMap("revocation")) {
    if (!(value instanceof YMap)) continue;
    const hlc = parseHlc(textFrom(value.get("hlc")));
    if (hlc !== undefined) revocations.set(key, hlc);
  }
  return revocations;
}

function readSealed(doc: Doc): Map<string, string> {
  const sealed = new Map<string, string>();
  for (const [key, value] of doc.getMap("sealed")) {
    if (typeof value === "string") sealed.set(key, value);
  }
  return sealed;
}

function countFrom(value: unknown): number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function textFrom(value: unknown): string {
  return typeof value === "string" ? value : "";
}
