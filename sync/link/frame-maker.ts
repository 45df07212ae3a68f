import {
  documentWrite,
  loadDocument,
  type TailSize,
  tailSizeOf,
  wholeWrite,
} from "../documents/stored.ts";
import { type FrameContent, sealFrame } from "../frame/envelope.ts";
import { packFacts } from "../journal/codec.ts";
import { JOURNAL_FACTS_MAX, STATUS_ROWS_MAX } from "../limits.ts";
import { encodeMessage } from "../messages/messages.ts";
import type { PolicyBook } from "../policy/policy-book.ts";
import { siteDocumentName } from "../policy/policy-document.ts";
import type { DocumentWrite } from "../ports/documents.ts";
import type {
  ChangedRows,
  FactPosition,
  LinkPosition,
  LinkWrite,
  SiteIdentity,
  SiteLinkStore,
} from "../ports/site-link-store.ts";
import { StatusDocument } from "../status/status-document.ts";
import type { Keyring } from "./keyring.ts";

export interface FrameMakerDeps {
  readonly store: SiteLinkStore;
  readonly book: PolicyBook;
  readonly identity: SiteIdentity;
  readonly keyring: Keyring;
  readonly now: () => number;
}

/** What came of looking for something to send. */
export interface Made {
  /** A frame is in the outbox now. */
  readonly frame: boolean;
  /** Without a frame: everything up to this time of our clock is at the hub. */
  readonly cleanAsOfMs: number | null;
}

/**
 * Turns what changed at the site into the next frame, and puts it into the outbox together with
 * everything it says: one transaction. Order: new keys, the site's policy, status, then a part of the
 * journal.
 * [PROTOCOL 3.3, 4, 5]
 */
export class FrameMaker {
  readonly #deps: FrameMakerDeps;
  #status: { readonly document: StatusDocument; tail: TailSize; version: number } | undefined;
  #journalIsDue = false;

  constructor(deps: FrameMakerDeps) {
    this.#deps = deps;
  }

  /** Status goes first again, and the document is read from disk. */
  restart(): void {
    this.#status = undefined;
    this.#journalIsDue = false;
  }

