import type { DeviceId, DistributionId } from "./ids.ts";

/**
 * What an upstream server has set and ordered through a device's virtual tree (`POST /csp/{device}`).
 * It is only what was *pushed*: everything else that the tree shows is read from what the site knows
 * of the real device.
 */
export interface VirtualTree {
  readonly device: DeviceId;
  readonly enterprise: PushedEnterprise | null;
  /** An EnterpriseID that was deleted and that the real device still has to let go of. */
  readonly leaving: string | null;
  readonly downloads: readonly PushedDownload[];
  readonly removals: readonly PushedRemoval[];
}

/** `{EnterpriseID}` and the leaves under it; null where the server has added none. */
export interface PushedEnterprise {
  readonly id: string;
  readonly enrollmentToken: string | null;
  readonly storeProductId: string | null;
  readonly storeUri: string | null;
  readonly certificateSearchCriteria: string | null;
  readonly crlCheck: "0" | "1" | null;
  /** The most secure CRLCheck that was set since the EnterpriseID was added: it holds. [E-065] */
  readonly strictestCrlCheck: "0" | "1" | null;
}

/** `Download/{ProductID}`. */
export interface PushedDownload {
  /** GUID in braces and upper case. */
  readonly productId: string;
  readonly version: string | null;
  readonly name: string | null;
  readonly url: string | null;
  /** What was written to Status; it never says how the work goes. [Q36] */
  readonly status: string | null;
  /** The DownloadInstall node was added: it can be executed. */
  readonly armed: boolean;
  readonly changedAtMs: number;
  /** The last Exec of DownloadInstall; null before the first. */
  readonly order: InstallOrder | null;
}

/** The values as they were when DownloadInstall was executed. */
export interface InstallOrder {
  readonly version: string;
  readonly name: string | null;
  readonly url: string;
  readonly by: string;
  readonly atMs: number;
  readonly outcome: OrderOutcome;
}

/** A Delete of `Inventory/{ProductID}`. */
export interface PushedRemoval {
  readonly productId: string;
  readonly by: string;
  readonly atMs: number;
  readonly outcome: OrderOutcome;
}

export type OrderOutcome =
  /** Durable here, not a distribution yet. */
  | { readonly kind: "waiting" }
  /** The device's row in this distribution says how it goes. */
  | { readonly kind: "placed"; readonly distribution: DistributionId }
  /** It can never become one; in the words of Download/Status and LastError. */
  | { readonly kind: "refused"; readonly lastError: number; readonly text: string };

/** Is something ordered that is no distribution yet? */
export function hasWaitingOrders(tree: VirtualTree): boolean {
  return (
    tree.downloads.some(({ order }) => order?.outcome.kind === "waiting") ||
    tree.removals.some(({ outcome }) => outcome.kind === "waiting")
  );
}
