import type { DeviceJob } from "../../model/agent-device.ts";
import type { Device } from "../../model/device.ts";
import type { DistributionId } from "../../model/ids.ts";
import { CE } from "./ce-context.ts";
import type { PackagePart } from "./package-id.ts";

/** How far an attempt is whose instructions were given. */
export interface CeProgress extends PackagePart {
  /** By what the device was known when the attempt began: its parts are made for that. */
  readonly facts: CeFacts;
}

export type CeFacts = Pick<Device, "name" | "cpu" | "osMajor" | "osVersion" | "osPlatform">;

export function factsNow(device: Device): CeFacts {
  const { name, cpu, osMajor, osVersion, osPlatform } = device;
  return { name, cpu, osMajor, osVersion, osPlatform };
}

/** What is stored of attempts in the device's present life. */
export function progressIn(device: Device, jobs: readonly DeviceJob[]): readonly CeProgress[] {
  return jobs.flatMap(({ protocol, distribution, attempt, state }): CeProgress[] => {
    if (protocol !== CE) return [];
    const { life, part, facts } = JSON.parse(state) as StoredState;
    return life === device.registeredAtMs ? [{ distribution, attempt, part, facts }] : [];
  });
}

interface StoredState {
  readonly life: number;
  readonly part: number;
  readonly facts: CeFacts;
}

export function progressJob(
  device: Device,
  { distribution, attempt, part, facts }: CeProgress,
  nowMs: number,
): Omit<DeviceJob, "id" | "device"> {
  const state: StoredState = { life: device.registeredAtMs, part, facts };
  return { distribution, attempt, protocol: CE, state: JSON.stringify(state), updatedAtMs: nowMs };
}

/** Of one attempt; its beginning when nothing is stored of it. */
export function progressOf(
  known: readonly CeProgress[],
  device: Device,
  { distribution, attempt }: { readonly distribution: DistributionId; readonly attempt: number },
): CeProgress {
  const found = known.find((one) => one.distribution === distribution && one.attempt === attempt);
  return found ?? { distribution, attempt, part: 0, facts: factsNow(device) };
}
