/**
 * Secret fields of policy records. In a document a set secret is the mark `SECRET_SET`; the value
 * stands beside it, sealed for each site that may read it. Clear text exists only in the gateway's
 * own `values` (the hub's copy) and in memory. [D21, PROTOCOL 7.6]
 */
import { sha256Hex } from "../../devices/model/sha256.ts";
import { parsePublicKey } from "../crypto/keys.ts";
import { open, seal } from "../crypto/seal.ts";
import type { PolicyKind } from "../ports/policy-author.ts";
import type { DocumentChange, Fields } from "./policy-document.ts";
import type { OverrideView } from "./project.ts";
import { SECRET_FIELDS } from "./schemas.ts";

/** Stands in a document where a secret is set. */
export const SECRET_SET = { $secret: true } as const;

/** Who may read a secret: a site and its X25519 public key. */
export interface Recipient {
  readonly site: string;
  readonly sealingKey: string;
}

/** A site's own keys for secrets, as they are at the moment. */
export interface SealingKeys {
  /** What is sealed from now on is sealed for this one. */
  readonly sealingPublic: string;
  /** Every private key that may still open something, the present one first. */
  readonly sealingPrivates: readonly string[];
}

export interface SecretToSeal {
  readonly name: string;
  readonly value: string | null;
  readonly isNew: boolean;
}

const KEY_TAG_CHARACTERS = 8;

export function secretName(kind: PolicyKind, id: string, field: string): string {
  return `${kind}/${id}/${field}`;
}

/** Splits what is written into what may travel in clear and the secrets beside it. */
export function takeSecrets(
  kind: PolicyKind,
  id: string,
  fields: Fields,
): {
  readonly fields: Fields;
  readonly secrets: readonly SecretToSeal[];
} {
  const secrets: SecretToSeal[] = [];
  const clear: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(fields)) {
    if (!SECRET_FIELDS[kind].includes(field)) {
      clear[field] = value;
      continue;
    }
    const text = typeof value === "string" ? value : null;
    secrets.push({ name: secretName(kind, id, field), value: text, isNew: true });
    clear[field] = text === null ? null : SECRET_SET;
  }
  return { fields: clear, secrets };
}

/** The record as it may rest in SQL: secrets read null. */
export function withoutSecrets(kind: PolicyKind, fields: Fields): Fields {
  const kept = Object.entries(fields).map(([field, value]) => [
    field,
    SECRET_FIELDS[kind].includes(field) ? null : value,
  ]);
  return Object.fromEntries(kept);
}

/**
 * The document changes that seal one secret for exactly these recipients.
 *
 * @param sealed what the document has, `<key tag>.<box>` by `kind/id/field@site`
 * @param isNew false when only the recipients may have changed: what is sealed for a key of now
 *   stays, so that a site that joins costs one new entry
 */
export function sealingChanges(
  { name, value, isNew }: SecretToSeal,
  recipients: readonly Recipient[],
  sealed: ReadonlyMap<string, string>,
): readonly DocumentChange[] {
  const wanted = new Set(value === null ? [] : recipients.map(({ site }) => `${name}@${site}`));
  const gone = [...sealed.keys()].filter((key) => key.startsWith(`${name}@`) && !wanted.has(key));
  const removals = gone.map((key) => ({ map: "sealed", key, sealed: null }) as const);
  if (value === null) return removals;
  const additions = recipients.flatMap(({ site, sealingKey }) => {
    const publicKey = parsePublicKey(sealingKey, "x25519");
    if (publicKey === undefined) return []; // Checked when it joined; without a key, no secret.
    const key = `${name}@${site}`;
    if (!isNew && isFor(sealed.get(key), sealingKey)) return [];
    const box = `${tagOf(sealingKey)}.${seal(value, publicKey, key)}`;
    return [{ map: "sealed", key, sealed: box } as const];
  });
  return [...removals, ...additions];
}

/** The secrets in a document that a site can open with one of its own keys, by name. */
export function openSecrets(
  sealed: ReadonlyMap<string, string>,
  site: string,
  sealingPrivates: readonly string[],
): ReadonlyMap<string, string> {
  const opened = new Map<string, string>();
  for (const [key, text] of sealed) {
    if (!key.endsWith(`@${site}`)) continue;
    const box = text.slice(text.indexOf(".") + 1);
    for (const sealingPrivate of sealingPrivates) {
      const value = open(box, sealingPrivate, key);
      if (value === undefined) continue;
      opened.set(key.slice(0, -site.length - 1), value);
      break;
    }
  }
  return opened;
}

/** The names of a site's secrets that are sealed for another key than this one. */
export function sealedForOther(
  sealed: ReadonlyMap<string, string>,
  site: string,
  sealingPublic: string,
): readonly string[] {
  return [...sealed]
    .filter(([key, box]) => key.endsWith(`@${site}`) && !isFor(box, sealingPublic))
    .map(([key]) => key.slice(0, -site.length - 1));
}

function isFor(box: string | undefined, sealingKey: string): boolean {
  return box?.startsWith(`${tagOf(sealingKey)}.`) === true;
}

function tagOf(sealingKey: string): string {
  return sha256Hex(sealingKey).slice(0, KEY_TAG_CHARACTERS);
}

/**
 * The secrets that a site can read: the organisation's, and its own where its word holds.
 *
 * @param org what is sealed in `policy/org`
 * @param own what is sealed in the site's document
 */
export function readableAt(
  { site, sealingPrivates }: { readonly site: string } & Pick<SealingKeys, "sealingPrivates">,
  org: ReadonlyMap<string, string>,
  own: ReadonlyMap<string, string>,
  overrides: readonly OverrideView[],
): ReadonlyMap<string, string> {
  const readable = new Map(openSecrets(org, site, sealingPrivates));
  const opened = openSecrets(own, site, sealingPrivates);
  for (const override of overrides) {
    if (override.site !== site || override.state !== "effective") continue;
    for (const field of Object.keys(override.fields)) {
      const name = secretName(override.kind, override.id, field);
      const value = opened.get(name);
      if (value !== undefined) readable.set(name, value);
      else if (override.fields[field] === null) readable.delete(name);
    }
  }
  return readable;
}

/** The hub's own copies after a change. */
export function mergeSecrets(
  before: ReadonlyMap<string, string>,
  changed: readonly Pick<SecretToSeal, "name" | "value">[],
): ReadonlyMap<string, string> {
  const after = new Map(before);
  for (const { name, value } of changed) {
    if (value === null) after.delete(name);
    else after.set(name, value);
  }
  return after;
}
