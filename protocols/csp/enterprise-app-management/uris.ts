import { BASE_URI } from "./nodes.ts";

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

const GUID = /^[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}$/;

/**
 * A product's GUID in braces and upper case. Taken with or without braces, in any case; blanks
 * inside the braces are not. Undefined when it is no GUID.
 */
export function parseProductId(text: string): string | undefined {
  const trimmed = text.trim();
  const braced = trimmed.startsWith("{") && trimmed.endsWith("}");
  const guid = (braced ? trimmed.slice(1, -1) : trimmed).toUpperCase();
  return GUID.test(guid) ? `{${guid}}` : undefined;
}

/** `…/{EnterpriseID}`, escaped, optionally with fixed nodes behind it. */
export function enterpriseUri(enterpriseId: string, path = ""): string {
  const uri = `${BASE_URI}/${encodeSegment(enterpriseId)}`;
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

/** A node name as a segment of a LocURI: braces become %7B and %7D. [E-089] */
export function encodeSegment(name: string): string {
  return encodeURIComponent(name);
}

/**
 * The decoded node names of a LocURI below EnterpriseAppManagement; empty for the root itself,
 * undefined for a URI elsewhere. Strict: nothing is repaired, a query is not part of it.
 */
export function segmentsOf(uri: string): readonly string[] | undefined {
  const path = uri.trim();
  const bare = path.startsWith("./") ? path.slice(2) : path;
  const base = BASE_URI.slice(2);
  if (bare === base || bare === `${base}/`) return [];
  if (!bare.startsWith(`${base}/`)) return undefined;
  const names = bare.slice(base.length + 1).split("/");
  if (names[names.length - 1] === "") names.pop();
  return names.map(decodeSegment);
}

/** The name that a segment stands for; a segment that is not valid percent-encoding is itself. */
export function decodeSegment(segment: string): string {
  if (!segment.includes("%")) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
