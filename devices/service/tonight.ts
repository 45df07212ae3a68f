import { plan } from "../install/plan.ts";
import { AppError } from "../model/errors.ts";
import {
  type DeviceId,
  type InstallationId,
  installationIdFrom,
  type PackageId,
} from "../model/ids.ts";
import type { Operation, Reason } from "../model/installation.ts";
import type { Occurrence } from "../model/window.ts";
import { windowsFor } from "../windows/occurrences.ts";
import { groupsAt } from "./replan.ts";
import type { SiteContext } from "./site-context.ts";

/** What a device's next maintenance window will bring, as far as it is known now. */
export interface Tonight {
  readonly device: DeviceId;
  /** The running occurrence, else the next one; null when no window applies or none is near. */
  readonly occurrence: { readonly startMs: number; readonly endMs: number } | null;
  /** The device's own instant in it; null while it is not drawn. */
  readonly instantMs: number | null;
  readonly evaluatedAtMs: number | null;
  readonly items: readonly TonightItem[];
}

export interface TonightItem {
  readonly installation: InstallationId;
  readonly package: PackageId;
  readonly packageName: string;
  readonly operation: Operation;
  readonly targetVersion: string;
  /** `now`: at the next contact; `instant`: at the device's instant; `blocked`: not before the reason is gone. */
  readonly when: "now" | "instant" | "blocked";
  readonly reason: Reason | null;
  readonly detail: string;
}

/**
 * Answers "what will happen tonight" for a device: the plan as it would be at its instant, with
 * today's facts, policy and content. Nothing is stored.
 *
 * @throws AppError "not-found" for a device that is not known
 */
export async function tonight(context: SiteContext, id: DeviceId): Promise<Tonight> {
  const view = await context.store.view(id);
  if (!view) throw new AppError("not-found", `no device ${id}`);
  const policy = context.policy.read();
  const nowMs = context.now();
  const groups = groupsAt(policy, view.device);
  const windows = windowsFor(view.device, groups, policy.windows);
  const { occurrences } = context.occurrences.find(
    windows,
    context.timeZone(),
    policy.version,
    nowMs,
  );
  // A device that had its turn in the running occurrence has its next one in the next.
  const hadTurn = (occurrence: Occurrence) =>
    view.instants.some(
      (one) =>
        one.evaluatedAtMs !== null &&
        one.startMs < occurrence.endMs &&
        occurrence.startMs < one.endMs,
    );
  const next = occurrences.find((one) => one.endMs > nowMs && !hadTurn(one));
  const running = occurrences.find((one) => one.startMs <= nowMs && nowMs < one.endMs);
  const instant = view.instants.find((one) => next !== undefined && one.startMs === next.startMs);
  const planned = plan({
    device: view.device,
    rows: view.installations,
    inventory: view.inventory,
    inventoryReads: view.inventoryReads,
    policy,
    groups,
    outlook: {
      hasWindows: windows.length > 0,
      openUntilMs: (next ?? running)?.endMs ?? null,
      releaseUntilMs: next?.endMs ?? null,
      instantMs: null,
      nextMs: instant?.instantMs ?? next?.startMs ?? null,
    },
    content: context.content,
    nowMs: Math.max(nowMs, next?.startMs ?? nowMs),
  });
  const work = new Map(planned.work.map((one) => [one.distribution.id, one]));
  const rows = [...view.installations, ...planned.births];
  const items = planned.reasons.flatMap((reason): TonightItem[] => {
    const row = rows.find((one) => one.distribution === reason.distribution);
    const runs = work.get(reason.distribution);
    if (!row || (reason.reason === null && !runs)) return [];
    const isReleased = row.releasedUntilMs !== null && row.releasedUntilMs > nowMs;
    const isAsked = (row.requestedAtMs !== null || isReleased) && row.offeredAtMs === null;
    return [
      {
        installation: installationIdFrom(row),
        package: row.package,
        packageName: policy.packages.get(row.package)?.name ?? row.package,
        operation: runs?.operation ?? row.operation,
        targetVersion: row.targetVersion,
        when: !runs ? "blocked" : isAsked ? "now" : "instant",
        reason: runs ? null : reason.reason,
        detail: runs ? "" : reason.detail,
      },
    ];
  });
  return {
    device: id,
    occurrence: next ? { startMs: next.startMs, endMs: next.endMs } : null,
    instantMs: instant?.instantMs ?? null,
    evaluatedAtMs: instant?.evaluatedAtMs ?? null,
    items,
  };
}
