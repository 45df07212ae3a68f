/** Rows for tests of the status document: whole values, varied by numbers. */
import { NUMBERED_ROWS } from "../../../devices/install/row-numbers.ts";
import type { Hlc } from "../../../devices/model/hlc.ts";
import {
  type DistributionId,
  deviceIdFrom,
  type PackageId,
  type RevisionId,
  type SiteId,
} from "../../../devices/model/ids.ts";
import { type Installation, OPERATIONS, REASONS } from "../../../devices/model/installation.ts";

export const SITE = "prague" as SiteId;

/** The row of a device and an app in its n-th state. */
export function rowAt(device: number, app: number, step: number): Installation {
  const meaning = NUMBERED_ROWS[(device + app + step) % NUMBERED_ROWS.length];
  if (!meaning) throw new Error("no such row");
  return {
    site: SITE,
    distribution: `app-${app}-d` as DistributionId,
    device: deviceIdFrom("org", `device-${device}`),
    package: `app-${app}` as PackageId,
    revision: `app-${app}-r` as RevisionId,
    ...meaning,
    operation: OPERATIONS[step % OPERATIONS.length] ?? "install",
    targetVersion: `${app}.0`,
    version: step % 3 === 0 ? null : `${step % 3}.0`,
    incarnation: 1024,
    attempt: 1 + (step % 2),
    sequence: step + 1,
    hlc: (1_795_000_000_000 + step).toString(16).padStart(12, "0").concat("0001") as Hlc,
    observedAtMs: 1_795_000_000_000 + step,
    sinceMs: 1_795_000_000_000 + step,
    reason: [null, ...REASONS][step % (REASONS.length + 1)] ?? null,
    reasonDetail: "",
    nextAttemptMs: null,
    source: null,
    nativeValue: null,
    lastError: null,
    lastErrorText: null,
    anomaly: step % 5 === 0,
    stale: step % 7 === 0,
    managed: [null, true, false][step % 3] ?? null,
    actor: [null, "user", "mdm", "compliance"][step % 4] as Installation["actor"],
    requestedAtMs: null,
    releasedUntilMs: null,
    offeredAtMs: null,
    missedOccurrences: step % 4,
    counted: step % 2 === 0,
    current: false,
    winner: false,
  };
}
