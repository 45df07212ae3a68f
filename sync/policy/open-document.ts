/** A policy document in memory: how it is copied, changed from outside, and told to others. */
import { applyUpdate, Doc, decodeStateVector, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { ProtocolError } from "../../protocols/errors.ts";
import { countParts } from "../documents/count-parts.ts";
import type { TailSize } from "../documents/stored.ts";
import { POLICY_BYTES_MAX, POLICY_PARTS_MAX, POLICY_RECORDS_MAX } from "../limits.ts";
import { type PolicyContents, readPolicy } from "./policy-document.ts";

export interface OpenDocument {
  readonly doc: Doc;
  /** How heavy what is stored of it has become. */
  readonly tail: TailSize;
  readonly contents: PolicyContents;
}

export function openDocument(doc: Doc, tail: TailSize): OpenDocument {
  return { doc, tail, contents: readPolicy(doc) };
}

/** A copy, so that a change that is not committed leaves no trace. */
export function copyOf(doc: Doc | undefined): Doc {
  const copy = new Doc();
  if (doc !== undefined) applyUpdate(copy, encodeStateAsUpdate(doc));
  return copy;
}

/**
 * A copy with an update from the other side in it.
 *
 * @throws ProtocolError with rule `policy-decode`, `policy-gap` or `policy-limit`
 */
export function withUpdate(name: string, doc: Doc | undefined, update: Uint8Array): Doc {
  const changed = copyOf(doc);
  let parts: number;
  try {
    // What is too much is found out before anything is made of it.
    parts = countParts(update, POLICY_PARTS_MAX);
    if (parts <= POLICY_PARTS_MAX) applyUpdate(changed, update);
  } catch (cause) {
    throw new ProtocolError("policy-decode", `an update of ${name} cannot be decoded`, { cause });
  }
  if (changed.store.pendingStructs !== null || changed.store.pendingDs !== null) {
    throw new ProtocolError("policy-gap", `an update of ${name} before this one is missing`);
  }
  if (parts > POLICY_PARTS_MAX || isTooLarge(changed)) {
    throw new ProtocolError("policy-limit", `${name} is larger than a policy may be`);
  }
  return changed;
}

function isTooLarge(doc: Doc): boolean {
  const { records } = readPolicy(doc);
  return encodeStateAsUpdate(doc).length > POLICY_BYTES_MAX || records.size > POLICY_RECORDS_MAX;
}

/**
 * A document from a reader's state vector on; the whole of it when the reader has what is not here.
 *
 * @throws ProtocolError with rule `policy-cursor`
 */
export function updateSince(
  doc: Doc,
  stateVector: Uint8Array,
): { readonly update: Uint8Array; readonly replace: boolean } {
  const known = decodeStateVector(encodeStateVector(doc));
  const replace = [...readStateVector(stateVector)].some(
    ([client, clock]) => clock > (known.get(client) ?? 0),
  );
  const update = replace ? encodeStateAsUpdate(doc) : encodeStateAsUpdate(doc, stateVector);
  return { update, replace };
}

function readStateVector(bytes: Uint8Array): Map<number, number> {
  try {
    return decodeStateVector(bytes);
  } catch (cause) {
    throw new ProtocolError("policy-cursor", "the cursor is not a state vector", { cause });
  }
}
