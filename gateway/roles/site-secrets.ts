import { keyFingerprint } from "../../sync/link/keyring.ts";
import type { SiteKeyring } from "../../sync/ports/site-link-store.ts";
import type { LinkKeys } from "../content/link-keys.ts";
import type { RotatedSecrets, SiteSecrets, SiteSecretsView } from "../http/use-cases.ts";

/** What is asked of the site's tie to its hub. */
interface HubKeys {
  readonly keyring: { readonly ring: SiteKeyring };
  rotateKeys(): Promise<RotatedSecrets["hubKeys"]>;
}

/** The secrets that a site holds itself, to be looked at and changed while it works. */
export function siteSecrets(uplink: HubKeys, linkKeys: LinkKeys): SiteSecrets {
  return {
    view: () => viewOf(uplink.keyring.ring, linkKeys),
    rotateHubKeys: () => uplink.rotateKeys(),
    rotateDeviceLinks: (formerForMs) => linkKeys.rotate(formerForMs),
  };
}

/** Only what may be seen: fingerprints and times. */
function viewOf(ring: SiteKeyring, linkKeys: LinkKeys): SiteSecretsView {
  const { current, next, problem, sinceMs } = ring;
  return {
    hubKeys: {
      fingerprint: keyFingerprint(current.signingPublic),
      sinceMs,
      next: next && {
        fingerprint: keyFingerprint(next.keys.signingPublic),
        madeAtMs: next.madeAtMs,
      },
      problem,
    },
    deviceLinks: linkKeys.view(),
  };
}
