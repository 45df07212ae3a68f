import type {
  DeviceAttribute,
  DeviceJob,
  DeviceToken,
  PullProtocol,
} from "../model/agent-device.ts";
import type { DeviceCredential } from "../model/credential.ts";
import type { Device, DeviceAlias } from "../model/device.ts";
import type { NewFact } from "../model/fact.ts";
import type { DeviceId } from "../model/ids.ts";
import type { Installation } from "../model/installation.ts";
import type { DownloadNode, InventoryItem, InventoryRead } from "../model/inventory.ts";
import type { VirtualTree } from "../model/virtual-tree.ts";
import type { Instant } from "../model/window.ts";
import type { DeviceCertificate } from "./certificates.ts";
import type { WindowsEnrolment } from "./windows-enrolments.ts";

/** Everything a use-case needs to decide about one device. */
export interface DeviceView {
  readonly device: Device;
  readonly installations: readonly Installation[];
  readonly inventory: readonly InventoryItem[];
  readonly downloads: readonly DownloadNode[];
  readonly inventoryReads: readonly InventoryRead[];
  /** Instants that are not closed. */
  readonly instants: readonly Instant[];
  /** What was pushed through its virtual tree; missing while nothing was. */
  readonly tree?: VirtualTree;
}

/** A management session between two messages, kept so that a restart in the middle is survived. */
export interface StoredSession {
  readonly device: DeviceId;
  /** Opaque text, as the device wrote it. */
  readonly sessionId: string;
  /** JSON, owned by the use-case that runs the session. */
  readonly state: string;
  readonly updatedAtMs: number;
}

/**
 * What one use-case changed about one device, as data: it becomes durable whole, or not at all.
 * Lists are upserts by their natural key unless said otherwise; a missing field is left alone.
 */
export interface DeviceChanges {
  readonly device: DeviceId;
  readonly put?: Device;
  readonly alias?: DeviceAlias;
  readonly credential?: DeviceCredential;
  readonly token?: DeviceToken;
  /** Replaces all of them. */
  readonly attributes?: readonly DeviceAttribute[];
  /** Numbered work of before is that of a former life: it goes, and its numbers are not given again. */
  readonly forgetJobs?: true;
  /** By (distribution, attempt, protocol): a new one gets its number when it is stored. */
  readonly jobs?: readonly Omit<DeviceJob, "id">[];
  /** The hash of a one-time enrolment code that this registration uses up. */
  readonly consumeEnrolmentCode?: string;
  /** Certificates of the device that are not good any more: the one named, else all of before. */
  readonly revoke?: { readonly atMs: number; readonly serial?: string };
  /** One that it was issued. A serial number that is taken is a mistake of ours. */
  readonly certificate?: DeviceCertificate;
  readonly windowsEnrolment?: WindowsEnrolment;
  readonly installations?: readonly Installation[];
  readonly facts?: readonly NewFact[];
  /** Replaces the device's whole inventory, and when it was told. */
  readonly inventory?: readonly InventoryItem[];
  readonly inventoryReads?: readonly InventoryRead[];
  readonly downloads?: readonly DownloadNode[];
  readonly instants?: readonly Instant[];
  /** What is pushed through its virtual tree now; null forgets it. */
  readonly tree?: VirtualTree | null;
  /** The session's new state; null ends it. */
  readonly session?: StoredSession | null;
}

/** A device that spoke to the site without being known. One row per (protocol, externalId). */
export interface Knock {
  readonly protocol: DeviceAlias["protocol"];
  readonly externalId: string;
  readonly address: string;
  /** What it said about itself, as JSON. */
  readonly details: string;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  readonly count: number;
}

/**
 * The truth of a site about its devices.
 *
 * Every implementation passes `test/contracts/site-store.contract.ts`.
 */
export interface SiteStore {
  find(id: DeviceId): Promise<Device | undefined>;
  findByAlias(protocol: DeviceAlias["protocol"], externalId: string): Promise<Device | undefined>;
  /** Ids of all devices that are not removed, in order of id. */
  deviceIds(): Promise<readonly DeviceId[]>;
  /** Devices in whose virtual tree something is ordered that is no distribution yet, in order of id. */
  devicesWithOrders(): Promise<readonly DeviceId[]>;
  view(id: DeviceId): Promise<DeviceView | undefined>;
  credential(id: DeviceId): Promise<DeviceCredential | undefined>;
  session(id: DeviceId): Promise<StoredSession | undefined>;
  /** The token that has this digest, now or until the new one is used. */
  findToken(protocol: PullProtocol, digest: string): Promise<DeviceToken | undefined>;
  /** The tokens of a device, in order of protocol. */
  tokens(id: DeviceId): Promise<readonly DeviceToken[]>;
  /** In order of name. */
  attributes(id: DeviceId): Promise<readonly DeviceAttribute[]>;
  /** In order of number. */
  jobs(id: DeviceId): Promise<readonly DeviceJob[]>;

  /**
   * Makes the changes durable in one transaction (grouped with others that arrive meanwhile; one
   * entry's failure rolls back that entry alone) and numbers the facts densely. Resolves after the
   * COMMIT reached the disk. Throws AppError "conflict" when an enrolment code is used already or an
   * alias or a token belongs to another device, "no-room" when the disk is full.
   */
  commit(changes: readonly DeviceChanges[]): Promise<void>;

  /** Notes an unknown device; knocking again counts up. At most `KNOCKS_MAX` are kept, oldest out. */
  knock(
    knock: Omit<Knock, "firstAtMs" | "lastAtMs" | "count"> & { readonly atMs: number },
  ): Promise<void>;
}

export const KNOCKS_MAX = 1000;
