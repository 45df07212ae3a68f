import type {
  OutgoingCommand,
  OutgoingContainer,
  OutgoingItem,
  OutgoingItems,
} from "../../oma-dm/outgoing-command.ts";
import type { DownloadLeaf, InventoryLeaf } from "./nodes.ts";
import { downloadUri, enterpriseUri, inventoryUri } from "./uris.ts";

/**
 * What a server can ask of EnterpriseAppManagement, as commands for a management session. `tag`
 * names the command in the session's events; `productId` is a GUID in braces and upper case.
 */

export interface EnterpriseEnrolment {
  /** The application enrolment token (AET), as text. */
  readonly enrollmentToken: string;
  /** URL-encoded X.500 name; null when downloads need no client certificate. */
  readonly certificateSearchCriteria: string | null;
  /** `1`: the device must check revocation lists. Null leaves it to the device. */
  readonly crlCheck: "0" | "1" | null;
}

/** Enrols: one Add with an item per leaf. [E-076] */
export function enrolEnterprise(
  tag: string,
  enterpriseId: string,
  enrolment: EnterpriseEnrolment,
): OutgoingItems {
  const { enrollmentToken, certificateSearchCriteria, crlCheck } = enrolment;
  const items = [text(enterpriseUri(enterpriseId, "EnrollmentToken"), enrollmentToken)];
  if (certificateSearchCriteria !== null) {
    const uri = enterpriseUri(enterpriseId, "CertificateSearchCriteria");
    items.push(text(uri, certificateSearchCriteria));
  }
  if (crlCheck !== null) items.push(text(enterpriseUri(enterpriseId, "CRLCheck"), crlCheck));
  return { name: "Add", tag, items };
}

/** Leaves of the enrolment that have a value besides the token's. */
export const ENROLMENT_SETTINGS = [
  "CertificateSearchCriteria",
  "CRLCheck",
  "StoreUri",
  "StoreProductID/ProductId",
] as const;
export type EnrolmentSetting = (typeof ENROLMENT_SETTINGS)[number];

/** Sets one of them on an enrolled device. Only CRLCheck takes a Replace. */
export function writeSetting(
  name: "Add" | "Replace",
  tag: string,
  enterpriseId: string,
  setting: { readonly name: EnrolmentSetting; readonly value: string },
): OutgoingItems {
  const uri = enterpriseUri(enterpriseId, setting.name);
  return { name, tag, items: [text(uri, setting.value)] };
}

/** Renews the token of an enrolled device. [E-078] */
export function replaceEnrollmentToken(
  tag: string,
  enterpriseId: string,
  token: string,
): OutgoingItems {
  const items = [text(enterpriseUri(enterpriseId, "EnrollmentToken"), token)];
  return { name: "Replace", tag, items };
}

/** Unenrols: the device removes the token and every app of the enterprise. [E-043] */
export function deleteEnterprise(tag: string, enterpriseId: string): OutgoingItems {
  return { name: "Delete", tag, items: [{ target: enterpriseUri(enterpriseId) }] };
}

/** Asks whether the enrolment is enabled, disabled, revoked or invalid. [E-040] */
export function getEnterpriseStatus(tag: string, enterpriseId: string): OutgoingItems {
  return get(tag, enterpriseUri(enterpriseId, "Status"));
}

export interface Download {
  readonly productId: string;
  readonly name: string;
  readonly url: string;
  readonly version: string;
}

/**
 * Puts an app and all it takes together, all or nothing: the members are `addDownload` or
 * `replaceDownload`, then `executeDownload`. [E-083]
 */
export function pushAtomic(tag: string, commands: readonly OutgoingCommand[]): OutgoingContainer {
  return { name: "Atomic", tag, commands };
}

/** Creates Name, URL, Version and DownloadInstall, in this order. [E-083, E-091] */
export function addDownload(tag: string, enterpriseId: string, download: Download): OutgoingItems {
  const trigger = downloadUri(enterpriseId, download.productId, "DownloadInstall");
  const items = [...downloadItems(enterpriseId, download), { target: trigger, data: "1" }];
  return { name: "Add", tag, items };
}

/** The same on a device that has the node of an earlier installation; no DownloadInstall. [E-087] */
export function replaceDownload(
  tag: string,
  enterpriseId: string,
  download: Download,
): OutgoingItems {
  return { name: "Replace", tag, items: downloadItems(enterpriseId, download) };
}

/** Starts the download and installation that the nodes describe. [E-091] */
export function executeDownload(
  tag: string,
  enterpriseId: string,
  productId: string,
): OutgoingItems {
  const target = downloadUri(enterpriseId, productId, "DownloadInstall");
  return { name: "Exec", tag, items: [{ target, format: "int", data: "0" }] };
}

/** Asks for one value of a download: its Status, LastError, LastErrorDesc, … [E-052] */
export function getDownloadNode(
  tag: string,
  enterpriseId: string,
  productId: string,
  leaf: DownloadLeaf,
): OutgoingItems {
  return get(tag, downloadUri(enterpriseId, productId, leaf));
}

/**
 * Asks for the installed apps: all with their values at once, or, from a device that answers 406 to
 * that, only their names. [E-079]
 */
export function getInventory(
  tag: string,
  enterpriseId: string,
  list: "StructData" | "children",
): OutgoingItems {
  const uri = inventoryUri(enterpriseId);
  return get(tag, list === "StructData" ? `${uri}?list=StructData` : uri);
}

/**
 * Asks for one value of an installed app or, without a leaf, whether it is installed: the answer
 * names its leaves or is 404. [E-075]
 */
export function getInventoryNode(
  tag: string,
  enterpriseId: string,
  productId: string,
  leaf?: InventoryLeaf,
): OutgoingItems {
  return get(tag, inventoryUri(enterpriseId, productId, leaf));
}

/** Uninstalls an app that this enterprise installed. [E-094] */
export function deleteInventoryNode(
  tag: string,
  enterpriseId: string,
  productId: string,
): OutgoingItems {
  return { name: "Delete", tag, items: [{ target: inventoryUri(enterpriseId, productId) }] };
}

function downloadItems(enterpriseId: string, download: Download): readonly OutgoingItem[] {
  const { productId, name, url, version } = download;
  return [
    text(downloadUri(enterpriseId, productId, "Name"), name),
    text(downloadUri(enterpriseId, productId, "URL"), url),
    text(downloadUri(enterpriseId, productId, "Version"), version),
  ];
}

function get(tag: string, target: string): OutgoingItems {
  return { name: "Get", tag, items: [{ target }] };
}

function text(target: string, data: string): OutgoingItem {
  return { target, format: "chr", data };
}
