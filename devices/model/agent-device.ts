import type { DeviceProtocol } from "./device.ts";
import type { DeviceId, DistributionId } from "./ids.ts";

/** Protocols in which devices come and ask for work. */
export type PullProtocol = Exclude<DeviceProtocol, "oma-dm">;

/** How a device proves itself in a protocol. A digest is of one device only. */
export interface DeviceToken {
  readonly device: DeviceId;
  readonly protocol: PullProtocol;
  /** SHA-256 (hex) of the token, or of the public key. */
  readonly digest: string;
  /** The former one still works until the new one was used once. */
  readonly previousDigest: string | null;
  readonly createdAtMs: number;
}

/** What a device tells of itself by name: hawkBit's attributes, Mender's inventory, and the like. */
export interface DeviceAttribute {
  readonly name: string;
  readonly value: string;
  readonly atMs: number;
}

/** Work as a protocol calls it by a number. One for each attempt at a row. */
export interface DeviceJob {
  /** 1 to 2^31 - 1; never given twice at a site. */
  readonly id: number;
  readonly device: DeviceId;
  readonly distribution: DistributionId;
  readonly attempt: number;
  readonly protocol: PullProtocol;
  /** JSON, owned by the protocol's use-cases. */
  readonly state: string;
  readonly updatedAtMs: number;
}

export const ATTRIBUTES_MAX = 200;
