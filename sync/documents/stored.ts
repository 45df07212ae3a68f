/**
 * Yjs documents at rest. V1 encoding everywhere. A document that does not load whole is an error,
 * never an empty writable document.
 */
import { applyUpdate, Doc, encodeStateAsUpdate } from "yjs";
import type { DocumentWrite, StoredDocument } from "../ports/documents.ts";

/** A tail is folded into the state when it has more updates, or more bytes, than this. */
export const TAIL_UPDATES_MAX = 256;
const TAIL_BYTES_LEAST = 64 * 1024;

/** What is stored under this name cannot be read: it must be restored or sent again. */
export class DocumentDamaged extends Error {
  override readonly name = "DocumentDamaged";

  constructor(document: string, cause: unknown) {
    super(`the document ${document} does not load; it has to be restored or sent again`, { cause });
  }
}

/**
 * The document in memory, with a fresh client id. [PROTOCOL 4.7]
 *
 * @throws DocumentDamaged when the bytes do not decode, or lack something they build on
 */
export function loadDocument(stored: StoredDocument): Doc {
  const doc = new Doc();
  try {
    if (stored.state.length > 0) applyUpdate(doc, stored.state);
    for (const update of stored.tail) applyUpdate(doc, update);
  } catch (cause) {
    throw new DocumentDamaged(stored.name, cause);
  }
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) {
    throw new DocumentDamaged(stored.name, "an update in the middle is missing");
  }
  return doc;
}

/** How heavy a document's tail has become, kept by whoever appends to it. */
export interface TailSize {
  readonly updates: number;
  readonly bytes: number;
  readonly stateBytes: number;
}

export function tailSizeOf(stored: StoredDocument): TailSize {
  return {
    updates: stored.tail.length,
    bytes: stored.tail.reduce((sum, update) => sum + update.length, 0),
    stateBytes: stored.state.length,
  };
}

/** True when appending this many bytes calls for load, apply, save instead. */
export function isTailFull(tail: TailSize, bytes: number): boolean {
  return (
    tail.updates >= TAIL_UPDATES_MAX ||
    tail.bytes + bytes > Math.max(TAIL_BYTES_LEAST, tail.stateBytes)
  );
}

/**
 * The write that makes `update` part of a stored document: an append as a rule, the whole document
 * when its tail is full.
 *
 * @param whole the document with the update applied, where it is at hand; without it, an append
 */
export function documentWrite(
  name: string,
  tail: TailSize,
  update: Uint8Array,
  whole: Doc | undefined,
  at: { readonly version: number; readonly atMs: number },
): { readonly write: DocumentWrite; readonly tail: TailSize } {
  if (whole === undefined || !isTailFull(tail, update.length)) {
    return {
      write: { kind: "append", name, update, ...at },
      tail: { ...tail, updates: tail.updates + 1, bytes: tail.bytes + update.length },
    };
  }
  return wholeWrite(name, whole, at);
}

/** The write that stores a document whole, its tail folded in. */
export function wholeWrite(
  name: string,
  doc: Doc,
  at: { readonly version: number; readonly atMs: number },
): { readonly write: DocumentWrite; readonly tail: TailSize } {
  const state = encodeStateAsUpdate(doc);
  return {
    write: { kind: "replace", name, state, ...at },
    tail: { updates: 0, bytes: 0, stateBytes: state.length },
  };
}
