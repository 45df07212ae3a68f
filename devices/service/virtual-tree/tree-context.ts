import { mayHave } from "../../install/providers.ts";
import type { OrderSources } from "../../ports/order-sources.ts";
import type { PolicyWriter } from "../../ports/policy-writer.ts";
import { isOwnApp } from "../../virtual-tree/place-order.ts";
import type { Mirror } from "../../virtual-tree/tree-state.ts";
import type { DeviceLock } from "../device-lock.ts";
import type { Ledger } from "../ledger.ts";
import type { SiteContext } from "../site-context.ts";

/** What the use-cases of virtual trees work with, beside the site's context. */
export interface TreeContext {
  readonly site: SiteContext;
  readonly policy: PolicyWriter;
  readonly sources: OrderSources;
  /**
   * One message or round of orders about a device at a time. Not the site's own lock: writing policy
   * plans every device again, and so must not wait for a device that waits for it.
   */
  readonly lock: DeviceLock;
}

/** What the tree shows of the real device. */
export function mirrorOf({ site }: TreeContext, ledger: Ledger, by: string): Mirror {
  const policy = site.policy.read();
  return {
    device: ledger.device,
    inventory: ledger.inventory,
    rows: ledger.rows,
    settings: policy.enterprise,
    hasEnterpriseApps: mayHave(
      ledger.device,
      "EnterpriseAppManagement",
      policy.enterprise.platforms,
    ),
    isOwnApp: (productId) => isOwnApp(policy, productId),
    nowMs: site.now(),
    by,
  };
}
