/**
 * A site's word on a record of the hub. It is a key of its own beside the hub's, and which of the
 * two holds is decided here, by class of field, never by the order of Yjs clients. [PROTOCOL 7.4]
 */

import type { Hlc } from "../../devices/model/hlc.ts";
import { sha256Hex } from "../../devices/model/sha256.ts";
import type { PolicyKind } from "../ports/policy-author.ts";
import type { Fields, OverrideRecord } from "./policy-document.ts";

/** What a site may say about a record of the hub; everything else is the hub's alone. */
const OVERRIDABLE: Readonly<Record<PolicyKind, readonly string[]>> = {
  package: [],
  revision: [],
  distribution: ["stoppedAtMs"],
  window: ["enabled", "start", "recurrence", "durationMinutes", "timeZone"],
  group: [],
  setting: [
    "enterpriseId",
    "enrollmentToken",
    "certificateSearchCriteria",
    "crlCheck",
    "platforms",
  ],
};

export function isOverridable(kind: PolicyKind, field: string): boolean {
  return OVERRIDABLE[kind].includes(field);
}

export const OVERRIDE_STATES = [
  "effective",
  "revoked", // The hub said so.
  "overtaken", // The hub changed the record since: its newer decision holds.
] as const;
export type OverrideState = (typeof OVERRIDE_STATES)[number];

/** Names a state of a hub's record, so that an override can say what it was decided against. */
export function fingerprintOfFields(fields: Fields): string {
  const sorted = Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1));
  return sha256Hex(JSON.stringify(sorted)).slice(0, 16);
}

/**
 * @param hub the fields of the hub's record
 * @param revokedThrough overrides up to this stamp are revoked; undefined when none is
 * @returns the fields that hold at the site, and what became of the override
 */
export function applyOverride(
  hub: Fields,
  override: OverrideRecord,
  revokedThrough: Hlc | undefined,
): { readonly fields: Fields; readonly state: OverrideState } {
  if (revokedThrough !== undefined && override.hlc <= revokedThrough) {
    return { fields: hub, state: "revoked" };
  }
  const allowed = Object.fromEntries(
    Object.entries(override.fields).filter(([field]) => isOverridable(override.kind, field)),
  );
  switch (override.kind) {
    case "distribution":
      // Stopped is stopped, whoever said it; a site cannot set going what the hub stopped.
      return { fields: { ...hub, stoppedAtMs: earliest(hub, allowed) }, state: "effective" };
    case "window":
      return override.base === fingerprintOfFields(hub)
        ? { fields: { ...hub, ...allowed }, state: "effective" }
        : { fields: hub, state: "overtaken" };
    case "package":
    case "revision":
    case "group":
    case "setting":
      return { fields: { ...hub, ...allowed }, state: "effective" };
  }
}

function earliest(hub: Fields, site: Fields): number | null {
  const times = [hub.stoppedAtMs, site.stoppedAtMs].filter((time) => typeof time === "number");
  return times.length === 0 ? null : Math.min(...times);
}
