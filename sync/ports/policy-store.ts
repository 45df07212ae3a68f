import type { DocumentWrite, StoredDocument } from "./documents.ts";
import type { PolicyKind } from "./policy-author.ts";

/** One record as it holds at this gateway: the projection that plans and reports read. [D17] */
export interface PolicyRecord {
  readonly kind: PolicyKind;
  readonly id: string;
  /** The document it came from, `policy/org` or `policy/site/<site>`. */
  readonly origin: string;
  /** JSON of the record as its type in devices/model says; the last good one. */
  readonly body: string;
  /** Why the newest version was refused, in words for people; null when it was not. */
  readonly quarantine: string | null;
  readonly updatedAtMs: number;
}

/** What one change of policy does to the database, whole or not at all. */
export interface PolicyWrite {
  readonly documents: readonly DocumentWrite[];
  /** Upserts by (kind, id). */
  readonly put: readonly PolicyRecord[];
  readonly removed: readonly Pick<PolicyRecord, "kind" | "id">[];
  /** Secrets in plain text, kept only in this gateway's own `values`; null forgets one. */
  readonly secrets: readonly { readonly name: string; readonly value: string | null }[];
}

/**
 * Policy documents and their projection, at a site and at the hub alike.
 *
 * Every implementation passes `test/sync/contracts/policy-store.contract.ts`.
 */
export interface PolicyStore {
  /** All documents whose name begins with `policy/`, all records, all secrets by name. */
  load(): Promise<{
    readonly documents: readonly StoredDocument[];
    readonly records: readonly PolicyRecord[];
    readonly secrets: ReadonlyMap<string, string>;
  }>;
  /** One transaction. Repeating it changes nothing but the tail of a document. */
  commit(write: PolicyWrite): Promise<void>;
}