  async make(position: LinkPosition): Promise<Made> {
    const { next } = this.#deps.keyring.ring;
    if (next !== null) {
      await this.#put(position, { kind: "keys" }, encodeMessage(next.succession), []);
      return MADE;
    }
    if (this.#journalIsDue) {
      this.#journalIsDue = false;
      if (await this.#makeJournal(position, position.sendableFacts)) return MADE;
    }
    const asOfMs = this.#deps.now();
    const changes = await this.#deps.store.changes(position.flushedRevision, STATUS_ROWS_MAX);
    // Rows name distributions, so the policy that holds them goes before the rows that were read.
    if (await this.#makePolicy(position)) return MADE;
    if (changes.rows.length > 0) {
      this.#journalIsDue = !changes.more;
      const made = await this.#makeStatus(position, changes, changes.more ? null : asOfMs);
      return { frame: made, cleanAsOfMs: null };
    }
    if (await this.#makeJournal(position, changes.lastFacts)) return MADE;
    return { frame: false, cleanAsOfMs: asOfMs };
  }

  async #makePolicy(position: LinkPosition): Promise<boolean> {
    const name = siteDocumentName(this.#deps.identity.site);
    const { book } = this.#deps;
    const vector = textOf(book.stateVector(name));
    if (vector === position.policyMade) return false;
    const { update } = book.updateFor(name, bytesOf(position.policySent));
    await this.#put({ ...position, policyMade: vector }, { kind: "policy" }, update, []);
    return true;
  }

  /** @returns false when the rows differ from the document in nothing that travels */
  async #makeStatus(
    position: LinkPosition,
    changes: ChangedRows,
    asOfMs: number | null,
  ): Promise<boolean> {
    const last = changes.rows.at(-1);
    const after: LinkPosition = {
      ...position,
      flushedRevision: last?.revision ?? position.flushedRevision,
      sendableFacts: changes.more ? position.sendableFacts : changes.lastFacts,
    };
    const status = await this.#openStatus(position);
    const update = status.document.flush(changes.rows.map(({ row }) => row));
    if (update === undefined) {
      await this.#deps.store.commit({ position: after });
      return false;
    }
    try {
      const written = this.#statusWrite(position, update);
      const content = { kind: "status", anew: position.startAnew, asOfMs } as const;
      await this.#put({ ...after, startAnew: false }, content, update, written.writes);
      status.tail = written.tail;
      status.version += 1;
      return true;
    } catch (error) {
      this.#status = undefined; // It holds a change that is not on disk.
      throw error;
    }
  }

  #statusWrite(
    position: LinkPosition,
    update: Uint8Array,
  ): { readonly writes: readonly DocumentWrite[]; readonly tail: TailSize } {
    if (!this.#status) throw new Error("invariant broken: no status document is open");
    const { document, tail, version } = this.#status;
    const at = { version: version + 1, atMs: this.#deps.now() };
    const name = this.#statusName(position);
    const written = position.startAnew
      ? wholeWrite(name, document.doc, at)
      : documentWrite(name, tail, update, document.doc, at);
    return { writes: [written.write], tail: written.tail };
  }

  async #makeJournal(position: LinkPosition, sendable: readonly FactPosition[]): Promise<boolean> {
    for (const { incarnation, seq: last } of sendable) {
      const seq = seqOf(position.acknowledgedFacts, incarnation);
      if (seq >= last) continue;
      const limit = Math.min(JOURNAL_FACTS_MAX, last - seq);
      const facts = await this.#deps.store.facts({ incarnation, seq }, limit);
      const [first] = facts;
      if (first === undefined) continue; // Kept no longer; the hub has said that it has them.
      const { raw, count } = packFacts(facts);
      const content = { kind: "journal", incarnation, first: first.seq, count } as const;
      await this.#put({ ...position, sendableFacts: sendable }, content, raw, []);
      this.#journalIsDue = false;
      return true;
    }
    return false;
  }

  async #put(
    position: LinkPosition,
    content: FrameContent,
    raw: Uint8Array,
    documents: readonly DocumentWrite[],
  ): Promise<void> {
    const { identity, keyring, now, store } = this.#deps;
    const sign = (signed: Uint8Array) => keyring.sign(signed);
    const seq = position.frameSeq + 1;
    const { incarnation } = position;
    const bytes = sealFrame({ site: identity.site, incarnation, seq, content }, raw, sign);
    const write: LinkWrite = {
      position: { ...position, frameSeq: seq },
      frame: { incarnation, seq, kind: content.kind, bytes, createdAtMs: now() },
      documents,
    };
    await store.commit(write);
  }

  async #openStatus(position: LinkPosition) {
    if (position.startAnew) {
      this.#status = { document: new StatusDocument(), tail: EMPTY_TAIL, version: 0 };
    }
    if (this.#status !== undefined) return this.#status;
    const name = this.#statusName(position);
    const stored = await this.#deps.store.document(name);
    if (stored === undefined) throw new Error(`invariant broken: ${name} is not stored`);
    this.#status = {
      document: new StatusDocument(loadDocument(stored)),
      tail: tailSizeOf(stored),
      version: stored.version,
    };
    return this.#status;
  }

  #statusName({ incarnation }: LinkPosition): string {
    return `status/${this.#deps.identity.site}/${incarnation}`;
  }
}

const MADE: Made = { frame: true, cleanAsOfMs: null };
const EMPTY_TAIL: TailSize = { updates: 0, bytes: 0, stateBytes: 0 };

function seqOf(positions: readonly FactPosition[], incarnation: number): number {
  return positions.find((one) => one.incarnation === incarnation)?.seq ?? 0;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
