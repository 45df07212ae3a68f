import type { OutgoingItems } from "../../oma-dm/outgoing-command.ts";
import { printElement } from "../../syncml/print-xml.ts";
import { type NodeContext, nodeUri } from "../node-table.ts";
import { element } from "./documents.ts";
import { ENTERPRISE_MODERN_APP_MANAGEMENT, type InstallationLeaf, type Origin } from "./nodes.ts";

/**
 * What a server can ask of EnterpriseModernAppManagement. `tag` names the command in the session's
 * events; `family` is a package family name such as `Contoso.App_8wekyb3d8bbwe`.
 */

/** Makes the family's node. Without it a device answers the Exec 404, and keeps the app at unenrolment. */
export function addInstallation(tag: string, context: NodeContext, family: string): OutgoingItems {
  const target = installationUri(context, family);
  return { name: "Add", tag, items: [{ target, format: "node", data: "" }] };
}

/**
 * Starts an installation. A 200 says that the device took it.
 *
 * @param application the XML text of `printHostedInstall`; the message's printer escapes it, once
 */
export function executeHostedInstall(
  tag: string,
  context: NodeContext,
  family: string,
  application: string,
): OutgoingItems {
  const target = installationUri(context, family, "HostedInstall");
  return { name: "Exec", tag, items: [{ target, format: "xml", data: application }] };
}

/** Asks how an installation goes. All its nodes are gone once it succeeded. */
export function getInstallationLeaf(
  tag: string,
  context: NodeContext,
  family: string,
  leaf: InstallationLeaf,
): OutgoingItems {
  return { name: "Get", tag, items: [{ target: installationUri(context, family, leaf) }] };
}

/** Says which packages the next `getInventoryResults` is about: main packages of these origins. */
export function queryInventory(
  tag: string,
  context: NodeContext,
  origins: readonly Origin[],
): OutgoingItems {
  const data = printElement(
    element(
      "Inventory",
      [],
      [
        ["Output", "PackageDetails"],
        ["Source", origins.join("|")],
        ["PackageTypeFilter", "Main|Bundle"],
      ],
    ),
    "",
  );
  const target = managementUri(context, ["AppInventoryQuery"]);
  return { name: "Replace", tag, items: [{ target, format: "xml", data }] };
}

export function getInventoryResults(tag: string, context: NodeContext): OutgoingItems {
  return { name: "Get", tag, items: [{ target: managementUri(context, ["AppInventoryResults"]) }] };
}

/** Asks for the families of an origin, for devices without inventory queries. */
export function getFamilies(tag: string, context: NodeContext, origin: Origin): OutgoingItems {
  return { name: "Get", tag, items: [{ target: managementUri(context, [origin]) }] };
}

/** Asks for the full names of a family's packages: each holds a version. */
export function getFamily(
  tag: string,
  context: NodeContext,
  origin: Origin,
  family: string,
): OutgoingItems {
  return { name: "Get", tag, items: [{ target: managementUri(context, [origin, family]) }] };
}

/** Uninstalls a family for the user or, for the device, takes back that every user gets it. */
export function deleteFamily(
  tag: string,
  context: NodeContext,
  origin: Origin,
  family: string,
): OutgoingItems {
  return { name: "Delete", tag, items: [{ target: managementUri(context, [origin, family]) }] };
}

/** Uninstalls one package for everybody who has it already. */
export function removePackage(tag: string, fullName: string): OutgoingItems {
  const data = printElement(
    element(
      "Package",
      [],
      [
        ["Name", fullName],
        ["RemoveForAllUsers", "1"],
      ],
    ),
    "",
  );
  const target = managementUri("device", ["RemovePackage"]);
  return { name: "Exec", tag, items: [{ target, format: "xml", data }] };
}

export function installationUri(
  context: NodeContext,
  family: string,
  leaf?: InstallationLeaf | "HostedInstall",
): string {
  const segments =
    leaf === undefined ? ["AppInstallation", family] : ["AppInstallation", family, leaf];
  return nodeUri(ENTERPRISE_MODERN_APP_MANAGEMENT, context, segments);
}

function managementUri(context: NodeContext, names: readonly string[]): string {
  return nodeUri(ENTERPRISE_MODERN_APP_MANAGEMENT, context, ["AppManagement", ...names]);
}
