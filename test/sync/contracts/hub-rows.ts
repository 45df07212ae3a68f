import type { SiteId } from "../../../devices/model/ids.ts";
import type { SiteRecord } from "../../../sync/ports/hub-store.ts";

/** A site that has joined and not yet spoken. */
export function siteRecordOf(id: string, change: Partial<SiteRecord> = {}): SiteRecord {
  return {
    id: id as SiteId,
    name: `Site ${id}`,
    timeZone: "Europe/Prague",
    publicKey: "k",
    sealingKey: "s",
    nextPublicKey: null,
    nextSealingKey: null,
    keysSinceMs: null,
    instance: "",
    formerInstances: [],
    incarnation: 7,
    acknowledgedFrame: 1,
    needsSnapshot: false,
    joinedAtMs: 1,
    lastSeenMs: null,
    asOfMs: null,
    clockOffsetMs: null,
    confirmedPolicyVersion: 0,
    alarm: null,
    revokedAtMs: null,
    ...change,
  };
}
