import { cutText } from "./cut-text.ts";
import type { DeviceId, DistributionId } from "./ids.ts";
import { NAME_CHARACTERS_MAX } from "./limits.ts";
import type { InstallContext, Provider } from "./package.ts";

/** What lists apps: a provider of Windows, or an agent, which calls them by their names. */
export type InventorySource = Provider | "agent";

/** One app that a device said is installed. */
export interface InventoryItem {
  readonly device: DeviceId;
  /** Which provider listed it, and in which of its trees. */
  readonly provider: InventorySource;
  readonly context: InstallContext;
  /** A GUID in braces and upper case or, of packaged apps, the package family name. */
  readonly productId: string;
  /** The package full name of this very version, of packaged apps. */
  readonly fullName: string | null;
  /** Of an MSI, where the device was asked which product has an UpgradeCode. */
  readonly upgradeCode: string | null;
  readonly version: string | null;
  readonly title: string | null;
  readonly publisher: string | null;
  /** ISO 8601 with Z, or null when the device's text could not be read. [Q41] */
  readonly installDate: string | null;
  readonly installDateRaw: string | null;
  readonly seenAtMs: number;
}

/** The item with every text of the device cut to `NAME_CHARACTERS_MAX`. */
export function boundedItem(item: InventoryItem): InventoryItem {
  return {
    ...item,
    productId: cutText(item.productId, NAME_CHARACTERS_MAX),
    fullName: bounded(item.fullName),
    upgradeCode: bounded(item.upgradeCode),
    version: bounded(item.version),
    title: bounded(item.title),
    publisher: bounded(item.publisher),
    installDateRaw: bounded(item.installDateRaw),
  };
}

function bounded(text: string | null): string | null {
  return text === null ? null : cutText(text, NAME_CHARACTERS_MAX);
}

/** When a provider last told all that is installed in one of its trees. */
export interface InventoryRead {
  readonly device: DeviceId;
  readonly provider: InventorySource;
  readonly context: InstallContext;
  readonly atMs: number;
}

/**
 * What the site knows of the node of an installation on a device (`Download/{ProductID}` and its
 * kin): it decides whether the next one starts with Add, and whether there is a Status to poll. [Q39]
 */
export interface DownloadNode {
  readonly device: DeviceId;
  readonly productId: string;
  readonly distribution: DistributionId;
  /** The attempt whose Exec created or reused the node. */
  readonly attempt: number;
  /** The last Status read, as its provider counts; null before the first. */
  readonly status: number | null;
  /** When the status last changed; the seven days are counted from here. */
  readonly changedAtMs: number;
  /** False while it was written without Atomic, and the device has not said yes to the Exec. */
  readonly executed: boolean;
  /** The device answered 404 for it: the node is gone. */
  readonly gone: boolean;
}
