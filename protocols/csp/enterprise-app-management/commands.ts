import type {
  OutgoingContainer,
  OutgoingItem,
  OutgoingItems,
} from "../../oma-dm/outgoing-command.ts";
import { INVENTORY_LEAVES } from "./nodes.ts";
import { downloadUri, enterpriseUri, inventoryUri } from "./uris.ts";

/**
 * What the server can ask of EnterpriseAppManagement, as commands for a management session. Every
 * builder takes the tag of the command; members of an Atomic carry `<tag>/add` and so on.
 */

export interface Enrolment {
  readonly enterpriseId: string;
  /** The application enrolment token, as text. */
  readonly token: string;
  /** URL-encoded X.500 name; missing when downloads need no client certificate. */
  readonly certificateSearchCriteria?: string | undefined;
  /** Must the device check revocation lists? Missing leaves it to the device. */
  readonly crlCheck?: boolean | undefined;
}

/** Enrols: one Add with an item per leaf. [E-076] */
export function enrol(enrolment: Enrolment, tag: string): OutgoingItems {
  const { enterpriseId, token, certificateSearchCriteria, crlCheck } = enrolment;
  const items = [text(enterpriseUri(enterpriseId, "EnrollmentToken"), token)];
  if (certificateSearchCriteria !== undefined) {
    const uri = enterpriseUri(enterpriseId, "CertificateSearchCriteria");
    items.push(text(uri, certificateSearchCriteria));
  }
  if (crlCheck !== undefined) {
    items.push(text(enterpriseUri(enterpriseId, "CRLCheck"), crlCheck ? "1" : "0"));
  }
  return { name: "Add", tag, items };
}

/** Renews the token of an enrolled device. [E-078] */
export function replaceToken(enterpriseId: string, token: string, tag: string): OutgoingItems {
  const items = [text(enterpriseUri(enterpriseId, "EnrollmentToken"), token)];
  return { name: "Replace", tag, items };
}

/** Unenrols: the device removes the token and every app of the enterprise. [E-043] */
export function unenrol(enterpriseId: string, tag: string): OutgoingItems {
  return { name: "Delete", tag, items: [{ target: enterpriseUri(enterpriseId) }] };
}

/** Asks whether the enrolment is enabled, disabled, revoked or invalid. [E-040] */
export function getEnrolmentStatus(enterpriseId: string, tag: string): OutgoingItems {
  return get([enterpriseUri(enterpriseId, "Status")], tag);
}

export interface Install {
  readonly enterpriseId: string;
  /** In braces and upper case. */
  readonly productId: string;
  readonly name: string;
  readonly url: string;
  readonly version: string;
}

/** How the values get onto the device before the Exec: on a fresh node, or on one that is there. */
export type InstallForm = "Add" | "Replace";

/**
 * Installs or updates, all or nothing: Add of Name, URL, Version and DownloadInstall, then Exec of
 * DownloadInstall. [E-083]
 *
 * The form `Replace` is for a device that still has the node of an earlier installation, and leaves
 * DownloadInstall alone. [E-087] Members carry the tags `<tag>/add` or `<tag>/replace`, `<tag>/exec`.
 */
export function install(job: Install, form: InstallForm, tag: string): OutgoingContainer {
  return { name: "Atomic", tag, commands: installPlainly(job, form, tag) };
}

/**
 * The same two commands for a device that answers 406 or 501 to an Atomic. Send the Exec only when the
 * first has succeeded: after a 418 it would install what an earlier node says.
 */
export function installPlainly(
  job: Install,
  form: InstallForm,
  tag: string,
): readonly OutgoingItems[] {
  const leaf = (name: string) => downloadUri(job.enterpriseId, job.productId, name);
  const items = [
    text(leaf("Name"), job.name),
    text(leaf("URL"), job.url),
    text(leaf("Version"), job.version),
  ];
  const trigger = leaf("DownloadInstall");
  const values: OutgoingItems =
    form === "Add"
      ? { name: "Add", tag: `${tag}/add`, items: [...items, { target: trigger, data: "1" }] }
      : { name: "Replace", tag: `${tag}/replace`, items };
  const exec: OutgoingItems = {
    name: "Exec",
    tag: `${tag}/exec`,
    items: [{ target: trigger, format: "int", data: "0" }],
  };
  return [values, exec];
}

/** The leaves that tell how a download and installation goes on. */
export const POLL_LEAVES = ["Status", "LastError", "LastErrorDesc"] as const;

/** Asks how an installation goes on: one Get with three items. [E-052] */
export function poll(enterpriseId: string, productId: string, tag: string): OutgoingItems {
  return get(
    POLL_LEAVES.map((name) => downloadUri(enterpriseId, productId, name)),
    tag,
  );
}

/** Asks for all installed apps with their values at once. [E-079] */
export function getInventory(enterpriseId: string, tag: string): OutgoingItems {
  return get([`${inventoryUri(enterpriseId)}?list=StructData`], tag);
}

/** Asks for the names of all installed apps, for a device that answers 406 to `getInventory`. */
export function listInventory(enterpriseId: string, tag: string): OutgoingItems {
  return get([inventoryUri(enterpriseId)], tag);
}

/** Asks for the values of one installed app, after `listInventory`. */
export function getProductLeaves(
  enterpriseId: string,
  productId: string,
  tag: string,
): OutgoingItems {
  return get(
    INVENTORY_LEAVES.map((name) => inventoryUri(enterpriseId, productId, name)),
    tag,
  );
}

/** Asks whether one app is installed: the answer names its leaves, or is 404. [E-075] */
export function getProduct(enterpriseId: string, productId: string, tag: string): OutgoingItems {
  return get([inventoryUri(enterpriseId, productId)], tag);
}

/** Uninstalls one app that this enterprise installed. [E-094] */
export function uninstall(enterpriseId: string, productId: string, tag: string): OutgoingItems {
  return { name: "Delete", tag, items: [{ target: inventoryUri(enterpriseId, productId) }] };
}

function get(uris: readonly string[], tag: string): OutgoingItems {
  return { name: "Get", tag, items: uris.map((target) => ({ target })) };
}

function text(target: string, data: string): OutgoingItem {
  return { target, format: "chr", data };
}
