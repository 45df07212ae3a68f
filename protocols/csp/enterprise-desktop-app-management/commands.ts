import type { OutgoingItems } from "../../oma-dm/outgoing-command.ts";
import { type NodeContext, nodeUri } from "../node-table.ts";
import { ENTERPRISE_DESKTOP_APP_MANAGEMENT, type ProductLeaf } from "./nodes.ts";

/**
 * What a server can ask of EnterpriseDesktopAppManagement. `tag` names the command in the session's
 * events; `productId` is the MSI's ProductCode in braces and upper case.
 */

/** Makes room for a job. It has to come before the Exec. [syncml 6.2] */
export function addDownloadInstall(
  tag: string,
  context: NodeContext,
  productId: string,
): OutgoingItems {
  return {
    name: "Add",
    tag,
    items: [{ target: productUri(context, productId, "DownloadInstall") }],
  };
}

/**
 * Starts a job. 200 says that the device took it, not that anything is installed.
 *
 * @param job an MsiInstallJob as XML text; the message's printer escapes it, once
 */
export function executeDownloadInstall(
  tag: string,
  context: NodeContext,
  productId: string,
  job: string,
): OutgoingItems {
  const target = productUri(context, productId, "DownloadInstall");
  return { name: "Exec", tag, items: [{ target, format: "xml", type: "text/plain", data: job }] };
}

/** Asks for one value of a product, installed or being installed. */
export function getProductLeaf(
  tag: string,
  context: NodeContext,
  productId: string,
  leaf: ProductLeaf,
): OutgoingItems {
  return { name: "Get", tag, items: [{ target: productUri(context, productId, leaf) }] };
}

/**
 * Asks for all products: with their values at once or, from a device that answers 406 to that, only
 * their names.
 */
export function getProducts(
  tag: string,
  context: NodeContext,
  list: "StructData" | "children",
): OutgoingItems {
  const uri = nodeUri(ENTERPRISE_DESKTOP_APP_MANAGEMENT, context, ["MSI"]);
  const target = list === "StructData" ? `${uri}?list=StructData` : uri;
  return { name: "Get", tag, items: [{ target }] };
}

/** Asks which installed product has an UpgradeCode, whatever its ProductCode. */
export function getUpgradeCode(
  tag: string,
  context: NodeContext,
  upgradeCode: string,
): OutgoingItems {
  const segments = ["MSI", "UpgradeCode", upgradeCode];
  const target = nodeUri(ENTERPRISE_DESKTOP_APP_MANAGEMENT, context, segments);
  return { name: "Get", tag, items: [{ target }] };
}

/** Uninstalls a product. */
export function deleteProduct(tag: string, context: NodeContext, productId: string): OutgoingItems {
  return { name: "Delete", tag, items: [{ target: productUri(context, productId) }] };
}

export function productUri(context: NodeContext, productId: string, leaf?: ProductLeaf): string {
  const segments = leaf === undefined ? ["MSI", productId] : ["MSI", productId, leaf];
  return nodeUri(ENTERPRISE_DESKTOP_APP_MANAGEMENT, context, segments);
}
