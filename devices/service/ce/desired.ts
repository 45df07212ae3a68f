import { isOfFormerLife } from "../../install/waiting.ts";
import type { Device } from "../../model/device.ts";
import type { Installation } from "../../model/installation.ts";
import type { Policy } from "../../model/policy.ts";
import type { PackagePart } from "./package-id.ts";
import { type CeProgress, progressOf } from "./progress.ts";

export interface DesiredInput {
  readonly device: Device;
  readonly rows: readonly Installation[];
  readonly progress: readonly CeProgress[];
  /** Only says what was stopped: what it does not know stays as it is. */
  readonly policy: Pick<Policy, "distributionsById">;
}

/**
 * The packages whose instructions a device was given and that it is to keep, each part that it was
 * given. Rows decide, so that a list survives what policy does not know.
 */
export function deliveredParts(input: DesiredInput): readonly PackagePart[] {
  const { device, rows, progress } = input;
  return rows.flatMap((row) => {
    if (!isKept(row, input)) return [];
    const { distribution } = row;
    const isDelivered = row.offeredAtMs !== null;
    // Between two attempts the former one stays, until the next is delivered in its place.
    const attempt = isDelivered ? row.attempt : row.attempt - 1;
    const isKnown = progress.some(
      (one) => one.distribution === distribution && one.attempt === attempt,
    );
    if (!isDelivered && !isKnown) return [];
    const { part } = progressOf(progress, device, { distribution, attempt });
    return Array.from({ length: part + 1 }, (_, index) => ({ distribution, attempt, part: index }));
  });
}

function isKept(row: Installation, { device, rows, policy }: DesiredInput): boolean {
  if (!row.counted || isOfFormerLife(row, device)) return false;
  if (row.status === "removed_after_installation" && row.operation !== "uninstall") return false;
  const distribution = policy.distributionsById.get(row.distribution);
  if (distribution?.stoppedAtMs != null) return false;
  return !rows.some((other) => replaces(other, row, policy));
}

/** Has a newer distribution of the same app ended well on the device? */
function replaces(
  other: Installation,
  row: Installation,
  policy: Pick<Policy, "distributionsById">,
): boolean {
  if (other.package !== row.package || other.distribution === row.distribution) return false;
  if (!other.counted || other.offeredAtMs === null) return false;
  const isDone =
    other.operation === "uninstall"
      ? other.status === "removed_after_installation"
      : other.status === "installed";
  const newer = policy.distributionsById.get(other.distribution)?.hlc ?? other.hlc;
  const older = policy.distributionsById.get(row.distribution)?.hlc ?? row.hlc;
  return isDone && newer > older;
}
