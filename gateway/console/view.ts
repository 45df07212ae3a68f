import { fieldIs, printFilter, type Term } from "../../devices/filter/filter.ts";
import type { SiteId } from "../../devices/model/ids.ts";
import type { Bucket } from "../../devices/model/installation.ts";
import type { AdministratorPrincipal } from "../access/principal.ts";
import { may } from "../access/principal.ts";
import { isAtLeast, SCOPES, type Scope } from "../access/role.ts";
import { withQuery } from "./links.ts";

/** What a page knows besides its data: who looks, where, when, and how links are made. */
export interface View {
  readonly base: "" | "/hub";
  readonly role: "site" | "hub";
  /** The name of this gateway, for the head of every page. */
  readonly name: string;
  /** IANA name of the gateway's own zone. */
  readonly zone: string;
  readonly nowMs: number;
  /** Undefined on the login page. */
  readonly principal: AdministratorPrincipal | undefined;
  /** Path and query of the page, for the live fragment and the return after a login. */
  readonly address: string;
  /** The counter of changes when the page was made. */
  readonly changes: number;
  /** Only the live part is asked for: the frame around it is left out. */
  readonly isFragment: boolean;
  /** A message of the request before this one, shown once. */
  readonly notice: string | undefined;
  /** Zone by site: times of a site are shown in its own. Empty at a site. */
  readonly zones: ReadonlyMap<string, string>;
}

/** The full address of a path of the console. */
export function url(
  view: View,
  path: string,
  query: Readonly<Record<string, string | number | undefined>> = {},
): string {
  const full = `${view.base}${path}`;
  return withQuery(full === "" ? "/" : full, query);
}

/** The list of exactly the rows that a number counts. */
export function rowsUrl(view: View, terms: readonly Term[], bucket?: Bucket): string {
  const all = bucket === undefined ? terms : [...terms, fieldIs("bucket", bucket)];
  return url(view, "/installations", { filter: printFilter(all) });
}

export function zoneOf(view: View, site: SiteId | undefined): string {
  return (site !== undefined && view.zones.get(site)) || view.zone;
}

/** Why whoever looks may not do it, in words for the disabled button; undefined when they may. */
export function whyNot(view: View, scope: Scope): string | undefined {
  const { principal } = view;
  if (!principal) return "Log in first";
  if (may(principal, scope)) return undefined;
  if (!isAtLeast(principal.role, SCOPES[scope])) {
    return `Needs the role ${SCOPES[scope]}; yours is ${principal.role}`;
  }
  return "Change your one-time password first";
}
