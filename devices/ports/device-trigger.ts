import type { DeviceId } from "../model/ids.ts";

/** A notification on its way to a device that is to begin a session. [syncml 3.8] */
export interface Parcel {
  readonly device: DeviceId;
  /** Where the device may be, the likeliest first; each of them gets it. */
  readonly addresses: readonly string[];
  /** Package 0. */
  readonly notification: Uint8Array;
  readonly sessionId: number;
}

/** How a site reaches a device that has not come by itself. */
export interface DeviceTrigger {
  /** It cannot send anything without an address. */
  readonly needsAddress: boolean;

  /**
   * Resolves when the notification is on its way; nobody tells whether it arrives. Sending it again
   * is harmless. Throws AppError "conflict" when an address is none for this trigger, "unavailable"
   * when it could not be sent to any.
   */
  send(parcel: Parcel): Promise<void>;
}
