import type { Device } from "../../model/device.ts";
import type { DistributionId } from "../../model/ids.ts";
import { sha256Hex } from "../../model/sha256.ts";

/** One part of one attempt at one distribution. */
export interface PackagePart {
  readonly distribution: DistributionId;
  readonly attempt: number;
  /** From 0. */
  readonly part: number;
}

/**
 * What a client calls a part: a GUID that follows from what it stands for, so that it is the same after a
 * restart. A device that begins a new life begins anew; the site's name may change and is not in it.
 */
export function packageIdOf(
  { registeredAtMs }: Pick<Device, "registeredAtMs">,
  { distribution, attempt, part }: PackagePart,
): string {
  const hash = sha256Hex(`${registeredAtMs}\n${distribution}\n${attempt}\n${part}`).toUpperCase();
  const group = (from: number, to: number) => hash.slice(from, to);
  // Version 8: a GUID by a rule of our own. [RFC 9562, 5.8]
  return `${group(0, 8)}-${group(8, 12)}-8${group(13, 16)}-A${group(17, 20)}-${group(20, 32)}`;
}
