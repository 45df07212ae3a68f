import type { Device } from "../../devices/model/device.ts";
import type { Fact } from "../../devices/model/fact.ts";
import type { DeviceId, DistributionId, PackageId, SiteId } from "../../devices/model/ids.ts";
import type { Installation } from "../../devices/model/installation.ts";
import type { DocumentWrite, StoredDocument } from "./documents.ts";
import type { PolicyWrite } from "./policy-store.ts";
import type { FactPosition, FrameKind } from "./site-link-store.ts";

/** Made at the hub's first start. Keys are base64 of DER (PKCS#8, SPKI). */
export interface HubIdentity {
  /** Part of every device's id. [D10] */
  readonly organisation: string;
  readonly signingPrivate: string;
  readonly signingPublic: string;
}

/** A process of the site that once spoke for it, and since when another one does. */
export interface FormerInstance {
  readonly instance: string;
  /** In real time, also while a test clock runs. */
  readonly replacedRealMs: number;
}

/** A site as the hub knows it; the `sites` table. */
export interface SiteRecord {
  readonly id: SiteId;
  readonly name: string;
  readonly timeZone: string;
  readonly publicKey: string;
  readonly sealingKey: string;
  /** Keys that it has announced and not used yet. [PROTOCOL 1.8] */
  readonly nextPublicKey: string | null;
  readonly nextSealingKey: string | null;
  /** Since when its present keys hold; null: since it joined. */
  readonly keysSinceMs: number | null;
  /** The process that speaks for the site now; empty before the first hello. */
  readonly instance: string;
  /** Newest first, at most `FORMER_INSTANCES_MAX`. */
  readonly formerInstances: readonly FormerInstance[];
  readonly incarnation: number;
  /** The last frame taken in of this incarnation. */
  readonly acknowledgedFrame: number;
  /** The status document cannot be continued: the next status frame must begin anew. */
  readonly needsSnapshot: boolean;
  readonly joinedAtMs: number;
  readonly lastSeenMs: number | null;
  readonly asOfMs: number | null;
  readonly clockOffsetMs: number | null;
  readonly confirmedPolicyVersion: number;
  readonly alarm: string | null;
  readonly revokedAtMs: number | null;
}

export const FORMER_INSTANCES_MAX = 8;

export interface JoinCode {
  readonly id: string;
  /** SHA-256 of the code, hexadecimal. */
  readonly codeHash: string;
  readonly site: SiteId;
  readonly name: string;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly usedAtMs: number | null;
  /** The public key that used it, so that a repeated request gets the same answer. */
  readonly usedByKey: string | null;
}

export interface InboxEntry {
  readonly site: SiteId;
  readonly incarnation: number;
  readonly frameSeq: number;
  readonly kind: FrameKind;
  readonly bytes: number;
  readonly sha256: string;
  readonly receivedAtMs: number;
}

/** A signed frame that failed a check: the bytes and why. */
export interface QuarantinedFrame extends InboxEntry {
  readonly id: string;
  readonly reason: string;
  /** Empty where the site's room in quarantine was full: `QUARANTINE_BYTES_PER_SITE_MAX`. */
  readonly frame: Uint8Array;
}

/** What one frame does to the hub, whole or not at all. Lists are upserts by natural key. */
export interface IngestWrite {
  /** The site's record after the frame. */
  readonly site: SiteRecord;
  readonly inbox: InboxEntry;
  readonly documents?: readonly DocumentWrite[];
  readonly facts?: readonly Fact[];
  /** The journal is known up to here now. */
  readonly factPosition?: FactPosition;
  readonly devices?: readonly Device[];
  readonly rows?: readonly Installation[];
  readonly policy?: PolicyWrite;
  readonly quarantined?: QuarantinedFrame;
  /** The id of a frame in quarantine, which is taken in now. */
  readonly leavesQuarantine?: string;
}

/** A device's new incarnation, and the highest sequence number known of it. [D11] */
export interface IssuedIncarnation {
  readonly device: DeviceId;
  readonly incarnation: number;
  readonly sequence: number;
}

/** Everything the hub knows of one device, from all sites. */
export interface DeviceAtHub {
  readonly rows: readonly Installation[];
  /** One per site that has told of it. */
  readonly devices: readonly Device[];
}

/**
 * What the hub's end of the link needs of the hub's database.
 *
 * The hub calls the writing methods one after the other (one process, one writer [D22]); over
 * PostgreSQL an implementation takes its locks inside each method.
 * Every implementation passes `test/sync/contracts/hub-store.contract.ts`.
 */
/** Which rows of some devices: those of one of these packages or distributions. */
export interface RowsAmong {
  readonly packages: readonly PackageId[];
  readonly distributions: readonly DistributionId[];
}

export interface HubStore {
  identity(): Promise<HubIdentity | undefined>;
  /** Stores the identity of the first start. Throws AppError "conflict" when there is another. */
  putIdentity(identity: HubIdentity): Promise<void>;

  putJoinCode(code: JoinCode): Promise<void>;
  findJoinCode(codeHash: string): Promise<JoinCode | undefined>;
  /** One transaction: the site's record (new or replaced) and the code as used. */
  join(site: SiteRecord, used: JoinCode): Promise<void>;

  sites(): Promise<readonly SiteRecord[]>;
  site(id: SiteId): Promise<SiteRecord | undefined>;
  putSite(site: SiteRecord): Promise<void>;

  /** What is known of a frame taken in before; undefined when it was not. */
  inboxEntry(site: SiteId, incarnation: number, frameSeq: number): Promise<InboxEntry | undefined>;
  document(name: string): Promise<StoredDocument | undefined>;
  /** The names of the documents that begin with a prefix. */
  documentNames(prefix: string): Promise<readonly string[]>;
  /** How many bytes of a site's frames are in quarantine. */
  quarantinedBytes(site: SiteId): Promise<number>;
  /** The last fact known of every incarnation of the site, ascending. */
  factPositions(site: SiteId): Promise<readonly FactPosition[]>;
  /** Facts of one incarnation of a site after a number, ascending, at most the limit. */
  facts(site: SiteId, after: FactPosition, limit: number): Promise<readonly Fact[]>;
  /**
   * By device; devices of which nothing is found are missing from the map.
   *
   * @param among all rows of the devices unless given; rows are kept for good, so a device has many
   */
  devices(ids: readonly DeviceId[], among?: RowsAmong): Promise<ReadonlyMap<DeviceId, DeviceAtHub>>;
  /** Ids of the devices a site has told of or has rows of, ascending, after one of them. */
  deviceIdsOf(site: SiteId, after: DeviceId | "", limit: number): Promise<readonly DeviceId[]>;

  ingest(write: IngestWrite): Promise<void>;
  /**
   * The next incarnation of each device: the lowest multiple of `INCARNATION_STEP` above all that
   * were issued or reported. One transaction.
   */
  issueIncarnations(ids: readonly DeviceId[]): Promise<readonly IssuedIncarnation[]>;
}
