import type { Device } from "../../devices/model/device.ts";
import type { Fact } from "../../devices/model/fact.ts";
import type { DeviceId, SiteId } from "../../devices/model/ids.ts";
import type { Installation } from "../../devices/model/installation.ts";
import type { Succession } from "../messages/succession.ts";
import type { DocumentWrite, StoredDocument } from "./documents.ts";

/** Made once at first start and kept with the database. Base64 of DER (PKCS#8, SPKI). */
export interface SiteKeys {
  readonly signingPrivate: string;
  readonly signingPublic: string;
  readonly sealingPrivate: string;
  readonly sealingPublic: string;
}

/** A site's keys over time. Every change is on disk before it is used. */
export interface SiteKeyring {
  readonly current: SiteKeys;
  /** Since when; null for those of the first start. */
  readonly sinceMs: number | null;
  /** Made, and not yet known to be known at the hub. */
  readonly next: NextKeys | null;
  /** Private keys that may still have to open what was sealed before. */
  readonly formerSealing: readonly string[];
  /** How the current key followed from earlier ones, newest last; at most `SUCCESSIONS_MAX`. */
  readonly successions: readonly Succession[];
  /** Why the last rotation came to nothing, in words; null when none did. */
  readonly problem: string | null;
}

export interface NextKeys {
  readonly keys: SiteKeys;
  readonly succession: Succession;
  readonly madeAtMs: number;
}

/** What a site is to its hub, since it joined. */
export interface SiteIdentity {
  readonly site: SiteId;
  readonly name: string;
  readonly timeZone: string;
  readonly organisation: string;
  readonly hubUrl: string;
  /** Pinned at joining: answers that it did not sign are not believed. */
  readonly hubPublicKey: string;
  readonly joinedAtMs: number;
}

/** The last fact of one of the site's incarnations; facts are numbered densely from 1 in each. */
export interface FactPosition {
  readonly incarnation: number;
  readonly seq: number;
}

/** Where the link stands. One value, replaced whole; `INITIAL_POSITION` before the first write. */
export interface LinkPosition {
  /** The site's incarnation: frames and new facts are numbered under it. */
  readonly incarnation: number;
  /** The hub must be asked what it knows before anything is sent: joined again, or restored. */
  readonly mustAdopt: boolean;
  /** The last frame made, and the last one the hub acknowledged, in this incarnation. */
  readonly frameSeq: number;
  readonly acknowledgedFrame: number;
  /** Rows with a revision counter up to this one are in the status document. */
  readonly flushedRevision: number;
  /** The next status frame begins the document anew. */
  readonly startAnew: boolean;
  /** What the hub has acknowledged of the journal, per incarnation, ascending. */
  readonly acknowledgedFacts: readonly FactPosition[];
  /** Facts up to here have their rows in frames already made, so they may be sent. */
  readonly sendableFacts: readonly FactPosition[];
  /** Base64 state vectors of `policy/site/<site>`: as the hub has it, and as last put in a frame. */
  readonly policySent: string;
  readonly policyMade: string;
  readonly lastAcknowledgedAtMs: number | null;
}

/** The state vector of a document in which nothing was ever written. */
export const EMPTY_STATE_VECTOR = "AA==";

export const INITIAL_POSITION: LinkPosition = {
  incarnation: 1,
  mustAdopt: false,
  frameSeq: 0,
  acknowledgedFrame: 0,
  flushedRevision: 0,
  startAnew: true,
  acknowledgedFacts: [],
  sendableFacts: [],
  policySent: EMPTY_STATE_VECTOR,
  policyMade: EMPTY_STATE_VECTOR,
  lastAcknowledgedAtMs: null,
};

export type FrameKind = "status" | "journal" | "policy" | "keys";

/** A frame that the hub has not acknowledged, byte for byte as it is sent. */
export interface OutboxFrame {
  readonly incarnation: number;
  readonly seq: number;
  readonly kind: FrameKind;
  readonly bytes: Uint8Array;
  readonly createdAtMs: number;
}

/** One step of the link, whole or not at all. */
export interface LinkWrite {
  readonly position: LinkPosition;
  readonly frame?: OutboxFrame;
  /** Frames of the position's incarnation up to this number are acknowledged and go. */
  readonly dropFramesThrough?: number;
  readonly documents?: readonly DocumentWrite[];
  readonly keyring?: SiteKeyring;
}

/** Rows that changed, read in ONE snapshot together with the facts there are. */
export interface ChangedRows {
  /** Ascending by revision counter, at most the limit. */
  readonly rows: readonly { readonly row: Installation; readonly revision: number }[];
  readonly more: boolean;
  /** The last fact of every incarnation, ascending. */
  readonly lastFacts: readonly FactPosition[];
}

/** A device with its rows: what is merged when a site adopts what the hub knows. */
export interface KnownDevice {
  readonly id: DeviceId;
  /** Null when the hub has rows of it and was never told what it is. */
  readonly device: Device | null;
  readonly rows: readonly Installation[];
}

/** A site takes over what the hub knows of it and goes on under a new incarnation. */
export interface Adoption {
  /** The position after it: the new incarnation, nothing sent yet. */
  readonly position: LinkPosition;
  /**
   * Facts the hub has never seen under numbers it knows otherwise: of each of these incarnations
   * (ascending) those from `seq` on get the new incarnation, numbered densely from 1 in their order.
   */
  readonly renumber: readonly FactPosition[];
  /**
   * For each, the transaction reads what is here and writes what `adoptDevice(here, known)` returns,
   * if anything; its facts are numbered after the ones that were moved.
   */
  readonly known: readonly KnownDevice[];
  readonly documents: readonly DocumentWrite[];
}

/**
 * What the site's end of the link needs of the site's database.
 *
 * Every implementation passes `test/sync/contracts/site-link-store.contract.ts`.
 */
export interface SiteLinkStore {
  keyring(): Promise<SiteKeyring | undefined>;
  /**
   * Puts `after` in the place of `before`, undefined at the first start. Repeating it changes nothing.
   * Throws AppError "conflict" when it is neither of the two that is there.
   */
  changeKeyring(before: SiteKeyring | undefined, after: SiteKeyring): Promise<void>;
  identity(): Promise<SiteIdentity | undefined>;
  /**
   * Stores identity and position in one transaction. Rows, devices and facts recorded under a
   * provisional site id from before are given the new one, facts also the position's incarnation and
   * numbers from 1 on in their order (the oldest may be forgotten). Devices get the ids that they have
   * in the hub's organisation [D10]. Repeating it changes nothing.
   */
  join(identity: SiteIdentity, position: LinkPosition): Promise<void>;

  position(): Promise<LinkPosition>;
  /** True when the database was restored from a backup since the last adoption. */
  restored(): Promise<boolean>;
  changes(afterRevision: number, limit: number): Promise<ChangedRows>;
  /** Facts of one incarnation after a number, ascending, at most the limit. */
  facts(after: FactPosition, limit: number): Promise<readonly Fact[]>;
  /** How much the hub has not acknowledged yet: rows after a revision, facts after positions. */
  pending(
    afterRevision: number,
    after: readonly FactPosition[],
  ): Promise<{ readonly rows: number; readonly facts: number }>;
  document(name: string): Promise<StoredDocument | undefined>;
  oldestFrame(): Promise<OutboxFrame | undefined>;

  commit(write: LinkWrite): Promise<void>;
  /** Also empties the outbox and forgets that the database was restored. */
  adopt(adoption: Adoption): Promise<void>;
}
