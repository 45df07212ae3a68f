import type { Device } from "../model/device.ts";
import type { Distribution } from "../model/distribution.ts";
import { HLC_ZERO } from "../model/hlc.ts";
import type { Installation, Operation } from "../model/installation.ts";
import type { Revision } from "../model/package.ts";
import { needsChange, waitingState } from "./waiting.ts";

/**
 * A new row: Pending Update where an older version is known to be there, else Pending Install. [D9]
 * The caller gives it its place in the order.
 *
 * @param known.present the version on the device, null when none is known
 * @param known.isFit the revision is for this device; for one that it is not for, there is no update
 */
export function bornRow(
  device: Device,
  distribution: Distribution,
  revision: Revision,
  { present, isFit }: { readonly present: string | null; readonly isFit: boolean },
  nowMs: number,
): Installation {
  const isUpdate =
    isFit &&
    distribution.operation === "install" &&
    present !== null &&
    needsChange(present, revision, distribution);
  const operation: Operation =
    distribution.operation === "uninstall" ? "uninstall" : isUpdate ? "update" : "install";
  const status = isUpdate ? ("pending_update" as const) : ("pending_install" as const);
  return {
    site: device.site,
    distribution: distribution.id,
    device: device.id,
    package: distribution.package,
    revision: distribution.revision,
    platform: device.platform,
    status,
    state: waitingState(device, status, distribution.mode, "not-requested"),
    operation,
    targetVersion: revision.version,
    version: present,
    incarnation: device.incarnation,
    attempt: 1,
    sequence: 0,
    hlc: HLC_ZERO,
    observedAtMs: nowMs,
    sinceMs: nowMs,
    reason: null,
    reasonDetail: "",
    nextAttemptMs: null,
    source: null,
    nativeValue: null,
    lastError: null,
    lastErrorText: null,
    anomaly: false,
    stale: false,
    managed: null,
    actor: null,
    requestedAtMs: null,
    releasedUntilMs: null,
    offeredAtMs: null,
    missedOccurrences: 0,
    counted: true,
    current: true,
    winner: true,
  };
}
