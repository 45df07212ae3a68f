import type { DeviceGroup, Distribution } from "./distribution.ts";
import type { DistributionId, GroupName, PackageId, RevisionId } from "./ids.ts";
import type { Package, Revision } from "./package.ts";
import type { MaintenanceWindow } from "./window.ts";

/** What administrators decided, as it holds at one gateway now: org and site documents, projected. */
export interface Policy {
  /** Rises with every change, so that a reader can tell that it must plan again. */
  readonly version: number;
  readonly packages: ReadonlyMap<PackageId, Package>;
  readonly revisions: ReadonlyMap<RevisionId, Revision>;
  /** All distributions, stopped ones too, newest (by HLC) first. */
  readonly distributions: readonly Distribution[];
  readonly distributionsById: ReadonlyMap<DistributionId, Distribution>;
  readonly windows: readonly MaintenanceWindow[];
  readonly groups: ReadonlyMap<GroupName, DeviceGroup>;
  readonly enterprise: EnterpriseSettings;
}

/** Settings of EnterpriseAppManagement: organisation policy, overridable per site. [D21] */
export interface EnterpriseSettings {
  /** The EnterpriseID node name; any non-empty text but `*`. [Q33] */
  readonly enterpriseId: string | null;
  /** The application enrolment token (AET), base64 text as it is sent. Secret. */
  readonly enrollmentToken: string | null;
  /** URL-encoded X.500 subject; never the default subject of Q46. */
  readonly certificateSearchCriteria: string | null;
  readonly crlCheck: "0" | "1" | null;
  /** The organisation's store app, where an upstream server has pushed one for the device. */
  readonly store?: { readonly uri: string | null; readonly productId: string | null } | undefined;
  /** Allow list of OS platform families that are served with EnterpriseAppManagement. [Q47] */
  readonly platforms: readonly string[];
}

export const ENTERPRISE_PLATFORMS_DEFAULT = [
  "Windows 10 Mobile",
  "Windows Phone 8.1",
  "Windows 10 IoT Core",
] as const;
