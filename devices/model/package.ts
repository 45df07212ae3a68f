import type { Platform } from "./device.ts";
import type { PackageId, RevisionId, Sha256 } from "./ids.ts";

/** An app: the same product in all its versions. */
export interface Package {
  readonly id: PackageId;
  readonly name: string;
  readonly platform: Platform;
  /** The product's GUID in braces and upper case, where the platform has one. */
  readonly productId: string | null;
  readonly publisher: string | null;
  readonly description: string;
  readonly createdAtMs: number;
}

/** Which configuration service provider or protocol installs it. Rooms for more: issue by issue. */
export const CHANNELS = ["EnterpriseAppManagement", "reported"] as const;
/** `reported`: the site does not install it, it only records what an MDM or agent says (D13). */
export type Channel = (typeof CHANNELS)[number];

export const LICENCES = ["none", "device", "user"] as const;
export type Licence = (typeof LICENCES)[number];

/** Which devices a revision is for. A missing field fits every device; given ones are ANDed. [Q14] */
export interface Targeting {
  readonly cpu: string | null;
  readonly osMajor: number | null;
  readonly osPlatform: string | null;
}

export interface PackageFile {
  readonly sha256: Sha256;
  readonly name: string;
  readonly bytes: number;
}

/** One version of an app. Never edited: a change is a new revision. */
export interface Revision {
  readonly id: RevisionId;
  readonly package: PackageId;
  readonly version: string;
  readonly channel: Channel;
  readonly file: PackageFile | null;
  readonly minimumOsVersion: string | null;
  readonly licence: Licence;
  /** A public-store app, as opposed to one of the organisation's own. */
  readonly storeApp: boolean;
  readonly targeting: Targeting;
  readonly createdAtMs: number;
}
