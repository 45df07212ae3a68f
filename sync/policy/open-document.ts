/** A policy document in memory: how it is copied, changed from outside, and told to others. */
import { applyUpdate, Doc, decodeStateVector, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { AppError } from "../../devices/model/errors.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { countParts } from "../documents/count-parts.ts";
import type { TailSize } from "../documents/stored.ts";
import { packedLength } from "../frame/envelope.ts";
import {
  FRAME_BODY_BYTES_MAX,
  POLICY_BYTES_MAX,
  POLICY_PARTS_MAX,
  POLICY_RECORDS_MAX,
} from "../limits.ts";
import { POLICY_KINDS } from "../ports/policy-author.ts";
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
  const excess = parts > POLICY_PARTS_MAX ? "changes" : excessOf(sizeOf(changed));
  if (excess !== undefined) {
    throw new ProtocolError("policy-limit", `${name} has more ${excess} than a policy may have`);
  }
  return changed;
}

/** How large a document is, in what is limited. */
interface Size {
  readonly records: number;
  readonly bytes: number;
  /** In a frame, in which a site's document travels whole. */
  readonly packedBytes: number;
}

function sizeOf(doc: Doc): Size {
  const whole = encodeStateAsUpdate(doc);
  // What is small enough as it is need not be packed to know that.
  const packedBytes = whole.length > FRAME_BODY_BYTES_MAX ? packedLength(whole) : 0;
  const records = POLICY_KINDS.reduce((sum, kind) => sum + doc.getMap(kind).size, 0);
  return { records, bytes: whole.length, packedBytes };
}

/** What there is too much of, in a word; undefined when the document is as it may be. */
function excessOf({ bytes, packedBytes, records }: Size): string | undefined {
  if (records > POLICY_RECORDS_MAX) return "records";
  return bytes > POLICY_BYTES_MAX || packedBytes > FRAME_BODY_BYTES_MAX ? "bytes" : undefined;
}

/**
 * Refuses an administrator's change after which the other side would not take the document any more. One
 * that makes it smaller is never refused.
 *
 * @throws AppError "conflict"
 */
export function needRoom(before: Doc | undefined, after: Doc): void {
  const size = sizeOf(after);
  const excess = excessOf(size);
  if (excess === undefined) return;
  const former = before === undefined ? undefined : sizeOf(before);
  if (former && size.records <= former.records && size.bytes <= former.bytes) return;
  const max = excess === "records" ? POLICY_RECORDS_MAX : POLICY_BYTES_MAX;
  throw new AppError(
    "conflict",
    `The policy is full: it may have ${max} ${excess}. Delete distributions, revisions and apps that are not needed any more.`,
  );
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
