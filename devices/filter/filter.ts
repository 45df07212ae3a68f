/**
 * The one filter grammar, used by counts, lists, CSV, links, bulk actions and device groups alike.
 *
 *   filter  = [ term *( SP term ) ]                 all terms must hold; empty holds for everything
 *   term    = [ "-" ] field operator value *( "," value )    any of the values; "-" negates
 *   operator = ":" / "<" / "<=" / ">" / ">="
 *   value   = bare word without blank, comma or quote / DQUOTE text with \" and \\ DQUOTE
 *
 * Example: `status:failed state:"Failed download" -site:prague lastContact<2026-11-01T00:00:00Z`.
 * Text compares ignoring case; a value may hold `*` for any run of characters.
 */
import { AppError } from "../model/errors.ts";

export interface Term {
  readonly field: string;
  readonly negated: boolean;
  readonly operator: ":" | "<" | "<=" | ">" | ">=";
  /** Any of these; never empty. */
  readonly values: readonly string[];
}

export type Filter = readonly Term[];

/** What kind of value a field holds decides how it is compared. */
export type FieldKind = "text" | "number" | "boolean" | "time";
export type FilterFields = Readonly<Record<string, FieldKind>>;

export const FILTER_CHARACTERS_MAX = 4096;
export const FILTER_TERMS_MAX = 32;

/** Fields of a row of the installation report. */
export const INSTALLATION_FIELDS = {
  id: "text",
  site: "text",
  device: "text",
  deviceName: "text",
  package: "text",
  packageName: "text",
  revision: "text",
  distribution: "text",
  platform: "text",
  /** The canonical code or a platform's label. */
  status: "text",
  state: "text",
  bucket: "text",
  operation: "text",
  mode: "text",
  /** The version on the device; `targetVersion` is the one that is wanted. */
  version: "text",
  targetVersion: "text",
  group: "text",
  reason: "text",
  attempt: "number",
  lastError: "number",
  anomaly: "boolean",
  stale: "boolean",
  attention: "boolean",
  counted: "boolean",
  current: "boolean",
  lastContact: "time",
  since: "time",
  observed: "time",
} as const satisfies FilterFields;

/** Fields of a device. */
export const DEVICE_FIELDS = {
  id: "text",
  site: "text",
  name: "text",
  platform: "text",
  stableId: "text",
  manufacturer: "text",
  model: "text",
  osVersion: "text",
  osMajor: "number",
  osPlatform: "text",
  cpu: "text",
  ownership: "text",
  shared: "boolean",
  userEnrolled: "boolean",
  userAssigned: "boolean",
  compliance: "text",
  enrolment: "text",
  group: "text",
  removed: "boolean",
  lastContact: "time",
} as const satisfies FilterFields;
