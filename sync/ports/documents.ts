/**
 * How a Yjs document rests in a database: a compacted state and the updates that came after it, so
 * that a small change costs a small write. Whoever appends also decides when to replace (load,
 * apply, save; never `mergeUpdates`).
 */
export interface StoredDocument {
  /** `policy/org`, `policy/site/<site>` or `status/<site>/<incarnation>`. */
  readonly name: string;
  /** A whole document in V1 encoding; empty when everything is in the tail. */
  readonly state: Uint8Array;
  /** Updates after `state`, in order of arrival. */
  readonly tail: readonly Uint8Array[];
  /** Rises with every change; its meaning belongs to whoever writes the document. */
  readonly version: number;
}

/** One change of a stored document, as part of somebody's transaction. */
export type DocumentWrite =
  | {
      /** Adds an update at the end of the tail; the document is made when there is none. */
      readonly kind: "append";
      readonly name: string;
      readonly update: Uint8Array;
      readonly version: number;
      readonly atMs: number;
    }
  | {
      /** Takes the place of state and tail; the document is made when there is none. */
      readonly kind: "replace";
      readonly name: string;
      readonly state: Uint8Array;
      readonly version: number;
      readonly atMs: number;
    }
  | { readonly kind: "remove"; readonly name: string };
