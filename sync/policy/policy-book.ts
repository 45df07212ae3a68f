import { Doc, encodeStateAsUpdate, encodeStateVector } from "yjs";
import { AppError } from "../../devices/model/errors.ts";
import type { Hlc } from "../../devices/model/hlc.ts";
import type { Log } from "../../devices/ports/log.ts";
import { documentWrite, loadDocument, tailSizeOf, wholeWrite } from "../documents/stored.ts";
import type { PolicyAuthor, PolicyChange, PolicyKind } from "../ports/policy-author.ts";
import type { PolicyRecord, PolicyStore, PolicyWrite } from "../ports/policy-store.ts";
import { SerialQueue } from "../serial-queue.ts";
import { type Authored, authorChanges } from "./author.ts";
import { buildPolicy } from "./build-policy.ts";
import { carriedDocument } from "./carried-document.ts";
import type { FormerNames } from "./former-names.ts";
import {
  copyOf,
  needRoom,
  type OpenDocument,
  openDocument,
  updateSince,
  withUpdate,
} from "./open-document.ts";
import {
  type DocumentChange,
  EMPTY_CONTENTS,
  keyOf,
  ORG_DOCUMENT,
  type PolicyContents,
  readPolicy,
  siteDocumentName,
  writePolicy,
} from "./policy-document.ts";
import type { PolicyHolder } from "./policy-holder.ts";
import {
  type OverrideView,
  type PolicyProblem,
  type PolicySources,
  projectPolicy,
} from "./project.ts";
import {
  mergeSecrets,
  openSecrets,
  type Recipient,
  readableAt,
  type SealingKeys,
  sealedForOther,
  sealingChanges,
} from "./secrets.ts";

/** Whose book it is: the hub's, or one site's with the key that opens its secrets. */
export type BookOwner =
  | { readonly role: "hub"; readonly recipients: () => Promise<readonly Recipient[]> }
  | {
      readonly role: "site";
      readonly site: string;
      readonly keys: () => SealingKeys;
    };

export interface PolicyBookDeps {
  readonly owner: BookOwner;
  readonly store: PolicyStore;
  readonly holder: PolicyHolder;
  readonly nextHlc: () => Hlc;
  readonly now: () => number;
  readonly log: Log;
}

/** Documents as they become, with the update that makes them so; without one the whole is written. */
type ChangedDocuments = ReadonlyMap<
  string,
  { readonly doc: Doc; readonly update: Uint8Array | undefined }
>;

/** A change that is ready: `write` belongs into a transaction, `accept` is called after its commit. */
export interface StagedPolicy {
  readonly write: PolicyWrite;
  readonly accept: () => void;
}

/**
 * The policy documents of one gateway, and everything that changes them: administrators here
 * (`write`) and updates from the other side (`stage`). One change at a time; documents, records and
 * readers always agree. [D17, PROTOCOL 7]
 */
export class PolicyBook implements PolicyAuthor {
  readonly #deps: PolicyBookDeps;
  readonly #queue = new SerialQueue();
  readonly #clientId = new Doc().clientID;
  #documents: ReadonlyMap<string, OpenDocument> = new Map();
  #records: readonly PolicyRecord[] = [];
  #secrets: ReadonlyMap<string, string> = new Map();
  #problems: readonly PolicyProblem[] = [];
  #overrides: readonly OverrideView[] = [];
  #version = 0;

  private constructor(deps: PolicyBookDeps) {
    this.#deps = deps;
  }

