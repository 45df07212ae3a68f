import { interpret } from "../install/mappings/interpret.ts";
import { keptVersion, presenceOf, tellingRows } from "../install/presence.ts";
import { plannedFor, whyEnded } from "../install/targets.ts";
import { isOpen, retriedChange, waitingState } from "../install/waiting.ts";
import type { Distribution } from "../model/distribution.ts";
import { AppError, type FieldError } from "../model/errors.ts";
import { FACT_SOURCES, type FactSource } from "../model/fact.ts";
import {
  type DeviceId,
  type DistributionId,
  type InstallationKey,
  installationIdFrom,
} from "../model/ids.ts";
import type { Installation } from "../model/installation.ts";
import type { Ledger } from "./ledger.ts";
import { notifyOfWork } from "./notify-device.ts";
import { groupsAt, replan } from "./replan.ts";
import { type SiteContext, withDevice } from "./site-context.ts";

/** One fact reported through the API for one installation. [D13] */
export interface DirectFact {
  readonly distribution: DistributionId;
  readonly source: FactSource;
  /** The native word of the source: `Managed`, `6`, `Failed/Unexpected error occurred`, … */
  readonly value: string;
  readonly lastError?: number | undefined;
  readonly text?: string | undefined;
  readonly version?: string | undefined;
  readonly attempt?: number | undefined;
  readonly sequence?: number | undefined;
  /** When the device was in this state, in milliseconds since the epoch; now unless given. */
  readonly atMs?: number | undefined;
}

export const DIRECT_FACTS_MAX = 500;

export interface RecordedFact {
  readonly distribution: DistributionId;
  readonly effect: "moved" | "repeated" | "late" | "none";
  readonly installation: Installation;
}

/**
 * Stores what a device (or its MDM) reported, all or nothing, before it returns.
 *
 * @throws AppError "unprocessable" naming each value that the source's vocabulary does not have, and
 *   each distribution that has no row for this device
 */
export function recordFacts(
  context: SiteContext,
  id: DeviceId,
  facts: readonly DirectFact[],
  by: string,
): Promise<RecordedFact[]> {
  return withDevice(context, id, (ledger) => {
    if (ledger.device.removedAtMs !== null) {
      throw new AppError("conflict", "the device was removed; register it again first");
    }
    const nowMs = context.now();
    ledger.patchDevice({ lastContactMs: nowMs });
    replan(context, ledger, { contact: false });
    const wrong: FieldError[] = [];
    const recorded = facts.map((fact, index) => {
      const row = ledger.row(fact.distribution);
      if (!row) {
        wrong.push({
          pointer: `/${index}/distribution`,
          message: `the distribution ${fact.distribution} is not for this device`,
        });
        return undefined;
      }
      const meaning = interpret(fact.source, row.platform, fact.value, {
        operation: row.operation,
        lastError: fact.lastError ?? null,
      });
      if (meaning === undefined) {
        wrong.push({
          pointer: `/${index}/value`,
          message: `"${fact.value}" is no value of the source ${fact.source} on ${row.platform}`,
        });
        return undefined;
      }
      const effect = ledger.report(fact.distribution, {
        source: fact.source,
        protocol: "api",
        value: fact.value,
        meaning,
        lastError: fact.lastError ?? null,
        text: fact.text ?? null,
        version: fact.version ?? null,
        // A clock that is ahead would make this newer than all that is heard until then.
        atMs: Math.min(fact.atMs ?? nowMs, nowMs),
        attempt: fact.attempt ?? null,
        sequence: fact.sequence ?? null,
        by,
      });
      return { distribution: fact.distribution, effect };
    });
    if (wrong.length > 0) {
      throw new AppError("unprocessable", "some facts cannot be read; none was stored", {
        fields: wrong,
      });
    }
    replan(context, ledger, { contact: false });
    return recorded.flatMap((one) => {
      const installation = one && ledger.row(one.distribution);
      return one && installation ? [{ ...one, installation }] : [];
    });
  });
}

export function isFactSource(text: string): text is FactSource {
  return text !== "site" && FACT_SOURCES.some((source) => source === text);
}

/**
 * Starts on-demand work at the device's next contact, for which it is called where it can be. [D6]
 * Asking twice is asking once.
 */
