import type { Behaviour } from "./behaviour.ts";
import { SimulatedDevice } from "./device.ts";
import type { Fetch } from "./fetch-content.ts";
import type { FleetDevice } from "./fleet.ts";
import type { PlannedDevice } from "./fleet-plan.ts";
import type { PcBehaviour } from "./pc/course.ts";
import { SimulatedPc } from "./pc/simulated-pc.ts";
import { PROFILES, type ProfileChange } from "./profiles.ts";
import type { Account } from "./session.ts";

/** What all devices of a fleet have in common. */
export interface DevicesOptions {
  readonly fetch: Fetch;
  readonly startMs: number;
  /** Otherwise than each device's kind. */
  readonly change?: ProfileChange | undefined;
  readonly handhelds: Behaviour;
  readonly pcs: PcBehaviour;
}

/** What a PC got with its account, where it enrolled by itself. */
export interface PcAccount extends Account {
  readonly providerId?: string;
  /** Base64. */
  readonly nonce?: string;
  readonly serverNonce?: string;
}

/** A device of the kind that its plan says, switched on. */
export function makeDevice(
  plan: PlannedDevice,
  account: PcAccount,
  { handhelds, pcs, ...options }: DevicesOptions,
): FleetDevice {
  if (!PROFILES[plan.profile].isPc) {
    return new SimulatedDevice(plan, account, { ...options, behaviour: handhelds });
  }
  const { providerId = account.server?.userName, nonce = null, serverNonce = null } = account;
  return new SimulatedPc(plan, account, {
    ...options,
    behaviour: pcs,
    providerId,
    nonce,
    serverNonce,
  });
}
