import type { DeviceId } from "../../../model/ids.ts";
import type { DdiCatalogueStore } from "../../../ports/ddi-catalogue-store.ts";
import type { PolicyWriter } from "../../../ports/policy-writer.ts";
import type { DeviceLock } from "../../device-lock.ts";
import type { DdiContext } from "../ddi-context.ts";

/** What the use-cases of hawkBit's Management API work with, beside those of DDI. */
export interface ManagementContext extends DdiContext {
  readonly catalogue: DdiCatalogueStore;
  readonly policy: PolicyWriter;
  /** Keeps requests that change the catalogue, or policy, apart. */
  readonly lock: DeviceLock;
  /** All names of a device, in any protocol. */
  readonly aliasesOf: (device: DeviceId) => Promise<readonly string[]>;
}