export async function requestInstallation(
  context: SiteContext,
  key: InstallationKey,
  by: string,
): Promise<Installation> {
  const requested = await changeRow(context, key, (ledger, row, mode) => {
    if (mode === "automatic") {
      throw new AppError(
        "conflict",
        "this distribution is Automatic: it runs in the maintenance window and cannot be asked for",
        { allowed: [] },
      );
    }
    if (isOpen(row) && (row.requestedAtMs !== null || row.offeredAtMs !== null)) return;
    const isGone = row.status === "removed_after_installation" && row.operation !== "uninstall";
    if (!isOpen(row) && !isGone) {
      throw new AppError("conflict", `nothing to install: the status is ${row.status}`, {
        allowed: row.status === "failed" || row.status === "upgrade_failed" ? ["retry"] : [],
      });
    }
    decide(context, ledger, row, by, "requested", {
      ...(isGone
        ? retriedFor(context, ledger, row, "install")
        : { state: waitingState(ledger.device, row.status, mode, "requested") ?? row.state }),
      requestedAtMs: context.now(),
    });
  });
  await notifyOfWork(context, key.device);
  return requested;
}

/** Failed → Pending, attempt + 1. [D8] On-demand work starts at the next contact, Automatic work in the next window. */
export async function retryInstallation(
  context: SiteContext,
  key: InstallationKey,
  by: string,
): Promise<Installation> {
  const retried = await changeRow(context, key, (ledger, row, mode) => {
    const canRetry = row.status === "failed" || row.status === "upgrade_failed" || row.stale;
    if (!canRetry) {
      throw new AppError(
        "conflict",
        `only failed work can be retried: the status is ${row.status}`,
        {
          allowed: mode === "on-demand" && row.offeredAtMs === null ? ["request"] : [],
        },
      );
    }
    decide(context, ledger, row, by, "retried", {
      ...retriedFor(context, ledger, row, row.operation),
      requestedAtMs: mode === "on-demand" ? context.now() : null,
      releasedUntilMs: null,
    });
  });
  if (retried.requestedAtMs !== null) await notifyOfWork(context, key.device);
  return retried;
}

export interface BulkOutcome {
  readonly id: string;
  readonly installation?: Installation;
  /** Why this one was not done, in words; the others were. */
  readonly problem?: string;
}

/** Retries each of them; one that cannot be retried does not stop the others. */
export async function retryInstallations(
  context: SiteContext,
  keys: readonly InstallationKey[],
  by: string,
): Promise<BulkOutcome[]> {
  const outcomes: BulkOutcome[] = [];
  for (const key of keys) {
    const id = installationIdFrom(key);
    try {
      outcomes.push({ id, installation: await retryInstallation(context, key, by) });
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      outcomes.push({ id, problem: error.message });
    }
  }
  return outcomes;
}

function changeRow(
  context: SiteContext,
  key: InstallationKey,
  change: (ledger: Ledger, row: Installation, mode: "automatic" | "on-demand") => void,
): Promise<Installation> {
  if (key.site !== context.site) {
    throw new AppError("conflict", `this row is of site ${key.site}: act there or at the hub`);
  }
  return withDevice(context, key.device, (ledger) => {
    replan(context, ledger, { contact: false });
    const row = ledger.row(key.distribution);
    const distribution = context.policy.read().distributionsById.get(key.distribution);
    if (!row || !distribution) {
      throw new AppError("not-found", `no installation ${installationIdFrom(key)}`);
    }
    needPlanned(context, ledger, row, distribution);
    change(ledger, row, distribution.mode);
    replan(context, ledger, { contact: false });
    return ledger.row(key.distribution) ?? row;
  });
}

function retriedFor(
  context: SiteContext,
  ledger: Ledger,
  row: Installation,
  operation: Installation["operation"],
): Partial<Installation> {
  const policy = context.policy.read();
  const distribution = policy.distributionsById.get(row.distribution);
  const app = policy.packages.get(row.package);
  if (!distribution || !app) {
    throw new AppError("not-found", `no distribution ${row.distribution}`);
  }
  const { device, inventory, inventoryReads } = ledger;
  const known = { device, inventory, inventoryReads, policy };
  const presence = presenceOf(known, tellingRows(device, ledger.rows), app);
  const kept = keptVersion(presence, row);
  return retriedChange(device, row, distribution, operation, kept);
}

function decide(
  context: SiteContext,
  ledger: Ledger,
  row: Installation,
  by: string,
  value: string,
  change: Partial<Installation>,
): void {
  ledger.decide(row.distribution, {
    value,
    by,
    atMs: context.now(),
    text: null,
    protocol: "api",
    change,
  });
}

/** Nothing can be asked of work that was stopped, superseded or is for others now. [D3, D4] */
function needPlanned(
  context: SiteContext,
  ledger: Ledger,
  row: Installation,
  distribution: Distribution,
): void {
  const policy = context.policy.read();
  const groups = groupsAt(policy, ledger.device);
  const app = policy.packages.get(row.package);
  const planned = app && plannedFor(app, ledger.device, groups, policy);
  if (planned?.id === distribution.id) return;
  const why = whyEnded(distribution, planned);
  throw new AppError("conflict", `this work is not to be done any more: ${why}`, { allowed: [] });
}