  /**
   * Loads documents and records and shows them to the holder.
   *
   * @param formerly what a site and its devices were called before it joined: what it decided then
   *   comes along, once
   * @throws DocumentDamaged when a document does not load: nothing is opened empty instead
   */
  static async open(deps: PolicyBookDeps, formerly?: FormerNames): Promise<PolicyBook> {
    const book = new PolicyBook(deps);
    const { documents, records, secrets } = await deps.store.load();
    book.#documents = new Map(
      documents.map((stored) => [
        stored.name,
        openDocument(loadDocument(stored), tailSizeOf(stored)),
      ]),
    );
    book.#records = records;
    book.#secrets = secrets;
    // What a newer program reads differently is projected again before anyone plans with it.
    const staged = book.#stage(book.#carried(formerly), []);
    if (!isNothing(staged.write)) await deps.store.commit(staged.write);
    staged.accept();
    return book;
  }

  /** Records of which the newest version was refused. */
  get problems(): readonly PolicyProblem[] {
    return this.#problems;
  }

  /** The sites' own words on records of the hub, and what became of them. */
  get overrides(): readonly OverrideView[] {
    return this.#overrides;
  }

  /** The version of `policy/org` that is committed here; 0 before the first. */
  get orgVersion(): number {
    return this.#contents(ORG_DOCUMENT).version;
  }

  /** The version of `policy/org` that brought the newest change of a record; 0 when it has none. */
  versionOf(kind: PolicyKind, id: string): number {
    return this.#contents(ORG_DOCUMENT).records.get(keyOf(kind, id))?.version ?? 0;
  }

  write(changes: readonly PolicyChange[], by: string): Promise<void> {
    return this.#author(async () =>
      authorChanges(changes, {
        by,
        origin: this.#deps.owner.role,
        nextHlc: this.#deps.nextHlc,
        nowMs: this.#deps.now(),
        own: this.#contents(this.#ownName()),
        org: this.#contents(ORG_DOCUMENT),
        records: this.#records,
      }),
    );
  }

  /** At the hub: a site's override no longer holds, from the moment the site hears of it. */
  revokeOverride(site: string, kind: PolicyKind, id: string, by: string): Promise<void> {
    const override = this.#overrides.find(
      (one) => one.site === site && one.kind === kind && one.id === id,
    );
    if (this.#deps.owner.role !== "hub" || override === undefined) {
      throw new AppError("not-found", `there is no override of ${kind} ${id} by ${site}`);
    }
    if (override.state === "revoked") return Promise.resolve();
    const fields = { hlc: override.hlc, author: by };
    const key = `${site}/${keyOf(kind, id)}`;
    return this.#author(async () => ({
      changes: [{ map: "revocation", key, fields }],
      secrets: [],
    }));
  }

  /** At a site: takes its own override of a hub record back. Repeating it changes nothing. */
  withdrawOverride(kind: PolicyKind, id: string): Promise<void> {
    return this.#author(async () => ({
      changes: [{ map: "override", key: keyOf(kind, id), fields: null }],
      secrets: [],
    }));
  }

  /**
   * Seals every secret for the keys of now, where it is sealed for others: at the hub for exactly its
   * sites, at a site for itself. Called after a site joined or changed its keys.
   */
  async resealSecrets(): Promise<void> {
    await this.#author(async () => ({
      changes: [],
      secrets: this.#sealedHere().map(([name, value]) => ({ name, value, isNew: false })),
    }));
  }

  /** At a site: something is still sealed for a key that it had before. */
  get needsFormerKeys(): boolean {
    const { owner } = this.#deps;
    if (owner.role === "hub") return false;
    const { sealingPublic } = owner.keys();
    return [ORG_DOCUMENT, this.#ownName()].some(
      (name) => sealedForOther(this.#contents(name).sealed, owner.site, sealingPublic).length > 0,
    );
  }

  /** Runs a task that stages an update and commits it; nothing else changes policy meanwhile. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    return this.#queue.run(task);
  }

  /**
   * Prepares an update of a document that came from the other side. Call it inside `exclusive`.
   *
   * @param replace true when the update is the whole document and what is here of it goes
   * @throws ProtocolError with rule `policy-decode`, `policy-gap` or `policy-limit`
   */
  stage(name: string, update: Uint8Array, replace: boolean): StagedPolicy {
    const doc = withUpdate(name, replace ? undefined : this.#documents.get(name)?.doc, update);
    return this.#stage(new Map([[name, { doc, update: replace ? undefined : update }]]), []);
  }

  /** At a site: takes an update from the hub in; see `stage` for what is refused. */
  receive(name: string, update: Uint8Array, replace: boolean): Promise<void> {
    return this.exclusive(async () => {
      const staged = this.stage(name, update, replace);
      await this.#deps.store.commit(staged.write);
      staged.accept();
    });
  }

  /**
   * A document from a reader's state vector on; the whole of it when the reader has what is not here.
   *
   * @throws ProtocolError with rule `policy-cursor`
   */
  updateFor(
    name: string,
    stateVector: Uint8Array,
  ): { readonly update: Uint8Array; readonly replace: boolean } {
    return updateSince(this.#documents.get(name)?.doc ?? new Doc(), stateVector);
  }

  /** The state vector of a document; that of an empty one when there is none. */
  stateVector(name: string): Uint8Array {
    return encodeStateVector(this.#documents.get(name)?.doc ?? new Doc());
  }

  /** Only while there is no document of the new name: a crash right after joining is made up for. */
  #carried(formerly: FormerNames | undefined): ChangedDocuments {
    const { owner } = this.#deps;
    const name = this.#ownName();
    if (owner.role === "hub" || formerly === undefined || this.#documents.has(name)) {
      return new Map();
    }
    const former = this.#documents.get(siteDocumentName(formerly.site));
    if (former === undefined) return new Map();
    const { sealingPublic: sealingKey, sealingPrivates } = owner.keys();
    const recipient = { site: owner.site, sealingKey, sealingPrivates };
    const doc = carriedDocument(former, formerly, recipient);
    return new Map([[name, { doc, update: undefined }]]);
  }

  #ownName(): string {
    const { owner } = this.#deps;
    return owner.role === "hub" ? ORG_DOCUMENT : siteDocumentName(owner.site);
  }

  #contents(name: string): PolicyContents {
    return this.#documents.get(name)?.contents ?? EMPTY_CONTENTS;
  }

  #author(decide: () => Promise<Authored>): Promise<void> {
    return this.#queue.run(async () => {
      const { changes, secrets } = await decide();
      const name = this.#ownName();
      const sealed = await this.#sealingOf(secrets);
      if (changes.length === 0 && sealed.length === 0) return; // Every write is news to the other side.
      const known = this.#documents.get(name)?.doc;
      const doc = copyOf(known);
      // One client id per start: a change that was not committed was seen by nobody, so that its
      // place may be used again.
      doc.clientID = this.#clientId;
      const before = encodeStateVector(doc);
      writePolicy(doc, [...changes, ...sealed]);
      // Sealing anew is nobody's wish, and has to be done.
      if (changes.length > 0) needRoom(known, doc);
      const update = encodeStateAsUpdate(doc, before);
      const kept = this.#deps.owner.role === "hub" ? secrets.filter(({ isNew }) => isNew) : [];
      const staged = this.#stage(new Map([[name, { doc, update }]]), kept);
      await this.#deps.store.commit(staged.write);
      staged.accept();
    });
  }

  async #sealingOf(secrets: Authored["secrets"]): Promise<readonly DocumentChange[]> {
    if (secrets.length === 0) return [];
    const { owner } = this.#deps;
    const recipients =
      owner.role === "hub"
        ? await owner.recipients()
        : [{ site: owner.site, sealingKey: owner.keys().sealingPublic }];
    const { sealed } = this.#contents(this.#ownName());
    return secrets.flatMap((secret) => sealingChanges(secret, recipients, sealed));
  }

  /** Secrets in the own document, by name: the hub has them all, a site what it can open. */
  #sealedHere(): readonly (readonly [string, string])[] {
    const { owner } = this.#deps;
    if (owner.role === "hub") return [...this.#secrets];
    const { sealed } = this.#contents(this.#ownName());
    const { sealingPrivates, sealingPublic } = owner.keys();
    const others = new Set(sealedForOther(sealed, owner.site, sealingPublic));
    return [...openSecrets(sealed, owner.site, sealingPrivates)].filter(([name]) =>
      others.has(name),
    );
  }

  #stage(changed: ChangedDocuments, secrets: Authored["secrets"]): StagedPolicy {
    const atMs = this.#deps.now();
    const documents = new Map(this.#documents);
    const writes = [...changed].map(([name, { doc, update }]) => {
      const contents = readPolicy(doc);
      const tail = this.#documents.get(name)?.tail ?? { updates: 0, bytes: 0, stateBytes: 0 };
      const at = { version: contents.version, atMs };
      const written =
        update === undefined
          ? wholeWrite(name, doc, at)
          : documentWrite(name, tail, update, doc, at);
      documents.set(name, { doc, tail: written.tail, contents });
      return written.write;
    });
    const projection = projectPolicy(this.#sourcesOf(documents), this.#records, atMs);
    return {
      write: {
        documents: writes,
        put: projection.put,
        removed: projection.removed,
        secrets: secrets.map(({ name, value }) => ({ name, value })),
      },
      accept: () => {
        this.#documents = documents;
        this.#records = projection.records;
        this.#problems = projection.problems;
        this.#overrides = projection.overrides;
        this.#secrets = mergeSecrets(this.#secrets, secrets);
        this.#version += 1;
        this.#deps.holder.replace(
          buildPolicy(this.#records, this.#readableSecrets(), this.#version),
        );
        for (const { kind, id, origin, reason } of projection.problems) {
          this.#deps.log.warn("policy-record-quarantined", { kind, id, origin, reason });
        }
      },
    };
  }

  #sourcesOf(documents: ReadonlyMap<string, OpenDocument>): PolicySources {
    const { owner } = this.#deps;
    const sites = new Map<string, PolicyContents>();
    for (const [name, { contents }] of documents) {
      // At a site only its own counts: one of a name that it had before is history.
      const counts = owner.role === "hub" ? name !== ORG_DOCUMENT : name === this.#ownName();
      if (counts) sites.set(name.slice(siteDocumentName("").length), contents);
    }
    return {
      org: documents.get(ORG_DOCUMENT)?.contents ?? EMPTY_CONTENTS,
      sites,
      self: owner.role === "site" ? owner.site : undefined,
    };
  }

  /** At the hub its own copy; at a site what it can open, its own word first where that holds. */
  #readableSecrets(): ReadonlyMap<string, string> {
    const { owner } = this.#deps;
    if (owner.role === "hub") return this.#secrets;
    return readableAt(
      { site: owner.site, ...owner.keys() },
      this.#contents(ORG_DOCUMENT).sealed,
      this.#contents(siteDocumentName(owner.site)).sealed,
      this.#overrides,
    );
  }
}

function isNothing(write: PolicyWrite): boolean {
  return (
    write.documents.length === 0 &&
    write.put.length === 0 &&
    write.removed.length === 0 &&
    write.secrets.length === 0
  );
}
