import { groupsOf } from "../filter/groups.ts";
import { bucketOf } from "../install/matrix.ts";
import { plan } from "../install/plan.ts";
import { AppError } from "../model/errors.ts";
import type { DeviceId, DistributionId, PackageId } from "../model/ids.ts";
import type { Operation, Reason } from "../model/installation.ts";
import { windowsFor } from "../windows/occurrences.ts";
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
  /** One sentence for people. */
  readonly summary: string;
}

export interface TonightItem {
  readonly distribution: DistributionId;
  readonly package: PackageId;
  readonly packageName: string;
  readonly operation: Operation;
  readonly fromVersion: string | null;
  readonly toVersion: string;
  readonly outcome: "will-run" | "held";
  /** Why it is held, in the closed list of reasons; null when it will run. */
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
  const groups = groupsOf(view.device, [], [...policy.groups.values()]);
  const windows = windowsFor(view.device, groups, policy.windows);
  const { occurrences } = context.occurrences.find(
    windows,
    context.timeZone(),
    policy.version,
    nowMs,
  );
  const next = occurrences.find((occurrence) => occurrence.endMs > nowMs);
  const instant = view.instants.find((one) => next !== undefined && one.startMs === next.startMs);
  const planned = plan({
    device: view.device,
    rows: view.installations,
    inventory: view.inventory,
    policy,
    groups,
    outlook: {
      hasWindows: windows.length > 0,
      releaseUntilMs: next?.endMs ?? null,
      instantMs: null,
      nextMs: instant?.instantMs ?? next?.startMs ?? null,
    },
    content: context.content,
    nowMs: Math.max(nowMs, next?.startMs ?? nowMs),
  });
  const running = new Set(planned.work.map((work) => work.distribution.id));
  const rows = [...view.installations, ...planned.births];
  const items = planned.reasons.flatMap((reason): TonightItem[] => {
    const row = rows.find((one) => one.distribution === reason.distribution);
    if (!row || (reason.reason === null && !running.has(row.distribution))) return [];
    const willRun = running.has(row.distribution);
    if (!willRun && bucketOf(row.status, row.operation) === "received") return [];
    return [
      {
        distribution: row.distribution,
        package: row.package,
        packageName: policy.packages.get(row.package)?.name ?? row.package,
        operation: row.operation,
        fromVersion: row.version,
        toVersion: row.targetVersion,
        outcome: willRun ? "will-run" : "held",
        reason: willRun ? null : reason.reason,
        detail: willRun ? "" : reason.detail,
      },
    ];
  });
  const count = items.filter((item) => item.outcome === "will-run").length;
  return {
    device: id,
    occurrence: next ? { startMs: next.startMs, endMs: next.endMs } : null,
    instantMs: instant?.instantMs ?? null,
    evaluatedAtMs: instant?.evaluatedAtMs ?? null,
    items,
    summary: summaryOf(count, next !== undefined, instant?.evaluatedAtMs ?? null),
  };
}

function summaryOf(count: number, hasOccurrence: boolean, evaluatedAtMs: number | null): string {
  if (!hasOccurrence) return "No maintenance window is near: Automatic work waits.";
  if (evaluatedAtMs !== null) return "This device had its turn in the running window.";
  if (count === 0) return "Nothing is to be done in the next window.";
  return count === 1
    ? "One piece of work will run in the next window."
    : `${count} pieces of work will run in the next window.`;
}
