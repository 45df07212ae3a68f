import { encodeSegment, rootUri } from "../node-table.ts";
import { ENTERPRISE_APP_MANAGEMENT } from "./nodes.ts";

/** Characters of an EnterpriseID; a LocURI has to stay short. */
export const ENTERPRISE_ID_MAX = 64;

/**
 * An EnterpriseID is any node name but `*`: documentation calls it a GUID and writes `4000000001`.
 * Undefined when it cannot be a node name. [Q33]
 */
export function parseEnterpriseId(text: string): string | undefined {
  const id = text.trim();
  if (id === "" || id === "*" || id.length > ENTERPRISE_ID_MAX) return undefined;
  for (const character of id) {
    if (character < " " || character === "/" || character === "?" || character === "\u007f") {
      return undefined;
    }
  }
  return id;
}

/** `…/{EnterpriseID}`, escaped, optionally with fixed nodes behind it. */
export function enterpriseUri(enterpriseId: string, path = ""): string {
  const uri = `${rootUri(ENTERPRISE_APP_MANAGEMENT)}/${encodeSegment(enterpriseId)}`;
  return path === "" ? uri : `${uri}/${path}`;
}

export function inventoryUri(enterpriseId: string, productId?: string, leaf?: string): string {
  return productUri(enterpriseId, "EnterpriseApps/Inventory", productId, leaf);
}

export function downloadUri(enterpriseId: string, productId?: string, leaf?: string): string {
  return productUri(enterpriseId, "EnterpriseApps/Download", productId, leaf);
}

function productUri(
  enterpriseId: string,
  folder: string,
  productId: string | undefined,
  leaf: string | undefined,
): string {
  const uri = enterpriseUri(enterpriseId, folder);
  if (productId === undefined) return uri;
  const product = `${uri}/${encodeSegment(productId)}`;
  return leaf === undefined ? product : `${product}/${leaf}`;
}
