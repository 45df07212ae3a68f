import type { DeviceAlias } from "../../devices/model/device.ts";
import type { Knock } from "../../devices/ports/site-store.ts";

/** Devices that spoke to the site without being known. `SiteStore.knock` writes the list. */
export interface KnockList {
  /** The latest first; at most `KNOCKS_MAX`. */
  list(): Promise<readonly Knock[]>;
  find(protocol: DeviceAlias["protocol"], externalId: string): Promise<Knock | undefined>;
  /** Unknown: no-op. */
  forget(protocol: DeviceAlias["protocol"], externalId: string): Promise<void>;
}
