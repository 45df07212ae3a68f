import type { Hlc } from "./hlc.ts";
import type { DeviceId, DistributionId, GroupName, PackageId, RevisionId, SiteId } from "./ids.ts";
import type { Schedule } from "./window.ts";

export type Target =
  | { readonly kind: "all" }
  | { readonly kind: "group"; readonly group: GroupName }
  | { readonly kind: "device"; readonly device: DeviceId }
  | { readonly kind: "devices"; readonly devices: readonly DeviceId[] };

export const MODES = ["automatic", "on-demand"] as const;
/** Characters of a question: small screens show no more. */
export const QUESTION_CHARACTERS_MAX = 200;
/** *Automatic* work waits for maintenance windows, on-demand work for a request. [D6, Q30] */
export type Mode = (typeof MODES)[number];

/**
 * One decision to bring one revision to (or off) some devices. It is the epoch: rows belong to it,
 * and a new revision is a new distribution. [D2]
 */
export interface Distribution {
  readonly id: DistributionId;
  readonly package: PackageId;
  readonly revision: RevisionId;
  readonly operation: "install" | "uninstall";
  readonly mode: Mode;
  readonly target: Target;
  /** Only these sites; empty means all. */
  readonly sites: readonly SiteId[];
  readonly allowDowngrade: boolean;
  /** Touch only devices that already have the app. [Q38] */
  readonly updateOnly: boolean;
  /**
   * Asked of the person in front of the device before an install is sent; null: nobody is asked. Only
   * devices that can ask are served then. [syncml 3.5]
   */
  readonly question: string | null;
  /** On-demand work that was asked for keeps to it; null: to nothing. */
  readonly schedule: Schedule | null;
  readonly createdAtMs: number;
  /** Orders two distributions of one package: the newest is planned. [D3] */
  readonly hlc: Hlc;
  readonly author: string;
  readonly origin: "hub" | "site";
  readonly stoppedAtMs: number | null;
}

/** A named set of devices: by a list of ids, names or stable ids, or by the one filter grammar. */
export interface DeviceGroup {
  readonly name: GroupName;
  readonly description: string;
  readonly members:
    | { readonly kind: "list"; readonly devices: readonly string[] }
    | { readonly kind: "filter"; readonly filter: string };
}
