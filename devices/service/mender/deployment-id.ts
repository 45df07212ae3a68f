import { AppError } from "../../model/errors.ts";
import type { DistributionId } from "../../model/ids.ts";
import type { Installation } from "../../model/installation.ts";
import { sha256Hex } from "../../model/sha256.ts";
import type { Ledger } from "../ledger.ts";

/**
 * How an attempt at a row is called towards the device, in the form of a UUID: the same whenever it is
 * asked for, another one for another attempt and in the device's next life. It outlives a change of our
 * own id of the device, which comes with joining a hub.
 */
export function deploymentId(
  { device }: Pick<Ledger, "device">,
  distribution: DistributionId,
  attempt: number,
): string {
  const { stableId, incarnation } = device;
  const digest = sha256Hex(
    JSON.stringify(["mender", stableId, incarnation, distribution, attempt]),
  );
  return digest.slice(0, 32).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * The row and the attempt that a device calls by this name.
 *
 * @throws AppError "not-found" for a name that none of its deployments has
 */
export function needDeployment(
  ledger: Ledger,
  id: string,
): { readonly row: Installation; readonly attempt: number } {
  for (const row of ledger.rows) {
    for (let attempt = row.attempt; attempt > 0; attempt--) {
      if (deploymentId(ledger, row.distribution, attempt) === id) return { row, attempt };
    }
  }
  throw new AppError("not-found", "this device has no such deployment");
}
