import { keptVersion, presenceOf, tellingRows } from "../install/presence.ts";
import { plannedFor, whyEnded } from "../install/targets.ts";
import { isOpen, retriedChange, waitingState } from "../install/waiting.ts";
import type { Distribution } from "../model/distribution.ts";
import { AppError } from "../model/errors.ts";
import { type InstallationKey, installationIdFrom } from "../model/ids.ts";
import type { Installation } from "../model/installation.ts";
import type { Ledger } from "./ledger.ts";
import { notifyOfWork } from "./notify-device.ts";
import { groupsAt, replan } from "./replan.ts";
import { type SiteContext, withDevice } from "./site-context.ts";

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
