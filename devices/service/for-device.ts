import { policyFor } from "../virtual-tree/effective-enterprise.ts";
import type { Ledger } from "./ledger.ts";
import type { SiteContext } from "./site-context.ts";

/** The site's context with the policy as it holds for one device, also as the use-case changes it. */
export function forDevice(context: SiteContext, ledger: Ledger): SiteContext {
  if (ledger.tree === undefined) return context;
  const read = () => policyFor(context.policy.read(), ledger.device, ledger.tree);
  return { ...context, policy: { read } };
}
