import type { Device } from "../model/device.ts";
import type { EnterpriseSettings, Policy } from "../model/policy.ts";
import type { VirtualTree } from "../model/virtual-tree.ts";
import { strictestOf } from "./crl-check.ts";

/** The policy as it holds for one device: where something was pushed for it, with that. */
export function policyFor(policy: Policy, device: Device, tree: VirtualTree | undefined): Policy {
  if (tree === undefined) return policy;
  const enterprise = effectiveEnterprise(policy.enterprise, device, tree);
  return enterprise === policy.enterprise ? policy : { ...policy, enterprise };
}

/**
 * The enrolment of one device by the site's settings and by what is pushed for it. The pushed token
 * goes before the site's, because it was meant for this very device; the certificate is the one that
 * the site's own downloads ask for; and of two CRLChecks the more secure holds. [E-065, Q44]
 */
function effectiveEnterprise(
  settings: EnterpriseSettings,
  device: Device,
  { enterprise, leaving }: VirtualTree,
): EnterpriseSettings {
  if (enterprise !== null) {
    return {
      ...settings,
      enterpriseId: enterprise.id,
      enrollmentToken: bare(enterprise.enrollmentToken) ?? settings.enrollmentToken,
      certificateSearchCriteria:
        settings.certificateSearchCriteria ?? enterprise.certificateSearchCriteria?.trim() ?? null,
      crlCheck: strictestOf(settings.crlCheck, enterprise.strictestCrlCheck),
      store: {
        uri: bare(enterprise.storeUri),
        productId: enterprise.storeProductId?.trim() ?? null,
      },
    };
  }
  // The device has to be told which EnterpriseID it shall let go of.
  const isLeaving = leaving !== null && device.enrolment === "unenrol-requested";
  return isLeaving ? { ...settings, enterpriseId: leaving } : settings;
}

/** As settings keep it: without the blanks that a printed token has. */
function bare(token: string | null): string | null {
  return token?.replaceAll(/\s+/g, "") ?? null;
}
