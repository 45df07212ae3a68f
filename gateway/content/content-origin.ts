import { isIP } from "node:net";
import { addressKindOf } from "./address-kind.ts";

/** A vendor's server that this gateway may fetch packages from, because an administrator said so. */
export interface ContentOrigin {
  /** Scheme, host and port as a URL's origin is written: `https://contoso.com`. */
  readonly origin: string;
  /** The host's name may stand for addresses of a private network. */
  readonly privateAddresses: boolean;
}

export const CONTENT_ORIGINS_MAX = 50;

/**
 * The origin that a text names: an http or https address without anything behind the host. Undefined
 * for anything else. Numbers that stand for an address (`0x7f000001`, `127.1`) become that address.
 */
export function parseContentOrigin(text: string): string | undefined {
  const url = parseWebAddress(text);
  const isBare = url && url.pathname === "/" && url.search === "" && url.hash === "";
  return isBare ? url.origin : undefined;
}

/** An http or https address without credentials in it; undefined for anything else. */
export function parseWebAddress(text: string): URL | undefined {
  const url = URL.parse(text.trim());
  const isWeb = url && (url.protocol === "http:" || url.protocol === "https:");
  return isWeb && url.username === "" && url.password === "" ? url : undefined;
}

/** The entry of the list that allows this URL; undefined when none does. */
export function findOrigin(origins: readonly ContentOrigin[], url: URL): ContentOrigin | undefined {
  return origins.find(({ origin }) => origin === url.origin);
}

/** A URL in its one spelling, or what is wrong with it, in words for people. */
export function checkedSource(
  text: string,
  origins: readonly ContentOrigin[],
):
  | { readonly url: string; readonly problem?: undefined }
  | { readonly url: ""; readonly problem: string } {
  const url = parseWebAddress(text);
  if (!url) return { url: "", problem: "give an http or https address without user and password" };
  if (findOrigin(origins, url)) return { url: url.href };
  const problem = `${url.origin} is not on the list of origins of this gateway: an administrator adds it in the settings`;
  return { url: "", problem };
}

/**
 * May a connection to this address be made for a URL of that origin? A host that is written as an
 * address was allowed as just that. A name may stand for the internet only, unless the entry says
 * otherwise, and never for this machine: whoever answers for names would choose.
 */
export function allowsAddress(
  { origin, privateAddresses }: ContentOrigin,
  address: string,
): boolean {
  const kind = addressKindOf(address);
  if (kind === "never") return false;
  const host = new URL(origin).hostname.replace(/^\[|\]$/g, "");
  if (isIP(host) !== 0) return true;
  return kind === "public" || (kind === "private" && privateAddresses);
}
